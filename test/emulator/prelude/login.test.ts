import { createHash } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, loggedIn, newKey, startWorld, tokenOf, wrong, type Answer, type World } from './client.js';

let world: World;
let client: Client;
let phones = 0;
const newPhone = (): string => `+336222000${String(++phones).padStart(2, '0')}`;

beforeAll(async () => {
  world = await startWorld();
  client = new Client(world, await newKey());
});
afterAll(() => world.stop());

const phoneNumber = (value: string) => ({ identifier: { type: 'phone_number', value } });

/** Starts a login; the header by which its verification is found. */
async function start(phone: string, more: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const sent = await client.call('/otp', { body: { ...phoneNumber(phone), ...more } });
  expect(sent.status).toBe(204);
  return { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
}

const check = (code: string, headers: Record<string, string>): Promise<Answer> =>
  client.call('/otp/check', { body: { code }, headers });

async function loginToken(phone: string, more: Record<string, unknown> = {}): Promise<string> {
  const headers = await start(phone, more);
  return tokenOf(await check(await world.code(phone), headers));
}

const finalize = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  client.call('/login/finalize', { body, headers, proof: 'regular' });

describe('the current dialect', () => {
  it('goes from code to login token to session', async () => {
    const phone = newPhone();
    const headers = await start(phone);
    const checked = await check(await world.code(phone), headers);
    expect(checked.status).toBe(200);
    const login = decodeJwt(tokenOf(checked));
    expect(login).toMatchObject({
      current_step: 'completed',
      grant_mode: 'session-start',
      sub: expect.stringMatching(/^usr_/),
    });
    const answer = await finalize({ challenge_token: tokenOf(checked) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('dpop-nonce')).toBeTruthy();
    expect(answer.headers.get('x-refresh-token')).toMatch(/^[\w-]{43}$/);
    expect(answer.headers.get('x-refresh-token-expires-at')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(answer.cookies).toEqual([
      expect.stringMatching(/^__Host-refresh_demo=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=None$/),
    ]);
  });

  it('mints an access token that its key set verifies', async () => {
    const answer = await finalize({ challenge_token: await loginToken(newPhone()) });
    const token = String(answer.body.access_token);
    const keySet = (await (await fetch(world.emulator.ready.prelude.jwksUrl)).json()) as JSONWebKeySet;
    const { payload } = await jwtVerify(token, createLocalJWKSet(keySet), {
      algorithms: ['RS256'],
      issuer: world.emulator.ready.prelude.issuer,
    });
    expect(payload).toMatchObject({
      sub: expect.stringMatching(/^usr_/),
      sid: expect.stringMatching(/^ses_/),
      scope: '',
    });
    expect(payload.nbf).toBe(payload.iat);
    expect(payload.exp).toBe((payload.iat ?? 0) + 60);
    expect(answer.body.expires_at).toBe(payload.exp);
    expect(decodeProtectedHeader(token).kid).toBe(keySet.keys[0]?.kid);
  });

  it('knows a user again by the same identifier, and an address whatever its case', async () => {
    const sub = async (identifier: string): Promise<unknown> =>
      decodeJwt((await loggedIn(world, identifier)).access).sub;
    const phone = newPhone();
    expect(await sub(phone)).toBe(await sub(phone));
    expect(await sub('ada@example.com')).toBe(await sub('Ada@Example.com'));
    expect(await sub(phone)).not.toBe(await sub(newPhone()));
  });

  it('finds the verification by the cookie too', async () => {
    const phone = newPhone();
    const sent = await client.call('/otp', { body: phoneNumber(phone) });
    const [cookie = ''] = sent.cookies;
    expect(cookie).toMatch(
      /^__Host-verification-login_demo=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=None$/,
    );
    expect((await check(await world.code(phone), { cookie: cookie.split(';')[0] ?? '' })).status).toBe(200);
  });

  it('sends another code on retry, and the old one is void', async () => {
    const phone = newPhone();
    const headers = await start(phone);
    const first = await world.code(phone);
    expect((await client.call('/otp/retry', { headers })).status).toBe(204);
    const second = await world.code(phone);
    expect((await check(first, headers)).body.code).toBe('bad_check_code');
    expect((await check(second, headers)).status).toBe(200);
    expect((await client.call('/otp/retry', { headers })).status).toBe(401);
  });

  it('takes the right code on the fifth try, and none after five wrong ones', async () => {
    for (const [misses, status] of [
      [4, 200],
      [5, 401],
    ] as const) {
      const phone = newPhone();
      const headers = await start(phone);
      const code = await world.code(phone);
      for (let miss = 0; miss < misses; miss++) {
        expect(await check(wrong(code), headers)).toMatchObject({ status: 401, body: { code: 'bad_check_code' } });
      }
      expect((await check(code, headers)).status).toBe(status);
    }
  });

  it('refuses a code after its time, by the moved clock', async () => {
    const phone = newPhone();
    const headers = await start(phone);
    await world.control.clock({ advance: 600 });
    expect((await check(await world.code(phone), headers)).body.code).toBe('bad_check_code');
    await world.control.clock({ offset: 0 });
  });

  it('counts fifty wrong codes at once as five', async () => {
    const phone = newPhone();
    const headers = await start(phone);
    const code = await world.code(phone);
    const answers = await Promise.all(Array.from({ length: 50 }, () => check(wrong(code), headers)));
    const codes = answers.map(({ body }) => body.code);
    expect(codes.filter((one) => one === 'bad_check_code')).toHaveLength(5);
    expect(codes.filter((one) => one === 'unauthorized')).toHaveLength(45);
    expect((await check(code, headers)).body.code).toBe('unauthorized');
  });

  it('lets one of several right codes at once win', async () => {
    const phone = newPhone();
    const headers = await start(phone);
    const code = await world.code(phone);
    const answers = await Promise.all(Array.from({ length: 20 }, () => check(code, headers)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'unauthorized')).toHaveLength(19);
  });
});

describe('/login/finalize', () => {
  const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  // RFC 7636, appendix B
  const code_challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

  it('honours PKCE, and a wrong verifier does not spend the token', async () => {
    const challenge_token = await loginToken(newPhone(), { code_challenge });
    expect(decodeJwt(challenge_token).pkce_challenge).toBe(code_challenge);
    expect(await finalize({ challenge_token })).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    expect((await finalize({ challenge_token, code_verifier: 'wrong' })).body.code).toBe('invalid_challenge_token');
    expect((await finalize({ challenge_token, code_verifier: verifier })).status).toBe(200);
  });

  it('takes a login token once, also of several at once', async () => {
    const challenge_token = await loginToken(newPhone());
    const answers = await Promise.all(Array.from({ length: 10 }, () => finalize({ challenge_token })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'token_reused')).toHaveLength(9);
  });

  it('refuses an expired login token, and what is none', async () => {
    const challenge_token = await loginToken(newPhone());
    await world.control.clock({ advance: 600 });
    expect((await finalize({ challenge_token })).body.code).toBe('expired_challenge_token');
    await world.control.clock({ offset: 0 });
    expect((await finalize({ challenge_token: (await loggedIn(world, newPhone())).access })).body.code).toBe(
      'invalid_challenge_token',
    );
    expect((await finalize({ challenge_token: 'x' })).body.code).toBe('invalid_challenge_token');
    expect((await finalize({})).body.code).toBe('bad_request');
  });

  it('revokes the old session of X-Refresh-Token', async () => {
    const old = await loggedIn(world, newPhone());
    const answer = await finalize(
      { challenge_token: await loginToken(newPhone()) },
      { 'x-refresh-token': old.refresh },
    );
    expect(answer.status).toBe(200);
    expect((await old.refreshWith()).body.code).toBe('unauthorized');
    expect((await old.call('/me/list', { method: 'GET', bearer: old.access })).status).toBe(401);
  });
});

describe('the legacy dialect', () => {
  it('logs in by cookie and proof, after a nonce, a wrong code and a resend', async () => {
    const legacy = new Client(world, await newKey());
    const phone = newPhone();
    const sent = await legacy.call('/login/otp', { body: phoneNumber(phone) });
    expect(sent.status).toBe(204);
    expect(sent.headers.get('x-verification-token')).toBeNull();
    const headers = { cookie: sent.cookies[0]?.split(';')[0] ?? '' };
    const attempt = (code: string): Promise<Answer> =>
      legacy.call('/login/otp/check', { body: { code }, headers, proof: 'regular' });
    const first = await legacy.once('/login/otp/check', { body: { code: '000000' }, headers, proof: 'regular' });
    expect(first).toMatchObject({ status: 400, body: { code: 'use_dpop_nonce' } });
    expect((await attempt(wrong(await world.code(phone)))).body.code).toBe('bad_check_code');
    expect((await legacy.call('/login/otp/retry', { headers })).status).toBe(204);
    const done = await attempt(await world.code(phone));
    expect(done.status).toBe(200);
    expect(done.cookies.map((line) => line.split('=')[0])).toEqual([
      '__Host-verification-login_demo',
      '__Host-refresh_demo',
    ]);
    legacy.keep(done);
    expect((await legacy.refreshWith()).status).toBe(200);
  });

  it('refuses a check without a verification and without a proof', async () => {
    expect((await client.call('/login/otp/check', { body: { code: '123456' }, proof: 'regular' })).body.code).toBe(
      'unauthorized',
    );
    expect((await client.call('/login/otp/check', { body: { code: '123456' } })).body.code).toBe('missing_dpop_proof');
    expect((await client.call('/login/otp/retry')).body.code).toBe('unauthorized');
  });
});

describe('what is refused', () => {
  it.each([
    ['an unknown kind of identifier', { identifier: { type: 'pigeon', value: '1' } }, 400, 'bad_request'],
    ['no identifier', {}, 400, 'bad_request'],
    ['identifier and challenge token', { ...phoneNumber('+33612345678'), challenge_token: 'x' }, 400, 'bad_request'],
    ['a number without plus', phoneNumber('0612345678'), 400, 'invalid_identifier'],
    ['an address without host', { identifier: { type: 'email_address', value: 'ada@' } }, 400, 'invalid_identifier'],
    [
      'a code_challenge that is no S256',
      { ...phoneNumber('+33612345678'), code_challenge: 'short' },
      400,
      'bad_request',
    ],
    [
      'an unknown login_config_id',
      { ...phoneNumber('+33612345678'), login_config_id: 'lcfg_nope' },
      403,
      'no_login_config',
    ],
  ])('%s', async (_, body, status, code) => {
    const answer = await client.call('/otp', { body });
    expect(answer).toMatchObject({
      status,
      body: { code, type: code, message: expect.any(String), request_id: expect.any(String) },
    });
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  it.each([
    ['no JSON', '{"identifier":'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['thousands of levels', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['levels in an object', `{"identifier":${'{"a":'.repeat(30)}1${'}'.repeat(30)}}`],
    ['70 KB', JSON.stringify({ pad: 'x'.repeat(70_000) })],
  ])('a body that is %s', async (_, body) => {
    for (const path of ['/otp', '/login/otp']) {
      expect(await client.call(path, { body })).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    }
  });

  it('shows no value of the body in the refusal', async () => {
    const before = world.events.length;
    await client.call('/otp/check', { body: { code: '98765432101' } });
    expect(JSON.stringify(world.events.slice(before))).not.toContain('98765432101');
  });
});

it('no code, refresh token or access token is in the event log', async () => {
  const phone = newPhone();
  const someone = await loggedIn(world, phone);
  const log = JSON.stringify(world.events);
  for (const secret of [
    someone.refresh,
    someone.access,
    createHash('sha256').update(someone.refresh).digest('base64url'),
  ]) {
    expect(log).not.toContain(secret);
  }
  for (const { code } of await world.control.messages({ to: phone })) expect(log).not.toContain(`"${code}"`);
});
