/** The value of X-Webhook-Signature, as it may have been recorded. */
import { SIGNATURE_PREFIX } from './hook-call.js';

export type ReadSignature =
  | { bytes: Buffer; encoding: 'base64' | 'hex'; notes: string[] }
  | { problem: 'signature_missing' | 'signature_malformed'; message: string; hint?: string | undefined };

/** Longer than that of any RSA key. */
const MAX_LENGTH = 8192;

/** The bytes of a signature: prefix, padding and alphabet are as they are; what a checker has to bear is noted. */
export function readSignature(value: string): ReadSignature {
  const text = value.trim();
  if (text === '') return { problem: 'signature_missing', message: 'The signature is empty.' };
  if (text.length > MAX_LENGTH) return malformed(`The signature has ${text.length} characters: it is something else.`);
  const [, prefix, encoded = text] = /^([A-Za-z][\w-]*=)(?!=*$)(.*)$/s.exec(text) ?? [];
  if (prefix !== undefined && prefix.toLowerCase() !== SIGNATURE_PREFIX) {
    const hint = prefix === 'sha256=' ? 'HMAC is of very old documentation.' : undefined;
    return malformed(`The signature has the prefix ${prefix} and not ${SIGNATURE_PREFIX}`, hint);
  }
  const notes = prefix === undefined ? [`It has no prefix ${SIGNATURE_PREFIX} before it.`] : [];
  if (/^(?:[0-9a-f]{2}){64,}$/i.test(encoded) && encoded.length % 64 === 0) {
    return { bytes: Buffer.from(encoded, 'hex'), encoding: 'hex', notes };
  }
  const wrong = /[^\w+/=-]/.exec(encoded)?.[0];
  if (wrong !== undefined)
    return malformed(`The signature has a character that no base64 has: ${shown(wrong)}.`, hintFor(wrong));
  if (!/^[\w+/-]+={0,2}$/.test(encoded))
    return malformed('The signature has = within it.', 'It may be cut or two values.');
  if (encoded.replace(/=+$/, '').length % 4 === 1) {
    return malformed('The signature has a length that no base64 has.', 'It is cut off, or has a character too many.');
  }
  if (/[+/]/.test(encoded)) notes.push('It is in the standard alphabet (+ and /) and not in base64url.');
  if (encoded.endsWith('=')) notes.push('It is padded with =.');
  return { bytes: Buffer.from(encoded, 'base64'), encoding: 'base64', notes };
}

function malformed(message: string, hint?: string): ReadSignature {
  return { problem: 'signature_malformed', message, hint };
}

function shown(character: string): string {
  if (/\s/.test(character)) return character === ' ' ? 'a blank' : 'a line end or tab';
  return /\p{C}/u.test(character) ? 'a control character' : character;
}

function hintFor(character: string): string | undefined {
  if (character === ' ') return 'A + becomes a blank where a value is decoded as part of a URL.';
  if (character === '%') return 'It is encoded as part of a URL: decode it first.';
  if (character === '"' || character === "'") return 'Leave out the quotation marks.';
  return /\s/.test(character) ? 'Write it on one line.' : 'It is base64url: A-Z a-z 0-9 - _';
}
