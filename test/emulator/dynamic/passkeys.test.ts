import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assert, register, type Credential } from './authenticator.js';
import { Client, elevatedOf, fifty, ORIGIN, signedIn, startWorld, type Answer, type World } from './client.js';

let world: World;
let user: Client;
let email = '';
let made = 0;

beforeAll(async () => {
  world = await startWorld();
  await world.control.settings({ dynamic: { otpSends: 100, allowedOrigins: ['https://app.example'] } });
});
beforeEach(async () => {
  email = `passkey${++made}@example.com`;
  user = await signedIn(world, email);
});
afterAll(() => world.stop());

/** Registers a passkey with a fresh `credential:link` token; the answer of the last call. */
async function attempt(
  quirks: Parameters<typeof register>[2] = {},
  by = user,
): Promise<{ answer: Answer; credential: Credential; elevated: string }> {
  const elevated = await by.elevate(email, ['credential:link']);
  const options = (await by.get('users/passkeys/register')).body;
  const { credential, body } = register(options, by.origin, quirks);
  return { credential, elevated, answer: await by.post('users/passkeys/register', body, { elevated }) };
}

async function enrol(by = user): Promise<Credential> {
  const { answer, credential } = await attempt({}, by);
  by.keep(answer);
  return credential;
}

async function use(credential: Credential, quirks: Parameters<typeof assert>[3] = {}, by = user): Promise<Answer> {
  const options = (await by.get('users/passkeys/authenticate')).body;
  const body = assert(options, credential, by.origin, quirks);
  return by.post('users/mfa/auth/passkey', { ...body, requestedScopes: ['wallet:export'] });
}

