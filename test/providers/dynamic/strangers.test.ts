/** What a service may say that must not be taken for something else. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { startFront, type Front } from './front.js';
import { drive, failure, granted, hold, inbox, library, logIn } from './library.js';

let env: Environment;
let front: Front;
let provider: DynamicProvider;
beforeAll(async () => {
  env = await startEnvironment();
  front = await startFront(env.url, env.ready.dynamic.environmentId);
});
beforeEach(async () => {
  provider = library(env, { apiUrl: front.apiUrl });
  await logIn(env, provider);
});
afterEach(async () => {
  front.forget();
  await env.reset();
});
afterAll(async () => {
  await front.stop();
  await env.close();
});

const LINK = 'credential:link';
const CHECK = 'POST /emailVerifications/verify';

describe('a 401 without a code', () => {
  test('of one call refuses that call, and the session goes on', async () => {
    await hold(env, provider, LINK);
    front.alter('GET /users/mfa/register/totp', { status: 401, body: { error: 'TOTP device already registered' } });
    expect(await failure(provider.enrolTotp())).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('TOTP device already registered'),
    });
    expect((await provider.check(LINK)).required).toBe(false);
  });

  test('of the user’s own record too ends the session, and its grants with it', async () => {
    await hold(env, provider, LINK);
    front.alter('GET /users/mfa/register/totp', { status: 401, body: { error: 'Unauthorized' } });
    front.alter('GET /users', { status: 401, body: { error: 'Unauthorized' } });
    expect(await failure(provider.enrolTotp())).toMatchObject({ code: 'SESSION_OVER' });
    expect(await provider.grants()).toEqual([]);
    expect(await failure(provider.check(LINK))).toMatchObject({ code: 'SESSION_OVER' });
  });
});

describe('a 403 that is about something else', () => {
  test('is quoted, and takes no grant away', async () => {
    await hold(env, provider, LINK);
    front.alter('GET /users/mfa/register/totp', {
      status: 403,
      body: { error: 'Origin not allowed', code: 'origin_not_allowed' },
    });
    expect(await failure(provider.enrolTotp())).toMatchObject({ code: 'REFUSED', serviceCode: 'origin_not_allowed' });
    expect(await provider.grants()).toHaveLength(1);
  });

  test('is no word about MFA', async () => {
    front.alter(CHECK, { status: 403, body: { error: 'Environment is locked', code: 'environment_locked' } });
    const error = await failure(granted(provider.request([LINK], {}), inbox(env)));
    expect(error).toMatchObject({ code: 'REFUSED', serviceCode: 'environment_locked' });
  });
});

test('an elevated token of another user is not taken', async () => {
  const claims = { sub: 'user-2', scope: LINK, exp: Math.floor(Date.now() / 1000) + 600 };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256' })}.${part(claims)}.${part({})}`;
  front.alter(CHECK, ({ status, body }) => ({ status, body: { ...(body as object), elevatedAccessToken: token } }));
  const error = await failure(granted(provider.request([LINK], {}), inbox(env)));
  expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', message: expect.stringContaining('another user') });
  expect(await provider.grants()).toEqual([]);
});

test('a lasting grant goes before one for a single use', async () => {
  await hold(env, provider, LINK);
  await granted(provider.request(['wallet:export', LINK], {}), inbox(env));
  await provider.call({ method: 'GET', path: '/users/mfa/register/totp' });
  expect((await provider.grants()).map(({ scopes }) => scopes.length)).toEqual([1, 2]);
});

describe('a challenge', () => {
  test('is not for other scopes than it was opened for', async () => {
    for await (const event of provider.request([LINK], {})) if (event.type === 'code-sent') break;
    const [challenge] = await provider.challenges();
    const { code } = await env.newest();
    expect(await failure(provider.checkCode(challenge!.challengeId, code, ['wallet:export']))).toMatchObject({
      code: 'FLAG_CONFLICT',
      field: '--scope',
    });
    expect((await provider.checkCode(challenge!.challengeId, code, [LINK])).grant).toBeDefined();
  });

  test('whose code the service will not send is forgotten', async () => {
    await env.control.settings({ dynamic: { captcha: true } });
    const error = await failure(drive(provider.request([LINK], {})));
    await env.control.settings({ dynamic: { captcha: false } });
    expect(error).toMatchObject({ code: 'CAPTCHA_REQUIRED' });
    expect(await provider.challenges()).toEqual([]);
  });

  test('whose proof was taken is over, also when the answer cannot be used', async () => {
    front.alter(CHECK, { body: { minifiedJwt: 'x' } });
    expect(await failure(granted(provider.request([LINK], {}), inbox(env)))).toMatchObject({
      code: 'ANSWER_MALFORMED',
    });
    expect(await provider.challenges()).toEqual([]);
  });
});
