/** The key of a passkey: P-256, as a JWK (RFC 7518 §6.2). */
import { createECDH, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { FailedError } from '../errors.js';
import { drawScalar, P256_ORDER } from './scalar.js';

/** 32 bytes. A message of its own, as valibot's quotes the value: `d` is a secret. */
const number = v.pipe(v.string('is no key'), v.regex(/^[\w-]{43}$/, 'is no key'));

export const p256KeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: number,
  y: number,
  d: number,
});
export type P256Key = v.InferOutput<typeof p256KeySchema>;

/** A fresh key. */
export function drawP256Key(randomBytes: (size: number) => Uint8Array): P256Key {
  const d = drawScalar(randomBytes, P256_ORDER);
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(d);
  // SEC 1 §2.3.3: 0x04, then both coordinates.
  const point = curve.getPublicKey();
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return { kty: 'EC', crv: 'P-256', x: text(point.subarray(1, 33)), y: text(point.subarray(33)), d: text(d) };
}

/** The public key as SubjectPublicKeyInfo, DER. */
export function publicKeyInfo({ kty, crv, x, y }: P256Key): Buffer {
  return createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }).export({ type: 'spki', format: 'der' });
}

/** ES256: ECDSA with SHA-256, DER. Throws FailedError STORE_CORRUPTED when the numbers are no key of the curve. */
export function signEs256(key: P256Key, data: Uint8Array): Buffer {
  return sign('sha256', data, { key: signingKey(key), dsaEncoding: 'der' });
}

function signingKey(key: P256Key): KeyObject {
  try {
    return createPrivateKey({ key, format: 'jwk' });
  } catch {
    // Without a cause: what is said of a key might quote it.
    throw new FailedError('STORE_CORRUPTED', 'The key of a passkey cannot be read.');
  }
}
