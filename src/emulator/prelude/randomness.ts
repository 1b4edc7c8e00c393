/** Ids, secrets and codes, all from one source of randomness. */
import { createHash } from 'node:crypto';

/** Fills `size` bytes; the emulator's own source comes in through it. */
export type RandomBytes = (size: number) => Uint8Array;

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

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function newUuid(randomBytes: RandomBytes): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A numeric code, each of the 10^`length` equally likely. `length` is 4 to 8. */
export function newCode(length: number, randomBytes: RandomBytes): string {
  const codes = 10 ** length;
  const limit = Math.floor(2 ** 32 / codes) * codes;
  for (;;) {
    const drawn = Buffer.from(randomBytes(4)).readUInt32BE(0);
    if (drawn < limit) return String(drawn % codes).padStart(length, '0');
  }
}

/** SHA-256 in base64url: under this name a secret is kept, so that the state holds none that could be used. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
