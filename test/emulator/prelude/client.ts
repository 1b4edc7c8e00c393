/** A client of the emulated service's wire, made with jose and fetch: it shares nothing with the emulator's own code. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { EmulatorEvent } from '../../../src/emulator/emulator.js';
import { startTestEmulator, type TestEmulator, type TestOptions } from '../../support/emulator.js';

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
  /** `Set-Cookie` lines. */
  cookies: string[];
}

export interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  bearer?: string;
  /** `regular`: a fresh proof with the nonce, once more when a nonce is demanded. `{ jti }`: a challenge proof. */
  proof?: 'regular' | { jti: string };
}

export interface DpopKey {
  privateKey: CryptoKey;
  jwk: JWK;
  jkt: string;
}

export interface World extends TestEmulator {
  url: string;
  events: EmulatorEvent[];
  /** Management API call. */
  manage(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Replaces the step-up configuration and registers its scopes. */
  configure(allowedScopes: Record<string, unknown>[], more?: Record<string, unknown>): Promise<void>;
  /** Code of the newest message to this address. */
  code(to: string): Promise<string>;
}

export async function newKey(): Promise<DpopKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const jwk = { kty, crv, x, y } as JWK;
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

/** A proof as the official SDK makes it. */
export function proof(key: DpopKey, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }).sign(key.privateKey);
}

export async function startWorld(options: TestOptions = {}): Promise<World> {
  const events: EmulatorEvent[] = [];
  const bugs: Error[] = [];
  const started = await startTestEmulator({
    httpsPort: undefined,
    onEvent: (event) => events.push(event),
    onBug: (error) => bugs.push(error),
    ...options,
  });
  const { url, prelude } = started.emulator.ready;
  const manage: World['manage'] = async (method, path, body, key = prelude.managementKey) =>
    read(
      await fetch(`${url}/v2/session/apps/${prelude.appId}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return {
    ...started,
    url,
    events,
    manage,
    async stop() {
      await started.stop();
      if (bugs[0]) throw bugs[0];
    },
    async configure(allowed_scopes, more = {}) {
      const document = { step_keys: [], jwks_url: 'https://backend.example.com/jwks.json', allowed_scopes, ...more };
      const method = (await manage('GET', '/config/stepup')).status === 404 ? 'POST' : 'PUT';
      const { status, body } = await manage(method, '/config/stepup', document);
      if (status > 201) throw new Error(JSON.stringify(body));
      for (const { scope } of allowed_scopes) await manage('POST', '/config/scopes', { scope });
    },
    async code(to) {
      const sent = await started.control.messages({ to });
      const newest = sent.at(-1);
      if (!newest) throw new Error(`no message to ${to}`);
      return newest.code;
    },
  };
}

/** One user agent: a key, a nonce, tokens. */
export class Client {
  nonce: string | undefined;
  refresh = '';
  access = '';

  constructor(
    readonly world: Pick<World, 'url' | 'code'>,
    readonly key: DpopKey,
  ) {}

  get base(): string {
    return `${this.world.url}/v1/session`;
  }

  /** A call to a path under `/v1/session`. */
  async call(path: string, call: Call = {}): Promise<Answer> {
    const answer = await this.once(path, call);
    const again = call.proof === 'regular' && answer.body.code === 'use_dpop_nonce';
    return again ? this.once(path, call) : answer;
  }

  /** The same, without the second try. */
  async once(path: string, { method = 'POST', body, headers = {}, bearer, proof: kind }: Call): Promise<Answer> {
    const url = `${this.base}${path}`;
    const dpop = kind === undefined ? {} : { dpop: await this.proofFor(method, url, kind) };
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...dpop,
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    this.nonce = response.headers.get('dpop-nonce') ?? this.nonce;
    return read(response);
  }

  async proofFor(method: string, url: string, kind: 'regular' | { jti: string }): Promise<string> {
    const iat = Math.floor(Date.now() / 1000);
    const regular = kind === 'regular' ? { jti: randomUUID(), ...(this.nonce ? { nonce: this.nonce } : {}) } : kind;
    return proof(this.key, { htm: method, htu: url.split('?')[0], iat, ...regular });
  }

  /** Logs in by the current dialect. */
  async logIn(phone: string): Promise<Answer> {
    const sent = await this.call('/otp', { body: { identifier: { type: identifierType(phone), value: phone } } });
    const verification = sent.headers.get('x-verification-token') ?? '';
    const checked = await this.call('/otp/check', {
      body: { code: await this.world.code(phone) },
      headers: { 'x-verification-token': verification },
    });
    const done = await this.call('/login/finalize', {
      body: { challenge_token: checked.body.challenge_token },
      proof: 'regular',
    });
    this.keep(done);
    return done;
  }

  /** Refreshes, with a step-up token or without; keeps the tokens when it succeeds. */
  async refreshWith(stepUpToken?: string): Promise<Answer> {
    const answer = await this.call('/refresh', {
      ...(stepUpToken === undefined ? {} : { body: { step_up_token: stepUpToken } }),
      headers: { 'x-refresh-token': this.refresh },
      proof: 'regular',
    });
    if (answer.status === 200) this.keep(answer);
    return answer;
  }

  keep(answer: Answer): void {
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    this.access = String(answer.body.access_token);
    this.refresh = answer.headers.get('x-refresh-token') ?? '';
  }

  /** Asks for a scope; returns the whole answer. */
  request(scope: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.call('/stepup/request', { body: { scope, ...more }, bearer: this.access });
  }

  sendCode(challengeToken: string): Promise<Answer> {
    return this.call('/otp', { body: { challenge_token: challengeToken } });
  }

  /** Checks a step's code with the challenge's proof, finding the verification by the challenge. */
  checkCode(challengeToken: string, code: string, more: Call = {}): Promise<Answer> {
    const { jti = '' } = decodeJwt(challengeToken);
    return this.call('/otp/check', { body: { code, challenge_token: challengeToken }, proof: { jti }, ...more });
  }

  get scopes(): unknown {
    return decodeJwt(this.access).scope;
  }
}

/** A client of a user who has just logged in. */
export async function loggedIn(world: World, identifier: string): Promise<Client> {
  const client = new Client(world, await newKey());
  await client.logIn(identifier);
  return client;
}

/** A direct entry that asks for these steps, five minutes each. */
export function direct(scope: string, keys: string[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    scope,
    mode: 'direct',
    direct: {
      identifier_types: ['phone_number'],
      status: 'review',
      grant_mode: 'session-bound',
      granted_for: 300,
      steps: keys.map((key, at) => ({ order: at + 1, key, expiration_duration: 300 })),
      ...more,
    },
  };
}

/** A code that cannot be the right one. */
export function wrong(code: string): string {
  return (code.startsWith('0') ? '1' : '0') + code.slice(1);
}

export function tokenOf(answer: Answer): string {
  if (typeof answer.body.challenge_token !== 'string') throw new Error(JSON.stringify(answer.body));
  return answer.body.challenge_token;
}

/** A server on a free port of 127.0.0.1. */
export async function serveHttp(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function identifierType(value: string): string {
  return value.includes('@') ? 'email_address' : 'phone_number';
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, body, headers: response.headers, cookies: response.headers.getSetCookie() };
}
