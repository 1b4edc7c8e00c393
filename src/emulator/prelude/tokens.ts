/** The only place that signs: access tokens, challenge tokens, hook calls. Synchronous `node:crypto`. */
import { constants, sign, verify, type KeyObject } from 'node:crypto';
import type { Keys, PublicJwk, SigningKey } from './keys.js';

export type Claims = Record<string, unknown>;

/** A compact JWS taken apart; nothing in it has been verified. */
export interface Jws {
  header: Claims;
  payload: Claims;
  signingInput: Buffer;
  signature: Buffer;
}

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const MAX_TOKEN = 16 * 1024;

/** Takes a compact JWS (RFC 7515 §7.1) apart, or undefined when it is none with JSON objects in UTF-8. */
export function parseJws(token: string): Jws | undefined {
  if (token.length > MAX_TOKEN) return undefined;
  const segments = token.split('.');
  const [head, body, mac] = segments;
  if (segments.length !== 3 || !head || !body || !mac || !segments.every((part) => SEGMENT.test(part)))
    return undefined;
  const header = jsonObject(head);
  const payload = jsonObject(body);
  if (!header || !payload) return undefined;
  return { header, payload, signingInput: Buffer.from(`${head}.${body}`), signature: Buffer.from(mac, 'base64url') };
}

function jsonObject(segment: string): Claims | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(segment, 'base64url'));
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    // Whatever does not decode or parse is no JWS; the caller refuses it.
    return undefined;
  }
}

/** True when the ES256 signature (raw r‖s, RFC 7518 §3.4) is the key's. */
export function verifyEs256(jws: Jws, key: KeyObject): boolean {
  return (
    jws.signature.length === 64 && verify('sha256', jws.signingInput, { key, dsaEncoding: 'ieee-p1363' }, jws.signature)
  );
}

/** True when the RS256 signature (RFC 7518 §3.3) is the key's. */
export function verifyRs256(jws: Jws, key: KeyObject): boolean {
  return verify('sha256', jws.signingInput, key, jws.signature);
}

export class Tokens {
  constructor(private readonly keys: Keys) {}

  /** An access token: RS256 with the access key's `kid`. */
  signAccess(claims: Claims): string {
    return compact(this.keys.access, { alg: 'RS256', typ: 'JWT' }, claims, (input, key) => sign('sha256', input, key));
  }

  /** Prelude: a challenge token, ES256 with the step-up key. Its `typ` keeps it apart from an access token. */
  signChallenge(claims: Claims): string {
    return compact(this.keys.challenge, { alg: 'ES256', typ: 'challenge+jwt' }, claims, (input, key) =>
      sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
    );
  }

  /** Claims of an access token that this service signed, whatever its age; undefined for anything else. */
  readAccess(token: string): Claims | undefined {
    const jws = parseJws(token);
    const { kid, publicKey } = this.keys.access;
    if (!jws || jws.header.alg !== 'RS256' || jws.header.kid !== kid) return undefined;
    return verifyRs256(jws, publicKey) ? jws.payload : undefined;
  }

  /** Claims of a challenge token that this service signed, whatever its age; undefined for anything else. */
  readChallenge(token: string): Claims | undefined {
    const jws = parseJws(token);
    const { kid, publicKey } = this.keys.challenge;
    if (!jws || jws.header.alg !== 'ES256' || jws.header.kid !== kid || jws.header.typ !== 'challenge+jwt')
      return undefined;
    return verifyEs256(jws, publicKey) ? jws.payload : undefined;
  }

  /** Prelude: signature of a hook call: RSASSA-PSS, SHA-256, salt of 32 bytes, over the raw body; base64url. */
  signHook(body: Uint8Array): { signature: string; kid: string } {
    const { privateKey: key, kid } = this.keys.access;
    const signature = sign('sha256', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    return { signature: signature.toString('base64url'), kid };
  }

  /** Key set of access tokens and hook signatures. */
  accessKeySet(): { keys: PublicJwk[] } {
    return { keys: [this.keys.access.jwk] };
  }

  /** Key set of challenge tokens. */
  challengeKeySet(): { keys: PublicJwk[] } {
    return { keys: [this.keys.challenge.jwk] };
  }
}

function compact(
  key: SigningKey,
  header: { alg: string; typ: string },
  claims: Claims,
  signer: (input: Buffer, key: KeyObject) => Buffer,
): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ ...header, kid: key.kid })}.${encode(claims)}`;
  return `${input}.${signer(Buffer.from(input), key.privateKey).toString('base64url')}`;
}
