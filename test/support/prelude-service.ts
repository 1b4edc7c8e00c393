/**
 * A small Prelude written from the reference alone, for tests of our client: it answers the happy path, records each request,
 * and lets a test put its own answer in front of any path.
 */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorded {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown> | undefined;
  /** Header and claims of the DPoP proof, decoded. */
  proof: { header: Record<string, unknown>; claims: Record<string, unknown> } | undefined;
}

export interface Reply {
  status: number;
  json?: unknown;
  /** A raw body in place of JSON. */
  text?: string;
  headers?: Record<string, string | string[]>;
  /** Cut the connection without an answer. */
  drop?: boolean;
}

export type Answer = (request: Recorded) => Reply | undefined | Promise<Reply | undefined>;

export interface Step {
  key: string;
  done: boolean;
}

export interface Service {
  url: string;
  requests: Recorded[];
  /** The `Date` header. Milliseconds. */
  now: number;
  /** Puts an answer in front of a path (its last part under `/v1/session`, or the whole path); undefined falls through. */
  on(path: string, answer: Answer): void;
  paths(): string[];
  last(path: string): Recorded;
  /** The scope string of tokens minted from now on. */
  scope: string;
  grantMode: string;
  code: string;
  steps: string[];
  refreshToken: string;
  stop(): Promise<void>;
}

const USER = 'usr_01';
const SESSION = 'ses_01';

/** Starts the service on a free port. `dialect` is which OTP login it has. */
export async function startService(options: { now: number; dialect?: 'otp' | 'login-otp' }): Promise<Service> {
  const dialect = options.dialect ?? 'otp';
  const answers = new Map<string, Answer[]>();
  let counter = 0;
  const service = {
    url: '',
    requests: [] as Recorded[],
    now: options.now,
    scope: '',
    grantMode: 'session-bound',
    code: '246810',
    steps: ['verify_sms'],
    refreshToken: '',
    on(path: string, answer: Answer) {
      answers.set(path, [...(answers.get(path) ?? []), answer]);
    },
    paths: () => service.requests.map(({ path }) => path.replace('/v1/session', '')),
    last(path: string) {
      const found = service.requests.findLast((request) => request.path === `/v1/session${path}`);
      if (!found) throw new Error(`nobody called ${path}`);
      return found;
    },
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  let pendingScope = '';

  function minted(): Reply {
    counter += 1;
    service.refreshToken = `refresh-token-${counter}`;
    const exp = seconds() + 60;
    const claims = { sub: USER, sid: SESSION, scope: service.scope, iat: seconds(), exp, jti: `access-${counter}` };
    return {
      status: 200,
      json: { access_token: jwt(claims), expires_at: exp },
      headers: { 'X-Refresh-Token': service.refreshToken, 'DPoP-Nonce': `nonce-${counter}` },
    };
  }
  const seconds = (): number => Math.floor(service.now / 1000);

  function challenge(done: number, scope: string): string {
    counter += 1;
    return jwt({
      challenge_id: 'chl_01',
      scope_requested: scope,
      current_step: service.steps[done] ?? 'completed',
      steps: service.steps.map((key, i) => ({ order: i + 1, key, done: i < done, expiration_duration: 300 })),
      grant_mode: service.grantMode,
      sub: USER,
      sid: SESSION,
      iat: seconds(),
      exp: seconds() + 300,
      jti: `jti-${counter}`,
    });
  }

  const sent: Reply = {
    status: 204,
    headers: {
      'X-Verification-Token': 'verification-1',
      'Set-Cookie': '__Host-verification-login_demo=cookie-1; Path=/',
    },
  };

  function refreshed({ headers, body }: Recorded): Reply {
    if (headers['x-refresh-token'] !== service.refreshToken) return refuse(401, 'unauthorized');
    if (typeof body?.['step_up_token'] === 'string' && pendingScope !== '') service.scope = pendingScope;
    return minted();
  }

  function checked({ body }: Recorded): Reply {
    if (body?.['code'] !== service.code) return refuse(401, 'bad_check_code');
    const token = body['challenge_token'];
    if (typeof token !== 'string')
      return { status: 200, json: { challenge_token: jwt({ grant_mode: 'session-start' }) } };
    return { status: 200, json: { challenge_token: advanced(token) } };
  }

  function advanced(token: string): string {
    const { steps, scope_requested } = claimsOf(token) as { steps: Step[]; scope_requested: string };
    return challenge(steps.filter(({ done }) => done).length + 1, scope_requested);
  }

  const defaults: Record<string, Answer> = {
    '/otp': ({ body }) => (dialect === 'otp' || body?.['challenge_token'] ? sent : refuse(404, 'not_found')),
    '/otp/retry': () => ({ status: 204 }),
    '/otp/check': checked,
    '/login/finalize': minted,
    '/login/otp': () => (dialect === 'login-otp' ? sent : refuse(404, 'not_found')),
    '/login/otp/retry': () => ({ status: 204 }),
    '/login/otp/check': ({ body }) => (body?.['code'] === service.code ? minted() : refuse(401, 'bad_check_code')),
    '/refresh': refreshed,
    '/revoke': () => ({ status: 204 }),
    '/stepup/request': ({ body }) => {
      pendingScope = String(body?.['scope']);
      return { status: 200, json: { status: 'review', challenge_token: challenge(0, pendingScope) } };
    },
    '/stepup/continue': ({ body }) => ({
      status: 200,
      json: { challenge_token: advanced(String(body?.['challenge_token'])) },
    }),
  };

  async function reply(request: Recorded): Promise<Reply> {
    const name = request.path.replace('/v1/session', '');
    for (const answer of answers.get(name) ?? []) {
      const own = await answer(request);
      if (own) return own;
    }
    return (await defaults[name]?.(request)) ?? refuse(404, 'not_found');
  }

  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const request: Recorded = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
        proof: proofIn(incoming.headers),
      };
      service.requests.push(request);
      void reply(request).then(({ status, json, text: raw, headers, drop }) => {
        if (drop) return incoming.socket.destroy();
        outgoing.writeHead(status, {
          Date: new Date(service.now).toUTCString(),
          ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        });
        return outgoing.end(raw ?? (json === undefined ? '' : JSON.stringify(json)));
      });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

/** An error body as Prelude writes it. */
export function refuse(status: number, code: string, headers?: Record<string, string>): Reply {
  return { status, json: { code, type: code, request_id: 'req_7' }, ...(headers ? { headers } : {}) };
}

/** A token of the right form; its signature is not looked at by a client. */
export function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'k1' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** The claims of a token. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}

function proofIn({ dpop }: IncomingHttpHeaders): Recorded['proof'] {
  if (typeof dpop !== 'string') return undefined;
  const [header = ''] = dpop.split('.');
  const json: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  return { header: json as Record<string, unknown>, claims: claimsOf(dpop) };
}
