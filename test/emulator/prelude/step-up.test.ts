import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, direct, loggedIn, newKey, startWorld, tokenOf, wrong, type World } from './client.js';

const SCOPE = 'transfer:write';
let world: World;
let client: Client;
let phone: string;
let phones = 0;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

beforeEach(async () => {
  await world.control.clock({ offset: 0 });
  phone = `+336333000${String(++phones).padStart(2, '0')}`;
  client = await loggedIn(world, phone);
  await world.configure([direct(SCOPE, ['verify_sms'])]);
});

/** Asks for the scope; the token of the first step. */
const begin = async (who = client): Promise<string> => tokenOf(await who.request(SCOPE));

/** Walks one SMS step; the token that follows. */
async function passSms(token: string, who = client): Promise<string> {
  expect((await who.sendCode(token)).status).toBe(204);
  return tokenOf(await who.checkCode(token, await world.code(phone)));
}

describe('a managed step', () => {
  it('goes from request to code to completion to a token with the scope', async () => {
    const asked = await client.request(SCOPE, { metadata: { amount: '500' } });
    expect(asked).toMatchObject({ status: 200, body: { status: 'review' } });
    const first = tokenOf(asked);
    const stepUpKeys = (await (await fetch(`${world.url}/.well-known/step-up-jwks.json`)).json()) as JSONWebKeySet;
    const { payload } = await jwtVerify(first, createLocalJWKSet(stepUpKeys), { algorithms: ['ES256'] });
    const { sub, sid } = decodeJwt(client.access);
    expect(payload).toMatchObject({
      challenge_id: expect.stringMatching(/^chl_/),
      current_step: 'verify_sms',
      scope_requested: SCOPE,
      sub,
      sid,
      steps: [{ order: 1, key: 'verify_sms', done: false, expiration_duration: 300 }],
      metadata: { amount: '500' },
      grant_mode: 'session-bound',
    });
    expect(payload.exp).toBe((payload.iat ?? 0) + 300);
    const completed = await passSms(first);
    expect(decodeJwt(completed)).toMatchObject({
      challenge_id: payload.challenge_id,
      current_step: 'completed',
      steps: [{ key: 'verify_sms', done: true }],
    });
    expect(decodeJwt(completed).jti).not.toBe(payload.jti);
    expect(client.scopes).toBe('');
    expect((await client.refreshWith(completed)).status).toBe(200);
    expect(client.scopes).toBe(SCOPE);
  });

  it('sends the code to the inbox with its challenge', async () => {
    const token = await begin();
    await client.sendCode(token);
    const [message] = await world.control.messages({ to: phone, purpose: 'step-up' });
    expect(message).toMatchObject({
      channel: 'sms',
      provider: 'prelude',
      challengeId: decodeJwt(token).challenge_id,
      suppressed: false,
    });
    expect(message?.code).toMatch(/^\d{6}$/);
  });

  it('keeps the token through a wrong code, and the same proof jti is taken again', async () => {
    const token = await begin();
    await client.sendCode(token);
    const code = await world.code(phone);
    expect(await client.checkCode(token, wrong(code))).toMatchObject({ status: 401, body: { code: 'bad_check_code' } });
    expect((await client.checkCode(token, code)).status).toBe(200);
    expect(await client.checkCode(token, code)).toMatchObject({ status: 409, body: { code: 'token_reused' } });
  });

  it('is dead after five wrong codes; the fifth still says bad_check_code', async () => {
    const token = await begin();
    await client.sendCode(token);
    const code = await world.code(phone);
    for (let miss = 0; miss < 5; miss++)
      expect((await client.checkCode(token, wrong(code))).body.code).toBe('bad_check_code');
    expect(await client.checkCode(token, code)).toMatchObject({
      status: 400,
      body: { code: 'invalid_challenge_token' },
    });
    expect((await client.sendCode(token)).body.code).toBe('invalid_challenge_token');
  });

  it('takes another code when asked again, and the old one is void; attempts are not given back', async () => {
    const token = await begin();
    await client.sendCode(token);
    const first = await world.code(phone);
    for (let miss = 0; miss < 3; miss++) await client.checkCode(token, wrong(first));
    const again = await client.sendCode(token);
    expect((await client.checkCode(token, first)).body.code).toBe('bad_check_code');
    const headers = { 'x-verification-token': again.headers.get('x-verification-token') ?? '' };
    expect((await client.call('/otp/retry', { headers })).status).toBe(204);
    expect((await client.checkCode(token, await world.code(phone), { headers })).status).toBe(200);
    expect((await client.call('/otp/retry', { headers })).body.code).toBe('unauthorized');
  });

  it('finds the verification by header, cookie, or challenge; a header of another verification is refused', async () => {
    const login = await client.call('/otp', { body: { identifier: { type: 'phone_number', value: phone } } });
    const foreign = login.headers.get('x-verification-token') ?? '';
    const token = await begin();
    await client.sendCode(token);
    const code = await world.code(phone);
    const byHeader = await client.checkCode(token, code, { headers: { 'x-verification-token': foreign } });
    expect(byHeader).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const cookie = login.cookies[0]?.split(';')[0] ?? '';
    expect((await client.checkCode(token, code, { headers: { cookie } })).status).toBe(200);
  });

  it('needs a code to have been sent', async () => {
    expect(await client.checkCode(await begin(), '123456')).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    });
  });

  it('tells an expired challenge like a wrong code at the check, and by name when a code is wanted', async () => {
    const token = await begin();
    await client.sendCode(token);
    await world.control.clock({ advance: 300 });
    expect((await client.checkCode(token, await world.code(phone))).body.code).toBe('bad_check_code');
    expect((await client.sendCode(token)).body.code).toBe('expired_challenge_token');
  });

  it('lets one of many right codes at once pass the step', async () => {
    const token = await begin();
    await client.sendCode(token);
    const code = await world.code(phone);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.checkCode(token, code)));
    const passed = answers.filter(({ status }) => status === 200);
    expect(passed).toHaveLength(1);
    const [winner] = passed;
    expect((await client.refreshWith(winner && tokenOf(winner))).status).toBe(200);
  });

  it('counts fifty wrong codes at once as five', async () => {
    const token = await begin();
    await client.sendCode(token);
    const code = await world.code(phone);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.checkCode(token, wrong(code))));
    expect(answers.filter(({ body }) => body.code === 'bad_check_code')).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'invalid_challenge_token')).toHaveLength(45);
  });
});

