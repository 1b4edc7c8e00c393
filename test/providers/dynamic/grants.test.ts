/** Elevated tokens at work: which call gets one, when it is spent, put back, dropped. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { startFront, type Front } from './front.js';
import { enrolTotp, failure, granted, hold, inbox, library, logIn, newWallet } from './library.js';

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

const EXPORT = { method: 'POST', path: '/waas/wallet-1/privateKey/export', json: {} } as const;
const GATE = 'POST /waas/wallet-1/privateKey/export';
const HEADER = 'x-dyn-elevated-access-token';
const held = async (): Promise<string[]> => (await provider.grants()).flatMap(({ scopes }) => scopes);
const sentWith = (path: string): (string | undefined)[] =>
  front.seen.filter((call) => call.path === path).map(({ headers }) => headers[HEADER]);

describe('a grant for a single use', () => {
  test('goes with the one call that demands it, and is gone then', async () => {
    const { token } = await hold(env, provider, 'wallet:export');
    await provider.call({ method: 'GET', path: '/users' });
    expect(await held()).toEqual(['wallet:export']);
    expect(await provider.call(EXPORT)).toMatchObject({ status: 200, elevatedWith: 'wallet:export', spent: true });
    expect(await held()).toEqual([]);
    expect(await provider.call(EXPORT)).toMatchObject({ status: 403, elevatedWith: undefined, spent: false });
    expect(sentWith('/users')).toEqual([undefined]);
    expect(sentWith(EXPORT.path)).toEqual([token, undefined]);
    expect(await provider.check('wallet:export')).toMatchObject({ required: true });
  });

  test('is put back when the service was not reached, and does the job then', async () => {
    await hold(env, provider, 'wallet:export');
    const away = library(env, { apiUrl: front.apiUrl, fetch: () => Promise.reject(new TypeError('fetch failed')) });
    expect(await failure(away.call(EXPORT))).toMatchObject({ code: 'SERVICE_UNREACHABLE' });
    expect(await held()).toEqual(['wallet:export']);
    expect(await provider.call(EXPORT)).toMatchObject({ status: 200, spent: true });
  });

  test('is put back when the service limits the rate, and when Ctrl-C came before the call', async () => {
    await hold(env, provider, 'wallet:export');
    front.alter(GATE, { status: 429, body: {} });
    expect(await failure(provider.call(EXPORT))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await held()).toEqual(['wallet:export']);
    const stopped = library(env, { apiUrl: front.apiUrl, signal: AbortSignal.abort() });
    expect(await failure(stopped.call(EXPORT))).toMatchObject({ code: 'INTERRUPTED' });
    expect(await held()).toEqual(['wallet:export']);
  });

  test('is put back when the call was refused for another reason', async () => {
    await hold(env, provider, 'wallet:export');
    front.alter(GATE, { status: 422, body: { error: 'No such wallet', code: 'invalid_wallet_address' } });
    expect(await provider.call(EXPORT)).toMatchObject({ status: 422, elevatedWith: 'wallet:export', spent: false });
    expect(await held()).toEqual(['wallet:export']);
  });

  test('is not put back when the service failed at it: it may have been used', async () => {
    await hold(env, provider, 'wallet:export');
    front.alter(GATE, { status: 500, body: '' });
    expect(await failure(provider.call(EXPORT))).toMatchObject({ code: 'SERVICE_FAILING' });
    expect(await held()).toEqual([]);
  });

  test('is dropped when the service does not take it', async () => {
    await hold(env, provider, 'wallet:export');
    await env.control.clock({ advance: 301 });
    expect(await provider.call(EXPORT)).toMatchObject({ status: 403, elevatedWith: 'wallet:export', spent: false });
    expect(await held()).toEqual([]);
  });

  test('is had by one of two calls at once', async () => {
    await hold(env, provider, 'wallet:export');
    const answers = await Promise.all([provider.call(EXPORT), library(env, { apiUrl: front.apiUrl }).call(EXPORT)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    expect(sentWith(EXPORT.path).filter((token) => token !== undefined)).toHaveLength(1);
  });

  test('for several scopes is spent as one', async () => {
    await granted(provider.request(['wallet:export', 'credential:link'], {}), inbox(env));
    await provider.enrolTotp();
    expect(await held()).toEqual([]);
    expect(await provider.call(EXPORT)).toMatchObject({ status: 403 });
  });
});

describe('a grant for a time', () => {
  test('goes with every call that demands it, and stays', async () => {
    const { token } = await hold(env, provider, 'credential:link');
    await newWallet(env, 'one');
    await newWallet(env, 'two');
    await provider.linkWallet('one');
    await provider.linkWallet('two');
    expect(sentWith('/verify/link')).toEqual([token, token]);
    expect(await held()).toEqual(['credential:link']);
  });

  test('ends by itself: nothing is sent with it then', async () => {
    await hold(env, provider, 'credential:link');
    const later = library(env, { apiUrl: front.apiUrl, now: () => Date.now() + 610_000 });
    expect(await later.grants()).toEqual([]);
    expect(await later.check('credential:link')).toMatchObject({ required: true });
    expect(await failure(later.enrolTotp())).toMatchObject({ code: 'ELEVATION_REQUIRED', status: 403 });
    expect(sentWith('/users/mfa/register/totp')).toEqual([undefined]);
  });

  test('is dropped when the service does not take it', async () => {
    await hold(env, provider, 'credential:link');
    await env.control.clock({ advance: 601 });
    expect(await failure(provider.enrolTotp())).toMatchObject({
      code: 'ELEVATION_REQUIRED',
      hint: 'Get one with: stepup request credential:link',
    });
    expect(await held()).toEqual([]);
  });

  test('takes the place of an older one for the same scope; another scope’s stays', async () => {
    await hold(env, provider, 'credential:link');
    await hold(env, provider, 'user:update');
    const { token } = await hold(env, provider, 'credential:link');
    const grants = await provider.grants();
    expect(grants.map(({ scopes }) => scopes)).toEqual([['user:update'], ['credential:link']]);
    await provider.enrolTotp();
    expect(sentWith('/users/mfa/register/totp')).toEqual([token]);
  });
});

describe('whoever needs one', () => {
  test.each([
    ['an authenticator app', () => provider.enrolTotp(), 'credential:link'],
    ['a passkey', () => provider.addPasskey(), 'credential:link'],
  ])('%s without a grant is ELEVATION_REQUIRED with the scope', async (_what, work, scope) => {
    expect(await failure(work())).toMatchObject({
      code: 'ELEVATION_REQUIRED',
      serviceCode: 'elevated_access_token_required',
      hint: `Get one with: stepup request ${scope}`,
    });
  });

  test('removes a factor with credential:unlink, in the headers that the service expects', async () => {
    const id = await enrolTotp(env, provider);
    expect(await failure(provider.removeMfa(id))).toMatchObject({ code: 'ELEVATION_REQUIRED' });
    const { token } = await hold(env, provider, 'credential:unlink');
    await provider.removeMfa(id);
    const call = front.seen.findLast(({ method }) => method === 'DELETE')!;
    expect([call.headers[HEADER], call.headers['x-mfa-auth-token']]).toEqual([token, '']);
  });

  test('a scope can be named for a call that is not known to need one', async () => {
    const { token } = await hold(env, provider, 'user:update');
    const answer = await provider.call({ method: 'GET', path: '/users', scope: 'user:update' });
    expect(answer).toMatchObject({ status: 200, elevatedWith: 'user:update', spent: false });
    expect(sentWith('/users')).toEqual([token]);
  });

  test('no token goes to another host or another environment', async () => {
    await hold(env, provider, 'wallet:export');
    front.seen.length = 0;
    for (const path of [
      'https://evil.example/api/v0/sdk/x/users',
      '//evil.example/users',
      `${new URL(front.apiUrl).origin}/users`,
      '/api/v0/sdk/11111111-1111-4111-8111-111111111111/users',
      '/../../../evil',
      'http://user:pass@127.0.0.1/x',
      'users',
      '',
    ]) {
      const outcome = await provider.call({ method: 'GET', path }).then(
        ({ status }) => status,
        ({ code }: { code: string }) => code,
      );
      expect([path, outcome]).toEqual([path, expect.toBeOneOf(['URL_INVALID', 404])]);
    }
  });
});

describe('what a grant outlives', () => {
  test('a session that is renewed', async () => {
    await env.control.settings({ dynamic: { sessionSeconds: 90 } });
    await logIn(env, provider);
    const { token } = await hold(env, provider, 'credential:link');
    const near = library(env, { apiUrl: front.apiUrl, now: () => Date.now() + 60_000 });
    await near.accessToken();
    expect(front.calls()).toContain('POST /refresh');
    expect(await near.grants()).toMatchObject([{ token }]);
    await near.enrolTotp();
    expect(sentWith('/users/mfa/register/totp')).toEqual([token]);
  });

  test('not a logout, and not another login', async () => {
    await hold(env, provider, 'credential:link');
    await logIn(env, provider);
    expect(await held()).toEqual([]);
    await hold(env, provider, 'credential:link');
    await provider.logout();
    expect(await held()).toEqual([]);
  });
});

describe('logout', () => {
  test.each([
    ['is away', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
    ['fails', { status: 500 }, 'SERVICE_FAILING'],
  ])('keeps everything while the service %s', async (_what, fault, code) => {
    await hold(env, provider, 'credential:link');
    await env.control.fault({ match: { path: '/*/revoke' }, times: 1, do: fault });
    const direct = library(env);
    await logIn(env, direct);
    await hold(env, direct, 'credential:link');
    expect(await failure(direct.logout())).toMatchObject({ code });
    expect(await direct.session()).toBeDefined();
    expect(await direct.grants()).toHaveLength(1);
    expect(await direct.logout()).toBe(true);
    expect(await direct.session()).toBeUndefined();
    expect(await direct.logout()).toBe(false);
  });

  test('says why, and is done where the session had ended already', async () => {
    await env.control.clearState();
    expect(await provider.logout()).toBe(true);
    expect(front.seen.findLast(({ path }) => path === '/revoke')!.headers['x-dyn-logout-reason']).toBe('user-intent');
    expect(await provider.session()).toBeUndefined();
  });
});
