/** Ids and secrets in the service's own forms. */
import { createHash } from 'node:crypto';
import type { RandomBytes } from '../randomness.js';

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id such as `usr_` and 26 characters (128 bits). */
export function newId(prefix: string, randomBytes: RandomBytes): string {
  let bits = BigInt(`0x${Buffer.from(randomBytes(16)).toString('hex')}`);
  let text = '';
  for (let index = 0; index < 26; index++) {
    text = BASE32.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return `${prefix}_${text}`;
}

/** An opaque bearer secret of 256 bits, base64url. */
export function newSecret(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(32)).toString('base64url');
}

/** SHA-256 in base64url: under this name a secret is kept, so that the state holds none that could be used. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
