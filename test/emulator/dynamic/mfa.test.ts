import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, elevatedOf, fifty, signedIn, startWorld, totp, wrong, type Answer, type World } from './client.js';

let world: World;
let user: Client;
let email = '';
let made = 0;
/** Real time as the emulator sees it, in milliseconds: TOTP follows it, not the moved clock. */
let now = Date.UTC(2026, 0, 1);

beforeAll(async () => {
  world = await startWorld({ now: () => now });
  await world.control.settings({ dynamic: { otpSends: 100 } });
});
beforeEach(async () => {
  email = `mfa${++made}@example.com`;
  user = await signedIn(world, email);
});
afterAll(() => world.stop());

const stepUp = (code: string, more: Record<string, unknown> = {}): Promise<Answer> =>
  user.post('users/mfa/auth/totp', { code, requestedScopes: ['credential:unlink'], ...more });

describe('a TOTP device', () => {
  it('is registered with a token for it, and confirmed by its first code', async () => {
    expect((await user.get('users/mfa/register/totp')).body.code).toBe('elevated_access_token_required');
    const elevated = await user.elevate(email, ['credential:link']);
    const { body } = await user.get('users/mfa/register/totp', { elevated });
    const secret = String(body.secret);
    expect(body).toEqual({
      id: expect.any(String),
      type: 'totp',
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      uri: `otpauth://totp/stepup%20emulator?secret=${secret}&issuer=stepup%20emulator&algorithm=SHA1&digits=6&period=30`,
    });
    const pending = await user.get('users/mfa/methods?verifiedOnly=true');
    expect(pending.body).toEqual({ devices: [], passkeys: [], userHasVerifiedMfaMethods: false });
    expect((await user.get('users/mfa')).body).toMatchObject({
      count: 1,
      devices: [{ verified: false, verifiedAt: null }],
    });
    expect((await user.post('users/mfa/auth/totp', { code: totp(secret, now) })).status).toBe(200);
    expect((await user.get('users/mfa/methods?verifiedOnly=true')).body).toMatchObject({
      devices: [{ id: body.id, type: 'totp', verified: true, default: true, verifiedAt: '2026-01-01T00:00:00.000Z' }],
      userHasVerifiedMfaMethods: true,
    });
  });

  it('is shown by its id, and its default is not taken away', async () => {
    const { id } = await user.enrolTotp(email, now);
    expect(await user.get(`users/mfa/${id}`)).toMatchObject({
      status: 200,
      body: { id, type: 'totp', verified: true, default: true, alias: 'Authenticator app' },
    });
    expect((await user.get('users/mfa/nothing')).body.code).toBe('mfa_device_not_found');
    expect((await user.call('PUT', `users/mfa/${id}`, { body: { default: true } })).status).toBe(204);
    expect(await user.call('PUT', `users/mfa/${id}`, { body: { default: false } })).toMatchObject({
      status: 501,
      body: { code: 'not_emulated' },
    });
    expect((await user.call('PUT', `users/mfa/${id}`, { body: { default: 'yes' } })).status).toBe(400);
  });

  it('is confirmed by the other call as well, replaces an unconfirmed one, and there is one a user', async () => {
    const elevated = await user.elevate(email, ['credential:link']);
    const first = await user.get('users/mfa/register/totp', { elevated });
    const second = await user.get('users/mfa/register/totp', { elevated });
    const old = { type: 'totp', code: totp(String(first.body.secret), now) };
    expect((await user.post('users/mfa/register/totp', old)).body.code).toBe('mfa_invalid_code');
    const code = totp(String(second.body.secret), now);
    expect(await user.post('users/mfa/register/totp', { type: 'totp', code })).toMatchObject({
      status: 200,
      body: { id: second.body.id, type: 'totp', verified: true },
    });
    expect((await user.get('users/mfa/register/totp', { elevated })).status).toBe(401);
  });

  it('elevates, each code once', async () => {
    const { id, secret } = await user.enrolTotp(email, now);
    expect((await user.post('stepUp/check', { scope: 'credential:unlink' })).body).toEqual({
      isRequired: true,
      credentials: [{ id, format: 'totp', type: 'totp', alias: 'Authenticator app' }],
      defaultCredentialId: id,
    });
    const answer = await stepUp(totp(secret, now), { id });
    expect(decodeJwt(elevatedOf(answer))).toMatchObject({ scope: 'credential:unlink', singleUse: false });
    expect(decodeJwt(String(answer.body.minifiedJwt))).toMatchObject({
      last_verified_credential_id: id,
      signin_credential_id: user.claims.signin_credential_id,
      sid: user.claims.sid,
    });
    expect((await stepUp(totp(secret, now))).body.code).toBe('mfa_invalid_code');
    expect((await stepUp(totp(secret, now - 30_000))).body.code).toBe('mfa_invalid_code');
    expect((await stepUp(totp(secret, now + 30_000))).status).toBe(200);
  });

  it('follows real time, not the moved clock', async () => {
    const { secret } = await user.enrolTotp(email, now);
    await world.control.clock({ advance: 3600 });
    expect((await stepUp(totp(secret, now))).status).toBe(200);
    now += 90_000;
    expect((await stepUp(totp(secret, now - 60_000))).body.code).toBe('mfa_invalid_code');
    expect((await stepUp(totp(secret, now))).status).toBe(200);
  });

  it('of fifty uses of a code at once takes one', async () => {
    const { secret } = await user.enrolTotp(email, now);
    const code = totp(secret, now);
    const { won } = await fifty(world, () => stepUp(code));
    expect(won).toBe(1);
  });

  it('is blocked by five wrong codes for five minutes', async () => {
    const { secret } = await user.enrolTotp(email, now);
    const code = totp(secret, now);
    const answers = await Promise.all(Array.from({ length: 50 }, () => stepUp(wrong(code))));
    expect(answers.filter(({ body }) => body.code === 'mfa_invalid_code')).toHaveLength(5);
    expect(await stepUp(code)).toMatchObject({ status: 429, body: { code: 'mfa_rate_limited' } });
    await world.control.clock({ advance: 300 });
    expect((await stepUp(code)).status).toBe(200);
  });

  it('is the user’s own, and gone when it is removed', async () => {
    const { id, secret } = await user.enrolTotp(email, now);
    const other = await signedIn(world, `thief${made}@example.com`);
    expect(await other.post('users/mfa/auth/totp', { code: totp(secret, now), id })).toMatchObject({
      status: 422,
      body: { code: 'mfa_device_not_found' },
    });
    expect((await other.call('PUT', `users/mfa/${id}`)).body.code).toBe('mfa_device_not_found');
    expect((await user.call('PUT', `users/mfa/${id}`)).status).toBe(204);
    const headers = { 'x-mfa-auth-token': '' };
    expect((await user.call('DELETE', `users/mfa/${id}`, { headers })).body.code).toBe(
      'elevated_access_token_required',
    );
    const elevated = elevatedOf(await stepUp(totp(secret, now)));
    expect((await user.call('DELETE', `users/mfa/${id}`, { headers, elevated })).status).toBe(204);
    expect((await user.get('users/mfa')).body).toEqual({ count: 0, devices: [] });
  });
});

