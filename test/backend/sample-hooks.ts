/** Hooks as developers write them: a good one, a bad one, and those that answer in ways that no hook should. */
import { constants, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface RunningHook {
  url: string;
  close(): Promise<void>;
}

/** What a hook is told of its service: where the key set is. */
export interface HookOptions {
  jwksUrl(): string;
}

/** Starts a hook on a free port. */
export async function startHook(handler: Handler): Promise<RunningHook> {
  const server = createServer((request, response) => {
    void (async () => handler(request, response))().catch(() => response.writeHead(500).end());
  });
  await listening(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/stepup`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** A port that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function listening(server: Server): Promise<void> {
  return new Promise((done) => server.listen(0, '127.0.0.1', done));
}

const verdict = (status: string, key?: string): object => ({
  status,
  grant_mode: 'session-bound',
  granted_for: 300,
  steps: key === undefined ? [] : [{ order: 1, key, expiration_duration: 600 }],
});

const STEPS: Record<string, string | undefined> = { 'transfer:write': 'verify_sms', 'key:export': 'kyc_review' };

/** Checks the signature over the raw bytes by the key that the call names, then decides by scope. */
export function goodHook({ jwksUrl }: HookOptions): Handler {
  let keys = new Map<string, JsonWebKey>();
  let fetching: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    const set = (await (await fetch(jwksUrl())).json()) as { keys: (JsonWebKey & { kid: string })[] };
    keys = new Map(set.keys.map((key) => [key.kid, key]));
  };
  const isPrelude = async (request: IncomingMessage, body: Buffer): Promise<boolean> => {
    const { 'x-webhook-signature': signature, 'x-webhook-signature-key-id': kid } = request.headers;
    if (typeof signature !== 'string' || typeof kid !== 'string') return false;
    if (!keys.has(kid)) await (fetching ??= load().finally(() => (fetching = undefined)));
    const jwk = keys.get(kid);
    if (!jwk) return false;
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const bytes = Buffer.from(signature.replace(/^rsassa-pss-sha256=/, ''), 'base64');
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return verify('sha256', body, options, bytes);
  };
  return async (request, response) => {
    const body = await bodyOf(request);
    if (!(await isPrelude(request, body))) return send(response, 401, { error: 'not signed by Prelude' });
    const call = JSON.parse(body.toString('utf8')) as { scope_requested: string };
    const step = STEPS[call.scope_requested];
    return send(response, 200, step === undefined ? verdict('block') : verdict('review', step));
  };
}

/**
 * What goes wrong in practice: a call without a signature is taken, the key id is not looked at, the signature is checked over the
 * parsed and written body, an unknown scope is granted, long metadata breaks it, and it takes few calls at once.
 */
export function badHook({ jwksUrl }: HookOptions): Handler {
  let underWay = 0;
  const isPrelude = async (signature: string, call: object): Promise<boolean> => {
    const { keys } = (await (await fetch(jwksUrl())).json()) as { keys: JsonWebKey[] };
    const key = createPublicKey({ key: keys[0]!, format: 'jwk' });
    const bytes = Buffer.from(signature.slice('rsassa-pss-sha256='.length), 'base64');
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    return verify('sha256', Buffer.from(JSON.stringify(call)), options, bytes);
  };
  return async (request, response) => {
    underWay += 1;
    try {
      if (underWay > 4) return send(response, 503, { error: 'busy' });
      const call = JSON.parse((await bodyOf(request)).toString('utf8')) as Record<string, never>;
      if (underWay > 1) await new Promise((done) => setTimeout(done, 250)); // its only connection to the database
      const signature = request.headers['x-webhook-signature'];
      if (typeof signature === 'string' && !(await isPrelude(signature, call))) return send(response, 401, {});
      for (const value of Object.values(call['metadata'] ?? {})) {
        if (String(value).length > 20) throw new Error('value too long for type character varying(20)');
      }
      const step = STEPS[call['scope_requested']!];
      return send(response, 200, step === undefined ? verdict('continue') : verdict('review', step));
    } finally {
      underWay -= 1;
    }
  };
}

/** Answers every call with one body, signed or not. */
export function answering(body: unknown, { status = 200, type = 'application/json' } = {}): Handler {
  return (_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, type === '' ? {} : { 'Content-Type': type }).end(text);
  };
}

/** Ways to be of no use that no body can show. */
export const hostile: Record<
  'redirects' | 'streams' | 'noContent' | 'closes' | 'breaksOff' | 'silent' | 'trickles',
  Handler
> = {
  redirects: (_, response) => void response.writeHead(307, { Location: '/elsewhere' }).end(),
  streams: (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(8192)));
    };
    response.on('drain', more);
    more();
  },
  noContent: (_, response) => void response.writeHead(204).end(),
  closes: (request) => void request.socket.destroy(),
  breaksOff: (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
    response.write('{"status":', () => response.destroy());
  },
  silent: () => undefined,
  trickles: (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write('{');
  },
};

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
