/** One listening socket: opening it with clear errors, and closing it without cutting off requests under way. */
import { createServer as createHttpsServer } from 'node:https';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { FailedError } from '../errors.js';

/** Answers one request. */
export type FetchCallback = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/** How long and how much a client may take. Milliseconds. */
export interface Limits {
  /** Until the head of a request is there, from the connection or the end of the request before. */
  headMs: number;
  /** Until the whole request is there. */
  requestMs: number;
  /** How often the two are looked at. */
  checkMs: number;
  /** Connections at once; further ones are closed. */
  connections: number;
}

const LIMITS: Limits = { headMs: 15_000, requestMs: 120_000, checkMs: 5000, connections: 5000 };
/** Bytes of a request's head: request line and headers. */
const MAX_HEAD = 16 * 1024;

export interface ListenOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Flag that names the port, for the hint of an error. */
  flag: string;
  fetch: FetchCallback;
  /** PEM of an https listener; absent for http. */
  tls?: { cert: string; key: string } | undefined;
  /** Whether the process's globals may be changed. Default: no. */
  ownsProcess?: boolean | undefined;
  /** Default: those of a real emulator. */
  limits?: Limits | undefined;
}

export interface Listener {
  port: number;
  /** Accepts nobody any more, lets requests under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** Listens. Throws FailedError: PORT_IN_USE, or LISTEN_FAILED for a host or port that cannot be had. */
export async function listen({
  host,
  port,
  flag,
  fetch,
  tls,
  ownsProcess = false,
  limits = LIMITS,
}: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    // Only http and https are made here, whose bindings these are.
    fetch: (request, bindings) => fetch(request, bindings as HttpBindings),
    // Lean ones of its own in place of the global Request and Response: only where the process has no other use for them.
    overrideGlobalObjects: ownsProcess,
    ...(tls ? { createServer: createHttpsServer } : {}),
    serverOptions: {
      // No client shows a certificate; with a `ca` of its own, Node does not parse its whole list of root certificates.
      ...(tls ? { ...tls, ca: tls.cert, handshakeTimeout: limits.headMs } : {}),
      maxHeaderSize: MAX_HEAD,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
    },
  }) as Server;
  server.maxConnections = limits.connections;
  const traffic = watch(server);
  server.on('clientError', (error, socket) => {
    // In the middle of an answer nothing else can be said.
    if (traffic.isAnswered(socket)) socket.destroy();
    else refuseMalformed(error, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port, flag)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      await traffic.idle(graceMs);
      traffic.destroy();
      await closed;
    },
  };
}

/** Statuses of what is refused before it is a request, by Node's error code. */
const REFUSALS: Partial<Record<string, [status: number, words: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `The head of the request has more than ${MAX_HEAD} bytes.`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Answers what is no request in JSON, as every client of the services expects one, and closes the connection. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, message] = REFUSALS[error.code ?? ''] ?? [400, 'This is no HTTP request.'];
  // Whose path it is was not read: both services' forms at once.
  const body = JSON.stringify({ code: 'bad_request', type: 'bad_request', error: message, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

interface Traffic {
  /** Whether an answer on this connection has begun and has not ended. */
  isAnswered(socket: Duplex): boolean;
  idle(withinMs: number): Promise<void>;
  destroy(): void;
}

/** Counts requests under way and keeps the connections, also those that have not asked anything yet. */
function watch(server: Server): Traffic {
  const sockets = new Set<Socket>();
  const idlers = new Set<() => void>();
  const answers = new WeakMap<Duplex, ServerResponse>();
  let underWay = 0;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    underWay += 1;
    answers.set(socket, response);
    response.once('close', () => {
      underWay -= 1;
      if (underWay === 0) for (const done of idlers) done();
    });
  });

  return {
    isAnswered(socket) {
      const answer = answers.get(socket);
      return answer?.headersSent === true && !answer.writableFinished;
    },
    idle: (withinMs) =>
      new Promise((resolve) => {
        if (underWay === 0) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          idlers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, withinMs);
        idlers.add(done);
      }),
    destroy() {
      // With nothing under way a connection may still have its last bytes to send.
      for (const socket of sockets) if (underWay === 0) socket.destroySoon();
      for (const socket of sockets) if (underWay > 0) socket.destroy();
    },
  };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number, flag: string): FailedError {
  if (error.code === 'EADDRINUSE') {
    return new FailedError('PORT_IN_USE', `Port ${port} on ${host} is in use.`, {
      hint: `Choose another with ${flag}; ${flag} 0 picks a free one.`,
      field: flag,
      cause: error,
    });
  }
  const why = error.code === 'EACCES' ? 'this user may not' : error.message;
  return new FailedError('LISTEN_FAILED', `Cannot listen on ${host}, port ${port}: ${why}.`, {
    field: flag,
    cause: error,
  });
}
