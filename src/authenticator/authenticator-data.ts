/** What an authenticator says and signs: client data (WebAuthn §5.8.1), authenticator data (§6.1), attestation object (§6.5.4). */
import { createHash } from 'node:crypto';
import type { P256Key } from './p256.js';

/** The algorithm's COSE number (RFC 9053 §2.1). */
export const ES256 = -7;

/** §6.1: the user was present (bit 0) and verified (bit 2). */
const PRESENT_AND_VERIFIED = 0x05;
/** §6.1: attested credential data follows (bit 6). */
const ATTESTED = 0x40;

/** What a browser says of the call, as UTF-8. `challenge` is base64url. */
export function clientDataOf(type: 'webauthn.create' | 'webauthn.get', challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }), 'utf8');
}

/** The authenticator data of a use: the domain's hash, flags, and a signature counter that is 0 for ever, as a synchronised passkey's. */
export function authenticatorData(rpId: string, flags = PRESENT_AND_VERIFIED): Buffer {
  return Buffer.concat([sha256(Buffer.from(rpId, 'utf8')), Buffer.from([flags]), Buffer.alloc(4)]);
}

export interface NewCredential {
  rpId: string;
  /** Credential id. */
  id: Uint8Array;
  key: P256Key;
}

/** The attestation object of a creation, CBOR, with the statement `none` and so without a model's id (AAGUID). */
export async function attestationObject({ rpId, id, key }: NewCredential): Promise<Buffer> {
  const { encode } = await import('cborg');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  // RFC 9053 §7.1.1: key type EC2, algorithm, curve P-256, coordinates.
  const publicKey = encode(
    new Map<number, unknown>([
      [1, 2],
      [3, ES256],
      [-1, 1],
      [-2, bytesOf(key.x)],
      [-3, bytesOf(key.y)],
    ]),
  );
  const head = authenticatorData(rpId, PRESENT_AND_VERIFIED | ATTESTED);
  const authData = Buffer.concat([head, Buffer.alloc(16), length, id, publicKey]);
  return Buffer.from(encode({ fmt: 'none', attStmt: {}, authData: Uint8Array.from(authData) }));
}

/** What an assertion's signature is over (§6.3.3 step 11). */
export function signedData(authData: Buffer, clientData: Buffer): Buffer {
  return Buffer.concat([authData, sha256(clientData)]);
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** CBOR has its byte strings for Uint8Array itself. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}
