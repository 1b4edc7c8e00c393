/** A software authenticator: WebAuthn Level 2 from the other side, with its own CBOR. */
import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { keyPair } from '../../support/key-pair.js';

export interface Credential {
  id: string;
  privateKey: KeyObject;
  counter: number;
  userHandle: string;
}

interface Quirks {
  type?: string;
  origin?: string;
  rpId?: string;
  flags?: number;
  challenge?: string;
  fmt?: string;
  /** COSE algorithm. */
  alg?: number;
  counter?: number;
}

/** Makes a key pair and answers creation options. `packed` attests with the key itself. */
export function register(
  options: Record<string, unknown>,
  origin: string,
  quirks: Quirks = {},
): { credential: Credential; body: Record<string, unknown> } {
  const rp = options.rp as { id: string };
  const user = options.user as { id: string };
  const { privateKey, publicKey } = keyPair('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const id = randomBytes(16);
  const cose = map([
    [int(1), int(2)],
    [int(3), int(quirks.alg ?? -7)],
    [int(-1), int(1)],
    [int(-2), bytes(Buffer.from(x, 'base64url'))],
    [int(-3), bytes(Buffer.from(y, 'base64url'))],
  ]);
  const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cose]);
  const authData = Buffer.concat([header(quirks.rpId ?? rp.id, quirks.flags ?? 0x45, quirks.counter ?? 0), attested]);
  const clientData = clientDataOf(
    quirks.type ?? 'webauthn.create',
    quirks.challenge ?? options.challenge,
    quirks.origin ?? origin,
  );
  const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey);
  const statement =
    quirks.fmt === 'packed'
      ? ([
          [text('alg'), int(-7)],
          [text('sig'), bytes(signature)],
        ] as [Buffer, Buffer][])
      : [];
  const attestation = map([
    [text('fmt'), text(quirks.fmt ?? 'none')],
    [text('attStmt'), map(statement)],
    [text('authData'), bytes(authData)],
  ]);
  const credentialId = id.toString('base64url');
  return {
    credential: { id: credentialId, privateKey, counter: 0, userHandle: user.id },
    body: {
      id: credentialId,
      rawId: credentialId,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        attestationObject: attestation.toString('base64url'),
        clientDataJson: clientData.toString('base64url'),
        transports: ['internal'],
      },
    },
  };
}

/** Answers request options with the key of a credential, whose counter it moves. */
export function assert(
  options: Record<string, unknown>,
  credential: Credential,
  origin: string,
  quirks: Quirks = {},
): Record<string, unknown> {
  const counter = quirks.counter ?? ++credential.counter;
  const authData = header(quirks.rpId ?? String(options.rpId), quirks.flags ?? 0x05, counter);
  const clientData = clientDataOf(
    quirks.type ?? 'webauthn.get',
    quirks.challenge ?? options.challenge,
    quirks.origin ?? origin,
  );
  const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), credential.privateKey);
  return {
    id: credential.id,
    rawId: credential.id,
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: credential.userHandle,
    },
  };
}

function clientDataOf(type: string, challenge: unknown, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

function header(rpId: string, flags: number, counter: number): Buffer {
  const tail = Buffer.alloc(5);
  tail.writeUInt8(flags, 0);
  tail.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(rpId)), tail]);
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** RFC 8949 §3: a head, of lengths and numbers below 65 536. */
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

const int = (value: number): Buffer => (value < 0 ? head(1, -1 - value) : head(0, value));
const bytes = (value: Buffer): Buffer => Buffer.concat([head(2, value.length), value]);
const text = (value: string): Buffer => Buffer.concat([head(3, value.length), Buffer.from(value)]);
const map = (entries: [Buffer, Buffer][]): Buffer => Buffer.concat([head(5, entries.length), ...entries.flat()]);
