/** A client of the emulated service's wire, made with fetch and node:crypto: it shares nothing with the emulator's own code. */
import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { createDynamic } from '../../../src/emulator/dynamic/app.js';
import type { EmulatorEvent } from '../../../src/emulator/emulator.js';
import type { State } from '../../../src/emulator/state/interface.js';
import { startTestEmulator, type TestEmulator, type TestOptions } from '../../support/emulator.js';

export const ORIGIN = 'http://localhost:3000';

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

export interface Call {
  body?: unknown;
  headers?: Record<string, string>;
  /** Default: the client's own. */
  bearer?: string;
  /** Elevated token. */
  elevated?: string;
}

export interface World extends TestEmulator {
  base: string;
  events: EmulatorEvent[];
  /** Code of the newest message to this address. */
  code(to: string): Promise<string>;
}

export async function startWorld(options: TestOptions = {}): Promise<World> {
  const events: EmulatorEvent[] = [];
  const bugs: Error[] = [];
  const started = await startTestEmulator({
    httpsPort: undefined,
    onEvent: (event) => events.push(event),
    onBug: (error) => bugs.push(error),
    services: async (services) => [await createDynamic({ ...services, state: distant(services.state) })],
    ...options,
  });
  const { apiBaseUrl, environmentId } = started.emulator.ready.dynamic;
  return {
    ...started,
    base: `${apiBaseUrl}/sdk/${environmentId}`,
    events,
    async code(to) {
      const newest = (await started.control.messages({ to })).at(-1);
      if (!newest) throw new Error(`no message to ${to}`);
      return newest.code;
    },
    async stop() {
      await started.stop();
      if (bugs[0]) throw bugs[0];
    },
  };
}

/** The state as if it were far away: each call takes a moment, so that those of many requests at once really interleave. */
function distant(state: State): State {
  return new Proxy(state, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]): Promise<unknown> => {
        await setTimeout(1);
        return Reflect.apply(method, target, given);
      };
    },
  });
}

/** One app of one user. */
export class Client {
  access = '';
  user: Record<string, unknown> = {};

  constructor(
    readonly world: World,
    readonly origin = ORIGIN,
  ) {}

  async call(method: string, path: string, { body, headers = {}, bearer, elevated }: Call = {}): Promise<Answer> {
    const token = bearer ?? this.access;
    const response = await fetch(`${this.world.base}/${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(this.origin === '' ? {} : { origin: this.origin }),
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(elevated === undefined ? {} : { 'x-dyn-elevated-access-token': elevated }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, body: parsed, headers: response.headers };
  }

  get(path: string, call: Call = {}): Promise<Answer> {
    return this.call('GET', path, call);
  }

  post(path: string, body?: unknown, call: Call = {}): Promise<Answer> {
    return this.call('POST', path, { body, ...call });
  }

  /** Takes over the session of an answer. */
  keep(answer: Answer): Answer {
    if (typeof answer.body.minifiedJwt !== 'string') throw new Error(JSON.stringify(answer.body));
    this.access = answer.body.minifiedJwt;
    this.user = answer.body.user as Record<string, unknown>;
    return answer;
  }

  /** Sends a code; returns what a check needs. `to` is an address, or a US number with +1. */
  async send(to: string): Promise<{ verificationUUID: string; verificationToken: string }> {
    const { status, body } = await this.post(`${channelOf(to)}/create`, contactOf(to));
    if (status !== 200) throw new Error(JSON.stringify(body));
    return { verificationUUID: String(body.verificationUUID), verificationToken: await this.world.code(to) };
  }

  async signIn(to: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.keep(await this.post(`${channelOf(to)}/signin`, { ...(await this.send(to)), ...more }));
  }

  /** Steps up by a code; returns the elevated token. */
  async elevate(to: string, requestedScopes: string[]): Promise<string> {
    const answer = await this.post(`${channelOf(to)}/verify`, { ...(await this.send(to)), requestedScopes });
    return elevatedOf(this.keep(answer));
  }

  /** Enrols a TOTP device by way of a code to `to`. It is confirmed by the code of the step before `now`'s. */
  async enrolTotp(to: string, now: number): Promise<{ id: string; secret: string }> {
    const elevated = await this.elevate(to, ['credential:link']);
    const { body } = await this.get('users/mfa/register/totp', { elevated });
    const secret = String(body.secret);
    this.keep(await this.post('users/mfa/auth/totp', { code: totp(secret, now - 30_000) }));
    return { id: String(body.id), secret };
  }

  get claims(): Record<string, unknown> {
    return decodeJwt(this.access);
  }
}

export function elevatedOf({ body }: Answer): string {
  if (typeof body.elevatedAccessToken !== 'string') throw new Error(JSON.stringify(body));
  return body.elevatedAccessToken;
}

/** A client of a user who has just signed in. */
export async function signedIn(world: World, to: string): Promise<Client> {
  const client = new Client(world);
  await client.signIn(to);
  return client;
}

/** A code that cannot be the right one. */
export function wrong(code: string): string {
  return (code.startsWith('0') ? '1' : '0') + code.slice(1);
}

/** RFC 6238 with SHA-1, six digits, 30 s, for a secret in base32; `now` in milliseconds. */
export function totp(secret: string, now: number): string {
  const bits = secret
    .split('')
    .map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'));
  const bytes = (bits.join('').match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(Math.floor(now / 30_000), 4);
  const mac = createHmac('sha1', Buffer.from(bytes)).update(counter).digest();
  const number = mac.readUInt32BE((mac[19] ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** How many of fifty calls at once had success, and the codes of the others. */
export async function fifty(
  { base }: World,
  call: (index: number) => Promise<Answer>,
): Promise<{ won: number; codes: Set<unknown> }> {
  const many = Array.from({ length: 50 }, (_, index) => index);
  // Opens fifty connections first: else one call is over before the others are through.
  await Promise.all(many.map(async () => (await fetch(`${base}/nonce`)).text()));
  const answers = await Promise.all(many.map((index) => call(index)));
  const lost = answers.filter(({ status }) => status >= 300);
  return { won: answers.length - lost.length, codes: new Set(lost.map(({ body }) => body.code)) };
}

function channelOf(to: string): string {
  return to.includes('@') ? 'emailVerifications' : 'smsVerifications';
}

function contactOf(to: string): Record<string, string> {
  return to.includes('@') ? { email: to } : { phoneCountryCode: '1', phoneNumber: to.slice(2), isoCountryCode: 'US' };
}
