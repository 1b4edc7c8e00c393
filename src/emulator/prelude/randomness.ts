/** Ids and secrets in the service's own forms. */
import { createHash } from 'node:crypto';
import type { RandomBytes } from '../randomness.js';

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id such as `usr_` and 26 characters: 128 bits as one number, five to a character, the highest three in the first. */
export function newId(prefix: string, randomBytes: RandomBytes): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of randomBytes(16).toReversed()) {
    bits |= byte << held;
    for (held += 8; held >= 5; held -= 5) {
      text = BASE32.charAt(bits & 31) + text;
      bits >>= 5;
    }
  }
  return `${prefix}_${BASE32.charAt(bits)}${text}`;
}

/** An opaque bearer secret of 256 bits, base64url. */
export function newSecret(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(32)).toString('base64url');
}

/** SHA-256 in base64url: under this name a secret is kept, so that the state holds none that could be used. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
