/** One listening socket: opening it with clear errors, and closing it without cutting off requests under way. */
import { createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { FailedError } from '../errors.js';

/** Answers one request. */
export type FetchCallback = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

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
}

export interface Listener {
  port: number;
  /** Accepts nobody any more, lets requests under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** Listens. Throws FailedError: PORT_IN_USE, or LISTEN_FAILED for a host or port that cannot be had. */
export async function listen({ host, port, flag, fetch, tls, ownsProcess = false }: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    // Only http and https are made here, whose bindings these are.
    fetch: (request, bindings) => fetch(request, bindings as HttpBindings),
    // Lean ones of its own in place of the global Request and Response: only where the process has no other use for them.
    overrideGlobalObjects: ownsProcess,
    // No client shows a certificate; with a `ca` of its own, Node does not parse its whole list of root certificates.
    ...(tls ? { createServer: createHttpsServer, serverOptions: { ...tls, ca: tls.cert } } : {}),
  }) as Server;
  const traffic = watch(server);
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

/** Counts requests under way and keeps the connections, also those that have not asked anything yet. */
function watch(server: Server): { idle(withinMs: number): Promise<void>; destroy(): void } {
  const sockets = new Set<Socket>();
  const idlers = new Set<() => void>();
  let underWay = 0;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_: IncomingMessage, response: ServerResponse) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      if (underWay === 0) for (const done of idlers) done();
    });
  });

  return {
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
