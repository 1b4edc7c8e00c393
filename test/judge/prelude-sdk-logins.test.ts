/** The official web SDK judges every login that it has besides the code by SMS: by e-mail, by password, and at an OAuth provider. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { skipsWithoutChromium } from './support/chromium.js';
import { scopes } from './support/prelude-claims.js';
import { startJudge, type Judge, type Sdk } from './support/prelude-judge.js';
import { valueOf } from './support/sdk-page.js';

const COMPLIANCY = { min_length: 10, max_length: 20, uppercase: 1, lowercase: 1, numbers: 2, symbols: 1 };
const STRONG = 'Correct-horse-42';

describe.skipIf(skipsWithoutChromium())('@prelude.so/js-sdk 0.6.0: logins', () => {
  let judge: Judge;
  let sdk: Sdk;
  let phone: string;
  let email: string;

  beforeAll(async () => {
    judge = await startJudge();
    sdk = judge.sdk;
  });

  afterAll(async () => {
    await judge?.close();
  });

  beforeEach(async () => {
    phone = await judge.begin();
    email = `judge-${phone.slice(-2)}@example.com`;
  });

  it('logs in by a code by e-mail', async () => {
    valueOf(await sdk.startEmailLogin(email));
    valueOf(await sdk.checkLogin(await judge.app.newestCode(email)));
    expect(valueOf(await sdk.claims())?.sub).toMatch(/^usr_/);
    expect(await sdk.startEmailLogin('nobody')).toMatchObject({ error: 'BadRequestError' });
    expect(await sdk.startLogin('12')).toMatchObject({ error: 'BadRequestError' });
  });

  it('cannot check a code that was not asked for, and not one that was used', async () => {
    expect(await sdk.checkLogin('123456')).toMatchObject({ error: 'UnauthorizedError' });
    await judge.logIn(phone);
    expect(await sdk.checkLogin(await judge.app.newestCode(phone))).toMatchObject({ error: 'UnauthorizedError' });
  });

  it('registers another identifier, by the reserved scope', async () => {
    const scope = 'prld:email:register';
    await judge.app.configure({ allowedScopes: [{ scope, mode: 'managed' }] });
    await judge.logIn(phone);
    const { sub } = valueOf(await sdk.claims()) ?? {};
    expect(await sdk.request(scope, { identifier: 'nobody' })).toMatchObject({ error: 'BadRequestError' });
    valueOf(await sdk.request(scope, { identifier: email }));
    const [challenge] = valueOf(await sdk.challenges());
    expect(challenge).toMatchObject({ currentStep: 'verify_email', metadata: { identifier: email } });
    valueOf(await sdk.otpCreate(challenge!.challengeId));
    valueOf(await sdk.otpCheck(challenge!.challengeId, await judge.app.newestCode(email)));
    expect(scopes(valueOf(await sdk.claims()))).toEqual([scope]);
    expect(await sdk.request(scope, { identifier: email })).toMatchObject({ error: 'ConflictError' });

    valueOf(await sdk.logout());
    valueOf(await sdk.startEmailLogin(email));
    valueOf(await sdk.checkLogin(await judge.app.newestCode(email)));
    expect(valueOf(await sdk.claims())?.sub).toBe(sub);
  });

  describe('by password', () => {
    beforeEach(async () => {
      await judge.app.configurePasswords({ enabled: true, limit: 5, compliancy: COMPLIANCY });
    });

    it('signs up, logs out, and logs in again as the same user', async () => {
      valueOf(await sdk.signUp(email, STRONG));
      const first = valueOf(await sdk.claims());
      expect(first?.sub).toMatch(/^usr_/);
      valueOf(await sdk.forceRefresh());
      valueOf(await sdk.logout());
      judge.calls();
      valueOf(await sdk.loginWithPassword(email, STRONG));
      expect(judge.calls()).toEqual([
        'POST /login/email/password 200',
        'POST /login/finalize 400',
        'POST /login/finalize 200',
      ]);
      const again = valueOf(await sdk.claims());
      expect(again?.sub).toBe(first?.sub);
      expect(again?.sid).not.toBe(first?.sid);
      expect(scopes(again)).toEqual([]);
    });

    it('is refused with an error class for each reason', async () => {
      valueOf(await sdk.signUp(email, STRONG));
      valueOf(await sdk.logout());
      expect(await sdk.signUp(email, STRONG)).toMatchObject({ error: 'ConflictError' });
      expect(await sdk.signUp('nobody', STRONG)).toMatchObject({ error: 'BadRequestError' });
      expect(await sdk.loginWithPassword('nobody', STRONG)).toMatchObject({ error: 'BadRequestError' });
      expect(await sdk.loginWithPassword(`un-${email}`, STRONG)).toMatchObject({ error: 'UnauthorizedError' });
      expect(await sdk.loginWithPassword(email, 'Incorrect-horse-42')).toMatchObject({ error: 'UnauthorizedError' });
      expect(valueOf(await sdk.claims())).toBeNull();

      const unset = `unset-${email}`;
      await judge.app.createUser([{ type: 'email_address', value: unset }]);
      expect(await sdk.loginWithPassword(unset, STRONG)).toMatchObject({ error: 'GenericError' });
    });

    it('is limited to so many attempts', async () => {
      valueOf(await sdk.signUp(email, STRONG));
      valueOf(await sdk.logout());
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        expect(await sdk.loginWithPassword(email, `Incorrect-${attempt}23`)).toMatchObject({
          error: 'UnauthorizedError',
        });
      }
      expect(await sdk.loginWithPassword(email, STRONG)).toMatchObject({ error: 'RateLimitedError' });
      await judge.app.advance(61);
      valueOf(await sdk.loginWithPassword(email, STRONG));
    });

    it('is refused while it is switched off', async () => {
      await judge.app.configurePasswords({ enabled: false, limit: 5, compliancy: COMPLIANCY });
      expect(await sdk.signUp(email, STRONG)).toMatchObject({ error: 'GenericError' });
      expect(await sdk.loginWithPassword(email, STRONG)).toMatchObject({ error: 'GenericError' });
    });

    it('demands of a password what it says that it demands', async () => {
      expect(valueOf(await sdk.passwordCompliancy())).toEqual(COMPLIANCY);
      expect(valueOf(await sdk.validatePassword('Short-1'))).toEqual({
        valid: false,
        results: [
          { criteria: 'min_length', actual: 7, expected: 10, valid: false },
          { criteria: 'max_length', actual: 7, expected: 20, valid: true },
          { criteria: 'uppercase', actual: 1, expected: 1, valid: true },
          { criteria: 'lowercase', actual: 4, expected: 1, valid: true },
          { criteria: 'numbers', actual: 1, expected: 2, valid: false },
          { criteria: 'symbols', actual: 1, expected: 1, valid: true },
        ],
      });
    });

    it.each([
      [STRONG, true],
      ['Short-1', false],
      ['Correct-horse-battery-42', false],
      ['correct-horse-42', false],
      ['CORRECT-HORSE-42', false],
      ['Correct-horse-4', false],
      ['CorrectHorse42', false],
      ['Ünïcode-٤٢x', true],
      ['ünïcode-٤٢x', false],
      ['Correct 42 🐴', true],
      ['Aa-42🐴🐴🐴🐴', false],
      ['Aa-42🐴🐴🐴🐴🐴', true],
      ['Aa42日本語日本語', true],
    ])('takes or refuses %s as the SDK does', async (password, valid) => {
      expect(valueOf(await sdk.validatePassword(password)).valid).toBe(valid);
      const outcome = valid ? { value: null } : { error: 'InvalidPasswordError' };
      expect(await sdk.signUp(email, password)).toMatchObject(outcome);
    });
  });

  describe('at an OAuth provider', () => {
    beforeEach(async () => {
      await judge.app.configureOAuth('github', { options: { use_email_as_identifier: true } });
    });

    /** Opens this address in the page and follows it back. Answers with what came back in the query. */
    async function visit(address: string, hints: Record<string, string>): Promise<Record<string, string>> {
      const url = new URL(address);
      for (const [name, value] of Object.entries(hints)) url.searchParams.set(name, value);
      await judge.page.page.goto(url.href);
      return back();
    }

    /** The page is back from the provider: the client begins anew in it. */
    async function back(): Promise<Record<string, string>> {
      const { origin, searchParams } = new URL(judge.page.page.url());
      expect(origin).toMatch(/^http:\/\/localhost:\d+$/);
      await sdk.open(judge.recorder.domain);
      return Object.fromEntries(searchParams);
    }

    async function authorize(hints: Record<string, string> = { login_hint: email }): Promise<Record<string, string>> {
      return visit(valueOf(await sdk.initiateOAuth('github')).authorization_url, hints);
    }

    it('logs in, and logs the same account in as the same user again', async () => {
      const { challenge_token: token, ...rest } = await authorize();
      expect(rest).toEqual({});
      judge.calls();
      valueOf(await sdk.finalizeOAuth(token!));
      expect(judge.calls()).toEqual(['POST /login/finalize 400', 'POST /login/finalize 200']);
      const { sub } = valueOf(await sdk.claims()) ?? {};
      expect(sub).toMatch(/^usr_/);
      valueOf(await sdk.forceRefresh());
      valueOf(await sdk.logout());

      valueOf(await sdk.finalizeOAuth((await authorize()).challenge_token!));
      expect(valueOf(await sdk.claims())?.sub).toBe(sub);
    });

    it('sends the page there and back by itself', async () => {
      await Promise.all([
        judge.page.page.waitForURL(/[?&]challenge_token=/),
        sdk.leaveForOAuth('github').then((result) => valueOf(result)),
      ]);
      valueOf(await sdk.finalizeOAuth((await back()).challenge_token!));
      expect(valueOf(await sdk.claims())?.sub).toMatch(/^usr_/);
    });

    it('takes a login token once, and only from the page that began', async () => {
      const { challenge_token: token } = await authorize();
      valueOf(await sdk.finalizeOAuth(token!));
      expect(await sdk.finalizeOAuth(token!)).toMatchObject({ error: 'Error', message: 'Missing PKCE code verifier' });
      valueOf(await sdk.initiateOAuth('github'));
      expect(await sdk.finalizeOAuth(token!)).toMatchObject({ error: 'TokenReusedError' });

      const { challenge_token: stolen } = await authorize();
      valueOf(await sdk.initiateOAuth('github')); // as in another browser: a verifier, but not that of this login
      expect(await sdk.finalizeOAuth(stolen!)).toMatchObject({ error: 'InvalidChallengeTokenError' });
    });

    it('says that the user refused', async () => {
      const params = await authorize({ error: 'access_denied' });
      expect(params).toEqual({ error: 'access_denied' });
      expect(await sdk.validateOAuthCallback(params)).toEqual({ error: 'Error', message: 'access_denied' });
    });

    it('says that the address is the one of somebody else, unless accounts may be merged', async () => {
      const owner = await judge.app.createUser([{ type: 'email_address', value: email }]);
      expect(await authorize()).toEqual({ error: 'identifier_already_exists' });
      await judge.app.configureOAuth('github', {
        options: { use_email_as_identifier: true, allow_email_account_merge: true },
      });
      valueOf(await sdk.finalizeOAuth((await authorize()).challenge_token!));
      expect(valueOf(await sdk.claims())?.sub).toBe(owner);
    });

    it('cannot end in a login while the address has to be confirmed, for which the SDK has no method', async () => {
      await judge.app.configureOAuth('github', { options: { use_email_as_identifier: true, verify_email: true } });
      const { challenge_token: token } = await authorize();
      expect(await sdk.finalizeOAuth(token!)).toMatchObject({ error: 'InvalidChallengeTokenError' });
      expect(valueOf(await sdk.claims())).toBeNull();
    });

    it('is refused for a provider that is not configured or switched off', async () => {
      await judge.app.removeOAuth('okta');
      expect(await sdk.initiateOAuth('okta')).toMatchObject({ error: 'BadRequestError' });
      await judge.app.configureOAuth('apple', { enabled: false });
      expect(await sdk.initiateOAuth('apple')).toMatchObject({ error: 'BadRequestError' });
    });

    it('attaches the scopes that its configuration grants', async () => {
      await judge.app.configureOAuth('google', { granted_scopes: ['profile:read'] });
      const { authorization_url } = valueOf(await sdk.initiateOAuth('google'));
      const { challenge_token: token } = await visit(authorization_url, { login_hint: email });
      valueOf(await sdk.finalizeOAuth(token!));
      expect(scopes(valueOf(await sdk.claims()))).toEqual(['profile:read']);
      valueOf(await sdk.forceRefresh());
      expect(scopes(valueOf(await sdk.claims()))).toEqual(['profile:read']);
    });
  });
});
