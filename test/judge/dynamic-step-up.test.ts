/** The official client, unmodified, steps up at the emulator by every method that does not need a browser. */
import { URI } from 'otpauth';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApps, ORIGIN, totp, wrong, type App, type Apps } from './support/dynamic-app.js';
import { startBackend, startEnvironment, type Backend, type Environment } from './support/dynamic-environment.js';
import { createPasskeys } from './support/dynamic-passkeys.js';
import { createWallet } from './support/dynamic-wallet.js';

const REQUIRED = { name: 'APIError', status: 403, code: 'elevated_access_token_required' };
const INVALID_ASSERTION = { name: 'InvalidExternalAuthError', code: 'invalid_external_auth_error' };
const NOT_REQUIRED = { isRequired: false, credentials: [] };

let environment: Environment;
let apps: Apps;
let app: App;
let email: string;
let made = 0;

beforeAll(async () => {
  environment = await startEnvironment();
  apps = createApps(environment);
});
beforeEach(async () => {
  app = await apps.open();
  email = `step-up-${++made}@example.com`;
});
afterEach(() => apps.close());
afterAll(() => environment?.stop());

/** The scope is held: the client answers by itself. */
async function expectHeld(scope: string, by: App = app): Promise<void> {
  by.calls();
  expect(await by.check(scope)).toEqual(NOT_REQUIRED);
  expect(by.calls()).toEqual([]);
}

