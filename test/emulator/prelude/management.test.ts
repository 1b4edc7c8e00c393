import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, direct, loggedIn, newKey, startWorld, type World } from './client.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.control.clearState());

describe('the door', () => {
  it('401 for a bad key or none, 404 for an unknown application', async () => {
    const bad = await world.manage('GET', '/config/scopes', undefined, 'sk_wrong');
    expect(bad).toMatchObject({
      status: 401,
      body: { code: 'unauthorized', status: 'unauthorized', message: expect.any(String) },
    });
    const none = await fetch(`${world.url}/v2/session/apps/demo/config/scopes`);
    expect(none.status).toBe(401);
    const unknown = await fetch(`${world.url}/v2/session/apps/nope/config/scopes`, {
      headers: { authorization: 'Bearer sk_emulator_demo' },
    });
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      { code: 'app_not_found', status: 'not_found', message: 'There is no application "nope".' },
    ]);
  });

  it.each([
    ['POST', '/config/claims'],
    ['POST', '/config/migration'],
    ['POST', '/domains'],
    ['POST', '/domains/dom_1/verify'],
    ['POST', '/webhooks/1/activate'],
  ])('%s %s is not emulated, by name', async (method, path) => {
    const answer = await world.manage(method, path, {});
    expect(answer).toMatchObject({ status: 501, body: { code: 'not_emulated', status: 'not_implemented' } });
    expect(answer.body.message).toContain(method);
  });

  it('404 for what the service has not', async () => {
    expect(await world.manage('GET', '/config/nothing')).toMatchObject({
      status: 404,
      body: { code: 'not_found', status: 'not_found' },
    });
    expect((await fetch(`${world.url}/v2/session/other`)).status).toBe(404);
  });

  it.each([
    ['broken', '{'],
    ['a list', '[]'],
    ['a string', '"x"'],
    ['deep', '['.repeat(5000)],
  ])('400 for a body that is %s', async (_, body) => {
    const response = await fetch(`${world.url}/v2/session/apps/demo/config/scopes`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_emulator_demo', 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', status: 'bad_request' });
  });
});

describe('config/scopes', () => {
  it('registers, lists and removes', async () => {
    expect((await world.manage('GET', '/config/scopes')).body).toEqual({ scopes: [] });
    expect(await world.manage('POST', '/config/scopes', { scope: 'a:1' })).toMatchObject({
      status: 201,
      body: { scopes: ['a:1'] },
    });
    expect(await world.manage('POST', '/config/scopes', { scope: 'a:1' })).toMatchObject({
      status: 409,
      body: { code: 'scope_already_exists', status: 'conflict' },
    });
    await world.manage('POST', '/config/scopes', { scope: 'b' });
    expect(await world.manage('DELETE', '/config/scopes', { scope: 'a:1' })).toMatchObject({
      status: 200,
      body: { scopes: ['b'] },
    });
    expect((await world.manage('DELETE', '/config/scopes', { scope: 'a:1' })).status).toBe(404);
    const bad = await world.manage('POST', '/config/scopes', { scope: 'a b' });
    expect(bad).toMatchObject({ status: 400, body: { message: expect.stringMatching(/^scope: expected/) } });
  });

  it('loses none of many at once', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `scope:${at}`);
    await Promise.all(names.map((scope) => world.manage('POST', '/config/scopes', { scope })));
    const { scopes } = (await world.manage('GET', '/config/scopes')).body;
    expect([...(scopes as string[])].sort()).toEqual([...names].sort());
  });
});