describe('a user with a factor', () => {
  it('cannot re-authenticate instead, and the code stays good', async () => {
    const before = await user.send(email);
    const { id } = await user.enrolTotp(email, now);
    for (const path of ['emailVerifications/verify', 'users/mfa/auth/email']) {
      expect(await user.post(path, { ...before, requestedScopes: ['wallet:export'] })).toMatchObject({
        status: 403,
        body: { code: 'mfa_required' },
      });
    }
    await user.call('PUT', `users/mfa/${id}`);
    expect((await new Client(world).post('emailVerifications/signin', before)).status).toBe(200);
    const early = await new Client(world).signIn(email, { allowNewMFALinking: true });
    expect(early.body).not.toHaveProperty('elevatedAccessToken');
  });
});

describe('recovery codes', () => {
  const codes = async (method = 'GET'): Promise<string[]> => {
    const { body } = await user.call(method, 'users/mfa/recovery');
    expect(body.count).toBe((body.recoveryCodes as string[]).length);
    return body.recoveryCodes as string[];
  };
  const spend = (code: string, by = user): Promise<Answer> =>
    by.post('users/mfa/auth/recovery', { code, requestedScopes: ['wallet:export'] });

  it('are ten, shown again, each good once, however it is written', async () => {
    await user.enrolTotp(email, now);
    const set = await codes();
    expect(set).toHaveLength(10);
    expect(new Set(set).size).toBe(10);
    for (const code of set) expect(code).toMatch(/^[a-z0-9]{10}$/);
    expect(await codes()).toEqual(set);
    const [first = ''] = set;
    const written = `${first.slice(0, 5).toUpperCase()}-${first.slice(5)} `;
    expect(decodeJwt(elevatedOf(await spend(written)))).toMatchObject({ scope: 'wallet:export', singleUse: true });
    expect(await spend(first)).toMatchObject({ status: 422, body: { code: 'mfa_invalid_code' } });
    expect(await codes()).toEqual(set.slice(1));
  });

  it('of fifty uses of one at once one wins', async () => {
    await user.enrolTotp(email, now);
    const [code = ''] = await codes();
    const { won } = await fifty(world, () => spend(code));
    expect(won).toBe(1);
  });

  it('end with a new set', async () => {
    await user.enrolTotp(email, now);
    const [old = ''] = await codes();
    const [fresh = ''] = await codes('POST');
    expect((await spend(old)).body.code).toBe('mfa_invalid_code');
    expect((await spend(fresh)).status).toBe(200);
  });

  it('are nobody else’s, and nothing without a factor', async () => {
    const [code = ''] = await codes();
    expect((await spend(code)).body.code).toBe('mfa_device_not_found');
    const other = await signedIn(world, `finder${made}@example.com`);
    await other.enrolTotp(`finder${made}@example.com`, now);
    expect((await spend(code, other)).body.code).toBe('mfa_invalid_code');
  });

  it('are in no state, event or log', async () => {
    await user.enrolTotp(email, now);
    const set = await codes();
    const all = JSON.stringify([await world.control.exportState(), world.events]);
    for (const code of set) expect(all).not.toContain(code);
  });
});