describe('@dynamic-labs-sdk/client 1.27.1 steps up', () => {
  it('by email OTP, after a wrong code, and may enrol a factor then', async () => {
    await app.signInByEmail(email);
    await expect(app.registerTotp()).rejects.toMatchObject(REQUIRED);
    const { sessionId } = app.user() ?? {};

    const sent = await app.sendEmail(email);
    const code = await environment.newestCode(email);
    const scopes = ['credential:link'];
    await expect(app.verifyCode(sent, wrong(code), { scopes })).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'wrong_email_verification_token',
    });
    expect(app.held('credential:link')).toBeUndefined();
    await app.verifyCode(sent, code, { scopes });
    await expect(app.verifyCode(sent, code, { scopes })).rejects.toMatchObject({ code: 'invalid_email_verification' });
    expect(app.user()?.sessionId).toBe(sessionId);

    await expectHeld('credential:link');
    expect(await app.registerTotp()).toMatchObject({ type: 'totp', secret: expect.stringMatching(/^[A-Z2-7]{32}$/) });
    expect(app.calls()).toEqual(['GET users/mfa/register/totp 200']);
    await expectHeld('credential:link');
  });

  it('by SMS OTP, for one call', async () => {
    const sms = async (scopes?: string[]): Promise<void> => {
      const sent = await app.sendSms('US', '5551230002');
      await app.verifyCode(sent, await environment.newestCode('+15551230002'), scopes ? { scopes } : {});
    };
    await sms();
    expect(await app.check('wallet:export')).toMatchObject({
      isRequired: true,
      credentials: [{ format: 'phoneNumber', alias: '+15551230002' }],
    });
    await sms(['wallet:export']);
    await expectHeld('wallet:export');
    const spent = { bearer: app.token() ?? '', elevated: app.held('wallet:export') };
    expect(await app.exportKey()).toEqual({ status: 200 });
    expect(await app.check('wallet:export')).toMatchObject({ isRequired: true });
    expect(await app.exportKey()).toEqual({ status: 403, code: REQUIRED.code });
    expect(await app.exportKey(spent)).toEqual({ status: 403, code: 'elevated_access_token_invalid' });
  });

  it('by the signature of an external wallet', async () => {
    const wallet = createWallet();
    const owner = await apps.open({ wallet });
    await owner.connectWallet(wallet.provider.key);
    expect(await owner.check('wallet:export')).toMatchObject({
      isRequired: true,
      credentials: [{ format: 'blockchain', alias: wallet.address }],
    });
    owner.calls();
    await owner.verifyWallet(['wallet:export']);
    expect(owner.calls()).toEqual(['POST wallets/verify 200']);
    await expectHeld('wallet:export', owner);
    expect(await owner.exportKey()).toEqual({ status: 200 });

    wallet.provider.signMessage = async ({ message }) => ({ signature: createWallet().sign(message) });
    await expect(owner.verifyWallet(['wallet:export'])).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'invalid_verification',
    });
    expect(owner.complaints()).toEqual(['Failed to verify message signature ownership']);
    expect(owner.held('wallet:export')).toBeUndefined();
  });

  it('by TOTP, and removes the device: once with the token, not without', async () => {
    await app.signInByEmail(email);
    await app.stepUpByEmail(email, ['credential:link']);
    const { id, secret, uri } = await app.registerTotp();
    expect(URI.parse(uri)).toMatchObject({ algorithm: 'SHA1', digits: 6, period: 30, secret: { base32: secret } });
    expect((await app.mfaMethods()).userHasVerifiedMfaMethods).toBe(false);
    await expect(app.verifyTotp(wrong(totp(secret)))).rejects.toMatchObject({ name: 'MfaInvalidOtpError' });
    await app.verifyTotp(totp(secret));
    await app.setDefaultMfaDevice(id);
    expect(await app.mfaDevices()).toMatchObject([{ id, type: 'totp', verified: true, _default: true }]);
    expect(await app.mfaMethods()).toMatchObject({
      devices: [{ id }],
      passkeys: [],
      userHasVerifiedMfaMethods: true,
    });
    await expect(app.registerTotp()).rejects.toMatchObject({ name: 'APIError', status: 401 });

    app.calls();
    await expect(app.deleteMfaDevice(id)).rejects.toMatchObject({ code: 'value_must_be_defined_error' });
    expect(app.calls()).toEqual([]);

    const code = totp(secret, 1);
    await app.verifyTotp(code, { deviceId: id, scopes: ['wallet:export', 'credential:unlink'] });
    await expect(app.verifyTotp(code, { scopes: ['wallet:sign'] })).rejects.toMatchObject({
      name: 'MfaInvalidOtpError',
      code: 'mfa_invalid_otp_error',
    });
    await expectHeld('wallet:export');
    await expectHeld('credential:unlink');

    await app.deleteMfaDevice(id);
    expect(app.calls()).toEqual([`DELETE users/mfa/${id} 204`]);
    expect(app.headersOf(`users/mfa/${id}`).get('x-mfa-auth-token')).toBe('');
    // One token for both scopes, good for one call: that of the other scope is gone as well.
    expect(await app.check('wallet:export')).toMatchObject({ isRequired: true, credentials: [{ format: 'email' }] });
    await expect(app.deleteMfaDevice(id)).rejects.toMatchObject({ code: 'value_must_be_defined_error' });
    expect(app.calls()).toEqual(['POST stepUp/check 200']);
    expect(await app.mfaDevices()).toEqual([]);
  });

  it('by TOTP no more after too many wrong codes', async () => {
    await app.signInByEmail(email);
    const { code } = await app.enrolTotp(email);
    const scopes = ['wallet:export'];
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(app.verifyTotp(wrong(code), { scopes })).rejects.toMatchObject({ name: 'MfaInvalidOtpError' });
    }
    await expect(app.verifyTotp(code, { scopes })).rejects.toMatchObject({
      name: 'MfaRateLimitedError',
      code: 'mfa_rate_limited_error',
    });
    expect(app.held('wallet:export')).toBeUndefined();
  });

  it('by a recovery code, each good once', async () => {
    await app.signInByEmail(email);
    const { id } = await app.enrolTotp(email);
    const codes = await app.recoveryCodes();
    expect(new Set(codes).size).toBe(10);
    const [first = '', second = ''] = codes;

    await app.verifyRecoveryCode(first, ['credential:unlink']);
    await expect(app.verifyRecoveryCode(first, ['wallet:export'])).rejects.toMatchObject({
      name: 'MfaInvalidOtpError',
    });
    await expectHeld('credential:unlink');
    expect(await app.recoveryCodes()).toEqual(codes.slice(1));
    expect(await app.newRecoveryCodes()).toHaveLength(10);
    await expect(app.verifyRecoveryCode(second, ['wallet:export'])).rejects.toMatchObject({
      name: 'MfaInvalidOtpError',
    });
    await app.deleteMfaDevice(id);
    expect(await app.mfaDevices()).toEqual([]);
  });

  it('by passkey, of an authenticator without a browser', async () => {
    const owner = await apps.open({ passkeys: createPasskeys(ORIGIN) });
    await owner.signInByEmail(email);
    await owner.stepUpByEmail(email, ['credential:link']);
    await owner.registerPasskey();
    await owner.verifyPasskey(['wallet:export']);
    await expectHeld('wallet:export', owner);
    expect(await owner.exportKey()).toEqual({ status: 200 });
    await owner.logout();
    await owner.signInWithPasskey();
    expect(owner.user()?.verifiedCredentials).toMatchObject([{ format: 'email', publicIdentifier: email }]);
    await expect(app.signInWithPasskey()).rejects.toMatchObject({ name: 'NoWebAuthNSupportError' });
  });

  it('at sign-in already, to enrol a first factor', async () => {
    await app.verifyCode(await app.sendEmail(email), await environment.newestCode(email), { linkFactor: true });
    await expectHeld('credential:link');
    expect(await app.registerTotp()).toMatchObject({ type: 'totp' });
  });

  it('for no scope that the service does not have', async () => {
    await app.signInByEmail(email);
    await expect(app.stepUpByEmail(email, ['wallet:steal'])).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'invalid_scopes',
    });
  });
});