describe('the challenge proof', () => {
  it.each<[string, (token: string) => Promise<{ dpop?: string }>, string]>([
    ['none', async () => ({}), 'missing_dpop_proof'],
    [
      'of another jti',
      async () => ({ dpop: await client.proofFor('POST', `${client.base}/otp/check`, { jti: 'x' }) }),
      'invalid_dpop_proof',
    ],
    [
      'of another key',
      async (token) => {
        const thief = new Client(world, await newKey());
        return {
          dpop: await thief.proofFor('POST', `${client.base}/otp/check`, { jti: String(decodeJwt(token).jti) }),
        };
      },
      'dpop_key_mismatch',
    ],
    [
      'for another path',
      async (token) => ({
        dpop: await client.proofFor('POST', `${client.base}/otp`, { jti: String(decodeJwt(token).jti) }),
      }),
      'invalid_dpop_proof',
    ],
  ])('%s is refused without costing an attempt', async (_, make, code) => {
    await world.control.settings({ otpAttempts: 1 });
    const token = await begin();
    await client.sendCode(token);
    const body = { code: await world.code(phone), challenge_token: token };
    const headers = await make(token);
    const refused = await client.call('/otp/check', { body, headers: headers.dpop ? { dpop: headers.dpop } : {} });
    expect(refused).toMatchObject({ status: 400, body: { code } });
    expect((await client.checkCode(token, body.code)).status).toBe(200);
    await world.control.settings({ otpAttempts: 5 });
  });
});

