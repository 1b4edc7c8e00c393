import { ECDH, sign } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, fifty, ORIGIN, signedIn, startWorld, type World } from './client.js';
import { keyPair } from '../../support/key-pair.js';

let world: World;
let user: Client;
let email = '';
let made = 0;

beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  email = `session${++made}@example.com`;
  user = await signedIn(world, email);
});
afterAll(() => world.stop());

describe('the session', () => {
  it('has an access token and an ID token of the service', async () => {
    const client = new Client(world);
    const key = `02${'ab'.repeat(32)}`;
    const created = await client.send(email);
    const answer = await client.post('emailVerifications/signin', created, {
      headers: { 'x-dyn-session-public-key': key },
    });
    const { dynamic } = world.emulator.ready;
    const keySet = (await (await fetch(`${dynamic.jwksUrl}.json`)).json()) as JSONWebKeySet;
    expect(keySet.keys).toEqual([
      { kid: expect.any(String), alg: 'RS256', kty: 'RSA', use: 'sig', e: 'AQAB', n: expect.any(String) },
    ]);
    const trusted = createLocalJWKSet(keySet);
    const { payload } = await jwtVerify(String(answer.body.minifiedJwt), trusted, {
      issuer: dynamic.issuer,
      audience: ORIGIN,
    });
    const shown = answer.body.user as { id: string; sessionId: string; verifiedCredentials: { id: string }[] };
    const [credential] = shown.verifiedCredentials;
    expect(payload).toEqual({
      kid: keySet.keys[0]?.kid,
      iss: dynamic.issuer,
      aud: ORIGIN,
      sub: shown.id,
      sid: shown.sessionId,
      environment_id: dynamic.environmentId,
      last_verified_credential_id: credential?.id,
      signin_credential_id: credential?.id,
      scope: 'user:basic',
      session_public_key: key,
      iat: expect.any(Number),
      exp: answer.body.expiresAt,
      jti: expect.any(String),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(7200);
    const id = await jwtVerify(String(answer.body.jwt), trusted);
    expect(id.payload).toMatchObject({ email, new_user: false, missing_fields: [], verified_credentials: [{ email }] });
    expect((await client.get('users', { bearer: String(answer.body.jwt) })).status).toBe(401);
  });

  it('is refreshed for its full time, ages, and ends', async () => {
    await world.control.clock({ advance: 7000 });
    user.keep(await user.post('refresh'));
    await world.control.clock({ advance: 7000 });
    expect((await user.get('users')).body).toMatchObject({ id: user.user.id, email });
    await world.control.clock({ advance: 200 });
    expect(await user.get('users')).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
    expect((await user.post('refresh')).status).toBe(401);
  });

  it('is revoked with all of its tokens, and no other', async () => {
    const other = await signedIn(world, email);
    const old = user.access;
    user.keep(await user.post('refresh'));
    expect((await user.post('revoke', undefined, { headers: { 'x-dyn-logout-reason': 'user-intent' } })).status).toBe(
      204,
    );
    expect((await user.get('users')).status).toBe(401);
    expect((await user.get('users', { bearer: old })).status).toBe(401);
    expect((await other.get('users')).status).toBe(200);
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: 'session', change: 'revoked', reason: 'user-intent' }),
    );
  });

  it('refuses a session key that is none', async () => {
    const body = await new Client(world).send(email);
    const headers = { 'x-dyn-session-public-key': 'nonsense' };
    expect((await user.post('emailVerifications/signin', body, { headers })).body.code).toBe(
      'invalid_session_public_key',
    );
    expect((await user.post('emailVerifications/signin', body)).status).toBe(200);
  });
});

describe('the user', () => {
  it('changes the profile', async () => {
    const body = { firstName: 'Ada', metadata: { a: 1 }, mfaBackupCodeAcknowledgement: 'complete' };
    expect(await user.call('PUT', 'users', { body })).toMatchObject({
      status: 200,
      body: { nextView: 'done', user: body },
    });
    expect((await user.get('users')).body).toMatchObject(body);
    expect((await user.call('PUT', 'users', { body: { firstName: 7 } })).status).toBe(400);
    expect((await user.call('PUT', 'users', { body: { email: 'x@example.com' } })).body.code).toBe('not_emulated');
  });

  it('is deleted, with sessions and address; where it is enforced, with a token for it', async () => {
    const other = await signedIn(world, email);
    await world.control.settings({ dynamic: { enforce: { users: true } } });
    expect((await user.call('DELETE', 'users')).body.code).toBe('elevated_access_token_required');
    await world.control.settings({ dynamic: { enforce: { users: false } } });
    expect((await user.call('DELETE', 'users')).status).toBe(204);
    expect((await other.get('users')).status).toBe(401);
    await world.control.clock({ advance: 600 });
    expect((await signedIn(world, email)).user).toMatchObject({ newUser: true });
  });
});

