/** The official client, unmodified, initialises, signs in, checks and logs out at the emulator, in Node. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createApps, ORIGIN, wrong, type Apps } from './support/dynamic-app.js';
import { createClient, createDevice } from './support/dynamic-client.js';
import { startEnvironment, watchFetch, type Environment } from './support/dynamic-environment.js';
import { createWallet } from './support/dynamic-wallet.js';

const REQUIRED = 'elevated_access_token_required';
const INVALID = 'elevated_access_token_invalid';

let environment: Environment;
let apps: Apps;
let made = 0;

beforeAll(async () => {
  environment = await startEnvironment();
  apps = createApps(environment);
});
afterEach(() => apps.close());
afterAll(() => environment?.stop());

const someEmail = (): string => `client-${++made}@example.com`;

describe('@dynamic-labs-sdk/client 1.27.1 initialises', () => {
  it('from the settings of the environment', async () => {
    const app = await apps.open();
    expect(app.client).toMatchObject({ initStatus: 'finished', initError: null, user: null, token: null });
    expect(app.calls()).toEqual(['GET settings 200']);
    expect(app.client.projectSettings).toMatchObject({
      environmentName: 'sandbox',
      sdk: { minApiVersion: '2026_04_01' },
      security: { mfa: { enabled: false, methods: [{ type: 'totp' }, { type: 'passkey' }] } },
    });
  });

  it('not in an unknown environment, and says why', async () => {
    const { apiBaseUrl } = environment.dynamic;
    const unknown = { apiBaseUrl, environmentId: '99999999-9999-4999-8999-999999999999' };
    const { fetch, calls } = watchFetch({ ...environment.dynamic, ...unknown });
    const { initialize, client } = createClient({ ...unknown, origin: ORIGIN, fetch });
    await expect(initialize()).rejects.toMatchObject({
      name: 'APIError',
      status: 404,
      code: 'environment_not_found',
    });
    expect(client).toMatchObject({ initStatus: 'failed', initError: { name: 'APIError' } });
    expect(calls()).toEqual(['GET settings 404', 'GET settings 404', 'GET settings 404']);
  });
});

describe('@dynamic-labs-sdk/client 1.27.1 signs in', () => {
  it('by email, after a wrong code; a code is good once', async () => {
    const app = await apps.open();
    const email = someEmail();
    const sent = await app.sendEmail(email);
    const code = await environment.newestCode(email);
    expect(sent).toMatchObject({ email });
    await expect(app.verifyCode(sent, wrong(code))).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'wrong_email_verification_token',
    });
    await app.verifyCode(sent, code);
    expect(app.user()?.verifiedCredentials).toMatchObject([
      { format: 'email', publicIdentifier: email, signInEnabled: true },
    ]);
    expect((await app.refreshUser()).id).toBe(app.user()?.id);

    const other = await apps.open();
    await expect(other.verifyCode(sent, code)).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'invalid_email_verification',
    });
    await other.signInByEmail(email);
    expect(other.user()?.id).toBe(app.user()?.id);
    expect(other.user()?.sessionId).not.toBe(app.user()?.sessionId);
  });

  it('by SMS', async () => {
    const app = await apps.open();
    const sent = await app.sendSms('US', '5551230001');
    expect(sent).toMatchObject({ phoneCountryCode: '1', phoneNumber: '5551230001', isoCountryCode: 'US' });
    await expect(app.verifyCode(sent, wrong(await environment.newestCode('+15551230001')))).rejects.toMatchObject({
      name: 'APIError',
      code: 'wrong_sms_verification_token',
    });
    await app.verifyCode(sent, await environment.newestCode('+15551230001'));
    expect(app.user()?.verifiedCredentials).toMatchObject([
      { format: 'phoneNumber', publicIdentifier: '+15551230001' },
    ]);
  });

  it('by an external wallet', async () => {
    const wallet = createWallet();
    const app = await apps.open({ wallet });
    expect(await app.connectWallet(wallet.provider.key)).toMatchObject({ address: wallet.address });
    expect(app.user()?.verifiedCredentials).toMatchObject([
      { format: 'blockchain', publicIdentifier: wallet.address, signInEnabled: true },
    ]);
  });

  it('not by a wallet that signs with another key', async () => {
    const wallet = createWallet(createWallet().sign);
    const app = await apps.open({ wallet });
    await expect(app.connectWallet(wallet.provider.key)).rejects.toMatchObject({ code: 'invalid_verification' });
    expect(app.complaints()).toEqual(['Failed to verify message signature ownership']);
    expect(app.user()).toBeNull();
  });

  it('not with a code that was tried too often, nor with one that is too old', async () => {
    const app = await apps.open();
    const email = someEmail();
    const tried = await app.sendEmail(email);
    const code = await environment.newestCode(email);
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(app.verifyCode(tried, wrong(code))).rejects.toMatchObject({
        code: 'wrong_email_verification_token',
      });
    }
    await expect(app.verifyCode(tried, code)).rejects.toMatchObject({
      name: 'APIError',
      status: 422,
      code: 'too_many_email_verification_attempts',
    });

    const old = await app.sendEmail(email);
    await environment.control.clock({ advance: 600 });
    await expect(app.verifyCode(old, await environment.newestCode(email))).rejects.toMatchObject({
      code: 'invalid_email_verification',
    });
  });

  it('until too many codes were sent', async () => {
    await environment.control.settings({ dynamic: { otpSends: 3 } });
    const app = await apps.open();
    const email = someEmail();
    for (let sent = 0; sent < 3; sent++) await app.sendEmail(email);
    await expect(app.sendEmail(email)).rejects.toMatchObject({
      name: 'APIError',
      status: 429,
      code: 'too_many_requests',
    });
    await environment.control.settings({ dynamic: { otpSends: 1000 } });
  });

  it('with the key of its device, which the emulator checks', async () => {
    const app = await apps.open();
    await app.signInByEmail(someEmail());
    const headers = app.headersOf('emailVerifications/signin');
    expect(headers.get('x-dynamic-device-publickey')).toMatch(/^0[23][\da-f]{64}$/);
    expect(headers.get('x-dynamic-device-signed-nonce')).toMatch(/^[\da-f]{128}$/);

    const device = createDevice();
    const { sign } = device.keychain;
    device.keychain.sign = (name) => sign(name, 'another message');
    const forged = await apps.open({ device });
    await expect(forged.signInByEmail(someEmail())).rejects.toMatchObject({ name: 'APIError', status: 401 });
  });
});

describe('checkStepUpAuth', () => {
  it('says what is required, and how it can be proved', async () => {
    const app = await apps.open();
    const email = someEmail();
    await app.signInByEmail(email);
    const [credential] = app.user()?.verifiedCredentials ?? [];
    app.calls();
    for (const scope of ['wallet:export', 'credential:link', 'credential:unlink']) {
      expect(await app.check(scope)).toEqual({
        isRequired: true,
        credentials: [{ id: credential?.id, format: 'email', alias: email }],
        defaultCredentialId: credential?.id,
      });
    }
    expect(await app.check('wallet:sign')).toEqual({ isRequired: false, credentials: [] });
    expect(app.calls()).toEqual(Array.from({ length: 4 }, () => 'POST stepUp/check 200'));
  });

  it('takes every failure for required', async () => {
    const app = await apps.open();
    await app.signInByEmail(someEmail());
    app.calls();
    await environment.control.fault({
      match: { path: `/api/v0/sdk/${environment.dynamic.environmentId}/stepUp/check` },
      times: 1,
      do: { status: 500, body: { error: 'Broken' } },
    });
    expect(await app.check('wallet:sign')).toEqual({ isRequired: true, credentials: [] });
    expect(await app.check('no:such-scope')).toEqual({ isRequired: true, credentials: [] });
    expect(app.calls()).toEqual(['POST stepUp/check 500', 'POST stepUp/check 422']);
  });
});

describe('the session', () => {
  it('and its elevated tokens outlive a restart of the app', async () => {
    const app = await apps.open();
    const email = someEmail();
    await app.signInByEmail(email);
    await app.stepUpByEmail(email, ['credential:link']);

    const again = await apps.open({ device: app.device });
    expect(again.user()?.id).toBe(app.user()?.id);
    expect(await again.check('credential:link')).toEqual({ isRequired: false, credentials: [] });
    expect(again.calls()).toEqual([]);
    expect(await again.registerTotp()).toMatchObject({ type: 'totp' });

    await again.logout();
    await app.logout();
    expect(app.calls().at(-2)).toBe('POST revoke 401');
    expect(app.complaints()).toEqual(['Failed to revoke session']);
  });

  it('is renewed by refreshAuth', async () => {
    const app = await apps.open();
    await app.signInByEmail(someEmail());
    const { token, sessionExpiresAt } = app.client;
    expect((await app.refreshAuth()).user).toMatchObject({ id: app.user()?.id, sessionId: app.user()?.sessionId });
    expect(app.token()).not.toBe(token);
    expect(app.client.sessionExpiresAt?.getTime()).toBeGreaterThanOrEqual(sessionExpiresAt?.getTime() ?? Infinity);
  });

  it('is over after a logout, and so are its elevated tokens', async () => {
    const app = await apps.open();
    const email = someEmail();
    await app.signInByEmail(email);
    await app.stepUpByEmail(email, ['wallet:export']);
    const bearer = app.token() ?? '';
    const elevated = app.held('wallet:export');
    expect(elevated).toBeTypeOf('string');
    app.calls();

    await app.logout();
    expect(app.calls()).toEqual(['POST revoke 204', 'GET settings 200']);
    expect(app.headersOf('revoke').get('x-dyn-logout-reason')).toBe('user-intent');
    expect(app.client).toMatchObject({ user: null, token: null });
    expect(app.held('wallet:export')).toBeUndefined();
    expect(await app.exportKey({ bearer, elevated })).toMatchObject({ status: 401 });

    await app.signInByEmail(email);
    expect(await app.exportKey()).toEqual({ status: 403, code: REQUIRED });
    expect(await app.exportKey({ bearer: app.token() ?? '', elevated })).toEqual({ status: 403, code: INVALID });
  });
});