describe('several steps', () => {
  it('are walked in their order, over their channels', async () => {
    const { status, body } = await world.manage('POST', '/users', {
      identifiers: [
        { type: 'phone_number', value: '+33633309901' },
        { type: 'email_address', value: 'two@example.com' },
      ],
    });
    expect([status, body.id]).toEqual([201, expect.stringMatching(/^usr_/)]);
    const both = await loggedIn(world, '+33633309901');
    const steps = [
      { order: 20, key: 'verify_email', expiration_duration: 60 },
      { order: 10, key: 'verify_sms', expiration_duration: 60 },
    ];
    await world.configure([direct(SCOPE, [], { steps })]);
    const first = await begin(both);
    expect(decodeJwt(first)).toMatchObject({ current_step: 'verify_sms', steps: [{ order: 10 }, { order: 20 }] });
    await both.sendCode(first);
    const second = tokenOf(await both.checkCode(first, await world.code('+33633309901')));
    expect(decodeJwt(second).current_step).toBe('verify_email');
    expect((await both.sendCode(first)).body.code).toBe('token_reused');
    await both.sendCode(second);
    const third = tokenOf(await both.checkCode(second, await world.code('two@example.com')));
    expect(decodeJwt(third).current_step).toBe('completed');
    await both.refreshWith(third);
    expect(both.scopes).toBe(SCOPE);
  });
});

describe('the completed token', () => {
  it('is spent once, also of several at once, and the refresh token is not rotated for a refusal', async () => {
    const completed = await passSms(await begin());
    expect((await client.refreshWith(completed)).status).toBe(200);
    const kept = client.refresh;
    expect(await client.refreshWith(completed)).toMatchObject({ status: 409, body: { code: 'token_reused' } });
    expect(client.refresh).toBe(kept);
    expect((await client.refreshWith()).status).toBe(200);
  });

  it('is refused while it is pending, expired, of another session, or no challenge token', async () => {
    const pending = await begin();
    expect(await client.refreshWith(pending)).toMatchObject({ status: 400, body: { code: 'step_not_completed' } });
    const completed = await passSms(pending);
    expect((await client.refreshWith(pending)).body.code).toBe('token_reused');
    const elsewhere = new Client(world, await newKey());
    await elsewhere.logIn(phone);
    expect((await elsewhere.refreshWith(completed)).body.code).toBe('token_mismatch');
    expect((await client.refreshWith(client.access)).body.code).toBe('invalid_challenge_token');
    await world.control.clock({ advance: 300 });
    expect((await client.refreshWith(completed)).body.code).toBe('expired_challenge_token');
    expect((await client.refreshWith()).status).toBe(200);
  });

  it('dies with its session', async () => {
    const pending = await begin();
    await client.call('/revoke', { headers: { 'x-refresh-token': client.refresh }, proof: 'regular' });
    expect((await client.sendCode(pending)).body.code).toBe('invalid_challenge_token');
  });
});

