import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, elevatedOf, fifty, signedIn, startWorld, type Answer, type World } from './client.js';

let world: World;
let user: Client;
let email = '';
let made = 0;

beforeAll(async () => {
  world = await startWorld();
  await world.control.settings({ dynamic: { otpSends: 100 } });
});
beforeEach(async () => {
  email = `step${++made}@example.com`;
  user = await signedIn(world, email);
});
afterAll(() => world.stop());

const exportKey = (elevated?: string, by: Client = user): Promise<Answer> =>
  by.post('waas/w1/privateKey/export', {}, elevated === undefined ? {} : { elevated });

describe('stepUp/check', () => {
  it('lists what can be proved, and what to offer first', async () => {
    const [credential] = user.user.verifiedCredentials as { id: string }[];
    expect((await user.post('stepUp/check', { scope: 'wallet:export' })).body).toEqual({
      isRequired: true,
      credentials: [{ id: credential?.id, format: 'email', alias: email }],
      defaultCredentialId: credential?.id,
    });
  });

  it.each([
    ['wallet:export', true],
    ['credential:link', true],
    ['credential:unlink', true],
    ['credential:update', true],
    ['user:delete', true],
    ['wallet:delete', true],
    ['business_account:transfer_ownership', true],
    ['wallet:sign', false],
    ['wallet:reshare', false],
    ['user:update', false],
  ])('%s: %s', async (scope, isRequired) => {
    expect((await user.post('stepUp/check', { scope })).body).toMatchObject({ isRequired });
  });

  it('follows the actions of the settings, and the version', async () => {
    await world.control.settings({ dynamic: { actions: [{ action: 'wallet.waas.sign', required: true }] } });
    expect((await user.post('stepUp/check', { scope: 'wallet:sign' })).body.isRequired).toBe(true);
    await world.control.settings({ dynamic: { actions: [], minApiVersion: '2026_01_01' } });
    expect((await user.post('stepUp/check', { scope: 'wallet:export' })).body).toEqual({
      isRequired: false,
      credentials: [],
    });
    expect((await exportKey()).status).toBe(200);
    await world.control.settings({ dynamic: { minApiVersion: '2026_04_01' } });
  });

  it.each([
    [{}, 400, 'bad_request'],
    [{ scope: '' }, 400, 'bad_request'],
    [{ scope: 'wallet:steal' }, 422, 'invalid_scopes'],
    [{ scope: 'wallet:export wallet:sign' }, 422, 'invalid_scopes'],
  ])('%j: %d %s', async (body, status, code) => {
    expect(await user.post('stepUp/check', body)).toMatchObject({ status, body: { code } });
  });

  it('needs a session', async () => {
    const stranger = new Client(world);
    expect(await stranger.post('stepUp/check', { scope: 'wallet:export' })).toMatchObject({
      status: 401,
      body: { error: 'Unauthorized' },
    });
  });
});

