/**
 * A reverse proxy to one origin of the developer's API, for a command that knows nothing of tokens: under a secret path on loopback, with
 * the user's tokens added to each call.
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InterruptedError, StepupError } from '../../errors.js';
import { ELEVATED_HEADER } from '../../resource/authorization.js';
import type { ApiCaller, ApiResponse } from '../../resource/call.js';

export interface Proxy {
  /** `http://127.0.0.1:PORT/SECRET`, without a slash at its end. */
  url: string;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** Scheme, host and port of the API. */
  origin: string;
  caller: ApiCaller;
  /** Scopes whose token goes along. */
  scopes: string[];
  /** 22 characters of base64url: 128 bits. */
  secret: string;
  /** The header of Dynamic's elevated token, which is ours to set. */
  elevatedHeader: string;
  /** Told of what goes wrong with a call, in words without secrets. */
  onProblem(words: string): void;
  /** Told of each answer before it is passed on. */
  onAnswer(answer: ApiResponse): void;
}

/** A body is held for the case that the call is made again after a step-up. Bytes. */
const MAX_BODY = 64 * 1024 * 1024;

/** Of one connection alone (RFC 9110 §7.6.1), or made anew for the other. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];
/** A referrer would have our secret in it. */
const NOT_SENT_ON = [...HOP_BY_HOP, 'host', 'content-length', 'expect', 'authorization', 'dpop', 'referer'];

/** What fetch does not send (Fetch standard, "forbidden method"). */
const NOT_CALLED = ['TRACE', 'TRACK', 'CONNECT'];

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Starts it on a free port of 127.0.0.1. It answers only to its own `Host` and path, and to nothing that a web page sends (`Origin`,
 * `Sec-Fetch-Site`); redirects come back, those within the origin with the proxy's address. 502 where the API cannot be had.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { origin, caller, scopes, secret, onProblem, onAnswer } = options;
  let host = '';

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = checkedPath(request, host, secret);
    const { method = 'GET' } = request;
    if (NOT_CALLED.includes(method)) throw new Refused(501, `${method} goes through no proxy of this kind.`);
    const url = `${origin}/${path}`;
    const headers = sentOn(request.headers, options.elevatedHeader);
    const body = await bodyOf(request);
    if (body.length > 0 && (method === 'GET' || method === 'HEAD')) {
      throw new Refused(501, `${method} with a body goes through no proxy of this kind.`);
    }
    // Whoever has asked may go before there is an answer.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const call = {
      method,
      url,
      headers,
      scopes,
      sparing: true,
      signal: gone.signal,
      ...(body.length > 0 ? { body } : {}),
    };
    const result = await caller.call(call);
    onAnswer(result);
    await pass(result, response, { origin, at: `http://${host}/${secret}`, gone: gone.signal });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : 502;
      const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
      // A bug of ours in one call is no reason to end the command.
      const words = error instanceof StepupError ? message : stack;
      if (status === 502 && !(error instanceof InterruptedError)) onProblem(`${request.method ?? ''}: ${words}`);
      if (response.headersSent) response.destroy();
      else {
        const text = `${JSON.stringify({ error: message })}\n`;
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(text);
      }
    });
  });
  // A call may wait for a person to step up, and an answer may be a stream without an end.
  server.requestTimeout = 0;
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', listening);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/${secret}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** What follows the secret, with its query. Throws Refused. */
function checkedPath({ headers, url = '' }: IncomingMessage, host: string, secret: string): string {
  // Another name that leads here is DNS rebinding.
  if (headers.host !== host) throw new Refused(403, 'This proxy answers to its own address alone.');
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    throw new Refused(403, 'This proxy is not for web pages.');
  }
  const [, given = '', path = ''] = /^\/([^/?#]*)\/?(.*)$/s.exec(url) ?? [];
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new Refused(404, 'There is nothing here.');
  return path;
}

function sentOn(given: IncomingHttpHeaders, elevatedHeader: string): Headers {
  const left = new Set([...NOT_SENT_ON, ELEVATED_HEADER, elevatedHeader.toLowerCase(), ...namesIn(given.connection)]);
  const headers = new Headers();
  // What the command does not want packed is not to be asked for packed.
  headers.set('accept-encoding', given['accept-encoding']?.toString() ?? 'identity');
  left.add('accept-encoding');
  for (const [name, value] of Object.entries(given)) {
    if (left.has(name) || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}

/** Headers that are of one connection alone, as it says. */
function namesIn(connection = ''): string[] {
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > MAX_BODY) throw new Refused(413, `A body has at most ${MAX_BODY / 1024 / 1024} MB here.`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(400, 'The request ended before its body did.');
  }
  return Buffer.concat(pieces);
}

async function pass(
  { status, statusText, headers, body }: ApiResponse,
  response: ServerResponse,
  { origin, at, gone }: { origin: string; at: string; gone: AbortSignal },
): Promise<void> {
  const left = [...HOP_BY_HOP, ...namesIn(headers.get('connection') ?? undefined)];
  for (const [name, value] of headers) {
    if (!left.includes(name) && !name.startsWith('access-control-') && name !== 'set-cookie') {
      response.setHeader(name, name === 'location' ? relocated(value, origin, at) : value);
    }
  }
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  // A reason phrase may come with characters that none can have.
  response.writeHead(status, /^[\t\x20-\x7e]+$/.test(statusText) ? statusText : undefined);
  response.flushHeaders();
  try {
    for await (const piece of body ?? []) if (!response.write(piece)) await once(response, 'drain', { signal: gone });
  } catch (error) {
    if (!gone.aborted) throw error;
  }
  response.end();
}

/** A redirect within the origin goes through the proxy again. */
function relocated(location: string, origin: string, at: string): string {
  if (location.startsWith('/') && !/^\/[/\\]/.test(location)) return `${at}${location}`;
  if (!/^([a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(location) || !URL.canParse(location, origin)) return location;
  const { origin: there, pathname, search, hash } = new URL(location, origin);
  return there === origin ? `${at}${pathname}${search}${hash}` : location;
}
