/** The RSA key with which a developer's backend signs verification tokens, and its public half as it is published. */
import { createHash, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** A public key as a JWKS has it (RFC 7517 §4; Prelude: JWKS of custom steps). Nothing else may be in it. */
export interface PublicJwk {
  kty: 'RSA';
  kid: string;
  use: 'sig';
  alg: 'RS256';
  n: string;
  e: string;
}

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  /** The public half. */
  jwk: PublicJwk;
}

/** RFC 7518 §3.3: a key of 2048 bits or more must be used with RS256. */
export const MIN_BITS = 2048;

/** Makes a key, off the main thread. `kid` is the RFC 7638 thumbprint where none is given. */
export async function createSigningKey(bits: number, kid?: string): Promise<SigningKey> {
  const { privateKey } = await generate('rsa', { modulusLength: bits });
  return signingKeyOf(privateKey, kid);
}

/** A private RSA key under a `kid`; the thumbprint where none is given. */
export function signingKeyOf(privateKey: KeyObject, kid?: string): SigningKey {
  const jwk = publicJwkOf(createPublicKey(privateKey), kid);
  return { kid: jwk.kid, privateKey, jwk };
}

/** A public RSA key under a `kid`; the thumbprint where none is given. */
export function publicJwkOf(publicKey: KeyObject, kid?: string): PublicJwk {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  return { kty: 'RSA', kid: kid ?? thumbprint({ n, e }), use: 'sig', alg: 'RS256', n, e };
}

/** The private key as PEM (PKCS #8). It holds no `kid`. */
export function pemOf({ privateKey }: SigningKey): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The private key as a JWK, with its `kid`. */
export function privateJwkOf({ privateKey, jwk }: SigningKey): JsonWebKey {
  const { d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
  return { ...jwk, d, p, q, dp, dq, qi } as JsonWebKey;
}

/** Bits of an RSA key's modulus. */
export function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

/** RFC 7638 §3: SHA-256 of the members that are required, in their order and without blanks. */
export function thumbprint({ n, e }: { n: string; e: string }): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

/** Whether a text can be a `kid`: RFC 7517 §4.5 allows any; we want one that can be shown and typed. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^[^\p{C}\s]{1,256}$/u.test(kid);
}
