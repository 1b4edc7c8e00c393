/** The official web SDK, unmodified and in a real browser, walks phone login and step-up at the emulator over HTTPS. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningEmulator } from '../../src/emulator/emulator.js';
import type { PreludeDriver } from './pages/prelude.js';
import { launchChromium, skipsWithoutChromium, type Browser } from './support/chromium.js';
import { runEmulator } from './support/emulator.js';
import { application, type Application } from './support/prelude-application.js';
import { startBackend } from './support/prelude-backend.js';
import { scopes } from './support/prelude-claims.js';
import { startHook, type Hook } from './support/prelude-hook.js';
import { openSdkPage, valueOf, type SdkPage } from './support/sdk-page.js';

const SCOPE = 'transfer:write';
const IDENTIFIERS = ['phone_number'];

describe.skipIf(skipsWithoutChromium())('@prelude.so/js-sdk 0.6.0', () => {
  let emulator: RunningEmulator;
  let app: Application;
  let hook: Hook;
  let browser: Browser;
  let page: SdkPage<PreludeDriver>;
  let sdk: SdkPage<PreludeDriver>['sdk'];
  let phone: string;
  let users = 0;

  beforeAll(async () => {
    emulator = await runEmulator();
    app = application(emulator.ready);
    hook = await startHook(emulator.ready.prelude.jwksUrl);
    browser = await launchChromium();
    page = await openSdkPage<PreludeDriver>(browser.context, 'prelude');
    sdk = page.sdk;
  });

  afterAll(async () => {
    await page?.close();
    await browser?.close();
    await hook?.close();
    await emulator?.stop();
  });

  beforeEach(async () => {
    await page.reset();
    await sdk.open(emulator.ready.prelude.sessionDomain);
    users += 1;
    phone = `+336120000${String(users).padStart(2, '0')}`;
    hook.calls.length = 0;
  });

  async function logIn(): Promise<void> {
    valueOf(await sdk.startLogin(phone));
    valueOf(await sdk.checkLogin(await app.newestCode(phone)));
  }

  /** One code that cannot be the right one. */
  const wrong = (code: string): string => (code.startsWith('0') ? '1' : '0') + code.slice(1);

  const delegated = () =>
    app.configure({ allowedScopes: [{ scope: SCOPE, mode: 'delegated', delegated: { delegation_hook: hook.url } }] });

  const direct = (verdict: Record<string, unknown>) =>
    app.configure({
      allowedScopes: [{ scope: SCOPE, mode: 'direct', direct: { identifier_types: IDENTIFIERS, ...verdict } }],
    });

  const review = (...keys: string[]) => ({
    status: 'review',
    grant_mode: 'session-bound',
    granted_for: 300,
    steps: keys.map((key, at) => ({ order: at + 1, key, expiration_duration: 300 })),
  });

  it('logs in by phone OTP, after a wrong code and a resend', async () => {
    valueOf(await sdk.startLogin(phone));
    const first = await app.newestCode(phone);
    expect(await sdk.checkLogin(wrong(first))).toMatchObject({ error: 'BadRequestError' });
    valueOf(await sdk.retryLogin());
    expect(await app.messages(phone)).toHaveLength(2);
    valueOf(await sdk.checkLogin(await app.newestCode(phone)));

    const claims = valueOf(await sdk.claims());
    expect(claims?.sub).toMatch(/^usr_/);
    expect(claims?.sid).toMatch(/^ses_/);
    expect(scopes(claims)).toEqual([]);
  });

  it('keeps the session over a forced refresh, and ends it by logout', async () => {
    await logIn();
    const before = valueOf(await sdk.claims());
    valueOf(await sdk.forceRefresh());
    const after = valueOf(await sdk.claims());
    expect(after).toMatchObject({ sub: before?.sub, sid: before?.sid });
    expect(after?.jti).not.toBe(before?.jti);

    valueOf(await sdk.logout());
    expect(await sdk.refresh()).toMatchObject({ error: 'UnauthorizedError' });
  });

  it('asks for a scope through a hook, answers the OTP, and has the scope until it logs out', async () => {
    await delegated();
    hook.answer(review('verify_sms'));
    await logIn();
    const { sub, sid } = valueOf(await sdk.claims()) ?? {};

    const answer = valueOf(await sdk.request(SCOPE, { amount: '500' }));
    expect(answer.status).toBe('review');
    expect(hook.calls).toHaveLength(1);
    expect(hook.calls[0]).toMatchObject({
      signed: true,
      headers: { 'content-type': 'application/json', 'user-agent': 'Prelude-SessionStepUpHook/1.0' },
      body: {
        scope_requested: SCOPE,
        user_id: sub,
        identifiers: [{ type: 'phone_number', value: phone }],
        signals: { platform: 'WEB' },
        metadata: { amount: '500' },
      },
    });
    const [challenge, ...none] = valueOf(await sdk.challenges());
    expect(none).toEqual([]);
    expect(challenge).toEqual({
      currentStep: 'verify_sms',
      scopeRequested: SCOPE,
      userId: sub,
      sessionId: sid,
      challengeId: expect.any(String),
      steps: [{ order: 1, key: 'verify_sms', done: false, expirationDuration: 300 }],
      metadata: { amount: '500' },
    });
    const id = challenge!.challengeId;

    valueOf(await sdk.otpCreate(id));
    const code = await app.newestCode(phone);
    expect(await sdk.otpCheck(id, wrong(code))).toMatchObject({ error: 'BadRequestError' });
    expect(valueOf(await sdk.challenges())).toEqual([]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([]);

    valueOf(await sdk.otpCheck(id, code));
    expect(valueOf(await sdk.challenges())).toMatchObject([
      { challengeId: id, currentStep: 'completed', steps: [{ key: 'verify_sms', done: true }] },
    ]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);

    valueOf(await sdk.forceRefresh());
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
    valueOf(await sdk.logout());
    await logIn();
    expect(scopes(valueOf(await sdk.claims()))).toEqual([]);
  });

  it('sends the code of a step again, and only the new one counts', async () => {
    await delegated();
    hook.answer(review('verify_sms'));
    await logIn();
    valueOf(await sdk.request(SCOPE));
    const [challenge] = valueOf(await sdk.challenges());
    valueOf(await sdk.otpCreate(challenge!.challengeId));
    const sent = (await app.messages(phone)).length;
    valueOf(await sdk.otpRetry());
    expect(await app.messages(phone)).toHaveLength(sent + 1);
    valueOf(await sdk.otpCheck(challenge!.challengeId, await app.newestCode(phone)));
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
  });

  it('does two managed steps in their order, SMS then e-mail', async () => {
    const email = `judge-${users}@example.com`;
    await app.createUser([
      { type: 'phone_number', value: phone },
      { type: 'email_address', value: email },
    ]);
    await delegated();
    hook.answer(review('verify_sms', 'verify_email'));
    await logIn();
    valueOf(await sdk.request(SCOPE));
    const id = valueOf(await sdk.challenges())[0]!.challengeId;

    valueOf(await sdk.otpCreate(id));
    valueOf(await sdk.otpCheck(id, await app.newestCode(phone)));
    expect(valueOf(await sdk.challenges())).toMatchObject([
      { challengeId: id, currentStep: 'verify_email', steps: [{ done: true }, { done: false }] },
    ]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([]);

    valueOf(await sdk.otpCreate(id));
    valueOf(await sdk.otpCheck(id, await app.newestCode(email)));
    expect(valueOf(await sdk.challenges())).toMatchObject([{ challengeId: id, currentStep: 'completed' }]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
  });

  it('does a custom step with a verification token of the backend', async () => {
    const backend = await startBackend();
    try {
      await app.configure({
        jwksUrl: backend.jwksUrl,
        stepKeys: ['kyc_review'],
        allowedScopes: [{ scope: SCOPE, mode: 'delegated', delegated: { delegation_hook: hook.url } }],
      });
      hook.answer(review('kyc_review'));
      await logIn();
      valueOf(await sdk.request(SCOPE));
      const [challenge] = valueOf(await sdk.challenges());
      const { userId, challengeId } = challenge!;
      valueOf(
        await sdk.continueStepUp(backend.verification({ sub: userId, challenge_id: challengeId, key: 'kyc_review' })),
      );
      expect(valueOf(await sdk.challenges())).toMatchObject([{ challengeId, currentStep: 'completed' }]);
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
    } finally {
      await backend.close();
    }
  });

  it('asks for a scope with a stored verdict, no hook', async () => {
    await direct(review('verify_sms'));
    await logIn();
    expect(valueOf(await sdk.request(SCOPE)).status).toBe('review');
    expect(hook.calls).toEqual([]);
    const id = valueOf(await sdk.challenges())[0]!.challengeId;
    valueOf(await sdk.otpCreate(id));
    valueOf(await sdk.otpCheck(id, await app.newestCode(phone)));
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
  });

  it('loses a single-use scope at the next refresh', async () => {
    await direct({ ...review('verify_sms'), grant_mode: 'single-use' });
    await logIn();
    valueOf(await sdk.request(SCOPE));
    const id = valueOf(await sdk.challenges())[0]!.challengeId;
    valueOf(await sdk.otpCreate(id));
    valueOf(await sdk.otpCheck(id, await app.newestCode(phone)));
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
    valueOf(await sdk.forceRefresh());
    expect(scopes(valueOf(await sdk.claims()))).toEqual([]);
  });

  it('is refused by a block verdict, without a challenge', async () => {
    await delegated();
    hook.answer({ status: 'block', grant_mode: 'session-bound', granted_for: 300, steps: [] });
    await logIn();
    expect(valueOf(await sdk.request(SCOPE))).toEqual({ status: 'block' });
    expect(valueOf(await sdk.challenges())).toEqual([]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([]);
  });

  it('is granted at once by a continue verdict', async () => {
    await delegated();
    hook.answer({ status: 'continue', grant_mode: 'session-bound', granted_for: 300, steps: [] });
    await logIn();
    expect(valueOf(await sdk.request(SCOPE)).status).toBe('continue');
    expect(valueOf(await sdk.challenges())).toMatchObject([{ currentStep: 'completed', steps: [] }]);
    expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
  });

  it('is told by its own error class that a scope is not allowed', async () => {
    await delegated();
    await logIn();
    expect(await sdk.request('not:allowed')).toMatchObject({ error: 'ScopeNotAllowedError' });
    expect(await sdk.request(SCOPE, { 'a-key-too-long': 'x' })).toMatchObject({ error: 'InvalidMetadataError' });
    expect(await sdk.otpCreate('chl_unknown')).toMatchObject({ error: 'MissingChallengeTokenError' });
  });
});