describe('a passkey', () => {
  it('is registered for the page’s host', async () => {
    const { body } = await user.get('users/passkeys/register');
    expect(body).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      rp: { id: 'localhost', name: 'stepup emulator' },
      user: { id: Buffer.from(String(user.user.id)).toString('base64url'), name: email, displayName: email },
      pubKeyCredParams: [{ alg: -7, type: 'public-key' }],
      timeout: 60_000,
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
      excludeCredentials: [],
    });
    const refused = await user.post('users/passkeys/register', register(body, ORIGIN).body);
    expect(refused.body.code).toBe('elevated_access_token_required');
    const credential = await enrol();
    const { passkeys, count } = (await user.get('users/passkeys')).body;
    expect(count).toBe(1);
    expect(passkeys).toMatchObject([{ credentialId: credential.id, origin: ORIGIN, createdAt: expect.any(String) }]);
    expect((await user.get('users/mfa/methods?verifiedOnly=true')).body).toMatchObject({
      userHasVerifiedMfaMethods: true,
      passkeys: [{ credentialId: credential.id }],
    });
    expect((await user.get('users/passkeys/register')).body.excludeCredentials).toEqual([
      { id: credential.id, type: 'public-key', transports: ['internal'] },
    ]);
  });

  it('is registered as an MFA device as well, under the id of the options', async () => {
    const { body } = await user.get('users/mfa/register/passkey');
    expect(body).toEqual({
      id: expect.any(String),
      type: 'passkey',
      registration: expect.objectContaining({ rp: { id: 'localhost', name: 'stepup emulator' }, attestation: 'none' }),
    });
    const registered = register(body.registration as Record<string, unknown>, ORIGIN);
    const sent = { id: body.id, attestation: registered.body };
    expect((await user.post('users/mfa/register/passkey', sent)).body.code).toBe('elevated_access_token_required');
    const elevated = await user.elevate(email, ['credential:link']);
    user.keep(await user.post('users/mfa/register/passkey', sent, { elevated }));
    expect((await user.get('users/passkeys')).body).toMatchObject({
      count: 1,
      passkeys: [{ id: body.id, credentialId: registered.credential.id }],
    });
    expect((await user.get('users/mfa/register/passkey')).body.registration).toMatchObject({
      excludeCredentials: [{ id: registered.credential.id }],
    });
  });

  it('is not registered as an MFA device under another id, or one that was not promised', async () => {
    const elevated = await user.elevate(email, ['credential:link']);
    const promised = (await user.get('users/mfa/register/passkey')).body;
    const plain = (await user.get('users/passkeys/register')).body;
    for (const [id, options] of [
      ['other', promised.registration],
      [promised.id, plain],
    ]) {
      const attestation = register(options as Record<string, unknown>, ORIGIN).body;
      expect((await user.post('users/mfa/register/passkey', { id, attestation }, { elevated })).body.code).toBe(
        'mfa_device_not_found',
      );
    }
    expect((await user.get('users/passkeys')).body.count).toBe(0);
  });

  it('of another id than the authenticator made, or by a challenge to use one, is refused', async () => {
    const elevated = await user.elevate(email, ['credential:link']);
    const options = (await user.get('users/passkeys/register')).body;
    const renamed = { ...register(options, ORIGIN).body, id: 'AAAA' };
    expect((await user.post('users/passkeys/register', renamed, { elevated })).body.code).toBe('invalid_verification');
    const { challenge } = (await user.get('users/passkeys/authenticate')).body;
    const { body } = register(options, ORIGIN, { challenge: String(challenge) });
    expect((await user.post('users/passkeys/register', body, { elevated })).body.code).toBe('invalid_verification');
  });

  it('is registered once, however often it is sent', async () => {
    const elevated = await user.elevate(email, ['credential:link']);
    const { body } = register((await user.get('users/passkeys/register')).body, ORIGIN);
    expect((await fifty(world, () => user.post('users/passkeys/register', body, { elevated }))).won).toBe(1);
    expect((await user.get('users/passkeys')).body.count).toBe(1);
  });

  it('attested by itself is taken as well', async () => {
    expect((await attempt({ fmt: 'packed' })).answer.status).toBe(200);
  });

  it.each([
    ['type', { type: 'webauthn.get' }],
    ['origin', { origin: 'http://localhost:3001' }],
    ['rpId', { rpId: '127.0.0.1' }],
    ['absent user', { flags: 0x44 }],
    ['no credential', { flags: 0x05 }],
    ['challenge', { challenge: 'AAAA' }],
    ['format', { fmt: 'tpm' }],
    ['algorithm', { alg: -257 }],
  ])('of another %s is refused, and the token not spent', async (_, quirks) => {
    const { answer, elevated } = await attempt(quirks);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_verification' } });
    expect((await user.get('users/passkeys')).body.count).toBe(0);
    expect((await user.get('users/mfa/register/totp', { elevated })).status).toBe(200);
  });

  it('answers a step-up', async () => {
    const credential = await enrol();
    const options = (await user.get('users/passkeys/authenticate')).body;
    expect(options).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      timeout: 60_000,
      rpId: 'localhost',
      userVerification: 'preferred',
      allowCredentials: [{ id: credential.id, transports: ['internal'] }],
    });
    const body = { ...assert(options, credential, ORIGIN), requestedScopes: ['wallet:export'] };
    const answer = await user.post('users/mfa/auth/passkey', body);
    expect(decodeJwt(elevatedOf(answer))).toMatchObject({ scope: 'wallet:export', singleUse: true });
    expect(await user.post('users/mfa/auth/passkey', body)).toMatchObject({
      status: 422,
      body: { code: 'invalid_verification' },
    });
    const [{ id } = { id: '' }] = (await user.get('users/passkeys')).body.passkeys as { id: string }[];
    expect((await user.post('stepUp/check', { scope: 'wallet:export' })).body).toMatchObject({
      credentials: [{ id, format: 'passkey', type: 'passkey' }],
      defaultCredentialId: id,
    });
  });

  it.each([
    ['type', { type: 'webauthn.create' }],
    ['origin', { origin: 'https://evil.example' }],
    ['rpId', { rpId: 'evil.example' }],
    ['absent user', { flags: 0x04 }],
    ['challenge', { challenge: 'AAAA' }],
  ])('of another %s is refused', async (_, quirks) => {
    const credential = await enrol();
    expect(await use(credential, quirks)).toMatchObject({ status: 422, body: { code: 'invalid_verification' } });
    expect((await use(credential)).status).toBe(200);
  });

  it('whose counter does not grow is refused; one without a counter is fine', async () => {
    const credential = await enrol();
    expect((await use(credential, { counter: 0 })).status).toBe(200);
    expect((await use(credential, { counter: 0 })).status).toBe(200);
    expect((await use(credential, { counter: 7 })).status).toBe(200);
    expect((await use(credential, { counter: 7 })).body.code).toBe('invalid_verification');
    expect((await use(credential, { counter: 0 })).body.code).toBe('invalid_verification');
    expect((await use(credential, { counter: 8 })).status).toBe(200);
  });

  it('signed by another key is refused', async () => {
    const credential = await enrol();
    const { credential: forged } = register((await user.get('users/passkeys/register')).body, ORIGIN);
    expect((await use({ ...forged, id: credential.id })).body.code).toBe('invalid_verification');
    expect((await use(forged)).body.code).toBe('passkey_not_found');
    expect((await use({ ...credential, userHandle: 'AAAA' })).body.code).toBe('invalid_verification');
  });

  it('answers a challenge for a minute', async () => {
    const credential = await enrol();
    const options = (await user.get('users/passkeys/authenticate')).body;
    await world.control.clock({ advance: 60 });
    expect((await user.post('users/mfa/auth/passkey', assert(options, credential, ORIGIN))).body.code).toBe(
      'invalid_verification',
    );
  });

  it('answers its own user’s challenge only', async () => {
    const credential = await enrol();
    const other = await signedIn(world, `thief${made}@example.com`);
    const options = (await user.get('users/passkeys/authenticate')).body;
    expect((await other.post('users/mfa/auth/passkey', assert(options, credential, ORIGIN))).body.code).toBe(
      'invalid_verification',
    );
    expect((await use(credential, {}, other)).body.code).toBe('passkey_not_found');
  });

  it('of fifty uses of a challenge at once takes one', async () => {
    const credential = await enrol();
    // Without a counter nothing but the challenge stands against a second use.
    const body = assert((await user.get('users/passkeys/authenticate')).body, credential, ORIGIN, { counter: 0 });
    expect((await fifty(world, () => user.post('users/mfa/auth/passkey', body))).won).toBe(1);
  });

  it('signs in', async () => {
    const credential = await enrol();
    const visitor = new Client(world);
    const options = (await visitor.get('users/passkeys/signin')).body;
    expect(options).toMatchObject({ rpId: 'localhost', allowCredentials: [] });
    const answer = visitor.keep(await visitor.post('users/passkeys/signin', assert(options, credential, ORIGIN)));
    expect(answer.body.user).toMatchObject({ id: user.user.id, email });
    const asUser = (await user.get('users/passkeys/authenticate')).body;
    expect((await visitor.post('users/passkeys/signin', assert(asUser, credential, ORIGIN))).status).toBe(422);
  });

  it('is renamed, and removed with a token for it, by its user', async () => {
    const credential = await enrol();
    const [{ id } = { id: '' }] = (await user.get('users/passkeys')).body.passkeys as { id: string }[];
    expect((await user.call('PUT', 'users/passkeys', { body: { id, alias: 'Laptop' } })).body).toMatchObject({
      id,
      alias: 'Laptop',
    });
    const other = await signedIn(world, `thief${made}@example.com`);
    expect((await other.call('PUT', 'users/passkeys', { body: { id, alias: 'Mine' } })).body.code).toBe(
      'passkey_not_found',
    );
    expect((await user.call('PUT', `users/mfa/${id}`)).status).toBe(204);
    const body = { passkeyId: id };
    expect((await user.call('DELETE', 'users/passkeys', { body })).body.code).toBe('elevated_access_token_required');
    const options = (await user.get('users/passkeys/authenticate')).body;
    const wish = { ...assert(options, credential, ORIGIN), requestedScopes: ['credential:unlink'] };
    const elevated = elevatedOf(await user.post('users/mfa/auth/passkey', wish));
    expect((await user.call('DELETE', 'users/passkeys', { body, elevated })).status).toBe(204);
    expect((await user.get('users/passkeys')).body.count).toBe(0);
    expect((await use(credential)).body.code).toBe('passkey_not_found');
  });
});

