/** Dynamic: the device signature headers, checked where a client sends them. */
import { ECDH, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Context } from 'hono';
import { DynamicError, type Env } from './errors.js';
import { burnNonce } from './nonces.js';
import type { Place } from './parts.js';

const POINT = /^0[23][0-9a-f]{64}$/i;
const SIGNATURE = /^[0-9a-f]{128}$/i;

/**
 * Checks the signature over the nonce and uses the nonce up, also when the signature is bad. Throws DynamicError
 * `invalid_device_signature`. None of the three headers is fine.
 */
export async function checkDeviceSignature(c: Context<Env>, place: Place): Promise<void> {
  const nonce = c.req.header('x-dynamic-device-nonce');
  const key = c.req.header('x-dynamic-device-publickey');
  const signature = c.req.header('x-dynamic-device-signed-nonce');
  if (nonce === undefined && key === undefined && signature === undefined) return;
  if (nonce === undefined || key === undefined || signature === undefined) throw refuse('all three headers', 'some');
  if (!(await burnNonce(place, nonce))) throw refuse('an unused nonce', 'another');
  if (!SIGNATURE.test(signature)) throw refuse('r‖s as 128 hexadecimal digits', 'something else');
  const given = { key: publicKeyOf(key), dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', Buffer.from(nonce, 'utf8'), given, Buffer.from(signature, 'hex'))) {
    throw refuse('a signature by the key', 'another');
  }
}

/** A compressed P-256 point (SEC 1 §2.3.4) in hex. */
function publicKeyOf(hex: string): KeyObject {
  if (!POINT.test(hex)) throw refuse('a compressed P-256 point', 'something else');
  try {
    const point = Buffer.from(ECDH.convertKey(hex, 'prime256v1', 'hex', 'hex', 'uncompressed') as string, 'hex');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' });
  } catch {
    throw refuse('a point of P-256', 'one off the curve');
  }
}

function refuse(expected: string, got: string): DynamicError {
  return new DynamicError('invalid_device_signature', `device signature: expected ${expected}, got ${got}`);
}