describe('grants', () => {
  const complete = async (more: Record<string, unknown>): Promise<void> => {
    await world.configure([direct(SCOPE, ['verify_sms'], more)]);
    expect((await client.refreshWith(await passSms(await begin()))).status).toBe(200);
    expect(client.scopes).toBe(SCOPE);
  };

  it('single-use: on the next token only', async () => {
    await complete({ grant_mode: 'single-use', granted_for: 0 });
    await client.refreshWith();
    expect(client.scopes).toBe('');
  });

  it('session-bound: on every token of the session until granted_for is over, and none of another', async () => {
    await complete({ grant_mode: 'session-bound', granted_for: 100 });
    await world.control.clock({ advance: 60 });
    await client.refreshWith();
    expect(client.scopes).toBe(SCOPE);
    const { iat = 0, exp = 0 } = decodeJwt(client.access);
    expect(exp - iat).toBeGreaterThan(30);
    expect(exp - iat).toBeLessThanOrEqual(40);
    const elsewhere = new Client(world, await newKey());
    await elsewhere.logIn(phone);
    expect(elsewhere.scopes).toBe('');
    await world.control.clock({ advance: 40 });
    await client.refreshWith();
    expect(client.scopes).toBe('');
  });

  it('profile-bound: on the tokens of every session of the user', async () => {
    await complete({ grant_mode: 'profile-bound', granted_for: 100 });
    const elsewhere = new Client(world, await newKey());
    await elsewhere.logIn(phone);
    expect(elsewhere.scopes).toBe(SCOPE);
    await world.control.clock({ advance: 100 });
    await elsewhere.refreshWith();
    expect(elsewhere.scopes).toBe('');
  });

  it('several stand side by side in one string', async () => {
    await world.configure([direct(SCOPE, ['verify_sms']), direct('key:export', ['verify_sms'])]);
    await client.refreshWith(await passSms(await begin()));
    await client.refreshWith(await passSms(tokenOf(await client.request('key:export'))));
    expect(client.scopes).toBe(`${SCOPE} key:export`);
  });
});

describe('direct verdicts', () => {
  it('continue gives a completed token', async () => {
    await world.configure([direct(SCOPE, [], { status: 'continue' })]);
    const asked = await client.request(SCOPE);
    expect(asked.body.status).toBe('continue');
    expect(decodeJwt(tokenOf(asked))).toMatchObject({ current_step: 'completed', steps: [] });
    await client.refreshWith(tokenOf(asked));
    expect(client.scopes).toBe(SCOPE);
  });

  it.each(['single-use', 'session-bound'])(
    'continue without a token grants %s at the next refresh',
    async (grant_mode) => {
      await world.control.settings({ continueWithToken: false });
      await world.configure([direct(SCOPE, [], { status: 'continue', grant_mode })]);
      expect((await client.request(SCOPE)).body).toEqual({ status: 'continue' });
      await client.refreshWith();
      expect(client.scopes).toBe(SCOPE);
      await client.refreshWith();
      expect(client.scopes).toBe(grant_mode === 'single-use' ? '' : SCOPE);
      await world.control.settings({ continueWithToken: true });
    },
  );

  it('block is a 200 without a token', async () => {
    await world.configure([direct(SCOPE, [], { status: 'block' })]);
    expect(await client.request(SCOPE)).toMatchObject({ status: 200, body: { status: 'block' } });
    expect((await client.request(SCOPE)).body).toEqual({ status: 'block' });
  });

  it('the first entry that fits an identifier decides', async () => {
    const email = direct(SCOPE, [], { identifier_types: ['email_address'], status: 'block' });
    await world.configure([email, direct(SCOPE, ['verify_sms'])]);
    expect((await client.request(SCOPE)).body.status).toBe('review');
    await world.configure([email]);
    expect(await client.request(SCOPE)).toMatchObject({
      status: 403,
      body: { code: 'direct_scope_identifier_mismatch' },
    });
  });

  it('a step that reaches no identifier of the user is a mismatch', async () => {
    await world.configure([direct(SCOPE, ['verify_email'])]);
    expect(await client.request(SCOPE)).toMatchObject({
      status: 403,
      body: { code: 'direct_scope_identifier_mismatch' },
    });
  });

  it('passkeys are not configured', async () => {
    await world.manage('DELETE', '/config/passkey');
    await world.configure([direct(SCOPE, ['verify_passkey'])]);
    expect(await client.request(SCOPE)).toMatchObject({ status: 403, body: { code: 'passkey_not_configured' } });
  });
});

