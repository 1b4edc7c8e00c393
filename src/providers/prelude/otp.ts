/** One OTP step of a challenge: the code is sent, sent again, checked. And one custom step: its proof is handed in. */
import type { Assertion } from '../../authenticator/passkey.js';
import { RefusedError, UsageError } from '../../errors.js';
import { takeCookies } from '../../http/cookies.js';
import type { StepEvent } from '../provider.js';
import type { Challenges, Underway } from './challenges.js';
import type { Refusal } from '../refusal.js';
import { VERIFICATION_REFUSALS } from './errors.js';
import type { Frontend, FrontendAnswer } from './frontend.js';
import { hasPassed, sentAt } from '../instants.js';
import type { Verification } from './record.js';
import { proverOf } from './records.js';
import type { SessionKeeper } from './session.js';
import { channelOf } from './tokens.js';
import { verificationRefused } from './verification-refusal.js';
import { parseAnswer } from '../parse.js';
import { advancedSchema } from './wire.js';

type CodeSent = Extract<StepEvent, { type: 'code-sent' }>;

export interface Steps {
  /**
   * Sends the current step's code: the first one, or (`again`, when one is under way) by the retry call. Throws UsageError
   * STEP_UNSUPPORTED when the step has no code, RefusedError.
   */
  sendCode(underway: Underway, again: boolean): Promise<CodeSent>;
  /**
   * Checks a code and keeps the next challenge token. Throws UsageError CODE_NOT_SENT, RefusedError CODE_WRONG or CHALLENGE_OVER.
   */
  checkCode(underway: Underway, code: string): Promise<void>;
  /**
   * Hands in a custom step's verification token, or what a passkey has signed, and keeps the next challenge token. Throws RefusedError.
   */
  prove(underway: Underway, proof: Proof): Promise<void>;
}

/** What proves a step that has no code, in the service's words. */
export type Proof = { verification_token: string } | { passkey_assertion: Assertion };

/** Binds the calls of steps. `now` gives milliseconds. */
export function createSteps(
  frontend: Frontend,
  challenges: Challenges,
  keeper: SessionKeeper,
  now: () => number,
): Steps {
  async function sendCode(underway: Underway, again: boolean): Promise<CodeSent> {
    const { claims, stored } = underway;
    const channel = channelFor(underway);
    const verification = stored.sent?.verification;
    const startedAt = now();
    let answer = again && verification ? await retryCode(frontend, '/otp/retry', verification) : undefined;
    // What the retry goes by is gone with the old code; the challenge itself can still ask for a new one.
    if (!answer || answer.status === 401) {
      answer = await frontend.call({ path: '/otp', body: { challenge_token: stored.token } });
    }
    if (answer.refusal) return challenges.refuse(underway, answer.refusal);
    const at = sentAt(startedAt, answer);
    await challenges.noteSent(underway, at, verificationOf(answer, verification));
    return { type: 'code-sent', step: claims.current_step, channel, sentAt: at, challengeId: claims.challenge_id };
  }

  async function checkCode(underway: Underway, code: string): Promise<void> {
    channelFor(underway);
    const { session, stored, claims } = underway;
    if (!stored.sent) {
      throw new UsageError('CODE_NOT_SENT', `No code was sent for ${claims.current_step} yet.`, {
        hint: `Have it sent with: stepup otp send --challenge ${claims.challenge_id}`,
      });
    }
    const prover = proverOf(session);
    const answer = await frontend.call({
      path: '/otp/check',
      body: { code, challenge_token: stored.token },
      prover,
      challengeJti: claims.jti,
      spends: true,
      verificationToken: stored.sent.verification.token,
      cookies: stored.sent.verification.cookies,
    });
    if (answer.refusal) {
      // The service says "wrong code" for an expired challenge too.
      const late = hasPassed(stored.expiresAt, now());
      const refusal = late ? { ...answer.refusal, code: 'expired_challenge_token' } : aboutTheCode(answer.refusal);
      return challenges.refuse(underway, refusal);
    }
    const { challenge_token } = parseAnswer(advancedSchema, answer.json, '/otp/check');
    await challenges.keep(session.sessionId, challenge_token, answer, { prover });
  }

  async function prove(underway: Underway, proof: Proof): Promise<void> {
    const { session, stored, claims } = underway;
    const prover = proverOf(session);
    const answer = await keeper.authorized((bearer) =>
      frontend.call({
        path: '/stepup/continue',
        body: { challenge_token: stored.token, ...proof },
        bearer,
        prover,
        challengeJti: claims.jti,
        spends: true,
      }),
    );
    if (answer.refusal && VERIFICATION_REFUSALS.has(answer.refusal.code ?? '') && 'verification_token' in proof) {
      const at = now() + answer.offsetSeconds * 1000;
      throw verificationRefused({
        refusal: answer.refusal,
        token: proof.verification_token,
        challenge: claims,
        now: at,
      });
    }
    if (answer.refusal?.code === 'invalid_verification_token')
      throw passkeyRefused(answer.refusal, claims.challenge_id);
    if (answer.refusal) return challenges.refuse(underway, answer.refusal);
    const { challenge_token } = parseAnswer(advancedSchema, answer.json, '/stepup/continue');
    await challenges.keep(session.sessionId, challenge_token, answer, { prover });
  }

  return { sendCode, checkCode, prove };
}

/** Asks for a code again, by what the first call handed out (Prelude: `/otp/retry`, `/login/otp/retry`; empty body). */
export function retryCode(
  frontend: Frontend,
  path: '/otp/retry' | '/login/otp/retry',
  { token, cookies }: Verification,
): Promise<FrontendAnswer> {
  return frontend.call({ path, verificationToken: token, cookies });
}

/** What an answer to a sent code hands out for its check; what it leaves out stays as it was. */
export function verificationOf(answer: FrontendAnswer, before?: Verification): Verification {
  const token = answer.headers.get('x-verification-token') ?? before?.token;
  return { ...(token === undefined ? {} : { token }), cookies: takeCookies(before?.cookies ?? {}, answer.headers) };
}

/** A 401 on a check is about the code in play, which is gone; the session and the challenge are not concerned. */
function aboutTheCode(refusal: Refusal): Refusal {
  return refusal.code === 'unauthorized' ? { ...refusal, code: 'bad_check_code' } : refusal;
}

/** The service has the same code for a passkey's signature as for a token. */
function passkeyRefused({ status, code: serviceCode, requestId }: Refusal, challengeId: string): RefusedError {
  return new RefusedError('REFUSED', 'The service refused what the passkey of this store has signed.', {
    hint: `The challenge is kept. Try again with: stepup challenge continue ${challengeId}`,
    status,
    serviceCode,
    requestId,
  });
}

function channelFor({ claims }: Underway): 'sms' | 'email' {
  const channel = channelOf(claims.current_step);
  if (channel) return channel;
  throw new UsageError('STEP_UNSUPPORTED', `The current step is ${claims.current_step}, which has no code.`, {
    hint: `See the challenge with: stepup challenge show ${claims.challenge_id}`,
  });
}
