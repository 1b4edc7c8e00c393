/** Login by email and password, its configuration, and the change of a password. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, direct, loggedIn, newKey, startWorld, tokenOf, type Answer, type World } from './client.js';

const EMAIL = 'alice@example.com';
const GOOD = 'Correct horse 1!';
const SCOPE = 'prld:pwd:write';
/** A minute, in the nanoseconds of the wire. */
const MINUTE = 60_000_000_000;

const config = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  hash_method: 'argon2id',
  enabled: true,
  rate_limit_login_ip: { ttl: MINUTE, limit: 100 },
  rate_limit_login_identifier: { ttl: MINUTE, limit: 100 },
  password_compliancy: { min_length: 10, max_length: 20, uppercase: 1, lowercase: 2, numbers: 1, symbols: 1 },
  ...more,
});

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.control.clearState());

const newClient = async (): Promise<Client> => new Client(world, await newKey());
const logIn = (client: Client, password: unknown, identifier: unknown = EMAIL): Promise<Answer> =>
  client.call('/login/email/password', { body: { identifier, password } });
const signUp = (client: Client, password: unknown, identifier: unknown = EMAIL): Promise<Answer> =>
  client.call('/login/email/sign-up', { body: { identifier, password } });
const finalize = (client: Client, answer: Answer): Promise<Answer> =>
  client.call('/login/finalize', { body: { challenge_token: tokenOf(answer) }, proof: 'regular' });

async function userWithPassword(): Promise<string> {
  await world.manage('POST', '/config/login/password', config());
  const { body } = await world.manage('POST', '/users', { identifiers: [{ type: 'email_address', value: EMAIL }] });
  expect((await world.manage('PUT', `/users/${String(body.id)}/password`, { password: GOOD })).status).toBe(204);
  return String(body.id);
}

describe('config/login/password', () => {
  it('is made once, read, replaced whole and removed', async () => {
    expect(await world.manage('GET', '/config/login/password')).toMatchObject({
      status: 404,
      body: { code: 'password_config_not_found', status: 'not_found' },
    });
    expect((await world.manage('PUT', '/config/login/password', config())).status).toBe(404);
    const made = await world.manage('POST', '/config/login/password', config());
    expect(made).toMatchObject({
      status: 201,
      body: { config: { ...config(), created_at: expect.any(String), updated_at: expect.any(String) } },
    });
    expect((await world.manage('POST', '/config/login/password', config())).status).toBe(409);
    const changed = await world.manage('PUT', '/config/login/password', config({ enabled: false }));
    expect(changed).toMatchObject({ status: 200, body: { config: { enabled: false } } });
    expect((await world.manage('GET', '/config/login/password')).body).toEqual(changed.body);
    expect((await world.manage('DELETE', '/config/login/password')).status).toBe(204);
    expect((await world.manage('DELETE', '/config/login/password')).status).toBe(404);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no enabled', { enabled: undefined }, /^enabled: /],
    ['a ttl in words', { rate_limit_login_ip: { ttl: '1m', limit: 5 } }, /^rate_limit_login_ip\.ttl: /],
    ['a limit of 0', { rate_limit_login_identifier: { ttl: 1, limit: 0 } }, /^rate_limit_login_identifier\.limit: /],
    ['no compliancy', { password_compliancy: undefined }, /^password_compliancy: /],
    [
      'a part of the compliancy',
      { password_compliancy: { min_length: 1 } },
      /^password_compliancy\.max_length: expected a value, got nothing/,
    ],
    ['a hash method of 1 MB', { hash_method: 'a'.repeat(60_000) }, /^hash_method: /],
  ])('is refused with %s, by the place', async (_, more, message) => {
    const answer = await world.manage('POST', '/config/login/password', config(more));
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(message) } });
  });

  it('says what a password needs, with flags as one character', async () => {
    const client = await newClient();
    const policy = async (): Promise<unknown> => (await client.call('/password/compliancy', { method: 'GET' })).body;
    expect(await policy()).toEqual({
      min_length: 8,
      max_length: 0,
      uppercase: 0,
      lowercase: 0,
      numbers: 0,
      symbols: 0,
    });
    const flags = { min_length: 9, max_length: 0, uppercase: true, lowercase: false, numbers: true, symbols: false };
    await world.manage('POST', '/config/login/password', config({ password_compliancy: flags }));
    expect(await policy()).toEqual({
      min_length: 9,
      max_length: 0,
      uppercase: 1,
      lowercase: 0,
      numbers: 1,
      symbols: 0,
    });
  });
});

