/** The receiving side of Prelude's delegation hook: what is called, and whether the call is Prelude's. */
import { constants, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import * as v from 'valibot';
import type { Jwks, PublicJwk } from './jwks.js';

const callSchema = v.looseObject({
  scope_requested: v.string(),
  user_id: v.string(),
  identifiers: v.optional(v.array(v.looseObject({ type: v.string(), value: v.string() })), []),
  signals: v.optional(v.looseObject({}), {}),
  metadata: v.optional(v.record(v.string(), v.string())),
});

/** The body of a hook call, in the service's field names. */
export type HookCall = v.InferOutput<typeof callSchema>;

export type SignatureCheck =
  { valid: true; keyId: string } | { valid: false; keyId?: string | undefined; reason: string };

/** Parses the body of a hook call; undefined when it is none. */
export function parseHookCall(body: Uint8Array): HookCall | undefined {
  try {
    const parsed = v.safeParse(callSchema, JSON.parse(Buffer.from(body).toString('utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined; // no JSON, so no hook call
  }
}

/**
 * Checks a call's signature: RSASSA-PSS with SHA-256 over the raw body, any salt length, with or without the
 * `rsassa-pss-sha256=` prefix, in either base64 alphabet (Prelude: hook signature). `signature` and `keyId` are the headers
 * `X-Webhook-Signature` and `X-Webhook-Signature-Key-Id`. Throws UnreachableError when the keys cannot be fetched.
 */
export async function checkSignature(
  jwks: Pick<Jwks, 'key'>,
  call: { body: Uint8Array; signature: string | undefined; keyId: string | undefined },
): Promise<SignatureCheck> {
  const { body, signature, keyId } = call;
  if (!signature) return { valid: false, keyId, reason: 'the call has no X-Webhook-Signature header' };
  if (!keyId) return { valid: false, reason: 'the call has no X-Webhook-Signature-Key-Id header' };
  const bytes = signatureBytes(signature);
  if (!bytes) return { valid: false, keyId, reason: 'the signature is no base64url' };
  const key = await jwks.key(keyId);
  if (!key) return { valid: false, keyId, reason: 'the application publishes no key with this id' };
  if (key.kty !== 'RSA') return { valid: false, keyId, reason: 'the key with this id is no RSA key' };
  if (isSigned(key, body, bytes)) return { valid: true, keyId };
  return { valid: false, keyId, reason: 'the signature does not fit the body' };
}

function signatureBytes(signature: string): Buffer | undefined {
  const encoded = signature.trim().replace(/^rsassa-pss-sha256=/i, '');
  return /^[\w+/-]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64') : undefined;
}

function isSigned(jwk: PublicJwk, body: Uint8Array, signature: Buffer): boolean {
  const key = createPublicKey({
    key: { kty: 'RSA', n: jwk.n ?? '', e: jwk.e ?? '' } satisfies JsonWebKey,
    format: 'jwk',
  });
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify('sha256', body, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
}
