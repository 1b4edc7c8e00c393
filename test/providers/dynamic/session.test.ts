/** The session's life, and several at work at once in one store. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { sessionKeyOf } from '../../../src/providers/target.js';
import type { JsonObject } from '../../../src/store/store.js';
import { EMAIL, ORIGIN, PHONE, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { claimsOf, startFront, type Front } from './front.js';
import { drive, enrolTotp, failure, granted, hold, inbox, library, logIn, newWallet, storeOf } from './library.js';

let env: Environment;
let front: Front;
let provider: DynamicProvider;
beforeAll(async () => {
  env = await startEnvironment();
  front = await startFront(env.url, env.ready.dynamic.environmentId);
});
beforeEach(() => {
  provider = library(env, { apiUrl: front.apiUrl });
});
afterEach(async () => {
  front.forget();
  await env.reset();
});
afterAll(async () => {
  await front.stop();
  await env.close();
});

const SCOPE = 'wallet:export';
/** Another process, so to speak: a provider of its own on the same store. */
const another = (now?: () => number): DynamicProvider =>
  library(env, { apiUrl: front.apiUrl, ...(now ? { now } : {}) });
const key = () => {
  const { environmentId } = env.ready.dynamic;
  return sessionKeyOf({ provider: 'dynamic', environmentId, apiUrl: front.apiUrl, origin: ORIGIN });
};
const record = async (): Promise<JsonObject> => (await storeOf(env).session(key())) ?? {};
const nonces = async (): Promise<string[]> =>
  ((await record()) as { nonces?: { values: string[] } }).nonces?.values ?? [];

const FIRST = { limit: 10, offset: 0 };

