/** Base32 (RFC 4648 §6), as people type it. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Characters, blanks included. Far beyond any secret. */
const MAX_LENGTH = 1024;

/**
 * The text in upper case, without blanks, hyphens and padding. Undefined when it is no base32: another character, padding within, a
 * length that no bytes have, or more than 1024 characters.
 */
export function canonicalBase32(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  // Before the letters are made capitals: some that are not ASCII (ı, ſ) have capitals that are.
  const letters = /^([A-Za-z2-7]*)={0,6}$/.exec(text.replace(/[\s-]/g, ''))?.[1];
  if (letters === undefined || [1, 3, 6].includes(letters.length % 8)) return undefined;
  return letters.toUpperCase();
}

/** The bytes of a canonical text. Bits behind the last whole byte are left out, whatever they are. */
export function base32Bytes(canonical: string): Uint8Array {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const letter of canonical) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Uint8Array.from(bytes);
}
