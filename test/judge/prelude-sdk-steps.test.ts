/** The official web SDK judges custom steps: verification tokens of a developer's backend, good ones and every kind of bad one. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { skipsWithoutChromium } from './support/chromium.js';
import { startBackend, type Backend, type Claims } from './support/prelude-backend.js';
import { scopes } from './support/prelude-claims.js';
import { startJudge, type Judge, type Sdk } from './support/prelude-judge.js';
import { decode } from './support/request-shape.js';
import { valueOf } from './support/sdk-page.js';

const SCOPE = 'transfer:write';

describe.skipIf(skipsWithoutChromium())('@prelude.so/js-sdk 0.6.0: custom steps', () => {
  let judge: Judge;
  let sdk: Sdk;
  let backend: Backend;
  let phone: string;

  beforeAll(async () => {
    judge = await startJudge();
    sdk = judge.sdk;
    backend = await startBackend();
  });

  afterAll(async () => {
    await backend?.close();
    await judge?.close();
  });

  beforeEach(async () => {
    phone = await judge.begin();
    await judge.app.configure({
      jwksUrl: backend.jwksUrl,
      stepKeys: ['kyc_review', 'manager_approval'],
      allowedScopes: [{ scope: SCOPE, mode: 'delegated', delegated: { delegation_hook: judge.hook.url } }],
    });
    await judge.logIn(phone);
  });

  /** Opens a challenge with these steps. Answers with the claims by which a verification token names it. */
  async function challenged(...keys: string[]): Promise<{ sub: string; challenge_id: string }> {
    const steps = keys.map((key, at) => ({ order: at + 1, key, expiration_duration: 300 }));
    judge.hook.answer({ status: 'review', grant_mode: 'session-bound', granted_for: 300, steps });
    valueOf(await sdk.request(SCOPE));
    const challenge = valueOf(await sdk.challenges()).at(-1);
    return { sub: challenge!.userId, challenge_id: challenge!.challengeId };
  }

  const granted = async (): Promise<string[]> => scopes(valueOf(await sdk.claims()));
  const current = async (): Promise<string | undefined> => valueOf(await sdk.challenges())[0]?.currentStep;

  it('does a managed step, then a custom one', async () => {
    const about = await challenged('verify_sms', 'kyc_review');
    valueOf(await sdk.otpCreate(about.challenge_id));
    valueOf(await sdk.otpCheck(about.challenge_id, await judge.app.newestCode(phone)));
    expect(valueOf(await sdk.challenges())).toMatchObject([
      { challengeId: about.challenge_id, currentStep: 'kyc_review', steps: [{ done: true }, { done: false }] },
    ]);
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review' })));
    expect(await current()).toBe('completed');
    expect(await granted()).toEqual([SCOPE]);
  });

  it('does two custom steps, then a managed one', async () => {
    const about = await challenged('kyc_review', 'manager_approval', 'verify_sms');
    expect(await sdk.otpCreate(about.challenge_id)).toMatchObject({ error: 'BadRequestError' });
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review' })));
    expect(await current()).toBe('manager_approval');
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'manager_approval' })));
    expect(await current()).toBe('verify_sms');
    expect(await granted()).toEqual([]);
    valueOf(await sdk.otpCreate(about.challenge_id));
    valueOf(await sdk.otpCheck(about.challenge_id, await judge.app.newestCode(phone)));
    expect(await current()).toBe('completed');
    expect(await granted()).toEqual([SCOPE]);
  });

  const now = (): number => Math.floor(Date.now() / 1000);
  const KEY = { key: 'kyc_review' };
  const REFUSED: [what: string, error: string, token: (about: Claims) => string][] = [
    ['by another key under the known kid', 'InvalidVerificationTokenError', (a) => backend.forged({ ...a, ...KEY })],
    ['by a kid that is in no key set', 'InvalidVerificationTokenError', (a) => backend.unknownKey({ ...a, ...KEY })],
    ['by HMAC with the public key', 'InvalidVerificationTokenError', (a) => backend.confused({ ...a, ...KEY })],
    [
      'that has expired',
      'InvalidVerificationTokenError',
      (a) => backend.verification({ ...a, ...KEY, iat: now() - 600, nbf: now() - 600, exp: now() - 300 }),
    ],
    [
      'that is not yet good',
      'InvalidVerificationTokenError',
      (a) => backend.verification({ ...a, ...KEY, nbf: now() + 100 }),
    ],
    ['without a jti', 'InvalidVerificationTokenError', (a) => backend.verification({ ...a, ...KEY, jti: undefined })],
    [
      'for a step that the service runs',
      'InvalidVerificationTokenError',
      (a) => backend.verification({ ...a, key: 'verify_sms' }),
    ],
    ['of another user', 'TokenMismatchError', (a) => backend.verification({ ...a, ...KEY, sub: 'usr_somebody_else' })],
    ['for no step of it', 'StepNotFoundError', (a) => backend.verification({ ...a, key: 'address_review' })],
    [
      'for a step that is not yet due',
      'StepBypassedError',
      (a) => backend.verification({ ...a, key: 'manager_approval' }),
    ],
    [
      'that does not say completed',
      'StepNotCompletedError',
      (a) => backend.verification({ ...a, ...KEY, status: 'failed' }),
    ],
  ];

  it.each(REFUSED)('refuses a token %s with %s, and takes a good one after it', async (_what, error, token) => {
    const about = await challenged('kyc_review', 'manager_approval');
    expect(await sdk.continueStepUp(token(about))).toMatchObject({ error });
    expect(valueOf(await sdk.challenges())).toEqual([]);
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, ...KEY })));
    expect(await current()).toBe('manager_approval');
    expect(await granted()).toEqual([]);
  });

  it('refuses a jti that was seen before, in the same challenge and in the next', async () => {
    const jti = 'judge-used-once';
    const about = await challenged('kyc_review', 'manager_approval');
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review', jti })));
    const again = backend.verification({ ...about, key: 'manager_approval', jti });
    expect(await sdk.continueStepUp(again)).toMatchObject({ error: 'TokenReusedError' });
    const next = await challenged('kyc_review');
    const later = backend.verification({ ...next, key: 'kyc_review', jti });
    expect(await sdk.continueStepUp(later)).toMatchObject({ error: 'TokenReusedError' });
  });

  it('refuses a challenge token whose step is done, put back into the storage', async () => {
    const about = await challenged('kyc_review', 'manager_approval');
    const former = valueOf(await sdk.keptToken(about.challenge_id))!;
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review' })));
    valueOf(await sdk.swapToken(about.challenge_id, former));
    const token = backend.verification({ ...about, key: 'manager_approval' });
    expect(await sdk.continueStepUp(token)).toMatchObject({ error: 'TokenReusedError' });
  });

  it('sends nothing for a challenge that the page does not know', async () => {
    const about = await challenged('kyc_review');
    judge.calls();
    const token = backend.verification({ ...about, challenge_id: 'chl_unknown', key: 'kyc_review' });
    expect(await sdk.continueStepUp(token)).toMatchObject({ error: 'MissingChallengeTokenError' });
    expect(await sdk.continueStepUp('nothing.of.the-kind')).toMatchObject({ error: expect.any(String) });
    expect(judge.calls()).toEqual([]);
  });

  it('tells two open challenges apart, and refuses the token of one for the other', async () => {
    const one = await challenged('kyc_review');
    const other = await challenged('kyc_review');
    expect(other.challenge_id).not.toBe(one.challenge_id);
    const ofOther = valueOf(await sdk.keptToken(other.challenge_id))!;
    const ofOne = valueOf(await sdk.keptToken(one.challenge_id))!;
    valueOf(await sdk.swapToken(one.challenge_id, ofOther));
    const token = backend.verification({ ...one, key: 'kyc_review' });
    expect(await sdk.continueStepUp(token)).toMatchObject({ error: 'TokenMismatchError' });
    valueOf(await sdk.swapToken(one.challenge_id, ofOne));
    valueOf(await sdk.continueStepUp(token));
    expect(await granted()).toEqual([SCOPE]);
    expect(valueOf(await sdk.keptToken(other.challenge_id))).toBe(ofOther);
  });

  it('refuses a challenge token that was tampered with', async () => {
    const about = await challenged('kyc_review', 'manager_approval');
    const [header, payload, signature] = valueOf(await sdk.keptToken(about.challenge_id))!.split('.');
    const claims = { ...decode(`${header}.${payload}.`)[1], current_step: 'manager_approval' };
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
    valueOf(await sdk.swapToken(about.challenge_id, `${header}.${changed}.${signature}`));
    const token = backend.verification({ ...about, key: 'manager_approval' });
    expect(await sdk.continueStepUp(token)).toMatchObject({ error: 'InvalidChallengeTokenError' });
  });

  it('is over when its time is', async () => {
    const about = await challenged('kyc_review');
    await judge.app.advance(301);
    const token = backend.verification({ ...about, key: 'kyc_review' });
    expect(await sdk.continueStepUp(token)).toMatchObject({ error: 'ExpiredChallengeTokenError' });
    expect(await granted()).toEqual([]);
  });

  it('goes on after the access token has aged: a refusal, a refresh, and the same proof once more', async () => {
    const about = await challenged('kyc_review', 'manager_approval');
    await judge.app.advance(61);
    judge.recorder.take();
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review' })));
    const recorded = judge.recorder.take();
    expect(recorded.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/v1/session/stepup/continue 401',
      '/v1/session/refresh 200',
      '/v1/session/stepup/continue 200',
    ]);
    const [first, , second] = recorded.map(({ headers }) => decode(headers.dpop ?? '')[1].jti);
    expect(second).toBe(first);
  });

  it("follows the backend's key when it changes, and asks for the key set no more than it has to", async () => {
    const about = await challenged('kyc_review', 'manager_approval');
    backend.rotate();
    const before = backend.fetches();
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'kyc_review' })));
    valueOf(await sdk.continueStepUp(backend.verification({ ...about, key: 'manager_approval' })));
    expect(backend.fetches()).toBe(before + 1);
    expect(await granted()).toEqual([SCOPE]);
  });

  it('hands the metadata to the hook, at its limits and in any script, and refuses what is over them', async () => {
    judge.hook.answer({
      status: 'review',
      grant_mode: 'session-bound',
      granted_for: 300,
      steps: [{ order: 1, key: 'kyc_review', expiration_duration: 300 }],
    });
    const metadata = {
      twelve_chars: 'x'.repeat(32),
      payee: 'Zoë Łuczak → 東京 €',
      empty: '',
      amount: '500',
      iban: 'FR76',
    };
    valueOf(await sdk.request(SCOPE, metadata));
    expect(judge.hook.calls).toMatchObject([{ signed: true, body: { scope_requested: SCOPE, metadata } }]);
    expect(valueOf(await sdk.challenges())).toMatchObject([{ metadata }]);

    valueOf(await sdk.request(SCOPE));
    expect(judge.hook.calls[1]!.body).not.toHaveProperty('metadata');

    const refused = { error: 'InvalidMetadataError' };
    expect(await sdk.request(SCOPE, { ...metadata, sixth: 'x' })).toMatchObject(refused);
    expect(await sdk.request(SCOPE, { thirteen_char: 'x' })).toMatchObject(refused);
    expect(await sdk.request(SCOPE, { amount: 'x'.repeat(33) })).toMatchObject(refused);
    expect(judge.hook.calls).toHaveLength(2);
  });

  it('is told by its error classes that the hook failed and that nothing is configured', async () => {
    judge.hook.answer({ status: 'perhaps' });
    expect(await sdk.request(SCOPE)).toMatchObject({ error: 'InternalServerError' });
    judge.hook.answer({ status: 'review', grant_mode: 'session-bound', granted_for: 300, steps: [] });
    expect(await sdk.request(SCOPE)).toMatchObject({ error: 'InternalServerError' });
    await judge.app.unconfigure();
    expect(await sdk.request(SCOPE)).toMatchObject({ error: 'StepUpNotConfiguredError' });
    expect(await granted()).toEqual([]);
  });
});
