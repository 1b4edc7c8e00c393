/** The token by which a developer's backend proves a custom step. */
import * as v from 'valibot';
import { age, seeOnce } from '../tenant-place.js';
import { parseJws, verifyRs256 } from '../jws.js';
import { FrontendError, type FrontendCode } from './errors.js';
import type { Place } from './parts.js';
import { digest } from './randomness.js';
import { currentStep, isManaged, type Challenge } from './rules.js';
import { offBy, shown } from '../shown.js';
import { MAX_TOKEN } from './tokens.js';

const LEEWAY_SECONDS = 30;
const LONGEST_SECONDS = 3600;

const VerificationClaims = v.object({
  sub: v.string(),
  challenge_id: v.string(),
  key: v.string(),
  status: v.string(),
  jti: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  iat: v.number(),
  nbf: v.number(),
  exp: v.number(),
});
type VerificationClaims = v.InferOutput<typeof VerificationClaims>;

/**
 * Checks a verification token against its challenge and marks its `jti` as seen. Returns the step's key. Throws FrontendError
 * `invalid_verification_token`, `token_mismatch`, `step_not_found`, `step_bypassed`, `step_not_completed`, `token_reused`.
 */
export async function checkVerificationToken(
  place: Place,
  token: string,
  challenge: Challenge,
  jwksUrl: string,
): Promise<string> {
  const claims = await readClaims(place, token, jwksUrl);
  if (claims.challenge_id !== challenge.id)
    throw refuse('token_mismatch', `challenge_id: expected ${challenge.id}, got ${shown(claims.challenge_id)}`);
  if (claims.sub !== challenge.userId)
    throw refuse('token_mismatch', `sub: expected ${challenge.userId}, got ${shown(claims.sub)}`);
  if (isManaged(claims.key)) throw invalid(`key: expected a custom step, got ${claims.key}, which the service runs`);
  if (!challenge.steps.some(({ key }) => key === claims.key)) {
    throw refuse('step_not_found', `key: expected a step of the challenge, got ${shown(claims.key)}`);
  }
  const current = currentStep(challenge)?.key ?? 'completed';
  if (claims.key !== current) throw refuse('step_bypassed', `key: expected ${current}, got ${shown(claims.key)}`);
  if (claims.status !== 'completed')
    throw refuse('step_not_completed', `status: expected completed, got ${shown(claims.status)}`);
  await spendJti(place, claims);
  return claims.key;
}

async function readClaims(place: Place, token: string, jwksUrl: string): Promise<VerificationClaims> {
  const jws = parseJws(token, MAX_TOKEN);
  if (!jws) throw invalid('expected a compact JWS, got something else');
  if (jws.header.alg !== 'RS256') throw invalid(`alg: expected RS256, got ${shown(jws.header.alg)}`);
  if (jws.header.crit !== undefined) throw invalid('crit: expected none, got some');
  const { kid } = jws.header;
  if (typeof kid !== 'string' || kid === '') throw invalid('kid: expected one, got none');
  const set = { tenant: place.tenant.id, address: jwksUrl, now: age(place) };
  const key = await place.keySets.find(set, kid, (words) =>
    place.services.emit(place.tenant.id, 'warning', { url: jwksUrl, words }),
  );
  if (typeof key === 'string') throw invalid(key);
  if (!verifyRs256(jws, key)) throw invalid("signature: expected one by the key set's key, got another");
  const parsed = v.safeParse(VerificationClaims, jws.payload, { abortEarly: true });
  if (!parsed.success)
    throw invalid(`${String(parsed.issues[0].path?.[0].key)}: expected the claim, got none that fits`);
  checkTimes(parsed.output, Math.floor(place.services.clock.now() / 1000));
  return parsed.output;
}

function checkTimes({ iat, nbf, exp }: VerificationClaims, now: number): void {
  if (exp + LEEWAY_SECONDS <= now) throw invalid(`exp: expected a time to come, got one ${offBy(exp - now)}`);
  if (nbf - LEEWAY_SECONDS > now) throw invalid(`nbf: expected a time that has passed, got one ${offBy(nbf - now)}`);
  if (iat - LEEWAY_SECONDS > now) throw invalid(`iat: expected a time that has passed, got one ${offBy(iat - now)}`);
  if (exp - iat > LONGEST_SECONDS)
    throw invalid(`exp: expected at most ${LONGEST_SECONDS} s after iat, got ${exp - iat} s`);
}

async function spendJti(place: Place, { jti, exp }: VerificationClaims): Promise<void> {
  const goodUntil = (exp + LEEWAY_SECONDS + 1) * 1000;
  if (await seeOnce(place, 'prelude-verification-jti', digest(jti), goodUntil)) return;
  throw refuse('token_reused', 'jti: expected a new one, got one seen before');
}

function invalid(words: string): FrontendError {
  return refuse('invalid_verification_token', words);
}

function refuse(code: FrontendCode, words: string): FrontendError {
  return new FrontendError(code, `verification token, ${words}`);
}