describe('a login', () => {
  test.each([
    ['email', { kind: 'email', email: EMAIL }, EMAIL],
    ['phone', { kind: 'phone', phone: PHONE }, PHONE],
  ] as const)('by %s: who it is, until when, and no secret', async (_what, method, identifier) => {
    const events = await drive(provider.login(method), inbox(env));
    expect(events.map(({ type }) => type)).toEqual(['code-sent', 'step', 'logged-in']);
    const { token } = await provider.accessToken();
    expect(events.at(-1)).toEqual({
      type: 'logged-in',
      session: {
        provider: 'dynamic',
        host: `${new URL(front.apiUrl).host}/api/v0`,
        application: env.ready.dynamic.environmentId,
        userId: claimsOf(token).sub,
        sessionId: claimsOf(token).sid,
        identifier,
        accessTokenExpiresAt: expect.stringMatching(/Z$/),
        thumbprint: expect.stringMatching(/^[\w-]{43}$/),
      },
    });
    expect(await provider.sessions(FIRST)).toMatchObject({ sessions: [{ current: true, identifier }], total: 1 });
  });

  test('takes the place of the one before, with a key of its own; challenges and grants go', async () => {
    await logIn(env, provider);
    const before = await provider.session();
    await hold(env, provider, SCOPE);
    await provider.openCode();
    await logIn(env, provider, 'grace@example.com');
    const after = await provider.session();
    expect(after?.userId).not.toBe(before?.userId);
    expect(after?.thumbprint).not.toBe(before?.thumbprint);
    expect([await provider.grants(), await provider.challenges()]).toEqual([[], []]);
  });

  test('that is left at its code leaves the session before as it was', async () => {
    await logIn(env, provider);
    const before = await provider.session();
    for await (const event of provider.login({ kind: 'email', email: 'grace@example.com' })) {
      if (event.type === 'step') break;
    }
    expect(await provider.session()).toEqual(before);
  });

  test('signs a nonce with the device’s key, which stays the same; the session’s key is another', async () => {
    await logIn(env, provider);
    await logIn(env, provider);
    const signins = front.seen.filter(({ path }) => path === '/emailVerifications/signin');
    const [one, two] = signins.map(({ headers }) => headers);
    expect(one!['x-dynamic-device-publickey']).toBe(two!['x-dynamic-device-publickey']);
    expect(one!['x-dynamic-device-nonce']).not.toBe(two!['x-dynamic-device-nonce']);
    expect(one!['x-dyn-session-public-key']).toMatch(/^0[23][0-9a-f]{64}$/);
    expect(one!['x-dyn-session-public-key']).not.toBe(two!['x-dyn-session-public-key']);
    expect(one).toMatchObject({
      origin: ORIGIN,
      'x-dyn-version': 'ClientSDK/1.27.1',
      'x-dyn-api-version': 'API/0.0.1125',
      'x-dynamic-platform': 'web',
      'content-type': 'application/json',
    });
    expect(one!['x-dyn-request-id']).toMatch(/^[A-Za-z0-9]{50}$/);
    expect(one!['x-dyn-session-id']).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(one!['authorization']).toBeUndefined();
  });

  test.each([
    ['a number without a country', { kind: 'phone', phone: '5551234242' }, 'PHONE_INVALID'],
    ['a number of no country', { kind: 'phone', phone: '+999123456789' }, 'PHONE_INVALID'],
    ['no address', { kind: 'email', email: 'ada' }, 'EMAIL_INVALID'],
    ['no token', { kind: 'jwt', jwt: 'hunter2' }, 'ASSERTION_INVALID'],
    ['a wallet that is not there', { kind: 'wallet', using: 'nobody' }, 'WALLET_UNKNOWN'],
    ['no wallet at all', { kind: 'wallet' }, 'WALLET_UNKNOWN'],
    ['no passkey', { kind: 'passkey' }, 'NO_METHOD'],
  ] as const)('with %s', async (_what, method, code) => {
    const error = await failure(drive(provider.login(method)));
    expect(error).toMatchObject({ code });
    expect(error.message).not.toContain('hunter2');
    expect(front.calls().filter((call) => call.startsWith('POST'))).toEqual([]);
  });

  test('by a passkey of the store, and by one of several', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    const { credentialId } = await provider.addPasskey();
    await provider.logout();
    expect((await drive(provider.login({ kind: 'passkey' }))).at(-1)).toMatchObject({ session: { identifier: EMAIL } });
    await logIn(env, provider, 'grace@example.com');
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    const events = await drive(provider.login({ kind: 'passkey' }), ({ kind, choices, choiceFlags }) => {
      expect([kind, choices.length, choiceFlags]).toEqual(['choice', 2, '--passkey ID']);
      return { choice: credentialId! };
    });
    expect(events.at(-1)).toMatchObject({ session: { identifier: EMAIL } });
    expect((await drive(provider.login({ kind: 'passkey', using: credentialId }))).at(-1)).toMatchObject({
      session: { identifier: EMAIL },
    });
    expect(await failure(drive(provider.login({ kind: 'passkey', using: 'nobody' })))).toMatchObject({
      code: expect.stringMatching(/NO_METHOD|CREDENTIAL_UNKNOWN/),
    });
  });

  test('replaces a stored session that cannot be read', async () => {
    await logIn(env, provider);
    const path = join(env.home, 'credentials.json');
    const document = JSON.parse(await readFile(path, 'utf8')) as { sessions: Record<string, { session: unknown }> };
    for (const kept of Object.values(document.sessions)) kept.session = { hunter: 2 };
    await writeFile(path, JSON.stringify(document));
    const error = await failure(provider.session());
    expect(error).toMatchObject({ code: 'STORE_CORRUPTED', hint: expect.stringContaining('stepup login') });
    await logIn(env, provider);
    expect(await provider.session()).toMatchObject({ identifier: EMAIL });
  });

  test('does not replace one of a newer version', async () => {
    await storeOf(env).updateSession(key(), () => ({ version: 2, session: 'of the future' }));
    expect(await failure(drive(provider.login({ kind: 'email', email: EMAIL }), inbox(env)))).toMatchObject({
      code: 'STORE_NEWER',
    });
    expect(await record()).toEqual({ version: 2, session: 'of the future' });
  });

  test('whose answer was lost: nobody is logged in here, and a new one succeeds', async () => {
    await env.control.fault({ match: { path: '/*/emailVerifications/signin' }, times: 1, do: { drop: 'after' } });
    const direct = library(env);
    expect(await failure(drive(direct.login({ kind: 'email', email: EMAIL }), inbox(env)))).toMatchObject({
      code: 'SERVICE_UNREACHABLE',
    });
    expect(await direct.session()).toBeUndefined();
    await logIn(env, direct);
    expect(await direct.session()).toBeDefined();
  });
});