describe('config/stepup', () => {
  const document = {
    jwks_url: 'https://api.example.com/.well-known/jwks.json',
    step_keys: [{ key: 'kyc_review', description: 'manual KYC' }],
    allowed_scopes: [
      {
        scope: 'transfer:write',
        mode: 'delegated',
        delegated: { delegation_hook: 'https://api.example.com/hooks/stepup' },
      },
      direct('prld:pwd:write', ['verify_sms', 'kyc_review']),
      { scope: 'prld:phone:register', mode: 'managed' },
    ],
  };

  it('is created once, read, replaced whole and removed', async () => {
    expect(await world.manage('GET', '/config/stepup')).toMatchObject({
      status: 404,
      body: { code: 'step_up_config_not_found', status: 'not_found' },
    });
    expect((await world.manage('PUT', '/config/stepup', document)).status).toBe(404);
    const made = await world.manage('POST', '/config/stepup', document);
    expect(made).toMatchObject({
      status: 201,
      body: { config: { ...document, created_at: expect.any(String), updated_at: expect.any(String) } },
    });
    expect(await world.manage('POST', '/config/stepup', document)).toMatchObject({
      status: 409,
      body: { code: 'step_up_config_already_exists' },
    });
    const smaller = { step_keys: [], allowed_scopes: [] };
    const put = await world.manage('PUT', '/config/stepup', smaller);
    expect(put.status).toBe(200);
    const { config } = (await world.manage('GET', '/config/stepup')).body as { config: Record<string, unknown> };
    expect(Object.keys(config).sort()).toEqual(['allowed_scopes', 'created_at', 'step_keys', 'updated_at']);
    expect((await world.manage('DELETE', '/config/stepup')).status).toBe(204);
    expect((await world.manage('DELETE', '/config/stepup')).status).toBe(404);
  });

  it('one of many creations at once wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.manage('POST', '/config/stepup', document)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  it('takes the older form', async () => {
    const older = {
      signal_hook_url: 'https://a.example/hook',
      jwks_url: 'https://a.example/jwks',
      step_keys: [],
      allowed_scopes: ['x', 'y'],
    };
    const made = await world.manage('POST', '/config/stepup', older);
    const delegated = { delegation_hook: 'https://a.example/hook' };
    expect(made).toMatchObject({
      status: 201,
      body: {
        config: {
          allowed_scopes: [
            { scope: 'x', mode: 'delegated', delegated },
            { scope: 'y', mode: 'delegated', delegated },
          ],
        },
      },
    });
  });

  const entry = (change: Record<string, unknown>) => ({
    ...document,
    allowed_scopes: [direct('s', ['verify_sms'], change)],
  });
  const delegatedTo = (delegation_hook: unknown) => ({
    ...document,
    allowed_scopes: [{ scope: 's', mode: 'delegated', delegated: { delegation_hook } }],
  });
  const steps = (...made: Record<string, unknown>[]) => entry({ steps: made });
  const step = { order: 1, key: 'verify_sms', expiration_duration: 60 };

  it.each<[string, unknown, RegExp]>([
    ['no step_keys', { ...document, step_keys: undefined }, /^step_keys: expected/],
    [
      'a step key with a space',
      { ...document, step_keys: [{ key: 'a b' }] },
      /^step_keys\[0\]\.key: expected a step key/,
    ],
    [
      'a managed step key',
      { ...document, step_keys: [{ key: 'verify_sms' }] },
      /^step_keys\[0\]\.key: expected a key of your own/,
    ],
    ['a step key twice', { ...document, step_keys: [{ key: 'a' }, { key: 'a' }] }, /^step_keys: expected distinct/],
    ['no allowed_scopes', { ...document, allowed_scopes: undefined }, /^allowed_scopes: expected/],
    [
      'a scope with a space',
      { ...document, allowed_scopes: [{ ...direct('a b', []) }] },
      /^allowed_scopes\[0\]\.scope: expected a scope/,
    ],
    [
      'another mode',
      { ...document, allowed_scopes: [{ scope: 's', mode: 'magic' }] },
      /^allowed_scopes\[0\]\.mode: expected delegated, direct or managed/,
    ],
    [
      'a managed scope that is none',
      { ...document, allowed_scopes: [{ scope: 's', mode: 'managed' }] },
      /^allowed_scopes\[0\]\.scope: expected prld:phone:register/,
    ],
    [
      'no delegated object',
      { ...document, allowed_scopes: [{ scope: 's', mode: 'delegated' }] },
      /^allowed_scopes\[0\]\.delegated: expected/,
    ],
    [
      'an http hook off loopback',
      delegatedTo('http://a.example/hook'),
      /^allowed_scopes\[0\]\.delegated\.delegation_hook: expected an https URL/,
    ],
    ['a hook that is no URL', delegatedTo('hook'), /delegation_hook: expected an https URL/],
    [
      'no jwks_url beside a delegated scope',
      { ...document, jwks_url: undefined },
      /^jwks_url: expected an https URL, as a scope is delegated/,
    ],
    ['an empty jwks_url beside a delegated scope', { ...document, jwks_url: '' }, /^jwks_url: expected/],
    [
      'an http jwks_url off loopback',
      { ...document, jwks_url: 'http://a.example/jwks' },
      /^jwks_url: expected an https URL/,
    ],
    ['no identifier type', entry({ identifier_types: [] }), /\.direct\.identifier_types: expected at least one/],
    [
      'another identifier type',
      entry({ identifier_types: ['pigeon'] }),
      /\.direct\.identifier_types\[0\]: expected email_address or phone_number/,
    ],
    ['another status', entry({ status: 'allow' }), /\.direct\.status: expected continue, review or block/],
    ['grant_mode session-start', entry({ grant_mode: 'session-start' }), /\.direct\.grant_mode: expected single-use/],
    ['no grant_mode', entry({ grant_mode: undefined }), /\.direct\.grant_mode: expected/],
    [
      'granted_for of a day and a second',
      entry({ granted_for: 86_401 }),
      /\.direct\.granted_for: expected 0 to 86400 seconds/,
    ],
    ['granted_for 0 for a bound grant', entry({ granted_for: 0 }), /\.direct\.granted_for: expected more than 0/],
    ['granted_for as text', entry({ granted_for: '300' }), /\.direct\.granted_for: expected a number of seconds/],
    ['no steps for review', entry({ steps: [] }), /\.direct\.steps: expected at least one step/],
    [
      'a step key that is not registered',
      steps({ ...step, key: 'selfie' }),
      /\.direct\.steps\[0\]\.key: expected a managed step or a key of step_keys/,
    ],
    [
      'an order twice',
      steps(step, { ...step, key: 'kyc_review' }),
      /\.direct\.steps: expected steps with distinct order/,
    ],
    ['a key twice', steps(step, { ...step, order: 2 }), /\.direct\.steps: expected steps with distinct keys/],
    [
      'an order that is text',
      steps({ ...step, order: 'first' }),
      /\.direct\.steps\[0\]\.order: expected a whole number/,
    ],
    [
      'a duration of -1',
      steps({ ...step, expiration_duration: -1 }),
      /\.direct\.steps\[0\]\.expiration_duration: expected 0 to 86400/,
    ],
  ])('refuses %s, naming the field', async (_, body, message) => {
    const answer = await world.manage('POST', '/config/stepup', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', status: 'bad_request' } });
    expect(answer.body.message).toMatch(message);
  });

  it('takes loopback addresses over http, an empty jwks_url without delegated scopes, and block without a grant', async () => {
    expect(
      (
        await world.manage('POST', '/config/stepup', {
          ...delegatedTo('http://localhost:4800/hook'),
          jwks_url: 'http://127.0.0.1:4800/jwks',
        })
      ).status,
    ).toBe(201);
    expect((await world.manage('PUT', '/config/stepup', { ...entry({}), jwks_url: '' })).status).toBe(200);
    const block = { scope: 's', mode: 'direct', direct: { identifier_types: ['phone_number'], status: 'block' } };
    expect((await world.manage('PUT', '/config/stepup', { step_keys: [], allowed_scopes: [block] })).status).toBe(200);
  });
});