describe('a request is refused', () => {
  it('without a bearer, with a foreign, an expired or a revoked one', async () => {
    const body = { scope: SCOPE };
    for (const headers of [
      {},
      { authorization: 'Bearer ' },
      { authorization: 'Bearer x.y.z' },
      { authorization: `DPoP ${client.access}` },
    ]) {
      const answer = await client.call('/stepup/request', { body, headers });
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
    await world.control.clock({ advance: 60 });
    expect((await client.request(SCOPE)).status).toBe(401);
    await client.refreshWith();
    expect((await client.request(SCOPE)).status).toBe(200);
  });

  it('for a challenge token as bearer', async () => {
    const answer = await client.call('/stepup/request', { body: { scope: SCOPE }, bearer: await begin() });
    expect(answer.status).toBe(401);
  });

  it('not_configured, scope_not_allowed: unknown, and unregistered in strict mode', async () => {
    expect((await client.request('unknown:scope')).body.code).toBe('scope_not_allowed');
    expect((await world.manage('DELETE', '/config/scopes', { scope: SCOPE })).status).toBe(200);
    expect(await client.request(SCOPE)).toMatchObject({ status: 403, body: { code: 'scope_not_allowed' } });
    await world.control.settings({ strictScopes: false });
    expect((await client.request(SCOPE)).status).toBe(200);
    await world.control.settings({ strictScopes: true });
    expect((await world.manage('DELETE', '/config/stepup')).status).toBe(204);
    expect(await client.request(SCOPE)).toMatchObject({ status: 403, body: { code: 'not_configured' } });
  });

  it.each([
    ['no scope', {}, 'bad_request'],
    ['a scope with a space', { scope: 'transfer write' }, 'bad_request'],
    ['metadata that is a list', { scope: SCOPE, metadata: ['x'] }, 'bad_request'],
    ['six entries', { scope: SCOPE, metadata: { a: '', b: '', c: '', d: '', e: '', f: '' } }, 'invalid_metadata'],
    ['a key of 13', { scope: SCOPE, metadata: { abcdefghijklm: '1' } }, 'invalid_metadata'],
    ['a value of 33', { scope: SCOPE, metadata: { a: 'x'.repeat(33) } }, 'invalid_metadata'],
    ['a number as value', { scope: SCOPE, metadata: { a: 1 } }, 'invalid_metadata'],
    [
      'an identifier of 33 for a plain scope',
      { scope: SCOPE, metadata: { identifier: 'x'.repeat(33) } },
      'invalid_metadata',
    ],
  ])('for %s', async (_, body, code) => {
    expect(await client.call('/stepup/request', { body, bearer: client.access })).toMatchObject({
      status: 400,
      body: { code },
    });
  });

  it('takes metadata at the limits', async () => {
    const metadata = { abcdefghijkl: 'x'.repeat(32), b: 'é'.repeat(32), c: '😀'.repeat(32), d: '', e: '' };
    expect((await client.request(SCOPE, { metadata })).status).toBe(200);
  });

  it('checks a proof where there is one', async () => {
    const call = { body: { scope: SCOPE }, bearer: client.access };
    expect((await client.call('/stepup/request', { ...call, proof: 'regular' })).status).toBe(200);
    const thief = new Client(world, await newKey());
    expect((await thief.call('/stepup/request', { ...call, proof: 'regular' })).body.code).toBe('dpop_key_mismatch');
  });
});

it('events tell the transitions, and the tokens by their claims only', async () => {
  const before = world.events.length;
  const first = await begin();
  await client.refreshWith(await passSms(first));
  const events = world.events.slice(before);
  const changes = events
    .filter(({ type }) => type === 'challenge')
    .map(({ transition, status, step }) => [transition, status, step]);
  expect(changes).toEqual([
    ['opened', 'open', 'verify_sms'],
    ['step-passed', 'completed', 'completed'],
    ['spent', 'spent', 'completed'],
  ]);
  const tokens = events.filter(({ type }) => type === 'token').map(({ kind }) => kind);
  expect(tokens).toEqual(['challenge', 'challenge', 'access']);
  expect(JSON.stringify(events)).not.toContain(first);
});