describe('a session near its end', () => {
  beforeEach(() => env.control.settings({ dynamic: { sessionSeconds: 90 } }));
  const near = (): number => Date.now() + 45_000;

  test('is renewed once, however many ask at once', async () => {
    await logIn(env, provider);
    const tokens = await Promise.all([1, 2, 3, 4, 5].map(() => another(near).accessToken()));
    expect(front.calls().filter((call) => call === 'POST /refresh')).toHaveLength(1);
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(Date.parse(tokens[0]!.expiresAt)).toBeGreaterThan(Date.now() + 80_000);
  });

  test('is not renewed while it has more than a minute', async () => {
    await logIn(env, provider);
    await another(() => Date.now() + 5000).accessToken();
    expect(front.calls()).not.toContain('POST /refresh');
  });

  test.each([
    ['fails', { status: 500, body: '' }],
    ['refuses', { status: 403, body: { error: 'no' } }],
    ['answers nonsense', { status: 200, body: '<html>' }],
    ['answers without a token', { status: 200, body: {} }],
  ])('serves until its end while the service %s', async (_what, reply) => {
    await logIn(env, provider);
    front.alter('POST /refresh', reply);
    const { token } = await provider.accessToken();
    expect(await another(near).accessToken()).toMatchObject({ token });
    const late = another(() => Date.now() + 82_000);
    expect((await failure(late.accessToken())).name).toMatch(/UnreachableError|RefusedError/);
  });

  test('is over where the service says so, and where it has ended; the store keeps what there is', async () => {
    await logIn(env, provider);
    front.alter('POST /refresh', { status: 401, body: { error: 'Unauthorized' } });
    expect(await failure(another(near).accessToken())).toMatchObject({ code: 'SESSION_OVER' });
    front.seen.length = 0;
    const over = another(() => Date.now() + 100_000);
    expect(await failure(over.accessToken())).toMatchObject({ code: 'SESSION_OVER' });
    expect(await failure(drive(over.request([SCOPE], {})))).toMatchObject({ code: 'SESSION_OVER' });
    expect(await failure(over.check(SCOPE))).toMatchObject({ code: 'SESSION_OVER' });
    expect(front.seen).toEqual([]);
  });

  test('that was revoked elsewhere', async () => {
    await logIn(env, provider);
    await env.control.clearState();
    const works: (() => Promise<unknown>)[] = [
      () => provider.check(SCOPE),
      () => drive(provider.request([SCOPE], {})),
      () => provider.credentials(),
    ];
    for (const work of works) {
      expect(await failure(work())).toMatchObject({ code: 'SESSION_OVER', hint: 'Log in again with: stepup login' });
    }
  });
});

describe('nobody logged in', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['accessToken', () => provider.accessToken()],
    ['check', () => provider.check(SCOPE)],
    ['request', () => drive(provider.request([SCOPE], {}))],
    ['openCode', () => provider.openCode()],
    ['credentials', () => provider.credentials()],
    ['mfaMethods', () => provider.mfaMethods()],
    ['sessions', () => provider.sessions(FIRST)],
    ['discard', () => provider.discard('x')],
    ['resume', () => drive(provider.resume('x'))],
    ['call', () => provider.call({ method: 'GET', path: '/users' })],
    ['assertion', () => drive(provider.request([SCOPE], { assertion: 'e30.e30.e30' }))],
  ])('%s is NOT_LOGGED_IN, and asks no service', async (_what, work) => {
    expect(await failure(work())).toMatchObject({ code: expect.stringMatching(/NOT_LOGGED_IN|ASSERTION_INVALID/) });
    expect(front.seen).toEqual([]);
  });

  test('there are no challenges or grants', async () => {
    expect([await provider.challenges(), await provider.grants()]).toEqual([[], []]);
    expect(await provider.logout()).toBe(false);
  });
});

