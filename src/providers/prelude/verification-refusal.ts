/** Why a verification token was refused, told apart by its own claims: the service has one code for several reasons. */
import * as v from 'valibot';
import { RefusedError } from '../../errors.js';
import { iso } from '../instants.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import { channelOf, type ChallengeClaims } from './tokens.js';

/** What is shown of a token: names without control characters, and instants. */
const name = v.fallback(v.optional(v.pipe(v.string(), v.regex(/^\P{C}{1,128}$/u))), undefined);
const instant = v.fallback(v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799))), undefined);
const claimsSchema = v.object({
  sub: name,
  challenge_id: name,
  key: name,
  status: name,
  jti: name,
  iat: instant,
  nbf: instant,
  exp: instant,
});
type Claims = v.InferOutput<typeof claimsSchema>;

/** Prelude says no longest time; an hour is what its stand-ins take. */
const LONGEST_SECONDS = 3600;

export interface Refused {
  refusal: Refusal;
  /** What was sent; never shown. */
  token: string;
  /** The challenge that it was sent for. */
  challenge: ChallengeClaims;
  /** Milliseconds since the epoch, by the service's clock. */
  now: number;
}

/** RefusedError REFUSED with the reason in words and the service's code. Prelude: errors of `/stepup/continue`. */
export function verificationRefused({ refusal, token, challenge, now }: Refused): RefusedError {
  const { status, code: serviceCode, requestId } = refusal;
  const [header, payload] = token.split('.');
  const claims = v.parse(claimsSchema, objectIn(payload));
  const reason = reasonOf(serviceCode, claims, {
    challenge,
    now,
    kid: v.parse(v.object({ kid: name }), objectIn(header)).kid,
  });
  return new RefusedError('REFUSED', reason ?? refusalError(refusal).message, { status, serviceCode, requestId });
}

interface Beside {
  challenge: ChallengeClaims;
  now: number;
  kid: string | undefined;
}

function reasonOf(code: string | undefined, claims: Claims, beside: Beside): string | undefined {
  const { challenge } = beside;
  switch (code) {
    case 'token_reused':
      return 'The verification token was used before: each one needs a jti of its own.';
    case 'token_mismatch':
      return mismatch(claims, challenge);
    case 'step_not_found':
      return `The verification token is for the step ${claims.key ?? ''}, which this challenge does not have.`;
    case 'step_bypassed':
      return `The verification token is for the step ${claims.key ?? ''}, and it is the turn of ${challenge.current_step}.`;
    case 'step_not_completed':
      return `The verification token says that the step is ${claims.status ?? ''}, and completed is needed.`;
    case 'invalid_verification_token':
      return invalid(claims, beside);
    default:
      return undefined;
  }
}

function mismatch({ challenge_id: id = '', sub = '' }: Claims, challenge: ChallengeClaims): string | undefined {
  if (id !== challenge.challenge_id) return `The verification token is for another challenge (${id}).`;
  if (sub !== challenge.sub) return `The verification token is for another user (${sub}).`;
  return undefined;
}

/** RFC 7519 §4.1: what can be seen without the key; what is left is the signature. */
function invalid(claims: Claims, { now, kid }: Beside): string {
  const lacking = (['sub', 'challenge_id', 'key', 'status', 'jti', 'iat', 'nbf', 'exp'] as const).filter(
    (each) => claims[each] === undefined,
  );
  if (lacking.length > 0) return `The verification token has no ${lacking.join(', ')}, or none that can be read.`;
  const { exp = 0, nbf = 0, iat = 0, key = '' } = claims;
  if (exp * 1000 <= now) return `The verification token has expired (at ${iso(exp * 1000)}).`;
  if (Math.max(nbf, iat) * 1000 > now) {
    return `The verification token is not good before ${iso(Math.max(nbf, iat) * 1000)}: is the clock of your backend right?`;
  }
  if (channelOf(key) || key === 'verify_passkey') {
    return `The verification token is for the step ${key}, which the service does itself.`;
  }
  const seconds = exp - iat;
  if (seconds > LONGEST_SECONDS) {
    return `The verification token is refused: it is good for too long (${seconds} s from iat to exp; ${LONGEST_SECONDS} s are surely taken).`;
  }
  return `The verification token is refused: the jwks_url of the application has no key ${kid ?? ''} that has signed it, or cannot be read.`;
}

function objectIn(part = ''): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // no JWT: the service's own code says it
  }
}
