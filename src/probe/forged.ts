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
 * HS256 with the published key as the secret, in the form (PEM, SPKI) in which libraries are given it (RFC 8725 §2.1). Undefined where
 * nothing is published under the token's `kid`.
 */
export function hmacWithPublicKey({ header, claims }: Original, keys: readonly JWK[]): string | undefined {
  const key = keys.find(({ kid }) => kid === header['kid']) ?? keys[0];
  if (key?.kty !== 'RSA') return undefined;
  const { n = '', e = '' } = key;
  const secret = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const input = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** RS256 by a key that is published nowhere, under the `kid` that is. */
export async function byAnotherKey({ header, claims }: Original): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT(claims).setProtectedHeader({ ...header, alg: 'RS256' }).sign(privateKey);
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