describe('the nonces', () => {
  test('are got five at a time, and each goes once', async () => {
    await logIn(env, provider);
    for (let at = 0; at < 6; at += 1) await granted(provider.request([SCOPE], {}), inbox(env));
    const sent = front.seen.flatMap(({ headers }) => headers['x-dynamic-device-nonce'] ?? []);
    expect(sent).toHaveLength(7);
    expect(new Set(sent).size).toBe(7);
    expect(front.seen.filter(({ path }) => path === '/nonces?count=5')).toHaveLength(2);
  });

  test('are never given to two at once', async () => {
    await logIn(env, provider);
    const many = Array.from({ length: 8 }, async () => {
      const mine = another();
      const { challengeId = '' } = await mine.openCode();
      await mine.checkCode(challengeId, '000000', [SCOPE]).catch(() => undefined);
    });
    await Promise.all(many);
    const sent = front.seen.flatMap(({ headers }) => headers['x-dynamic-device-nonce'] ?? []);
    expect(sent.length).toBeGreaterThanOrEqual(9);
    expect(new Set(sent).size).toBe(sent.length);
    expect(await nonces()).not.toEqual([]);
  });

  test('that the service has forgotten are got anew, and nothing fails: a login by email, one by wallet', async () => {
    await newWallet(env, 'main');
    await logIn(env, provider);
    await env.control.clearState();
    await env.control.settings({ dynamic: { otpSends: 1000 } });
    const old = await nonces();
    expect(old.length).toBeGreaterThan(1);
    await logIn(env, provider);
    expect(await nonces()).not.toEqual(expect.arrayContaining([old[1]]));
    await env.control.clearState();
    await drive(provider.login({ kind: 'wallet' }));
    expect(await provider.session()).toMatchObject({ identifier: expect.stringMatching(/^0x/) });
  });

  test('that the service has forgotten are got anew for a step-up and a link', async () => {
    await newWallet(env, 'main');
    await drive(provider.login({ kind: 'wallet' }));
    const forget = async (): Promise<void> => {
      const found = (await record()) as { nonces: JsonObject };
      await storeOf(env).updateSession(key(), () => ({
        ...found,
        nonces: { ...found.nonces, values: ['f'.repeat(32), 'e'.repeat(32), 'd'.repeat(32), 'c'.repeat(32)] },
      }));
    };
    await forget();
    await expect(granted(provider.request(['credential:link'], {}))).resolves.toMatchObject({
      factors: ['verify_wallet'],
    });
    await newWallet(env, 'second');
    await forget();
    await expect(provider.linkWallet('second')).resolves.toMatchObject({ wallet: 'second' });
  });

  test('of more than a day are not used', async () => {
    await logIn(env, provider);
    await provider.logout();
    const old = await nonces();
    await logIn(
      env,
      another(() => Date.now() + 24 * 3_600_000 + 1000),
    );
    const sent = front.seen.flatMap(({ headers }) => headers['x-dynamic-device-nonce'] ?? []);
    expect(old).not.toContain(sent.at(-1));
  });

  test.each([
    ['none', { body: { nonces: [] } }, 'ANSWER_MALFORMED'],
    ['ones that no header can carry', { body: { nonces: ['a\nb', 'ü'] } }, 'ANSWER_MALFORMED'],
    ['a refusal', { status: 403, body: { error: 'no' } }, 'REFUSED'],
    ['a failure', { status: 500, body: '' }, 'SERVICE_FAILING'],
  ])('a service that has %s for us', async (_what, reply, code) => {
    front.alter('GET /nonces', reply);
    expect(await failure(drive(provider.login({ kind: 'email', email: EMAIL }), inbox(env)))).toMatchObject({ code });
    expect(await provider.session()).toBeUndefined();
  });

  test('a device signature that is never taken ends it after a second try', async () => {
    front.alter('POST /emailVerifications/signin', {
      status: 401,
      body: { error: 'no', code: 'invalid_device_signature' },
    });
    const error = await failure(drive(provider.login({ kind: 'email', email: EMAIL }), inbox(env)));
    expect(error.code).toMatch(/REFUSED|CHALLENGE_OVER/);
    expect(front.calls().filter((call) => call === 'POST /emailVerifications/signin')).toHaveLength(2);
  });
});