describe('the origin', () => {
  it('may be one of the settings', async () => {
    const app = new Client(world, 'https://app.example');
    await app.signIn(email);
    const credential = await enrol(app);
    expect((await app.get('users/passkeys/authenticate')).body).toMatchObject({
      rpId: 'app.example',
      allowCredentials: [{ id: credential.id }],
    });
    expect((await user.get('users/passkeys/authenticate')).body).toMatchObject({
      rpId: 'localhost',
      allowCredentials: [],
    });
  });

  it.each(['https://evil.example', ''])('"%s" is refused', async (origin) => {
    const other = new Client(world, origin);
    expect(await other.get('users/passkeys/signin')).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });
});

it.each([
  ['nothing', {}],
  ['no response', { id: 'AAAA', type: 'public-key' }],
  ['no base64url', { id: '=', type: 'public-key', response: {} }],
])('%s is a bad request', async (_, body) => {
  expect((await user.post('users/mfa/auth/passkey', body)).status).toBe(400);
  expect((await user.post('users/passkeys/register', body)).status).toBe(400);
});

it('bytes that are no CBOR are refused', async () => {
  const elevated = await user.elevate(email, ['credential:link']);
  const options = (await user.get('users/passkeys/register')).body;
  const { body } = register(options, ORIGIN);
  const broken = { ...body, response: { ...(body.response as object), attestationObject: 'AAAA' } };
  expect(await user.post('users/passkeys/register', broken, { elevated })).toMatchObject({ status: 422 });
});
