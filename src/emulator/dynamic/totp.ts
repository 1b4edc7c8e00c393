/** Time-based one-time passwords (RFC 6238) of six digits, SHA-1, 30 seconds. Pure. */
import { createHmac } from 'node:crypto';

const PERIOD_SECONDS = 30;
const DIGITS = 6;
/** Steps that a clock may be off, either way. */
const DRIFT = 1;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4226 §5.3: the code of a moving factor. */
export function hotp(secret: Uint8Array, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const truncated = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(truncated % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The time step that a code is of: now's, or one either way, and later than `lastStep`, as no code is taken twice (RFC 6238 §5.2).
 * `now` in milliseconds, real time. Undefined when it is of none of them.
 */
export function matchStep(secret: string, code: string, now: number, lastStep: number): number | undefined {
  const current = Math.floor(now / 1000 / PERIOD_SECONDS);
  const key = fromBase32(secret);
  for (let step = Math.max(0, current - DRIFT); step <= current + DRIFT; step++) {
    if (step > lastStep && hotp(key, step) === code) return step;
  }
  return undefined;
}

/** RFC 4648 §6, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32.charAt((value >> bits) & 31);
    }
  }
  return bits === 0 ? text : text + BASE32.charAt((value << (5 - bits)) & 31);
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const char of text) {
    value = ((value << 5) | BASE32.indexOf(char)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
