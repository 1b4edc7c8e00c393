/** DPoP (RFC 9449): a session's key and the proofs made with it. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import * as v from 'valibot';

const coordinate = v.pipe(v.string(), v.regex(/^[\w-]{42,44}$/));

/** A P-256 private key as a JWK (RFC 7518 §6.2). `d` is the secret. */
export const dpopKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
});
export type DpopKey = v.InferOutput<typeof dpopKeySchema>;

export interface ProofClaims {
  /** Method, upper case. */
  htm: string;
  /** The request's URL; query and fragment are left out of the claim. */
  htu: string;
  /** Unix seconds. */
  iat: number;
  jti: string;
  /** The server's nonce, when it has given one (RFC 9449 §8). */
  nonce?: string | undefined;
  /** The access token that goes along to a resource, for `ath` (RFC 9449 §4.2). */
  accessToken?: string | undefined;
}

/** A fresh P-256 key. */
export async function generateDpopKey(): Promise<DpopKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return v.parse(dpopKeySchema, await exportJWK(privateKey));
}

/** The key's thumbprint (RFC 7638, SHA-256, base64url): what a session is bound to. */
export function thumbprint(key: DpopKey): Promise<string> {
  return calculateJwkThumbprint(publicPart(key), 'sha256');
}

/**
 * Signs one proof (RFC 9449 §4.2, ES256). Its header is exactly `typ`, `alg` and the public `jwk`; Prelude itself knows no `ath`.
 */
export async function makeProof(key: DpopKey, claims: ProofClaims): Promise<string> {
  const { htm, iat, jti, nonce, accessToken } = claims;
  const ath = accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') };
  return new SignJWT({ jti, htm, htu: proofUrl(claims.htu), iat, ...(nonce === undefined ? {} : { nonce }), ...ath })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicPart(key) })
    .sign(await importJWK(key, 'ES256'));
}

/** The `htu` of a URL: no query, no fragment, scheme and host in lower case (RFC 9449 §4.3). */
export function proofUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** A random UUID, version 4 (RFC 9562 §5.4), from 16 random bytes. */
export function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes);
  hex[6] = (hex[6]! & 0x0f) | 0x40;
  hex[8] = (hex[8]! & 0x3f) | 0x80;
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Whole seconds by which the server's clock is ahead of ours, from its `Date` header; undefined without one. `now` is in
 * milliseconds.
 */
export function clockOffset(date: string | null, now: number): number | undefined {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000) - Math.floor(now / 1000);
}

function publicPart({ kty, crv, x, y }: DpopKey): { kty: string; crv: string; x: string; y: string } {
  return { kty, crv, x, y };
}
