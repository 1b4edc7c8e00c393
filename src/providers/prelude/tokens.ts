/**
 * A look into Prelude's tokens. A client only decodes them: the service checks signatures, and what it signed for us is not
 * ours to doubt.
 */
import * as v from 'valibot';
import { readToken } from '../parse.js';
import type { Challenge, StepKind } from '../provider.js';
import { unixSeconds } from './wire.js';

const accessSchema = v.looseObject({
  sub: v.string(),
  sid: v.optional(v.string(), ''),
  /** One space-separated string; anything else means no scope. */
  scope: v.fallback(v.optional(v.string(), ''), ''),
  /** The thumbprint of the key that the token is bound to (RFC 9449 §6.1). */
  cnf: v.fallback(v.optional(v.object({ jkt: v.string() })), undefined),
});

/** What is shown, also in errors: a name with control characters is none. */
const shownName = v.pipe(v.string(), v.regex(/^\P{Cc}*$/u));

const stepSchema = v.object({
  order: v.number(),
  key: shownName,
  done: v.optional(v.boolean(), false),
  /** Seconds. */
  expiration_duration: v.optional(v.number(), 0),
});

const challengeSchema = v.object({
  challenge_id: v.pipe(shownName, v.nonEmpty()),
  /** A step's key, or `completed`. */
  current_step: v.pipe(shownName, v.nonEmpty()),
  scope_requested: shownName,
  sub: shownName,
  sid: shownName,
  steps: v.optional(v.array(stepSchema), []),
  metadata: v.fallback(v.optional(v.record(v.string(), v.string())), undefined),
  grant_mode: v.optional(v.string()),
  exp: unixSeconds,
  jti: v.pipe(v.string(), v.nonEmpty()),
});

export type AccessClaims = v.InferOutput<typeof accessSchema>;
export type ChallengeClaims = v.InferOutput<typeof challengeSchema>;

export const COMPLETED = 'completed';

/** The claims of an access token. Throws UnreachableError ANSWER_MALFORMED. */
export function readAccessToken(token: string): AccessClaims {
  return readToken(accessSchema, token, 'an access token');
}

/** The scopes that an access token holds. */
export function scopesOf(claims: AccessClaims): string[] {
  return claims.scope.split(' ').filter((scope) => scope !== '');
}

/** The claims of a challenge token. Throws UnreachableError ANSWER_MALFORMED. */
export function readChallengeToken(token: string): ChallengeClaims {
  return readToken(challengeSchema, token, 'a challenge token');
}

/** The facts of a challenge under the names of the SDK's `onChallenge`. `expiresAt` is ISO 8601, by our clock. */
export function factsOf(claims: ChallengeClaims, expiresAt: string): Challenge {
  return {
    challengeId: claims.challenge_id,
    scopeRequested: claims.scope_requested,
    currentStep: claims.current_step,
    steps: claims.steps.map(({ order, key, done, expiration_duration }) => ({
      order,
      key,
      kind: kindOf(key),
      done,
      expirationDuration: expiration_duration,
    })),
    userId: claims.sub,
    sessionId: claims.sid,
    ...(claims.metadata ? { metadata: claims.metadata } : {}),
    expiresAt,
  };
}

/** What a step takes. Prelude: every key but those of its managed steps is a custom one. */
function kindOf(key: string): StepKind {
  if (channelOf(key)) return 'otp';
  return key === 'verify_passkey' ? 'passkey' : 'custom';
}

/** Where a managed step's code goes; undefined for a step that has none. */
export function channelOf(stepKey: string): 'sms' | 'email' | undefined {
  return stepKey === 'verify_sms' ? 'sms' : stepKey === 'verify_email' ? 'email' : undefined;
}
