/** Tokens that no service has signed, made from what is in a good one. A verifier that takes one checks no signature worth the name. */
import { createHmac, createPublicKey } from 'node:crypto';
import { generateKeyPair, SignJWT, type JWK } from 'jose';
import type { Claims } from './attempt.js';

/** What a forgery copies. */
export interface Original {
  header: Claims;
  claims: Claims;
}

/** `alg: none`, with an empty signature (RFC 8725 §2.1). */
export function unsigned({ header, claims }: Original): string {
  return `${encoded({ ...header, alg: 'none' })}.${encoded(claims)}.`;
}

/**
 * HS256 with the published key as the secret, in the forms in which libraries are given it (RFC 8725 §2.1): PEM of SPKI and of PKCS #1,
 * with the line end of a file and without it, as in a variable. Empty where no RSA key is published.
 */
export function hmacWithPublicKey({ header, claims }: Original, keys: readonly JWK[]): string[] {
  const jwk = keys.find(({ kid }) => kid === header['kid']) ?? keys[0];
  if (jwk?.kty !== 'RSA') return [];
  const { n = '', e = '' } = jwk;
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const files = (['spki', 'pkcs1'] as const).map((type) => key.export({ type, format: 'pem' }).toString());
  const input = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`;
  return files
    .flatMap((pem) => [pem, pem.trim()])
    .map((secret) => `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
}

/** RS256 by a key that is published nowhere, under the `kid` that is. */
export async function byAnotherKey({ header, claims }: Original): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT(claims).setProtectedHeader({ ...header, alg: 'RS256' }).sign(privateKey);
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
