/** Answers that are missing, cut, or of another shape than the service promises. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { EMAIL, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { claimsOf, startFront, unsigned, type Front } from './front.js';
import { drive, enrolTotp, failure, granted, hold, inbox, library, logIn } from './library.js';

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
const login = () => drive(provider.login({ kind: 'email', email: EMAIL }), inbox(env));
const request = () => drive(provider.request([SCOPE], {}), inbox(env));
const object = (body: unknown): Record<string, unknown> => body as Record<string, unknown>;

const without =
  (...names: string[]) =>
  (body: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));

describe('the settings', () => {
  test.each([
    ['{}', {}],
    ['[]', []],
    ['null fields', { general: null, chains: null, kyc: null, providers: null, sdk: null, security: null }],
    [
      'fields of another shape',
      {
        general: 'x',
        chains: {},
        providers: 'all',
        sdk: [],
        security: { captcha: true, mfa: { actions: [1] }, auth: { storage: 'cookie' } },
      },
    ],
  ])('%s mean that nothing is known, and do not stop a login', async (_what, body) => {
    front.alter('GET /settings', { body });
    expect(await provider.environment()).toEqual({
      environmentId: env.ready.dynamic.environmentId,
      displayName: undefined,
      name: undefined,
      minApiVersion: undefined,
      stepUpEnforced: false,
      signIn: [],
      mfa: { enabled: false, required: false, methods: [] },
      actions: [],
      captcha: undefined,
      cookieMode: false,
      locked: false,
      deviceRegistration: false,
      sessionSeconds: undefined,
    });
    expect((await login()).at(-1)).toMatchObject({ type: 'logged-in' });
  });

  test.each([
    ['a web page', { body: '<html>sign in</html>', headers: { 'content-type': 'text/html' } }, 'ANSWER_MALFORMED'],
    ['null', { body: 'null' }, 'ANSWER_MALFORMED'],
    ['nothing', { body: undefined }, 'ANSWER_MALFORMED'],
    ['a 500', { status: 500, body: '' }, 'SERVICE_FAILING'],
    ['a 429', { status: 429, body: {} }, 'RATE_LIMITED'],
    ['a redirect', { status: 302, headers: { location: '/' }, body: '' }, 'ANSWER_MALFORMED'],
    ['a 404', { status: 404, body: { error: 'Not found' } }, 'APPLICATION_UNKNOWN'],
    ['a 400', { status: 400, body: { error: 'Bad request' } }, 'APPLICATION_UNKNOWN'],
    ['a 403', { status: 403, body: { error: 'Origin not allowed' } }, 'REFUSED'],
  ])('%s end a login before a code is sent', async (_what, reply, code) => {
    front.alter('GET /settings', reply);
    expect(await failure(login())).toMatchObject({ code });
    expect(front.calls().filter((call) => call.startsWith('POST'))).toEqual([]);
    expect(await provider.session()).toBeUndefined();
  });

  test('that ask for a captcha end what sends a code, with what to do; what sends none goes on', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    front.alter('GET /settings', ({ body }) => ({
      body: { ...object(body), security: { captcha: { enabled: true, provider: 'hcaptcha', siteKey: 'k' } } },
    }));
    const fresh = library(env, { apiUrl: front.apiUrl, now: () => Date.now() + 301_000 });
    front.seen.length = 0;
    expect(await failure(drive(fresh.login({ kind: 'email', email: EMAIL })))).toMatchObject({
      code: 'CAPTCHA_REQUIRED',
      hint: expect.stringContaining('Switch captcha off for a sandbox environment'),
    });
    expect(await failure(fresh.openCode())).toMatchObject({ code: 'CAPTCHA_REQUIRED' });
    expect(await fresh.challenges()).toEqual([]);
    expect(front.calls()).not.toContain('POST /emailVerifications/create');
    await expect(hold(env, fresh, 'user:update')).resolves.toMatchObject({ factors: ['verify_totp'] });
  });

  test('that say nothing of a captcha which the service then wants', async () => {
    await env.control.settings({ dynamic: { captcha: true } });
    front.alter('GET /settings', { body: {} });
    expect(await failure(login())).toMatchObject({ code: 'CAPTCHA_REQUIRED', status: 422 });
  });

  test('in cookie mode end a login before anything is sent', async () => {
    await env.control.settings({ dynamic: { cookieMode: true } });
    expect(await failure(login())).toMatchObject({ code: 'COOKIE_MODE', hint: expect.stringContaining('sandbox') });
    expect(front.calls()).toEqual(['GET /settings']);
  });
});

describe('error bodies', () => {
  test.each([
    [
      'the object form',
      { error: { code: 'chainalysis_blocked_wallet', message: 'Blocked' }, payload: {} },
      'chainalysis_blocked_wallet',
    ],
    ['a text without a code', { error: 'Blocked' }, undefined],
    ['a code that is no name', { error: 'Blocked', code: 'no\u001b[31m name' }, undefined],
    ['numbers', { error: 7, code: 7, message: 7 }, undefined],
    ['a list', [], undefined],
    ['null', 'null', undefined],
    ['nothing', undefined, undefined],
  ])('%s: the refusal is told without a crash', async (_what, body, serviceCode) => {
    await logIn(env, provider);
    front.alter('POST /emailVerifications/create', { status: 400, body });
    const error = await failure(request());
    expect(error).toMatchObject({ code: 'REFUSED', status: 400, serviceCode });
    expect(error.message).toMatch(/^The service refused(: Blocked)? \((chainalysis_blocked_wallet|status 400)\)\.$/);
  });

  test('the object form of a 401 without a code ends the session; one with a code does not', async () => {
    await logIn(env, provider);
    front.alter('GET /users', { status: 401, body: { error: { message: 'Unauthorized' } } });
    expect(await failure(provider.credentials())).toMatchObject({ code: 'SESSION_OVER' });
    await logIn(env, provider);
    front.alter('GET /users', { status: 401, body: { error: { code: 'totp_already_registered', message: 'No' } } });
    expect(await failure(provider.credentials())).toMatchObject({
      code: 'REFUSED',
      serviceCode: 'totp_already_registered',
    });
    expect(await provider.session()).toBeDefined();
  });

  test('the service’s words are one line without what steers a terminal, and never a secret that was sent', async () => {
    await logIn(env, provider);
    front.alter('POST /emailVerifications/verify', ({ status }, { body }) => ({
      status: status === 200 ? 400 : status,
      body: { error: `no\u001b[31m\n${'x'.repeat(300)} ${String(body?.['verificationToken'])}` },
    }));
    const error = await failure(request());
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(280);

    front.alter('POST /emailVerifications/verify', (_reply, { body }) => ({
      status: 400,
      body: { error: `wrong: ${String(body?.['verificationToken'])}` },
    }));
    expect((await failure(request())).message).not.toContain((await env.newest()).code);
  });
});

describe('the answer to a login', () => {
  const alter = (change: (body: Record<string, unknown>) => Record<string, unknown>): void =>
    front.alter('POST /emailVerifications/signin', ({ body }) => ({ body: change(object(body)) }));

  test.each<[string, (body: Record<string, unknown>) => Record<string, unknown>, string]>([
    ['without a user', without('user'), 'ANSWER_MALFORMED'],
    ['with a user without credentials', (body) => ({ ...body, user: { id: 'u' } }), 'ANSWER_MALFORMED'],
    ['without a token: the tokens went into cookies', without('minifiedJwt', 'jwt'), 'COOKIE_MODE'],
    ['with a token that is empty', (body) => ({ ...body, minifiedJwt: '' }), 'COOKIE_MODE'],
    ['with a token that is none', (body) => ({ ...body, minifiedJwt: 'hunter2' }), 'ANSWER_MALFORMED'],
    ['with a token without a user', (body) => ({ ...body, minifiedJwt: unsigned({ sid: 's' }) }), 'ANSWER_MALFORMED'],
    [
      'without any end',
      (body) => ({ ...body, expiresAt: null, minifiedJwt: unsigned({ sub: 'u', sid: 's' }) }),
      'ANSWER_MALFORMED',
    ],
  ])('%s', async (_what, change, code) => {
    alter(change);
    const error = await failure(login());
    expect(error).toMatchObject({ code });
    expect(error.message).not.toContain('hunter2');
    expect(await provider.session()).toBeUndefined();
    front.forget();
    expect((await login()).at(-1)).toMatchObject({ type: 'logged-in' });
  });

  test('without expiresAt, and with one of another shape: the token says when it ends', async () => {
    for (const expiresAt of [undefined, null, 'soon', -1, 1e300]) {
      alter((body) => ({ ...body, expiresAt }));
      const [last] = (await login()).slice(-1);
      expect(last).toMatchObject({ session: { accessTokenExpiresAt: expect.stringMatching(/^2\d{3}-/) } });
    }
  });

  test('with credentials of formats that nobody knows yet', async () => {
    alter((body) => ({
      ...body,
      user: {
        ...object(body.user),
        verifiedCredentials: [{ id: 'c1', format: 'hologram', signInEnabled: 'yes', address: 7 }],
      },
    }));
    await login();
    expect(await failure(request())).toMatchObject({ code: 'NO_METHOD', message: expect.stringContaining('hologram') });
  });
});

describe('the answer to a proof', () => {
  const alter = (change: (body: Record<string, unknown>) => Record<string, unknown>): void =>
    front.alter('POST /emailVerifications/verify', ({ body, status }) =>
      status === 200 ? { body: change(object(body)) } : {},
    );
  const elevated = (change: (claims: Record<string, unknown>) => Record<string, unknown>): void =>
    alter((body) => ({ ...body, elevatedAccessToken: unsigned(change(claimsOf(String(body.elevatedAccessToken)))) }));

  test.each<[string, (body: Record<string, unknown>) => Record<string, unknown>, string]>([
    ['without a user', without('user'), 'ANSWER_MALFORMED'],
    ['without a token', without('minifiedJwt'), 'COOKIE_MODE'],
    [
      'of another user',
      (body) => ({ ...body, minifiedJwt: unsigned({ sub: 'mallory', sid: 's', exp: 4e9 }) }),
      'ANSWER_MALFORMED',
    ],
  ])('%s: nothing is kept of it, and the session at hand stays good', async (_what, change, code) => {
    await logIn(env, provider);
    const before = await provider.accessToken();
    alter(change);
    expect(await failure(request())).toMatchObject({ code });
    front.forget();
    expect(await provider.accessToken()).toEqual(before);
    expect(await provider.grants()).toEqual([]);
    await expect(granted(provider.request([SCOPE], {}), inbox(env))).resolves.toMatchObject({ scopes: [SCOPE] });
  });

  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['an empty one', ''],
  ])('with %s as elevated token is SCOPE_NOT_GRANTED; the challenge is gone', async (_what, token) => {
    await logIn(env, provider);
    alter((body) => ({ ...body, elevatedAccessToken: token }));
    expect(await failure(request())).toMatchObject({
      code: 'SCOPE_NOT_GRANTED',
      hint: `Ask again with: stepup request ${SCOPE}`,
    });
    expect([await provider.challenges(), await provider.grants()]).toEqual([[], []]);
  });

  test.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['whose scope is a list', (claims) => ({ ...claims, scope: [SCOPE] })],
    ['without a scope', without('scope')],
    ['without an end', without('exp')],
    ['that has ended', (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 1 })],
  ])(
    'with an elevated token %s is SCOPE_NOT_GRANTED: it is not kept, and the challenge is gone',
    async (_what, change) => {
      await logIn(env, provider);
      elevated(change);
      expect(await failure(request())).toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
      expect([await provider.challenges(), await provider.grants()]).toEqual([[], []]);
      expect(await provider.check(SCOPE)).toMatchObject({ required: true });
    },
  );

  test('with an elevated token that is none', async () => {
    await logIn(env, provider);
    alter((body) => ({ ...body, elevatedAccessToken: 'hunter2' }));
    const error = await failure(request());
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
    expect(error.message).not.toContain('hunter2');
  });

  test('with an elevated token for less than was asked for: what it holds is kept, what is missing is said', async () => {
    await logIn(env, provider);
    elevated((claims) => ({ ...claims, scope: 'user:update' }));
    const both = drive(provider.request(['user:update', SCOPE], {}), inbox(env));
    expect(await failure(both)).toMatchObject({
      code: 'SCOPE_NOT_GRANTED',
      message: expect.stringContaining('does not hold wallet:export.'),
    });
    expect(await provider.grants()).toMatchObject([{ scopes: ['user:update'] }]);
    expect(await provider.check('user:update')).toMatchObject({ required: false, heldBy: 'grant' });
    expect(await provider.check(SCOPE)).toMatchObject({ required: true });
  });

  test('a scope that only begins like another is not held by it', async () => {
    await logIn(env, provider);
    elevated((claims) => ({ ...claims, scope: 'wallet:export2 xwallet:export' }));
    expect(await failure(request())).toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
    expect(await provider.check(SCOPE)).toMatchObject({ required: true });
  });
});

describe('a check that fails', () => {
  test.each([
    ['a 500', { status: 500, body: '' }],
    ['a 429', { status: 429, body: {} }],
    ['a 403', { status: 403, body: { error: 'no' } }],
    ['a 422', { status: 422, body: { error: 'no', code: 'invalid_scopes' } }],
    ['a web page', { status: 200, body: '<html>' }],
    ['nothing', { status: 200, body: undefined }],
    ['a list', { status: 200, body: [] }],
    ['a text in place of the answer', { status: 200, body: { isRequired: 'false' } }],
    ['credentials of another shape', { status: 200, body: { isRequired: false, credentials: 'none' } }],
  ])('%s counts as required, and says why', async (_what, reply) => {
    await logIn(env, provider);
    front.alter('POST /stepUp/check', reply);
    expect(await provider.check(SCOPE)).toEqual({
      scope: SCOPE,
      required: true,
      reason: 'check-failed',
      problem: expect.stringMatching(/^.{10,}/),
    });
  });

  test('a service that is away counts as required too', async () => {
    await logIn(env, provider);
    const away = library(env, { apiUrl: front.apiUrl, fetch: () => Promise.reject(new TypeError('fetch failed')) });
    expect(await away.check(SCOPE)).toMatchObject({ required: true, reason: 'check-failed' });
  });

  test('a session that is over is told as such', async () => {
    await logIn(env, provider);
    front.alter('POST /stepUp/check', { status: 401, body: { error: 'Unauthorized' } });
    expect(await provider.check(SCOPE)).toMatchObject({ required: true, reason: 'check-failed' });
    front.alter('GET /users', { status: 401, body: { error: 'Unauthorized' } });
    expect(await failure(provider.check(SCOPE))).toMatchObject({ code: 'SESSION_OVER' });
    expect(await failure(provider.check(SCOPE))).toMatchObject({ code: 'SESSION_OVER' });
  });

  test('a required one without credentials, and with ones of formats that nobody knows', async () => {
    await logIn(env, provider);
    front.alter('POST /stepUp/check', { body: { isRequired: true } });
    expect(await provider.check(SCOPE)).toEqual({
      scope: SCOPE,
      required: true,
      credentials: [],
      defaultCredentialId: undefined,
    });
    front.alter('POST /stepUp/check', {
      body: {
        isRequired: true,
        credentials: [{ id: 'c1', format: 'hologram', alias: null }],
        defaultCredentialId: null,
      },
    });
    expect(await provider.check(SCOPE)).toMatchObject({
      credentials: [{ id: 'c1', method: 'other', label: undefined }],
    });
  });
});

describe('the list of MFA methods', () => {
  test.each([
    ['of another shape', { devices: 'none', passkeys: [], userHasVerifiedMfaMethods: false }],
    ['empty', {}],
    ['a list', []],
  ])('%s ends a request before anything is sent', async (_what, body) => {
    await logIn(env, provider);
    const { id } = await env.newest();
    front.alter('GET /users/mfa/methods', { body });
    expect(await failure(request())).toMatchObject({ code: 'ANSWER_MALFORMED' });
    expect((await env.newest()).id).toBe(id);
    expect(await provider.challenges()).toEqual([]);
  });

  test('a device that is only registered is no MFA', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    await provider.enrolTotp();
    await expect(granted(provider.request([SCOPE], {}), inbox(env))).resolves.toMatchObject({
      factors: ['verify_email'],
    });
  });
});
