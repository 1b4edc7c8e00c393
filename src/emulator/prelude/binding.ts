/** A proof's place in the service: nonce, key of the session, replay. */
import type { Context } from 'hono';
import { age, seeOnce } from '../tenant-place.js';
import { checkProof, type Proof } from './dpop.js';
import { FrontendError, type Env } from './errors.js';
import type { Place } from './parts.js';
import { ago } from '../shown.js';
import { digest } from './randomness.js';

/** Puts a fresh nonce on the answer, whether it will be a success or a refusal. */
export function offerNonce(c: Context<Env>, place: Place): void {
  c.header('DPoP-Nonce', place.nonces.issue(place.tenant.id, age(place)));
}

/**
 * Checks a regular proof, all but the session's key. Throws FrontendError `missing_dpop_proof`, `invalid_dpop_proof` (a replay
 * as well) or `use_dpop_nonce`.
 */
export async function requireProof(c: Context<Env>, place: Place, accessToken?: string): Promise<Proof> {
  offerNonce(c, place);
  const proof = await check(c, place, accessToken);
  await requireNonce(c, place, proof);
  await requireFresh(place, proof);
  return proof;
}

/** Prelude: a challenge proof's `jti` is that of the challenge token, it has no nonce and may be repeated until the step succeeds. */
export async function requireChallengeProof(
  c: Context<Env>,
  place: Place,
  expected: { jti: string; jkt: string; accessToken?: string },
): Promise<void> {
  const proof = await check(c, place, expected.accessToken);
  if (proof.jti !== expected.jti) {
    throw new FrontendError('invalid_dpop_proof', "DPoP proof, jti: expected the challenge token's, got another");
  }
  requireKey(proof, expected.jkt);
}

/** Throws FrontendError `dpop_key_mismatch` unless the proof was made with the session's key. */
export function requireKey(proof: { jkt: string }, jkt: string): void {
  if (proof.jkt === jkt) return;
  throw new FrontendError('dpop_key_mismatch', `DPoP proof, key: expected thumbprint ${jkt}, got ${proof.jkt}`);
}

async function check(c: Context<Env>, place: Place, accessToken: string | undefined): Promise<Proof> {
  const { services, tenant } = place;
  const { iatWindowSeconds: windowSeconds } = await services.settings(tenant.id);
  const request = { header: c.req.header('dpop'), method: c.req.method, url: c.req.url, accessToken };
  return checkProof({ ...request, now: services.clock.now(), windowSeconds }, place.proofKeys);
}

/** RFC 9449 §8: a nonce that is sent must be ours; one is needed only when the settings or a fault ask for it. */
async function requireNonce(c: Context<Env>, place: Place, { nonce }: Proof): Promise<void> {
  const { services, tenant, nonces } = place;
  if (nonce === undefined) {
    const wanted = c.get('requireNonce') === true || (await services.settings(tenant.id)).requireNonce;
    if (wanted) throw new FrontendError('use_dpop_nonce', 'DPoP proof, nonce: expected one of this service, got none');
  } else if (!nonces.accepts(nonce, tenant.id, age(place))) {
    const issuedAt = nonces.issuedAt(nonce, tenant.id);
    const got = issuedAt === undefined ? 'one that this service did not make' : `one made ${ago(age(place), issuedAt)}`;
    throw new FrontendError('use_dpop_nonce', `DPoP proof, nonce: expected one of the last five minutes, got ${got}`);
  }
}

/** RFC 9449 §11.1: each `jti` of a key counts once, for as long as its `iat` lets the proof be good. */
async function requireFresh(place: Place, { jkt, jti, iat }: Proof): Promise<void> {
  const { services, tenant } = place;
  const { iatWindowSeconds } = await services.settings(tenant.id);
  const goodUntil = (iat + iatWindowSeconds + 1) * 1000;
  if (await seeOnce(place, 'prelude-jti', digest(`${jkt} ${jti}`), goodUntil)) return;
  throw new FrontendError('invalid_dpop_proof', 'DPoP proof, jti: expected a new one, got one seen before');
}