describe('at once in one store', () => {
  test('two logins: each is whole, and the later one stays', async () => {
    const people = ['ada@example.com', 'grace@example.com'];
    await Promise.all(
      people.map((email) =>
        drive(another().login({ kind: 'email', email }), async () => ({
          code: (await env.newest({ to: email })).code,
        })),
      ),
    );
    const { identifier, userId } = (await provider.session())!;
    expect(people).toContain(identifier);
    expect(await provider.call({ method: 'GET', path: '/users' })).toMatchObject({
      status: 200,
      json: { id: userId, email: identifier },
    });
  });

  test('requests by codes: each grant is kept', async () => {
    await logIn(env, provider);
    const scopes = [SCOPE, 'user:update', 'credential:link', 'wallet:delete'];
    await Promise.all(
      scopes.map((scope) =>
        granted(another().request([scope], {}), async ({ verificationId }) => {
          const found = (await env.control.messages()).find(({ challengeId }) => challengeId === verificationId);
          return { code: found!.code };
        }),
      ),
    );
    expect((await provider.grants()).flatMap(({ scopes: held }) => held).toSorted()).toEqual(scopes.toSorted());
    expect(await provider.challenges()).toEqual([]);
  });

  test('a challenge that is discarded while it is walked: the code is not sent, and the session stays whole', async () => {
    await logIn(env, provider);
    const walk = provider.request([SCOPE], {});
    const first = await walk.next();
    const id = first.value?.type === 'challenge' ? first.value.challenge.challengeId : '';
    await another().discard(id);
    expect(await failure(walk.next())).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
    expect(await provider.challenges()).toEqual([]);
    await expect(hold(env, provider, SCOPE)).resolves.toBeDefined();
  });

  test('a login while a challenge is walked: what the proof brings does not go to the other session', async () => {
    await logIn(env, provider);
    const walking = drive(provider.request([SCOPE], {}), async ({ verificationId }) => {
      const { code } = (await env.control.messages()).find(({ challengeId }) => challengeId === verificationId)!;
      await logIn(env, another(), 'grace@example.com');
      return { code };
    });
    await failure(walking).catch(() => undefined);
    expect(await provider.session()).toMatchObject({ identifier: 'grace@example.com' });
    expect(await provider.grants()).toEqual([]);
    expect(await provider.challenges()).toEqual([]);
  });
});

describe('an answer that was lost', () => {
  test('at the check of a code: the challenge is told over when it is gone on with, and a new request succeeds', async () => {
    const direct = library(env);
    await logIn(env, direct);
    await env.control.fault({ match: { path: '/*/emailVerifications/verify' }, times: 1, do: { drop: 'after' } });
    expect(await failure(drive(direct.request([SCOPE], {}), inbox(env)))).toMatchObject({
      code: 'SERVICE_UNREACHABLE',
    });
    expect(await direct.grants()).toEqual([]);
    const { challengeId } = (await direct.challenges())[0]!;
    expect(await failure(drive(direct.resume(challengeId), inbox(env)))).toMatchObject({ code: 'CHALLENGE_OVER' });
    expect(await direct.challenges()).toEqual([]);
    await expect(hold(env, direct, SCOPE)).resolves.toMatchObject({ scopes: [SCOPE] });
  });

  test('at an authenticator app: the next code does', async () => {
    const direct = library(env);
    await logIn(env, direct);
    await enrolTotp(env, direct);
    await env.control.fault({ match: { path: '/*/mfa/auth/totp' }, times: 1, do: { drop: 'before' } });
    const compute = async (step: { compute?: (() => Promise<string | undefined>) | undefined }) => ({
      code: (await step.compute?.()) ?? '',
    });
    expect(await failure(drive(direct.request([SCOPE], {}), compute))).toMatchObject({ code: 'SERVICE_UNREACHABLE' });
    expect(await direct.challenges()).toHaveLength(1);
  });
});
