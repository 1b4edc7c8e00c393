/** Checks of WebAuthn ceremonies (Level 2 §7.1, §7.2) for ES256 keys. No storage, no clock. */
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { shown } from './shown.js';
import { jsonObject } from './jws.js';

/** What a ceremony was started with. */
export interface Expected {
  origin: string;
  rpId: string;
  /** The user must have been verified, not only present. */
  verifyUser?: boolean;
}

export interface ClientData {
  type: unknown;
  challenge: string;
  origin: unknown;
}

/** Coordinates of a P-256 key, base64url. */
export interface PublicKey {
  x: string;
  y: string;
}

interface AuthenticatorData {
  rpIdHash: Buffer;
  userPresent: boolean;
  userVerified: boolean;
  counter: number;
  /** Credential id and COSE key, when the authenticator made one. */
  attested: { aaguid: string; credentialId: Buffer; publicKey: PublicKey } | undefined;
}

/** Why a ceremony is refused: what was expected and what came, in words without values. */
export class CeremonyError extends Error {
  constructor(expected: string, got: string) {
    super(`passkey: expected ${expected}, got ${got}`);
    this.name = 'CeremonyError';
  }
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;
const HEADER_BYTES = 37;
const ES256 = -7;

/** The client data, parsed and nothing more. Throws CeremonyError. */
export function parseClientData(bytes: Buffer): ClientData {
  const data = jsonObject(bytes);
  if (typeof data?.challenge !== 'string') throw new CeremonyError('client data with a challenge', 'something else');
  return { type: data.type, challenge: data.challenge, origin: data.origin };
}

/**
 * §7.1: the new credential of a registration, with the model of its authenticator (AAGUID, a UUID). Attestation `none`, or `packed` by
 * the key itself. Throws CeremonyError.
 */
export async function checkRegistration(
  given: { clientDataJSON: Buffer; attestationObject: Buffer },
  expected: Expected,
): Promise<{ aaguid: string; credentialId: Buffer; publicKey: PublicKey; counter: number }> {
  checkClientData(parseClientData(given.clientDataJSON), 'webauthn.create', expected);
  const { format, statement, authData } = await parseAttestation(given.attestationObject);
  const { attested, counter, ...rest } = await parseAuthenticatorData(authData);
  checkAuthenticatorData(rest, expected);
  if (!attested) throw new CeremonyError('a new credential', 'none');
  const key = keyOf(attested.publicKey);
  const signed = Buffer.concat([authData, hash(given.clientDataJSON)]);
  if (format === 'packed' ? !isSelfSigned(statement, signed, key) : format !== 'none') {
    throw new CeremonyError('attestation none or packed by the key itself', 'another');
  }
  return { ...attested, counter };
}

/** §7.2: the new signature counter of an assertion. Throws CeremonyError. */
export async function checkAssertion(
  given: { clientDataJSON: Buffer; authenticatorData: Buffer; signature: Buffer },
  known: { publicKey: PublicKey; counter: number },
  expected: Expected,
): Promise<number> {
  checkClientData(parseClientData(given.clientDataJSON), 'webauthn.get', expected);
  const { counter, ...rest } = await parseAuthenticatorData(given.authenticatorData);
  checkAuthenticatorData(rest, expected);
  const signed = Buffer.concat([given.authenticatorData, hash(given.clientDataJSON)]);
  if (!isSignature(given.signature, signed, keyOf(known.publicKey))) {
    throw new CeremonyError('a signature by the key of the passkey', 'another');
  }
  // §6.1.1: an authenticator without a counter says 0 for ever.
  if ((counter > 0 || known.counter > 0) && counter <= known.counter) {
    throw new CeremonyError('a signature counter that grows', 'one that does not');
  }
  return counter;
}

function checkClientData({ type, origin }: ClientData, wanted: string, expected: Expected): void {
  if (type !== wanted) throw new CeremonyError(`client data of type ${wanted}`, shown(type));
  if (origin !== expected.origin) throw new CeremonyError(`the origin ${expected.origin}`, shown(origin));
}

function checkAuthenticatorData(
  { rpIdHash, userPresent, userVerified }: Pick<AuthenticatorData, 'rpIdHash' | 'userPresent' | 'userVerified'>,
  { rpId, verifyUser = false }: Expected,
): void {
  if (!rpIdHash.equals(hash(Buffer.from(rpId)))) throw new CeremonyError(`authenticator data for ${rpId}`, 'others');
  if (!userPresent) throw new CeremonyError('a present user', 'an absent one');
  if (verifyUser && !userVerified) throw new CeremonyError('a verified user', 'one that is only present');
}

/** §6.1: authenticator data. */
async function parseAuthenticatorData(bytes: Buffer): Promise<AuthenticatorData> {
  if (bytes.length < HEADER_BYTES) throw new CeremonyError('whole authenticator data', 'a part of some');
  const flags = bytes.readUInt8(32);
  return {
    rpIdHash: bytes.subarray(0, 32),
    userPresent: (flags & USER_PRESENT) !== 0,
    userVerified: (flags & USER_VERIFIED) !== 0,
    counter: bytes.readUInt32BE(33),
    attested: (flags & ATTESTED) === 0 ? undefined : await parseAttested(bytes.subarray(HEADER_BYTES)),
  };
}

/** §6.5.1: attested credential data, with extensions perhaps behind it. */
async function parseAttested(bytes: Buffer): Promise<AuthenticatorData['attested']> {
  const size = bytes.length < 18 ? 0 : bytes.readUInt16BE(16);
  if (size === 0 || size > 1023 || bytes.length < 18 + size) {
    throw new CeremonyError('a credential id of 1 to 1023 bytes', 'another');
  }
  const cose = await decodeFirst(bytes.subarray(18 + size));
  const [x, y] = [memberOf(cose, -2), memberOf(cose, -3)];
  // RFC 9053 §7.1.1: an elliptic curve key on P-256.
  const isP256 = memberOf(cose, 1) === 2 && memberOf(cose, 3) === ES256 && memberOf(cose, -1) === 1;
  if (!isP256 || !isCoordinate(x) || !isCoordinate(y)) throw new CeremonyError('an ES256 key on P-256', 'another');
  const encode = (part: Uint8Array): string => Buffer.from(part).toString('base64url');
  const aaguid = bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { aaguid, credentialId: bytes.subarray(18, 18 + size), publicKey: { x: encode(x), y: encode(y) } };
}

async function parseAttestation(bytes: Buffer): Promise<{ format: unknown; statement: unknown; authData: Buffer }> {
  const object = await decodeFirst(bytes);
  const authData = memberOf(object, 'authData');
  if (!(authData instanceof Uint8Array)) throw new CeremonyError('an attestation object', 'something else');
  return {
    format: memberOf(object, 'fmt'),
    statement: memberOf(object, 'attStmt'),
    authData: Buffer.from(authData),
  };
}

/** §8.2: packed attestation without a certificate. */
function isSelfSigned(statement: unknown, signed: Buffer, key: KeyObject): boolean {
  const signature = memberOf(statement, 'sig');
  const plain = memberOf(statement, 'x5c') === undefined && memberOf(statement, 'alg') === ES256;
  return plain && signature instanceof Uint8Array && isSignature(Buffer.from(signature), signed, key);
}

function isSignature(signature: Buffer, signed: Buffer, key: KeyObject): boolean {
  return verify('sha256', signed, { key, dsaEncoding: 'der' }, signature);
}

function keyOf({ x, y }: PublicKey): KeyObject {
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    throw new CeremonyError('a point of P-256', 'coordinates off the curve');
  }
}

/** The first CBOR item (RFC 8949). Loaded late: only a registration needs a parser. */
async function decodeFirst(bytes: Uint8Array): Promise<unknown> {
  const { decodeFirst: decode } = await import('cborg');
  try {
    const [item] = decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true }) as [unknown, Uint8Array];
    return item;
  } catch {
    throw new CeremonyError('CBOR', 'something else');
  }
}

function memberOf(map: unknown, name: string | number): unknown {
  return map instanceof Map ? (map as Map<unknown, unknown>).get(name) : undefined;
}

function isCoordinate(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
