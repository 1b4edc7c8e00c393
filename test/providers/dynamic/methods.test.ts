/** Each method of Dynamic's StepUpAuthModule as a library call. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import { EMAIL, PHONE, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { claimsOf } from './front.js';
import { computed, drive, enrolTotp, failure, granted, hold, inbox, library, logIn, newWallet } from './library.js';

let env: Environment;
let provider: DynamicProvider;
beforeAll(async () => {
  env = await startEnvironment();
});
beforeEach(() => {
  provider = library(env);
});
afterEach(() => env.reset());
afterAll(() => env.close());

const session = () => provider.session();

describe('isStepUpRequired', () => {
  test('asks the service: required, with the ways and the preferred one, or not', async () => {
    await logIn(env, provider);
    const { id } = (await provider.credentials())[0]!;
    expect(await provider.check('wallet:export')).toEqual({
      scope: 'wallet:export',
      required: true,
      credentials: [{ id, method: 'email', label: EMAIL }],
      defaultCredentialId: id,
    });
    expect(await provider.check('wallet:sign')).toEqual({
      scope: 'wallet:sign',
      required: false,
      reason: 'not-required',
    });
  });

  test('a grant that is held answers first, and nobody is asked', async () => {
    await logIn(env, provider);
    const { expiresAt } = await hold(env, provider, 'wallet:export');
    const offline = library(env, { fetch: () => Promise.reject(new Error('the network was used')) });
    expect(await offline.check('wallet:export')).toEqual({
      scope: 'wallet:export',
      required: false,
      heldBy: 'grant',
      expiresAt,
      mode: 'single-use',
    });
  });
});

describe('promptStepUpAuth', () => {
  test('goes to re-authentication while there is no MFA, and to MFA once there is', async () => {
    await logIn(env, provider);
    const reauth = await drive(provider.request(['wallet:export'], {}), inbox(env));
    expect(reauth.map(({ type }) => type)).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
    await enrolTotp(env, provider);
    const mfa = await drive(provider.request(['wallet:export'], {}), computed);
    expect(mfa.map(({ type }) => type)).toEqual(['challenge', 'step', 'challenge', 'granted']);
    expect(mfa.at(-1)).toMatchObject({ grant: { factors: ['verify_totp'] } });
  });

  test('its grant has scopes, life, use and proof as the service gave them', async () => {
    await logIn(env, provider);
    const started = Date.now();
    const grant = await granted(provider.request(['wallet:export', 'credential:link'], {}), inbox(env));
    expect(grant).toEqual({
      scopes: ['wallet:export', 'credential:link'],
      token: expect.stringMatching(/^eyJ/),
      expiresAt: expect.any(String),
      grantedAt: expect.any(String),
      singleUse: true,
      mode: 'single-use',
      factors: ['verify_email'],
      challengeId: expect.any(String),
    });
    expect(claimsOf(grant.token)).toMatchObject({ scope: 'wallet:export credential:link', singleUse: true });
    // Dynamic: 300 s for scopes of a wallet.
    expect(Math.abs(Date.parse(grant.expiresAt) - started - 300_000)).toBeLessThan(5000);
    expect(await provider.grants()).toEqual([grant]);
  });
});

describe('promptMfa', () => {
  test('proves it by the one method there is', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const grant = await granted(provider.request(['user:update'], { method: 'mfa' }), computed);
    expect(grant).toMatchObject({
      scopes: ['user:update'],
      factors: ['verify_totp'],
      singleUse: false,
      mode: 'time-bound',
    });
  });

  test('lets one choose between several, and refuses with NO_METHOD where there is none', async () => {
    await logIn(env, provider);
    expect(await failure(drive(provider.request(['user:update'], { method: 'mfa' })))).toMatchObject({
      code: 'NO_METHOD',
      hint: 'Enrol one with: stepup mfa add',
    });
    const totp = await enrolTotp(env, provider);
    const { credentialId } = await provider.addPasskey();
    const grant = await granted(provider.request(['user:update'], { method: 'mfa' }), ({ kind, choices }) => {
      expect(kind).toBe('choice');
      expect(choices.map(({ id }) => id)).toEqual([credentialId, totp, 'recovery']);
      return { choice: credentialId! };
    });
    expect(grant.factors).toEqual(['verify_passkey']);
  });
});

describe('promptReauthenticate', () => {
  test('lets one choose between credentials, that of the sign-in first', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
    await newWallet(env, 'main');
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    const { id } = await provider.linkWallet('main');
    const [email] = (await provider.credentials()).filter(({ format }) => format === 'email');
    const grant = await granted(provider.request(['user:update'], { method: 'reauth' }), ({ choices, choiceFlags }) => {
      expect(choices.map((choice) => choice.id)).toEqual([email?.id, id]);
      expect(choiceFlags).toBe('--method NAME or --credential ID');
      return { choice: id };
    });
    expect(grant.factors).toEqual(['verify_wallet']);
  });

  test('is refused by the service once a factor is verified', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const error = await failure(drive(provider.request(['user:update'], { method: 'reauth' }), inbox(env)));
    expect(error).toMatchObject({ code: 'MFA_REQUIRED', status: 403, serviceCode: 'mfa_required' });
    expect(await provider.challenges()).toEqual([]);
  });
});

describe('sendOtp', () => {
  test('sends a code before a scope is named: by email, by SMS to the credential that is named', async () => {
    await logIn(env, provider);
    expect(await provider.openCode()).toEqual({
      type: 'code-sent',
      step: 'verify_email',
      channel: 'email',
      sentAt: expect.stringMatching(/Z$/),
      challengeId: expect.any(String),
    });
    expect(await env.newest()).toMatchObject({ to: EMAIL, purpose: 'step-up' });

    await provider.reset({ grants: true });
    await provider.logout();
    await drive(provider.login({ kind: 'phone', phone: PHONE }), inbox(env));
    const { id } = (await provider.credentials())[0]!;
    expect(await provider.openCode(id)).toMatchObject({ step: 'verify_sms', channel: 'sms' });
    expect(await env.newest()).toMatchObject({ to: PHONE, channel: 'sms' });
  });
});

describe('verifyOtp', () => {
  test('names the scopes with the code, which is then used up', async () => {
    await logIn(env, provider);
    const { challengeId = '' } = await provider.openCode();
    const { code } = await env.newest();
    const { challenge, grant } = await provider.checkCode(challengeId, code, ['wallet:export']);
    expect(challenge).toMatchObject({ challengeId, scopeRequested: 'wallet:export', currentStep: 'completed' });
    expect(grant).toMatchObject({ scopes: ['wallet:export'], factors: ['verify_email'], challengeId });
    expect(await provider.challenges()).toEqual([]);
    expect(await failure(provider.checkCode(challengeId, code, ['wallet:export']))).toMatchObject({
      code: 'CHALLENGE_UNKNOWN',
    });
  });

  test('a code by SMS', async () => {
    await drive(provider.login({ kind: 'phone', phone: PHONE }), inbox(env));
    const grant = await granted(provider.request(['wallet:export'], { method: 'sms' }), (step) => {
      expect(step).toMatchObject({ key: 'verify_sms', kind: 'otp', channel: 'sms' });
      return inbox(env)(step);
    });
    expect(grant.factors).toEqual(['verify_sms']);
  });
});

describe('verifyWallet', () => {
  test('signs with the wallet that opened the session, without a question', async () => {
    const { address } = await newWallet(env, 'main');
    await drive(provider.login({ kind: 'wallet' }));
    expect(await session()).toMatchObject({ identifier: address });
    const events = await drive(provider.request(['wallet:export'], { method: 'wallet' }));
    expect(events.map(({ type }) => type)).toEqual(['challenge', 'challenge', 'granted']);
    expect(events.at(-1)).toMatchObject({ grant: { scopes: ['wallet:export'], factors: ['verify_wallet'] } });
  });
});

describe('verifyPasskeyMfa', () => {
  test('uses the passkey of the store, without a question', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    const events = await drive(provider.request(['wallet:export'], { method: 'passkey' }));
    expect(events.map(({ type }) => type)).toEqual(['challenge', 'challenge', 'granted']);
    expect(events.at(-1)).toMatchObject({ grant: { factors: ['verify_passkey'] } });
  });
});

describe('verifyTotpMfa', () => {
  test('computes the code of the enrolled secret; a typed one does as well', async () => {
    await logIn(env, provider);
    const id = await enrolTotp(env, provider);
    const grant = await granted(provider.request(['wallet:export'], { method: 'totp', using: id }), (step) => {
      expect(step).toMatchObject({ key: 'verify_totp', kind: 'totp' });
      return computed(step);
    });
    expect(grant.factors).toEqual(['verify_totp']);
  });
});

describe('verifyRecoveryCode', () => {
  test('spends one code; it is good once', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const [code = ''] = await provider.recoveryCodes({ fresh: false });
    const grant = await granted(provider.request(['wallet:export'], { method: 'recovery' }), () => ({ code }));
    expect(grant.factors).toEqual(['verify_recovery']);
    const again = await failure(drive(provider.request(['wallet:export'], { method: 'recovery' }), () => ({ code })));
    expect(again.message).toBe('no answer is left for verify_recovery');
  });
});

describe('resetState', () => {
  test('forgets codes and challenges, the grants only on demand, never the login; and sends nothing', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'wallet:export');
    await provider.openCode();
    const offline = library(env, { fetch: () => Promise.reject(new Error('the network was used')) });
    expect(await offline.reset({ grants: false })).toEqual({ challenges: 1, grants: 0 });
    expect(await offline.challenges()).toEqual([]);
    expect(await offline.grants()).toHaveLength(1);
    expect(await offline.reset({ grants: true })).toEqual({ challenges: 0, grants: 1 });
    expect(await offline.grants()).toEqual([]);
    expect(await offline.session()).toMatchObject({ identifier: EMAIL });
    expect(await offline.reset({ grants: true })).toEqual({ challenges: 0, grants: 0 });
  });

  test('is nothing to do where nobody is logged in', async () => {
    expect(await provider.reset({ grants: true })).toEqual({ challenges: 0, grants: 0 });
  });
});
