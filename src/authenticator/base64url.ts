/** Bytes as text in the JSON forms of WebAuthn (RFC 4648 §5), read as leniently as browsers' clients read it. */
import * as v from 'valibot';

/** Characters. No challenge, id or handle comes near it. */
const MAX_LENGTH = 8192;

/** At least one byte. Padding and the other alphabet (RFC 4648 §4) are accepted; the output has neither. */
export const base64url = v.pipe(
  v.string('is no base64url text'),
  v.maxLength(MAX_LENGTH, 'is too long'),
  v.regex(/^[\w+/-]{2,}={0,2}$/, 'is no base64url text'),
  v.check((text) => text.replace(/=+$/, '').length % 4 !== 1, 'is no base64url text'),
  v.transform((text) => Buffer.from(text, 'base64url').toString('base64url')),
);
