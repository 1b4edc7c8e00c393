/** A server in front of the emulator, for what the emulator itself never says: it passes calls on, counts them, and alters answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer on its way back. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** The body, as JSON where it is some. */
  body: unknown;
}

export type Change = (reply: Reply, request: Seen) => Partial<Reply> | undefined;

/** A call that went by. `path` is under the environment, with its query. */
export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  body: Record<string, unknown> | undefined;
}

export interface Front {
  /** Base of the API behind it, with `/api/v0`. */
  apiUrl: string;
  /** The flags that send a command to it. */
  flags: string[];
  seen: Seen[];
  /** `POST /stepUp/check` of every call since the start or `forget`. */
  calls(): string[];
  /** Alters the answers of `METHOD /path`, from now until `forget`. A body that is a string is sent as it is. */
  alter(call: string, change: Change | Partial<Reply>): void;
  /** Alters the requests of `METHOD /path`. */
  rewrite(call: string, change: (body: Record<string, unknown>) => Record<string, unknown>): void;
  /** Drops every alteration and what was seen. */
  forget(): void;
  stop(): Promise<void>;
}

/** Starts it before an emulator (its address without a path). */
export async function startFront(emulatorUrl: string, environmentId: string): Promise<Front> {
  const prefix = `/api/v0/sdk/${environmentId}`;
  const changes = new Map<string, Change>();
  const rewrites = new Map<string, (body: Record<string, unknown>) => Record<string, unknown>>();
  const seen: Seen[] = [];

  async function pass(request: Seen, url: string): Promise<Reply> {
    const rewritten = rewrites.get(nameOf(request))?.(request.body ?? {}) ?? request.body;
    const headers = Object.entries(request.headers).filter(
      ([name]) => !/^(host|connection|content-length)$/.test(name),
    );
    const answer = await fetch(emulatorUrl + url, {
      method: request.method,
      headers: headers.map(([name, value]): [string, string] => [name, value ?? '']),
      ...(rewritten === undefined ? {} : { body: JSON.stringify(rewritten) }),
    });
    const text = await answer.text();
    const passed = ['content-type', 'date', 'retry-after'].map((name) => [name, answer.headers.get(name)] as const);
    return {
      status: answer.status,
      headers: Object.fromEntries(passed.filter((pair): pair is [string, string] => pair[1] !== null)),
      body: jsonIn(text),
    };
  }

  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const url = incoming.url ?? '';
      const request: Seen = {
        method: incoming.method ?? '',
        path: url.slice(prefix.length),
        headers: incoming.headers as Record<string, string>,
        body: jsonIn(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown> | undefined,
      };
      seen.push(request);
      const real = await pass(request, url);
      const { status, headers, body } = { ...real, ...changes.get(nameOf(request))?.(real, request) };
      outgoing.writeHead(status, headers);
      outgoing.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v0`;

  return {
    apiUrl,
    flags: ['--api-url', apiUrl],
    seen,
    calls: () => seen.map(nameOf),
    alter: (call, change) => void changes.set(call, typeof change === 'function' ? change : () => change),
    rewrite: (call, change) => void rewrites.set(call, change),
    forget() {
      changes.clear();
      rewrites.clear();
      seen.length = 0;
    },
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function nameOf({ method, path }: Pick<Seen, 'method' | 'path'>): string {
  return `${method} ${path.replace(/\?.*$/, '')}`;
}

function jsonIn(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** A token of the right form; nobody checks its signature here. */
export function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'k1' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** The claims of a token. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}