describe('an elevated token', () => {
  it('has the claims of the service, signed by its key', async () => {
    const { verificationUUID, verificationToken } = await user.send(email);
    const answer = await user.post('emailVerifications/verify', {
      verificationUUID,
      verificationToken,
      requestedScopes: ['credential:unlink', 'wallet:export', 'wallet:export'],
    });
    expect(answer.body).toMatchObject({ nextView: 'done', user: { email }, expiresAt: expect.any(Number) });
    const keySet = (await (await fetch(world.emulator.ready.dynamic.jwksUrl)).json()) as JSONWebKeySet;
    const token = elevatedOf(answer);
    const { payload } = await jwtVerify(token, createLocalJWKSet(keySet), { algorithms: ['RS256'] });
    expect(payload).toEqual({
      kid: keySet.keys[0]?.kid,
      iss: world.emulator.ready.dynamic.issuer,
      aud: 'http://localhost:3000',
      sub: user.user.id,
      sid: user.claims.sid,
      environment_id: world.emulator.ready.dynamic.environmentId,
      scope: 'credential:unlink wallet:export',
      singleUse: true,
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 300,
      jti: expect.any(String),
    });
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: keySet.keys[0]?.kid });
    expect(user.claims.sid).toBe(decodeJwt(String(answer.body.minifiedJwt)).sid);
  });

  it('is time-bound for other scopes, and as the settings say', async () => {
    const bound = decodeJwt(await user.elevate(email, ['credential:link']));
    expect(bound).toMatchObject({ singleUse: false, exp: (bound.iat ?? 0) + 600 });
    const action = {
      action: 'wallet.waas.export',
      required: true,
      tokenBehavior: 'time_bound',
      tokenExpirySeconds: 42,
    } as const;
    await world.control.settings({ dynamic: { actions: [action] } });
    const changed = decodeJwt(await user.elevate(email, ['wallet:export']));
    await world.control.settings({ dynamic: { actions: [] } });
    expect(changed).toMatchObject({ singleUse: false, exp: (changed.iat ?? 0) + 42 });
  });

  it('opens one call once', async () => {
    expect(await exportKey()).toMatchObject({
      status: 403,
      body: { error: 'Elevated access token required', code: 'elevated_access_token_required' },
    });
    const token = await user.elevate(email, ['wallet:export']);
    expect(await exportKey(token)).toMatchObject({ status: 200, body: { exported: true } });
    expect(await exportKey(token)).toMatchObject({ status: 403, body: { code: 'elevated_access_token_invalid' } });
  });

  it('of fifty calls at once opens one', async () => {
    const token = await user.elevate(email, ['wallet:export']);
    const { won, codes } = await fifty(world, () => exportKey(token));
    expect(won).toBe(1);
    expect(codes).toEqual(new Set(['elevated_access_token_invalid']));
  });

  it('is not spent by a call that fails', async () => {
    const token = await user.elevate(email, ['credential:unlink', 'wallet:sign']);
    expect(decodeJwt(token).singleUse).toBe(true);
    for (let tries = 0; tries < 2; tries++) {
      expect(await user.call('DELETE', 'users/mfa/nothing', { elevated: token })).toMatchObject({
        status: 422,
        body: { code: 'mfa_device_not_found' },
      });
    }
  });

  it('opens many calls when it is time-bound, until its time is over', async () => {
    const elevated = await user.elevate(email, ['credential:link']);
    for (let calls = 0; calls < 3; calls++) {
      expect((await user.get('users/mfa/register/totp', { elevated })).status).toBe(200);
    }
    await world.control.clock({ advance: 600 });
    expect(await user.get('users/mfa/register/totp', { elevated })).toMatchObject({
      status: 403,
      body: { code: 'elevated_access_token_expired' },
    });
  });

  it('is bound to its scope, its session and its end', async () => {
    const token = await user.elevate(email, ['wallet:sign']);
    expect((await exportKey(token)).body.code).toBe('elevated_access_token_invalid');
    const good = await user.elevate(email, ['wallet:export']);
    const elsewhere = await signedIn(world, email);
    expect((await exportKey(good, elsewhere)).body.code).toBe('elevated_access_token_invalid');
    const stranger = await signedIn(world, `other${made}@example.com`);
    expect((await exportKey(good, stranger)).body.code).toBe('elevated_access_token_invalid');
    expect((await user.post('revoke')).status).toBe(204);
    expect((await exportKey(good)).status).toBe(401);
  });

  it.each(['nonsense', 'a.b.c', 'access'])('%s is none', async (given) => {
    const token = given === 'access' ? user.access : given;
    expect((await exportKey(token)).body.code).toBe('elevated_access_token_invalid');
  });

  it('is no bearer', async () => {
    const token = await user.elevate(email, ['wallet:export']);
    expect((await user.get('users', { bearer: token })).status).toBe(401);
  });

  it('is for what the bearer proved: not by an address of somebody else', async () => {
    const other = `foreign${made}@example.com`;
    await signedIn(world, other);
    const body = { ...(await user.send(other)), requestedScopes: ['wallet:export'] };
    expect(await user.post('emailVerifications/verify', body)).toMatchObject({
      status: 422,
      body: { code: 'invalid_email_verification' },
    });
  });

  it.each([
    [[], 400, 'bad_request'],
    [['nothing'], 422, 'invalid_scopes'],
    [['wallet:export', 'user:basic'], 422, 'invalid_scopes'],
    ['wallet:export', 400, 'bad_request'],
  ])('requestedScopes %j: %d %s, and the code is not spent', async (requestedScopes, status, code) => {
    const sent = await user.send(email);
    expect(await user.post('emailVerifications/verify', { ...sent, requestedScopes })).toMatchObject({
      status,
      body: { code },
    });
    const good = { ...sent, requestedScopes: ['wallet:export'] };
    expect((await user.post('emailVerifications/verify', good)).status).toBe(200);
  });

  it('is issued once for a code, however many ask at once', async () => {
    const body = { ...(await user.send(email)), requestedScopes: ['wallet:export'] };
    await world.control.settings({ otpAttempts: 100 });
    const { won } = await fifty(world, () => user.post('emailVerifications/verify', body));
    await world.control.settings({ otpAttempts: 5 });
    expect(won).toBe(1);
  });

  it('comes by email as a factor, too, with the legacy token on demand', async () => {
    const body = {
      ...(await user.send(email)),
      requestedScopes: ['wallet:export'],
      createMfaToken: { singleUse: true },
    };
    const answer = await user.post('users/mfa/auth/email', body);
    expect((await exportKey(elevatedOf(answer))).status).toBe(200);
    expect(decodeJwt(String(answer.body.mfaToken))).toMatchObject({ singleUse: true, sid: user.claims.sid });
  });
});
