/** Checks the signature of a recorded hook call, and finds out what is wrong with one that does not fit. */
import { constants, verify, type KeyObject } from 'node:crypto';
import type { CheckingKey } from './hook-key-set.js';
import { bitsOf } from './keys.js';
import { rewritingsOf } from './hook-rewritings.js';
import { readSignature } from './hook-signature-text.js';

export type SignatureProblem =
  | 'signature_missing'
  | 'signature_malformed'
  | 'key_unknown'
  | 'key_unfit'
  | 'other_key'
  | 'other_algorithm'
  | 'other_bytes'
  | 'no_match';

/** `keyId` is the key that the signature fits, else the one that it names. `notes` are deviations that a checker has to bear. */
export type SignatureFinding =
  | { valid: true; keyId: string | undefined; saltLength: number; notes: string[] }
  | { valid: false; keyId: string | undefined; problem: SignatureProblem; message: string; hint?: string | undefined };

/** A recorded call. `signature` and `keyId` are the headers X-Webhook-Signature and X-Webhook-Signature-Key-Id. */
export interface RecordedCall {
  body: Uint8Array;
  signature: string;
  /** Absent: every key is tried. */
  keyId?: string | undefined;
}

/**
 * RSASSA-PSS with SHA-256 over the raw body, with or without prefix, in either alphabet, padded or not, of any salt length. Prelude:
 * hook signature.
 */
export function findSignature(
  { body, signature, keyId }: RecordedCall,
  keys: readonly CheckingKey[],
): SignatureFinding {
  const bad = (problem: SignatureProblem, message: string, hint?: string): SignatureFinding => {
    return { valid: false, keyId, problem, message, hint };
  };
  const read = readSignature(signature);
  if ('problem' in read) return bad(read.problem, read.message, read.hint);
  const named = keyId === undefined ? [...keys] : keys.filter(({ kid }) => kid === keyId);
  const others = keys.filter((key) => !named.includes(key));
  const usable = named.filter(hasPublicKey);
  const fitting = usable.find(({ publicKey }) => fits(publicKey, body, read.bytes));
  if (fitting && read.encoding === 'base64') {
    const notes = keyId === undefined ? [...read.notes, 'No key id was given: every key was tried.'] : read.notes;
    return { valid: true, keyId: fitting.kid, saltLength: saltLengthOf(fitting.publicKey, body, read.bytes), notes };
  }
  if (fitting) {
    const hint = 'It is base64url: A-Z a-z 0-9 - _';
    return bad('signature_malformed', 'The signature is right, but in hexadecimal instead of base64url.', hint);
  }
  const stranger = others.filter(hasPublicKey).find(({ publicKey }) => fits(publicKey, body, read.bytes));
  if (stranger) {
    const message = `The signature is of the key ${stranger.kid ?? 'without a kid'}, and not of ${keyId}, which the call names.`;
    return bad('other_key', message, 'The key id must be the one of the same call.');
  }
  if (named.length === 0)
    return bad('key_unknown', unknownKey(keyId, keys), 'Fetch the set again: the key may be new.');
  if (usable.length === 0) {
    return bad(
      'key_unfit',
      `The key ${keyId ?? ''} of the set cannot check it: ${named[0]?.unfit}.`.replace('  ', ' '),
    );
  }
  return mismatch(body, read.bytes, usable, bad);
}

type Usable = CheckingKey & { publicKey: KeyObject };
type Bad = (problem: SignatureProblem, message: string, hint?: string) => SignatureFinding;

/** None of the keys fits: tries what usually went wrong. */
function mismatch(body: Uint8Array, signature: Buffer, keys: Usable[], bad: Bad): SignatureFinding {
  for (const { publicKey } of keys) {
    const algorithm = otherAlgorithm(publicKey, body, signature);
    if (algorithm) {
      return bad('other_algorithm', `The signature is ${algorithm}.`, 'Calls are signed with RSASSA-PSS and SHA-256.');
    }
  }
  for (const { words, bytes } of rewritingsOf(body)) {
    if (!keys.some(({ publicKey }) => fits(publicKey, bytes, signature))) continue;
    const hint = 'Check the raw bytes as they arrived, before anything parses or rewrites them.';
    return bad('other_bytes', `The signature is over other bytes: it fits ${words}.`, hint);
  }
  const sizes = [...new Set(keys.map(({ publicKey }) => Math.ceil(bitsOf(publicKey) / 8)))];
  if (!sizes.includes(signature.length)) {
    const message = `The signature has ${signature.length} bytes, and one of this key has ${sizes.join(' or ')}.`;
    return bad('signature_malformed', message, 'It is cut off, or of another key.');
  }
  const hint = 'The body was changed, or is of another call, or another key than the published one has signed it.';
  return bad('no_match', 'The signature fits neither the body nor a usual rewriting of it.', hint);
}

function unknownKey(keyId: string | undefined, keys: readonly CheckingKey[]): string {
  const kids = keys.map(({ kid }) => kid ?? '(none)').join(', ');
  return keyId === undefined
    ? 'The set has no key.'
    : `The set has no key with the id ${keyId}. It has ${kids === '' ? 'no key at all' : kids}.`;
}

function hasPublicKey(key: CheckingKey): key is Usable {
  return key.publicKey !== undefined;
}

function fits(
  key: KeyObject,
  body: Uint8Array,
  signature: Buffer,
  saltLength: number = constants.RSA_PSS_SALTLEN_AUTO,
): boolean {
  return verify('sha256', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

/** Bytes of the salt: 32 as a rule, else looked for up to the most that fits (RFC 8017 §9.1.1). */
function saltLengthOf(key: KeyObject, body: Uint8Array, signature: Buffer): number {
  const most = Math.ceil((bitsOf(key) - 1) / 8) - 34;
  for (const length of [32, ...Array.from({ length: most + 1 }, (_, at) => at)]) {
    if (fits(key, body, signature, length)) return length;
  }
  throw new Error('a signature of any salt length has none that fits');
}

function otherAlgorithm(key: KeyObject, body: Uint8Array, signature: Buffer): string | undefined {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };
  for (const [hash, name] of [
    ['sha256', 'SHA-256'],
    ['sha384', 'SHA-384'],
    ['sha512', 'SHA-512'],
    ['sha1', 'SHA-1'],
  ] as const) {
    if (verify(hash, body, { key, ...pkcs1 }, signature)) return `RSASSA-PKCS1-v1_5 with ${name}`;
    if (hash !== 'sha256' && verify(hash, body, { key, ...pss }, signature)) return `RSASSA-PSS with ${name}`;
  }
  return undefined;
}