describe('config/login/otp', () => {
  const phone = '+33677700001';
  const otp = async (login_config_id?: string): Promise<string> => {
    const client = new Client(world, await newKey());
    const body = {
      identifier: { type: 'phone_number', value: phone },
      ...(login_config_id ? { login_config_id } : {}),
    };
    const answer = await client.call('/otp', { body });
    return answer.status === 204 ? 'sent' : String(answer.body.code);
  };
  const list = async (): Promise<Record<string, unknown>[]> =>
    (await world.manage('GET', '/config/login/otp')).body.login_configs as Record<string, unknown>[];

  it('begins with a default one for each channel, whose ids stay', async () => {
    const [one, two] = await Promise.all([list(), list()]);
    expect(one).toEqual(two);
    expect(one.map(({ channel_type, is_default }) => [channel_type, is_default])).toEqual([
      ['sms', true],
      ['email', true],
    ]);
    for (const { id } of one) expect(id).toMatch(/^lcfg_.{26}$/);
  });

  it('decides whether a code is sent, of how many digits, and what the session may do', async () => {
    const made = await world.manage('POST', '/config/login/otp', {
      config_type: 'otp',
      channel_type: 'sms',
      is_default: false,
      granted_scopes: ['prld:pwd:write'],
      code_size: 8,
    });
    const { id } = made.body.login_config as { id: string };
    expect(made.status).toBe(201);
    expect(await otp(id)).toBe('sent');
    expect(await world.code(phone)).toMatch(/^\d{8}$/);
    expect(await otp('lcfg_unknown')).toBe('no_login_config');
    const email = (await list()).find(({ channel_type }) => channel_type === 'email');
    expect(await otp(String(email?.id))).toBe('no_login_config');

    const client = new Client(world, await newKey());
    const sent = await client.call('/otp', {
      body: { identifier: { type: 'phone_number', value: phone }, login_config_id: id },
    });
    const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
    const { challenge_token } = (await client.call('/otp/check', { body: { code: await world.code(phone) }, headers }))
      .body;
    client.keep(await client.call('/login/finalize', { body: { challenge_token }, proof: 'regular' }));
    await client.refreshWith();
    expect(client.scopes).toBe('prld:pwd:write');
  });

  it('a new default takes the place of the old one; without one no code is sent', async () => {
    const made = await world.manage('POST', '/config/login/otp', { channel_type: 'sms', is_default: true });
    const { id } = made.body.login_config as { id: string };
    const sms = (await list()).filter(({ channel_type }) => channel_type === 'sms');
    expect(sms.map(({ is_default }) => is_default)).toEqual([false, true]);
    expect(
      (await world.manage('PUT', `/config/login/otp/${id}`, { channel_type: 'sms', is_default: false })).status,
    ).toBe(200);
    expect(await otp()).toBe('no_login_config');
    expect((await world.manage('DELETE', `/config/login/otp/${id}`)).status).toBe(204);
    expect((await world.manage('DELETE', `/config/login/otp/${id}`)).status).toBe(404);
    expect((await world.manage('PUT', `/config/login/otp/${id}`, { channel_type: 'sms' })).status).toBe(404);
    expect((await world.manage('POST', '/config/login/otp', { channel_type: 'pigeon' })).body.message).toMatch(
      /^channel_type: expected/,
    );
  });
});

