/** The text of a key file: which kind of key it holds, with a clear word for each kind that is of no use. Never quotes it. */
import { createPrivateKey, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { UsageError } from '../errors.js';
import { bitsOf, isKid, MIN_BITS, publicJwkOf, signingKeyOf, type PublicJwk, type SigningKey } from './keys.js';

/** Where a key's text is from, for messages. */
export interface KeySource {
  /** A path, `standard input`, or another name of it. */
  name: string;
  /** The flag that named it. */
  field: string;
  /** A `kid` that goes before the one in the text. */
  kid?: string | undefined;
}

/** OpenSSL verifies with no larger modulus. */
const MAX_BITS = 16_384;

const jwkSchema = v.looseObject({
  kty: v.string(),
  kid: v.optional(v.custom<string>(isKid)),
  use: v.optional(v.string()),
  alg: v.optional(v.string()),
});

type Jwk = v.InferOutput<typeof jwkSchema>;
type Held = { form: 'pem'; isPrivate: boolean } | { form: 'jwk'; isPrivate: boolean; jwk: Jwk };

/** The members of a JWK that are secret: RFC 7518 §6.2.2, §6.3.2 and §6.4.1. */
export const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** A private RSA key, in PEM or as a JWK. Throws UsageError KEY_INVALID, which says what the text holds instead. */
export function parseSigningKey(text: string, source: KeySource): SigningKey {
  const held = heldBy(text, source);
  if (!held.isPrivate) {
    throw invalid(source, 'holds a public key, and signing takes the private one', PUBLISHED_HINT);
  }
  const privateKey = checkedRsa(() => createPrivateKey(materialOf(held, text)), source);
  // The parts of a JWK are taken as they are, whether they belong together or not.
  const probe = Buffer.from('probe');
  if (!verify('sha256', probe, createPublicKey(privateKey), signature(privateKey, probe, source))) {
    throw invalid(source, 'holds a key whose private and public part do not belong together');
  }
  return signingKeyOf(privateKey, source.kid ?? kidOf(held));
}

/** A public RSA key, in PEM or as a JWK. Throws UsageError KEY_INVALID, also for a private one. */
export function parsePublicKey(text: string, source: KeySource): PublicJwk {
  const held = heldBy(text, source);
  if (held.isPrivate) {
    throw invalid(
      source,
      'holds a PRIVATE key where a public one belongs',
      'Give the public half: stepup keys jwks --key FILE. Where the file was shared already, make a new key.',
    );
  }
  return publicJwkOf(
    checkedRsa(() => createPublicKey(materialOf(held, text)), source),
    source.kid ?? kidOf(held),
  );
}

/** The public half of what a text holds, and whether that is private. Throws UsageError KEY_INVALID. */
export function parsePublicHalf(text: string, source: KeySource): { jwk: PublicJwk; isPrivate: boolean } {
  const { isPrivate } = heldBy(text, source);
  return { jwk: isPrivate ? parseSigningKey(text, source).jwk : parsePublicKey(text, source), isPrivate };
}

const PUBLISHED_HINT = 'Give the file that the public key was made from, or make a key with: stepup keys create';
const MAKE_HINT = 'Make one with: stepup keys create';

function heldBy(text: string, source: KeySource): Held {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label = '']) => label);
  if (labels.includes('ENCRYPTED PRIVATE KEY') || /^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw invalid(
      source,
      'holds a key that is encrypted with a password',
      'Write it out without one: (umask 077; openssl pkey -in FILE -out KEY.pem)',
    );
  }
  if (labels.includes('OPENSSH PRIVATE KEY')) {
    throw invalid(
      source,
      'holds a key in the form of OpenSSH',
      'Make PEM of a copy of it: ssh-keygen -p -m PKCS8 -f COPY',
    );
  }
  if (labels.length > 0) return { form: 'pem', isPrivate: labels.some((label) => label.endsWith('PRIVATE KEY')) };
  return jwkIn(text, source);
}

function jwkIn(text: string, source: KeySource): Held {
  const json = jsonOf(text);
  if (json === undefined) throw invalid(source, 'holds no key: neither PEM nor a JSON Web Key', MAKE_HINT);
  if (typeof json === 'object' && json !== null && !Array.isArray(json) && 'keys' in json) {
    throw invalid(source, 'holds a key set, and one key is needed', 'Give the key itself, as PEM or a JSON Web Key.');
  }
  const parsed = v.safeParse(jwkSchema, json);
  if (!parsed.success) {
    const member = v.getDotPath(parsed.issues[0]);
    throw invalid(source, `holds JSON that is no key${member === null ? '' : ` (${member})`}`, MAKE_HINT);
  }
  const jwk = parsed.output;
  if (jwk.kty === 'oct')
    throw invalid(source, 'holds a shared secret (kty oct), and RS256 takes an RSA key', MAKE_HINT);
  if (jwk.use !== undefined && jwk.use !== 'sig') throw invalid(source, 'holds a key that is not for signing (use)');
  if (jwk.alg !== undefined && jwk.alg !== 'RS256') throw invalid(source, 'holds a key of another alg than RS256');
  return { form: 'jwk', isPrivate: SECRET_MEMBERS.some((member) => jwk[member] !== undefined), jwk };
}

function materialOf(held: Held, text: string): string | { key: JsonWebKey; format: 'jwk' } {
  return held.form === 'pem' ? text : { key: held.jwk, format: 'jwk' };
}

function kidOf(held: Held): string | undefined {
  return held.form === 'jwk' ? held.jwk.kid : undefined;
}

function checkedRsa(read: () => KeyObject, source: KeySource): KeyObject {
  const key = readable(read, source);
  const type = key.asymmetricKeyType ?? 'secret';
  if (type !== 'rsa') {
    const name = type === 'ec' ? 'an EC' : type.startsWith('rsa') ? 'an RSA-PSS' : `an ${type}`;
    throw invalid(source, `holds ${name} key, and RS256 takes an RSA key`, MAKE_HINT);
  }
  const bits = bitsOf(key);
  if (bits < MIN_BITS || bits > MAX_BITS) {
    const limit = bits < MIN_BITS ? `at least ${MIN_BITS}` : `at most ${MAX_BITS}`;
    throw invalid(source, `holds an RSA key of ${bits} bits, and RS256 takes ${limit}`, MAKE_HINT);
  }
  return key;
}

function readable(read: () => KeyObject, source: KeySource): KeyObject {
  try {
    return read();
  } catch (error) {
    // What the library says may quote the key; that it is damaged is all that matters.
    if (!(error instanceof Error)) throw error;
    throw invalid(source, 'holds a key that is damaged or not whole', MAKE_HINT);
  }
}

function signature(privateKey: KeyObject, data: Buffer, source: KeySource): Buffer {
  try {
    return sign('sha256', data, privateKey);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw invalid(source, 'holds a key that cannot sign: its parts do not belong together');
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON: the caller says what that means
  }
}

function invalid({ name, field }: KeySource, what: string, hint?: string): UsageError {
  return new UsageError('KEY_INVALID', `${field}: ${name} ${what}.`, { field, hint });
}