describe('a user with a verified factor', () => {
  it('is offered that factor only, and refused a re-authentication', async () => {
    await app.signInByEmail(email);
    const { id, code } = await app.enrolTotp(email);
    expect(await app.check('wallet:export')).toEqual({
      isRequired: true,
      credentials: [{ id, format: 'totp', type: 'totp', alias: expect.any(String) }],
      defaultCredentialId: id,
    });
    await expect(app.stepUpByEmail(email, ['wallet:export'])).rejects.toMatchObject({
      name: 'APIError',
      status: 403,
      code: 'mfa_required',
    });
    expect(app.held('wallet:export')).toBeUndefined();
    await app.verifyTotp(code, { scopes: ['wallet:export'] });
    expect(await app.exportKey()).toEqual({ status: 200 });
  });
});

describe('with an assertion of the backend', () => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await startBackend();
    await environment.control.settings({ dynamic: { externalAuth: { jwksUrl: backend.jwksUrl } } });
  });
  afterAll(() => backend?.close());

  it('the client signs in and steps up; the assertion is good once', async () => {
    const sub = 'user-of-the-backend';
    await app.signInWithAssertion(backend.assertion({ sub }));
    expect(app.user()?.verifiedCredentials).toMatchObject([{ format: 'externalUser', publicIdentifier: sub }]);

    const assertion = backend.assertion({ sub, scope: 'wallet:export' });
    app.calls();
    await app.elevateByAssertion(assertion);
    expect(app.calls()).toEqual(['POST externalAuth/verify 200']);
    await expectHeld('wallet:export');
    expect(await app.exportKey()).toEqual({ status: 200 });
    await expect(app.elevateByAssertion(assertion)).rejects.toMatchObject(INVALID_ASSERTION);
  });

  it('of somebody else, or signed by somebody else, it does not', async () => {
    await app.signInWithAssertion(backend.assertion({ sub: 'one' }));
    const stranger = await startBackend();
    try {
      const assertions = [
        backend.assertion({ sub: 'other', scope: 'wallet:export' }),
        stranger.assertion({ sub: 'one', scope: 'wallet:export' }),
      ];
      for (const assertion of assertions) {
        await expect(app.elevateByAssertion(assertion)).rejects.toMatchObject(INVALID_ASSERTION);
      }
      expect(app.held('wallet:export')).toBeUndefined();
    } finally {
      await stranger.close();
    }
  });
});

describe('calls of the client that leave the elevated token out', () => {
  it('are refused, and can be let through by the settings', async () => {
    const enforce = (on: boolean) =>
      environment.control.settings({ dynamic: { enforce: { 'emailVerifications/verify': on } } });
    await app.signInByEmail(email);
    await app.stepUpByEmail(email, ['credential:link']);
    const second = `second-${email}`;
    const sent = await app.sendEmail(second);
    const code = await environment.newestCode(second);
    await expect(app.verifyCode(sent, code)).rejects.toMatchObject(REQUIRED);
    try {
      await enforce(false);
      await app.verifyCode(sent, code);
    } finally {
      await enforce(true);
    }
    expect(app.user()?.verifiedCredentials).toMatchObject([
      { publicIdentifier: email, signInEnabled: true },
      { publicIdentifier: second, signInEnabled: false },
    ]);
  });
});