describe('device signatures', () => {
  const { privateKey, publicKey } = keyPair('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const compressed = ECDH.convertKey(point, 'prime256v1', undefined, 'hex', 'compressed') as string;
  const headersFor = (nonce: string, signed = nonce): Record<string, string> => ({
    'x-dynamic-device-nonce': nonce,
    'x-dynamic-device-publickey': compressed,
    'x-dynamic-device-signed-nonce': sign('sha256', Buffer.from(signed), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    }).toString('hex'),
  });
  const nonce = async (): Promise<string> => String((await user.get('nonce')).body.nonce);
  const refused = { status: 401, body: { code: 'invalid_device_signature' } };

  it('are taken with a nonce, once; of fifty at once one', async () => {
    const headers = headersFor(await nonce());
    const { won, codes } = await fifty(world, () => user.post('refresh', undefined, { headers }));
    expect(won).toBe(1);
    expect(codes).toEqual(new Set(['invalid_device_signature']));
  });

  it('that are bad burn the nonce', async () => {
    const burnt = await nonce();
    expect(await user.post('refresh', undefined, { headers: headersFor(burnt, 'another') })).toMatchObject(refused);
    expect(await user.post('refresh', undefined, { headers: headersFor(burnt) })).toMatchObject(refused);
  });

  it.each([
    ['an unknown nonce', (one: string) => headersFor(`${one}0`)],
    ['only a nonce', (one: string) => ({ 'x-dynamic-device-nonce': one })],
    ['no point', (one: string) => ({ ...headersFor(one), 'x-dynamic-device-publickey': 'ff' })],
    [
      'a point off the curve',
      (one: string) => ({ ...headersFor(one), 'x-dynamic-device-publickey': `02${'ff'.repeat(32)}` }),
    ],
    ['no signature', (one: string) => ({ ...headersFor(one), 'x-dynamic-device-signed-nonce': 'ff' })],
  ])('with %s are refused', async (_, make) => {
    expect(await user.post('refresh', undefined, { headers: make(await nonce()) })).toMatchObject(refused);
  });
});

describe('the environment', () => {
  it('has settings that the official client takes', async () => {
    const { status, body } = await new Client(world).get('settings?sdkVersion=ClientSDK%2F1.27.1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      environmentName: 'sandbox',
      chains: expect.any(Array),
      kyc: [],
      sdk: { minApiVersion: '2026_04_01' },
      security: {
        auth: { storage: ['localstorage'] },
        deviceRegistrationRequired: false,
        jwtDuration: { amount: 120, unit: 'minutes' },
        mfa: { availableMethods: ['totp', 'passkey'], actions: [] },
      },
    });
  });

  it('of another id is not there', async () => {
    const url = world.base.replace(/1$/, '2');
    expect(await (await fetch(`${url}/settings`)).json()).toEqual({
      error: 'Environment not found',
      code: 'environment_not_found',
    });
  });

  it.each([
    ['GET', 'users/embeddedWallets/backup'],
    ['POST', 'providers/google/verify'],
    ['POST', 'waas/create'],
    ['POST', 'waas/w1/signMessage'],
    ['POST', 'verify/transfer'],
    ['GET', 'deviceRegistrations'],
  ])('%s %s is the service’s, and not emulated', async (method, path) => {
    expect(await user.call(method, path)).toMatchObject({
      status: 501,
      body: { code: 'not_emulated', error: expect.stringContaining(method) },
    });
  });

  it('has no other path', async () => {
    expect(await user.get('nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await user.call('PATCH', 'users')).toMatchObject({ status: 404 });
  });

  it.each([
    ['http://localhost:5173', true],
    ['http://127.0.0.1:5173', true],
    ['https://app.localhost', true],
    ['https://app.example', true],
    ['https://evil.example', false],
    ['http://localhost.evil.example', false],
  ])('pages of %s may call: %s', async (origin, allowed) => {
    await world.control.settings({ dynamic: { allowedOrigins: ['https://app.example'] } });
    const wanted =
      'authorization,content-type,x-dyn-elevated-access-token,x-mfa-auth-token,x-dynamic-device-nonce,x-dyn-logout-reason';
    const preflight = await fetch(`${world.base}/users/mfa/x`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': wanted },
    });
    const may = allowed ? origin : null;
    expect(preflight.headers.get('access-control-allow-origin')).toBe(may);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,POST,PUT,DELETE,OPTIONS');
    const listed = preflight.headers.get('access-control-allow-headers')?.split(',') ?? [];
    for (const header of wanted.split(',')) expect(listed).toContain(header);
    const refused = await fetch(`${world.base}/users`, { headers: { origin } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(may);
  });

  it('answers a fault in its own shape', async () => {
    await world.control.fault({ match: { path: '/api/v0/sdk/*/users' }, do: { status: 429 }, times: 1 });
    expect(await user.get('users')).toMatchObject({
      status: 429,
      body: { error: expect.any(String), code: 'rate_limited' },
    });
    await world.control.clearFaults();
    expect((await user.post('stepUp/check', 'x'.repeat(200_000))).body).toEqual({
      error: 'bad request',
      code: 'bad_request',
    });
  });
});

it('no event has a code or a token in it', async () => {
  const elevated = await user.elevate(email, ['wallet:export']);
  await user.post('waas/w1/privateKey/export', {}, { elevated });
  const all = JSON.stringify(world.events);
  const secrets = [elevated, user.access, ...(await world.control.messages()).map(({ code }) => `"${code}"`)];
  for (const secret of secrets) expect(all).not.toContain(secret);
  expect(world.events).toContainEqual(
    expect.objectContaining({
      type: 'token',
      kind: 'elevated',
      claims: expect.objectContaining({ jti: decodeJwt(elevated).jti }),
    }),
  );
});

it('the key outlives the state, and a session does not', async () => {
  const keys = async (): Promise<string> => (await fetch(world.emulator.ready.dynamic.jwksUrl)).text();
  const before = await keys();
  await world.control.clearState();
  expect(await keys()).toBe(before);
  expect((await user.get('users')).status).toBe(401);
});
