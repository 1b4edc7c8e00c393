/** A DPoP proof at a resource: every check of RFC 9449 §4.3 but whether it was seen before. */
import { base64url, calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { normalised } from '../address.js';
import { PROOF_ALGORITHM, Refused } from './refusal.js';
import type { Sent } from './incoming.js';

const MAX_PROOF = 8 * 1024;
const MAX_JTI = 512;
/** RFC 7518 §6.2.2, §6.3.2, §6.4.1: what nobody but the owner of a key may know. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const COORDINATE = /^[\w-]{43}$/;

export interface ProofPlace {
  method: string;
  /** The address that was called, where it is known. */
  address: string | undefined;
  accessToken: string;
  /** Thumbprint of the key that the access token is bound to. */
  jkt: string;
  /** Seconds since the epoch. */
  now: number;
  /** Seconds by which its time may be off, either way. */
  window: number;
}

/** A proof that is good, unless it was seen before. */
export interface Proof {
  /** Names this proof among all. */
  id: string;
  /** Seconds since the epoch. */
  iat: number;
  nonce: unknown;
}

/** Checks a proof. Throws Refused `invalid_dpop_proof`. */
export async function checkProof(sent: Sent, place: ProofPlace): Promise<Proof> {
  if (!sent) throw bad('there is no proof');
  if (sent.several || sent.text.includes(',')) throw bad('there are several proofs');
  const proof = sent.text;
  if (proof.length > MAX_PROOF) throw bad('the proof is longer than one can be');
  const { jwk, header } = headerOf(proof);
  if (header['typ'] !== 'dpop+jwt') throw bad('it is no proof by its typ');
  if (header['alg'] !== PROOF_ALGORITHM) throw bad(`the proof is not signed by ${PROOF_ALGORITHM}`);
  if (header['crit'] !== undefined) throw bad('the proof has an extension that nobody knows');
  const key = publicKeyOf(jwk);
  const { htm, htu, iat, jti, ath, nonce } = await signedClaims(proof, key);
  if (htm !== place.method) throw bad('the proof is for another method');
  if (place.address === undefined) throw bad('the address cannot be checked: this backend lacks its publicUrl');
  if (!sameAddress(htu, place.address)) throw bad('the proof is for another address');
  if (typeof iat !== 'number' || !(Math.abs(iat - place.now) <= place.window)) throw bad('the proof is not of now');
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) throw bad('the proof has no jti');
  if (ath !== (await digest(place.accessToken))) throw bad('the proof is for another token');
  if ((await calculateJwkThumbprint(key, 'sha256')) !== place.jkt) throw bad('the proof is by another key');
  return { id: await digest(`${place.jkt} ${jti}`), iat, nonce };
}

/** SHA-256 of a text, base64url. */
export async function digest(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

function bad(reason: string): Refused {
  return new Refused('invalid_dpop_proof', reason, { scheme: 'DPoP' });
}

function headerOf(proof: string): { jwk: unknown; header: Record<string, unknown> } {
  try {
    const header: Record<string, unknown> = { ...decodeProtectedHeader(proof) };
    return { jwk: header['jwk'], header };
  } catch {
    throw bad('the proof is no JWT');
  }
}

function publicKeyOf(jwk: unknown): { kty: 'EC'; crv: 'P-256'; x: string; y: string } {
  if (typeof jwk !== 'object' || jwk === null) throw bad('the proof has no key');
  const { kty, crv, x, y } = jwk as Record<string, unknown>;
  if (PRIVATE_MEMBERS.some((member) => member in jwk)) throw bad('the proof has a private key');
  const isPoint = typeof x === 'string' && typeof y === 'string' && COORDINATE.test(x) && COORDINATE.test(y);
  if (kty !== 'EC' || crv !== 'P-256' || !isPoint) throw bad('the key of the proof is none of P-256');
  return { kty, crv, x, y };
}

async function signedClaims(proof: string, key: ReturnType<typeof publicKeyOf>): Promise<Record<string, unknown>> {
  try {
    const options = { algorithms: [PROOF_ALGORITHM] };
    const { payload } = await compactVerify(proof, await importJWK(key, PROOF_ALGORITHM), options);
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (typeof claims === 'object' && claims !== null) return { ...claims };
  } catch {
    throw bad('the signature of the proof is not good'); // also for a point off the curve
  }
  throw bad('the proof has no claims');
}

function sameAddress(htu: unknown, address: string): boolean {
  const [claimed, own] = [typeof htu === 'string' ? normalised(htu) : undefined, normalised(address)];
  return claimed !== undefined && own !== undefined && claimed.username === '' && claimed.href === own.href;
}