describe('users', () => {
  const identifiers = [{ type: 'email_address', value: 'ada@example.com' }];

  it('are created, read and deleted with their sessions', async () => {
    const made = await world.manage('POST', '/users', { identifiers, profile: { tier: 'gold' } });
    const id = String(made.body.id);
    expect(made).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^usr_/) } });
    const client = await loggedIn(world, 'ada@example.com');
    expect(decodeJwt(client.access).sub).toBe(id);
    expect((await world.manage('GET', `/users/${id}`)).body).toMatchObject({
      id,
      identifiers,
      profile: { tier: 'gold' },
    });
    const listed = (await world.manage('GET', `/users/${id}/sessions`)).body.sessions as Record<string, unknown>[];
    expect(listed).toEqual([
      { id: decodeJwt(client.access).sid, created_at: expect.any(String), last_seen_at: expect.any(String) },
    ]);
    expect((await world.manage('DELETE', `/users/${id}/sessions/ses_none`)).status).toBe(404);
    expect((await world.manage('DELETE', `/users/${id}/sessions/${String(listed[0]?.id)}`)).status).toBe(204);
    expect((await client.refreshWith()).status).toBe(401);
    const again = await loggedIn(world, 'ada@example.com');
    expect((await world.manage('DELETE', `/users/${id}`)).status).toBe(204);
    expect((await again.refreshWith()).status).toBe(401);
    expect((await world.manage('GET', `/users/${id}`)).status).toBe(404);
    expect(decodeJwt((await loggedIn(world, 'ada@example.com')).access).sub).not.toBe(id);
  });

  it('refuse a taken identifier or id whole, and a bad identifier by its place', async () => {
    await world.manage('POST', '/users', { identifiers, id: 'usr_own' });
    const phone = { type: 'phone_number', value: '+33677700009' };
    expect(
      (
        await world.manage('POST', '/users', {
          identifiers: [phone, { type: 'email_address', value: 'ADA@example.com' }],
        })
      ).status,
    ).toBe(409);
    expect((await world.manage('POST', '/users', { identifiers: [phone], id: 'usr_own' })).status).toBe(409);
    expect((await world.manage('POST', '/users', { identifiers: [phone] })).status).toBe(201);
    const bad = await world.manage('POST', '/users', { identifiers: [phone, { type: 'phone_number', value: '06' }] });
    expect(bad).toMatchObject({ status: 400, body: { message: 'identifiers[1].value: expected an E.164 number.' } });
  });

  it('of one identifier at once, one is made', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.manage('POST', '/users', { identifiers })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });
});