describe('login by password', () => {
  it('ends in a session of the user', async () => {
    const id = await userWithPassword();
    const client = await newClient();
    const proved = await logIn(client, GOOD, 'ALICE@example.com');
    expect(decodeJwt(tokenOf(proved))).toMatchObject({
      grant_mode: 'session-start',
      sub: id,
      current_step: 'completed',
    });
    client.keep(await finalize(client, proved));
    expect(decodeJwt(client.access).sub).toBe(id);
    expect((await finalize(client, proved)).body.code).toBe('token_reused');
  });

  it('is refused with a wrong password, by a stranger, and without a password of the user', async () => {
    const id = await userWithPassword();
    const client = await newClient();
    for (const password of ['Correct horse 2!', GOOD.toLowerCase(), `${GOOD} `]) {
      expect(await logIn(client, password)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
    expect((await logIn(client, GOOD, 'bob@example.com')).body.code).toBe('unauthorized');
    await loggedIn(world, 'bob@example.com');
    expect(await logIn(client, GOOD, 'bob@example.com')).toMatchObject({
      status: 401,
      body: { code: 'password_not_set' },
    });
    await world.manage('DELETE', `/users/${id}`);
    expect((await logIn(client, GOOD)).body.code).toBe('unauthorized');
  });

  it('needs a configuration that is enabled', async () => {
    const client = await newClient();
    expect(await logIn(client, GOOD)).toMatchObject({ status: 403, body: { code: 'no_login_config' } });
    expect(await signUp(client, GOOD)).toMatchObject({ status: 403, body: { code: 'no_login_config' } });
    await world.manage('POST', '/config/login/password', config({ enabled: false }));
    expect((await logIn(client, GOOD)).body.code).toBe('no_login_config');
  });

  it.each<[string, unknown, unknown]>([
    ['a number for a password', 1, EMAIL],
    ['no password', undefined, EMAIL],
    ['an empty one', '', EMAIL],
    ['one of 60 000 characters', 'a'.repeat(60_000), EMAIL],
    ['an object for an identifier', GOOD, { type: 'email_address', value: EMAIL }],
    ['a phone number', GOOD, '+33612345678'],
    ['an address of 60 000 characters', GOOD, `${'a'.repeat(60_000)}@example.com`],
  ])('400 for %s', async (_, password, identifier) => {
    await userWithPassword();
    const client = await newClient();
    expect((await logIn(client, password, identifier)).status).toBe(400);
    expect((await signUp(client, password, identifier)).status).toBe(400);
  });

  it('has a limit an identifier, also for many at once, and one an address, until their time is over', async () => {
    await userWithPassword();
    await world.manage(
      'PUT',
      '/config/login/password',
      config({
        rate_limit_login_identifier: { ttl: MINUTE, limit: 3 },
        rate_limit_login_ip: { ttl: MINUTE, limit: 8 },
      }),
    );
    const client = await newClient();
    const codes = (await Promise.all(Array.from({ length: 6 }, () => logIn(client, 'wrong')))).map(
      ({ body }) => body.code,
    );
    expect(codes.filter((code) => code === 'unauthorized')).toHaveLength(3);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(3);
    expect(await logIn(client, GOOD)).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    // Of the address's eight attempts one is left for somebody else.
    expect((await logIn(client, GOOD, 'bob@example.com')).body.code).toBe('unauthorized');
    expect((await logIn(client, GOOD, 'carol@example.com')).body.code).toBe('rate_limited');
    await world.control.clock({ advance: 60 });
    expect((await logIn(client, GOOD)).status).toBe(200);
    await world.control.clock({ offset: 0 });
  });
});

describe('sign-up', () => {
  it('makes a user with a password, once, also of several at once', async () => {
    await world.manage('POST', '/config/login/password', config());
    const client = await newClient();
    const answers = await Promise.all(Array.from({ length: 5 }, () => signUp(client, GOOD)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'identifier_already_exists')).toHaveLength(4);
    const [made] = answers.filter(({ status }) => status === 200);
    if (made) client.keep(await finalize(client, made));
    expect((await logIn(client, GOOD)).status).toBe(200);
  });

  it.each<[string, string]>([
    ['short', 'Short 1!'],
    ['too long', `${GOOD} and more`],
    ['without an upper case letter', 'correct horse 1!'],
    ['without a digit', 'Correct horse!!'],
    ['without a symbol', 'Correcthorse1'],
    ['without lower case letters', 'CORRECT HORSE 1!'],
  ])('refuses a password that is %s', async (_, password) => {
    await world.manage('POST', '/config/login/password', config());
    const client = await newClient();
    expect(await signUp(client, password)).toMatchObject({ status: 400, body: { code: 'invalid_password' } });
    const { body } = await world.manage('POST', '/users', { identifiers: [{ type: 'email_address', value: EMAIL }] });
    const set = await world.manage('PUT', `/users/${String(body.id)}/password`, { password });
    expect(set).toMatchObject({ status: 400, body: { code: 'invalid_password' } });
  });
});

describe('/me/password/reset', () => {
  const reset = (client: Client, password: unknown, bearer = client.access): Promise<Answer> =>
    client.call('/me/password/reset', { body: { password }, bearer });

  /** A session that has stepped up for the change. */
  async function steppedUp(grant: Record<string, unknown> = {}): Promise<Client> {
    await userWithPassword();
    await world.configure([direct(SCOPE, ['verify_email'], { identifier_types: ['email_address'], ...grant })]);
    const client = await loggedIn(world, EMAIL);
    const token = tokenOf(await client.request(SCOPE));
    await client.sendCode(token);
    await client.refreshWith(tokenOf(await client.checkCode(token, await world.code(EMAIL))));
    expect(client.scopes).toBe(SCOPE);
    return client;
  }

  it('needs a bearer and the scope', async () => {
    await userWithPassword();
    const client = await loggedIn(world, EMAIL);
    expect((await client.call('/me/password/reset', { body: { password: GOOD } })).status).toBe(401);
    expect(await reset(client, GOOD)).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });

  it.each(['session-bound', 'profile-bound', 'single-use'])('consumes the scope of a %s grant', async (grant_mode) => {
    const client = await steppedUp({ grant_mode });
    const before = client.access;
    expect(await reset(client, 'weak')).toMatchObject({ status: 400, body: { code: 'invalid_password' } });
    expect((await reset(client, 'Another horse 2!')).status).toBe(204);
    expect((await reset(client, GOOD, before)).body.code).toBe('insufficient_scope');
    await client.refreshWith();
    expect(client.scopes).toBe('');
    const other = await loggedIn(world, EMAIL);
    expect(other.scopes).toBe('');
    expect((await logIn(client, GOOD)).body.code).toBe('unauthorized');
    expect((await logIn(client, 'Another horse 2!')).status).toBe(200);
  });

  it('is done once of many at once, whichever token of the session shows the scope', async () => {
    const client = await steppedUp();
    const first = client.access;
    await client.refreshWith();
    const bearers = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? first : client.access));
    const answers = await Promise.all(bearers.map((bearer, at) => reset(client, `Horse number ${at}!`, bearer)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('is done by a login whose configuration grants the scope, once', async () => {
    await userWithPassword();
    const made = await world.manage('POST', '/config/login/otp', {
      channel_type: 'email',
      is_default: false,
      grant_change_password: true,
      code_size: 8,
    });
    expect(made.body.login_config).toMatchObject({ granted_scopes: [SCOPE] });
    const { id } = made.body.login_config as { id: string };
    const client = await newClient();
    const body = { identifier: { type: 'email_address', value: EMAIL }, login_config_id: id };
    const sent = await client.call('/otp', { body });
    const code = await world.code(EMAIL);
    expect(code).toMatch(/^\d{8}$/);
    const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
    client.keep(await finalize(client, await client.call('/otp/check', { body: { code }, headers })));
    expect(client.scopes).toBe(SCOPE);
    expect((await reset(client, 'Forgotten one 3!')).status).toBe(204);
    await client.refreshWith();
    expect(client.scopes).toBe('');
    expect((await reset(client, GOOD)).status).toBe(403);
  });

  it('leaves no password in events, messages or the exported state', async () => {
    const client = await steppedUp();
    await logIn(client, 'Quite Wrong 99!');
    await reset(client, 'Another horse 2!');
    const everything = JSON.stringify([world.events, await world.control.exportState()]);
    for (const secret of [GOOD, 'Another horse 2!', 'Quite Wrong 99!']) expect(everything).not.toContain(secret);
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'password', change: 'set' }));
  });
});
