/** A key set against which the signatures of hook calls are checked (RFC 7517 §5). */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { UsageError } from '../errors.js';
import { bitsOf } from './keys.js';
import { SECRET_MEMBERS } from './key-text.js';

export interface CheckingKey {
  kid: string | undefined;
  /** Absent for a key that cannot check a hook's signature; `unfit` says why. */
  publicKey?: KeyObject;
  unfit?: string;
}

export interface CheckingKeys {
  keys: CheckingKey[];
  /** What is wrong with the set, beside the keys that are unfit. */
  warnings: string[];
}

const jwkSchema = v.looseObject({
  kty: v.string(),
  kid: v.optional(v.string()),
  use: v.optional(v.string()),
  n: v.optional(v.string()),
  e: v.optional(v.string()),
});
const setSchema = v.object({ keys: v.array(jwkSchema) });

/** Smaller keys have no room for a signature, with larger ones OpenSSL checks none. */
const LEAST_BITS = 1024;
const MOST_BITS = 16_384;

type Jwk = v.InferOutput<typeof jwkSchema>;

/** Reads a key set. `name` is where it is from. Throws UsageError DOCUMENT_INVALID for anything else; never quotes it. */
export function readKeySet(json: unknown, name: string, field: string): CheckingKeys {
  const set = v.safeParse(setSchema, json);
  if (!set.success) {
    const where = v.getDotPath(set.issues[0]) ?? 'keys';
    throw new UsageError('DOCUMENT_INVALID', `${field}: ${name} is no JSON Web Key Set: look at ${where}.`, {
      field,
      hint: 'It is {"keys":[…]}, as at https://APP.session.prelude.dev/.well-known/jwks.json',
    });
  }
  const { keys } = set.output;
  const warnings = warningsOf(keys);
  return { keys: keys.map(keyOf), warnings: keys.length === 0 ? ['The key set is empty.', ...warnings] : warnings };
}

function warningsOf(keys: Jwk[]): string[] {
  const kids = keys.map(({ kid }) => kid);
  const twice = kids.filter((kid, at) => kid !== undefined && kids.indexOf(kid) !== at);
  const leaked = keys.filter((jwk) => SECRET_MEMBERS.some((member) => jwk[member] !== undefined));
  return [
    ...leaked.map(({ kid }) => `THE SET HAS A PRIVATE KEY (kid ${kid ?? 'none'}): whoever reads it can sign calls.`),
    ...[...new Set(twice)].map((kid) => `Two keys of the set have the kid ${kid}.`),
  ];
}

function keyOf(jwk: Jwk): CheckingKey {
  const { kty, kid, use, n, e } = jwk;
  if (kty !== 'RSA') return { kid, unfit: `it is of type ${kty}, and calls are signed with RSA` };
  if (use !== undefined && use !== 'sig') return { kid, unfit: `its use is ${use}, and not sig` };
  try {
    const publicKey = createPublicKey({ key: { kty, n: n ?? '', e: e ?? '' }, format: 'jwk' });
    const bits = bitsOf(publicKey);
    if (bits >= LEAST_BITS && bits <= MOST_BITS) return { kid, publicKey };
    return { kid, unfit: `its modulus has ${bits} bits, and not ${LEAST_BITS} to ${MOST_BITS}` };
  } catch (error) {
    // What the library says may quote the key.
    if (!(error instanceof Error)) throw error;
    return { kid, unfit: 'it is damaged or not whole' };
  }
}
