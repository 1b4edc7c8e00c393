/** Passkeys: registered, used for a login and for a step. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assert, register, type Credential } from '../dynamic/authenticator.js';
import { Client, direct, loggedIn, newKey, startWorld, tokenOf, type Answer, type World } from './client.js';

const ORIGIN = 'https://app.example.com';
const PHONE = '+33688800001';
const WRITE = 'prld:passkey:write';
const SCOPE = 'transfer:write';
type Json = Record<string, unknown>;

let world: World;
let client: Client;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.control.clearState();
  await world.control.settings({ accessTokenSeconds: 3600 });
  client = await loggedIn(world, PHONE);
});

const configure = (more: Json = {}): Promise<Answer> =>
  world.manage('PUT', '/config/passkey', {
    rp_id: 'example.com',
    rp_name: 'Example',
    allowed_origins: ['https://example.com', ORIGIN],
    ...more,
  });

/** Gives the session the scope for one registration. */
async function permit(who = client): Promise<void> {
  await world.configure([
    direct(WRITE, [], { status: 'continue', steps: undefined }),
    direct(SCOPE, ['verify_passkey']),
  ]);
  expect((await who.refreshWith(tokenOf(await who.request(WRITE)))).status).toBe(200);
}

const begin = (body: Json = { username: PHONE }, who = client): Promise<Answer> =>
  who.call('/me/passkeys/register/begin', { body, bearer: who.access, proof: 'regular' });
const finish = (registration_token: unknown, attestation: unknown, who = client): Promise<Answer> =>
  who.call('/me/passkeys/register/finish', {
    body: { registration_token, attestation },
    bearer: who.access,
    proof: 'regular',
  });

/** The other side's JSON has one name in another case. */
function attestationOf({ body }: { body: Json }): Json {
  const { clientDataJson, ...response } = body.response as Json;
  return { ...body, response: { ...response, clientDataJSON: clientDataJson } };
}

async function added(who = client): Promise<Credential> {
  await permit(who);
  const begun = await begin(undefined, who);
  const made = register(begun.body.public_key as Json, ORIGIN);
  const done = await finish(begun.body.registration_token, attestationOf(made), who);
  expect(done.status).toBe(200);
  return made.credential;
}

