/** What a service asks of an authenticator, in its JSON form (WebAuthn §5.4, §5.5). What is not used here is ignored. */
import * as v from 'valibot';
import { base64url } from './base64url.js';

/** Characters. Names are shown and kept. */
const name = v.pipe(v.string(), v.maxLength(1024));
const rpId = v.pipe(v.string(), v.maxLength(253));
const credentials = v.nullish(v.array(v.object({ id: base64url })));

/** §5.4.3: the user's id has 1 to 64 bytes. */
const userId = v.pipe(
  base64url,
  v.check((text) => Buffer.byteLength(text, 'base64url') <= 64, 'is longer than 64 bytes'),
);

/** Options for making a passkey (§5.4). */
export const creationOptionsSchema = v.object({
  challenge: base64url,
  rp: v.object({ id: v.nullish(rpId), name }),
  user: v.object({ id: userId, name, displayName: v.optional(name) }),
  pubKeyCredParams: v.array(v.object({ type: v.string(), alg: v.number() })),
  excludeCredentials: credentials,
});
export type CreationOptions = v.InferOutput<typeof creationOptionsSchema>;

/** Options for using a passkey (§5.5). `userVerification` asks for less than what is always done. */
export const requestOptionsSchema = v.object({
  challenge: base64url,
  rpId: v.nullish(rpId),
  allowCredentials: credentials,
  userVerification: v.nullish(v.string()),
});
export type RequestOptions = v.InferOutput<typeof requestOptionsSchema>;