describe('registration', () => {
  it('asks for a resident ES256 key, keeps it, and consumes the scope', async () => {
    await configure({ user_verification: 'required' });
    await permit();
    const begun = await begin({ username: 'alice', display_name: 'Alice', nickname: 'laptop' });
    expect(begun.body.public_key).toMatchObject({
      rp: { id: 'example.com', name: 'Example' },
      user: {
        id: Buffer.from(decodeJwt(client.access).sub ?? '').toString('base64url'),
        name: 'alice',
        displayName: 'Alice',
      },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    });
    const made = register(begun.body.public_key as Json, ORIGIN);
    const done = await finish(begun.body.registration_token, attestationOf(made));
    expect(done).toMatchObject({
      status: 200,
      body: { already_registered: false, credential: { id: made.credential.id, nickname: 'laptop' } },
    });
    // The answer was lost, and the client asks again.
    expect(await finish(begun.body.registration_token, attestationOf(made))).toMatchObject({
      status: 200,
      body: { already_registered: true },
    });
    expect((await begin()).body.code).toBe('insufficient_scope');
    await client.refreshWith();
    expect(client.scopes).toBe('');
    await permit();
    const next = await begin();
    expect((next.body.public_key as Json).excludeCredentials).toMatchObject([{ id: made.credential.id }]);
  });

  it('needs bearer, proof, scope and a configuration', async () => {
    const path = '/me/passkeys/register/begin';
    expect((await client.call(path, { body: { username: 'a' }, proof: 'regular' })).body.code).toBe('unauthorized');
    expect((await client.call(path, { body: { username: 'a' }, bearer: client.access })).body.code).toBe(
      'missing_dpop_proof',
    );
    expect(await begin()).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    await permit();
    await world.manage('DELETE', '/config/passkey');
    expect(await begin()).toMatchObject({ status: 403, body: { code: 'passkey_not_configured' } });
    const thief = new Client(world, await newKey());
    thief.access = client.access;
    expect((await begin(undefined, thief)).body.code).toBe('dpop_key_mismatch');
  });

  it.each<[string, Parameters<typeof register>[2], string]>([
    ['another origin', { origin: 'https://evil.example' }, 'passkey_registration_failed'],
    ['another challenge', { challenge: 'AAAA' }, 'passkey_registration_failed'],
    ['another domain', { rpId: 'evil.example' }, 'passkey_registration_failed'],
    ['an absent user', { flags: 0x40 }, 'passkey_registration_failed'],
    ['a user that is not verified', { flags: 0x41 }, 'passkey_registration_failed'],
    ['an assertion', { type: 'webauthn.get' }, 'passkey_registration_failed'],
    ['RS256', { alg: -257 }, 'passkey_registration_failed'],
  ])('is refused with %s, and the scope stays', async (_, quirks, code) => {
    await configure({ user_verification: 'required' });
    await permit();
    const begun = await begin();
    const made = register(begun.body.public_key as Json, ORIGIN, quirks);
    expect(await finish(begun.body.registration_token, attestationOf(made))).toMatchObject({
      status: 400,
      body: { code },
    });
    expect((await begin()).status).toBe(200);
  });

  it("is refused with another user's token, a spent one, one after its time, and a blocked authenticator", async () => {
    await configure();
    await permit();
    const begun = await begin();
    const { registration_token, public_key } = begun.body;
    const made = attestationOf(register(public_key as Json, ORIGIN));
    const other = await loggedIn(world, '+33688800002');
    await permit(other);
    expect((await finish(registration_token, made, other)).body.code).toBe('passkey_registration_failed');
    expect((await finish(registration_token, made)).body.code).toBe('passkey_registration_failed');
    const late = await begin();
    await world.control.clock({ advance: 300 });
    const lateMade = attestationOf(register(late.body.public_key as Json, ORIGIN));
    await client.refreshWith();
    await permit();
    expect((await finish(late.body.registration_token, lateMade)).body.code).toBe('passkey_registration_failed');
    await world.control.clock({ offset: 0 });
    await configure({ aaguid_allowlist: ['11111111-2222-4333-8444-555555555555'] });
    const blocked = await begin();
    const blockedMade = attestationOf(register(blocked.body.public_key as Json, ORIGIN));
    expect(await finish(blocked.body.registration_token, blockedMade)).toMatchObject({
      status: 403,
      body: { code: 'passkey_authenticator_blocked' },
    });
  });

  it('spends one scope on one passkey, however many come at once', async () => {
    await configure();
    await permit();
    const begun = await Promise.all([begin(), begin(), begin()]);
    const answers = await Promise.all(
      begun.map(({ body }) =>
        finish(body.registration_token, attestationOf(register(body.public_key as Json, ORIGIN))),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
  });

  it.each<[string, Json]>([
    ['no username', {}],
    ['a username of 60 000 characters', { username: 'a'.repeat(60_000) }],
    ['a username that is none', { username: 7 }],
  ])('400 for %s', async (_, body) => {
    await configure();
    await permit();
    expect((await begin(body)).status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['no attestation', undefined],
    ['a text', 'x'],
    ['no response', { id: 'AA' }],
    ['bytes that are none', { id: 'AA', response: { clientDataJSON: '{}', attestationObject: '??' } }],
  ])('400 for %s', async (_, attestation) => {
    await configure();
    await permit();
    expect(await finish('x', attestation)).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });
});

describe('login', () => {
  it('ends in a session of the owner, with the scopes of the configuration', async () => {
    await configure({ login_enabled: true, granted_scopes: ['profile:read'] });
    const credential = await added();
    const stranger = new Client(world, await newKey());
    const begun = await stranger.call('/login/passkey/begin', { body: {} });
    expect(begun.body.public_key).toMatchObject({ rpId: 'example.com', allowCredentials: [] });
    const assertion = assert(begun.body.public_key as Json, credential, ORIGIN);
    const body = { login_token: begun.body.login_token, assertion };
    const proved = await stranger.call('/login/passkey/finish', { body });
    stranger.keep(
      await stranger.call('/login/finalize', { body: { challenge_token: tokenOf(proved) }, proof: 'regular' }),
    );
    expect(decodeJwt(stranger.access)).toMatchObject({ sub: decodeJwt(client.access).sub, scope: 'profile:read' });
    expect(await stranger.call('/login/passkey/finish', { body })).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    });
  });

  it('is refused for another key, another owner, and where logins are not enabled', async () => {
    await configure({ login_enabled: true });
    const credential = await added();
    const attempt = async (make: (options: Json) => Json): Promise<Answer> => {
      const begun = await client.call('/login/passkey/begin', { body: {} });
      const assertion = make(begun.body.public_key as Json);
      return client.call('/login/passkey/finish', { body: { login_token: begun.body.login_token, assertion } });
    };
    const { credential: unknown } = register({ rp: { id: 'example.com' }, user: { id: 'AA' } }, ORIGIN);
    for (const make of [
      (options: Json) => assert(options, unknown, ORIGIN),
      (options: Json) => assert(options, { ...unknown, id: credential.id }, ORIGIN),
      (options: Json) => assert(options, { ...credential, userHandle: 'AAAA' }, ORIGIN),
      (options: Json) => assert(options, credential, 'https://evil.example'),
      (options: Json) => assert({ ...options, challenge: 'AAAA' }, credential, ORIGIN),
    ]) {
      expect(await attempt(make)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
    await configure({ login_enabled: false });
    expect((await client.call('/login/passkey/begin', { body: {} })).body.code).toBe('passkey_not_configured');
  });
});

describe('verify_passkey', () => {
  const proceed = (token: string, passkey_assertion: Json): Promise<Answer> =>
    client.call('/stepup/continue', {
      body: { challenge_token: token, passkey_assertion },
      bearer: client.access,
      proof: { jti: decodeJwt(token).jti ?? '' },
    });

  it('is passed by an assertion of the options that came with the step', async () => {
    await configure();
    const credential = await added();
    const asked = await client.request(SCOPE);
    const options = asked.body.public_key_credential_request_options as Json;
    expect(options).toMatchObject({ rpId: 'example.com', allowCredentials: [{ id: credential.id }] });
    const token = tokenOf(asked);
    const bad = await proceed(token, assert({ ...options, challenge: 'AAAA' }, credential, ORIGIN));
    expect(bad).toMatchObject({ status: 400, body: { code: 'invalid_verification_token' } });
    const done = await proceed(token, assert(options, credential, ORIGIN));
    expect([done.status, done.body.public_key_credential_request_options]).toEqual([200, undefined]);
    expect((await client.refreshWith(tokenOf(done))).status).toBe(200);
    expect(client.scopes).toContain(SCOPE);
    expect((await proceed(token, assert(options, credential, ORIGIN))).body.code).toBe('token_reused');
  });

  it('comes after a code with its options, and cannot be taken before it', async () => {
    await configure();
    const credential = await added();
    await world.configure([direct(SCOPE, ['verify_sms', 'verify_passkey'])]);
    const asked = await client.request(SCOPE);
    expect(asked.body.public_key_credential_request_options).toBeUndefined();
    const first = tokenOf(asked);
    const early = await proceed(first, assert({ challenge: 'AA', rpId: 'example.com' }, credential, ORIGIN));
    expect(early).toMatchObject({ status: 400, body: { code: 'step_bypassed' } });
    await client.sendCode(first);
    const next = await client.checkCode(first, await world.code(PHONE));
    const options = next.body.public_key_credential_request_options as Json;
    expect(decodeJwt(tokenOf(next)).current_step).toBe('verify_passkey');
    expect((await client.sendCode(tokenOf(next))).body.code).toBe('bad_request');
    const done = await proceed(tokenOf(next), assert(options, credential, ORIGIN));
    expect(decodeJwt(tokenOf(done)).current_step).toBe('completed');
  });

  it("is not passed by another user's passkey, nor by another challenge's assertion", async () => {
    await configure();
    const mine = await added();
    const other = await loggedIn(world, '+33688800003');
    const theirs = await added(other);
    const asked = await client.request(SCOPE);
    const options = asked.body.public_key_credential_request_options as Json;
    expect((await proceed(tokenOf(asked), assert(options, theirs, ORIGIN))).body.code).toBe(
      'invalid_verification_token',
    );
    const second = await client.request(SCOPE);
    const elsewhere = second.body.public_key_credential_request_options as Json;
    expect((await proceed(tokenOf(asked), assert(elsewhere, mine, ORIGIN))).body.code).toBe(
      'invalid_verification_token',
    );
  });

  it('is passed once of many at once', async () => {
    await configure();
    const credential = await added();
    const asked = await client.request(SCOPE);
    const options = asked.body.public_key_credential_request_options as Json;
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => proceed(tokenOf(asked), assert(options, credential, ORIGIN, { counter: 0 }))),
    );
    expect(answers.map(({ body }) => body.code ?? 'passed').sort()).toEqual([
      'passed',
      'token_reused',
      'token_reused',
      'token_reused',
    ]);
  });

  it('is unavailable to a user without a passkey', async () => {
    await configure();
    await permit();
    expect(await client.request(SCOPE)).toMatchObject({ status: 403, body: { code: 'passkey_step_unavailable' } });
  });
});

describe('/me/passkeys', () => {
  it('lists and removes those of the user', async () => {
    await configure();
    const { id } = await added();
    const list = async (who: Client): Promise<unknown> =>
      (await who.call('/me/passkeys', { method: 'GET', bearer: who.access })).body.passkeys;
    expect(await list(client)).toMatchObject([{ id, last_used_at: null }]);
    const other = await loggedIn(world, '+33688800004');
    expect(await list(other)).toEqual([]);
    const remove = (who: Client): Promise<Answer> =>
      who.call(`/me/passkeys/${id}`, { method: 'DELETE', bearer: who.access });
    expect((await remove(other)).status).toBe(404);
    expect((await remove(client)).status).toBe(204);
    expect((await remove(client)).status).toBe(404);
    expect(await list(client)).toEqual([]);
  });
});

describe('config/passkey', () => {
  it('is made and replaced by PUT, read and removed', async () => {
    const initial = await world.manage('GET', '/config/passkey');
    expect(initial.body.config).toMatchObject({ rp_id: 'localhost', login_enabled: true });
    expect((await world.manage('DELETE', '/config/passkey')).status).toBe(204);
    expect((await world.manage('GET', '/config/passkey')).status).toBe(404);
    const made = await configure();
    expect(made).toMatchObject({
      status: 200,
      body: { config: { rp_id: 'example.com', user_verification: 'preferred', login_enabled: false } },
    });
    expect((await configure({ login_enabled: true })).body.config).toMatchObject({ login_enabled: true });
    expect((await world.manage('GET', '/config/passkey')).body.config).toMatchObject({ login_enabled: true });
    expect((await world.manage('DELETE', '/config/passkey')).status).toBe(204);
    expect((await world.manage('DELETE', '/config/passkey')).status).toBe(404);
  });

  it.each<[string, Json, RegExp]>([
    ['an address for a domain', { rp_id: 'https://example.com' }, /^rp_id: /],
    ['no origins', { allowed_origins: [] }, /^allowed_origins: /],
    [
      'an origin with a path',
      { allowed_origins: ['https://example.com/'] },
      /^allowed_origins\[0\]: expected an origin/,
    ],
    ['a model that is none', { aaguid_allowlist: ['yubikey'] }, /^aaguid_allowlist\[0\]: /],
    ['another demand', { user_verification: 'always' }, /^user_verification: /],
  ])('400 for %s', async (_, more, message) => {
    expect(await configure(more)).toMatchObject({ status: 400, body: { message: expect.stringMatching(message) } });
  });
});
