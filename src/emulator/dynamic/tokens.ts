/** The only place that signs. Synchronous `node:crypto`; the key is loaded once, when it is first needed. */
import { createHmac, sign, verify } from 'node:crypto';
import { loadKey, type SigningKey } from './keys.js';

export type Claims = Record<string, unknown>;

/** A compact JWS taken apart; nothing in it has been verified. */
export interface Jws {
  header: Claims;
  payload: Claims;
  signingInput: Buffer;
  signature: Buffer;
}

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const MAX_TOKEN = 32 * 1024;

/** Takes a compact JWS (RFC 7515 §7.1) apart, or undefined when it is none with JSON objects in UTF-8. */
export function parseJws(token: string): Jws | undefined {
  const segments = token.split('.');
  const [head, body, mac] = segments;
  if (token.length > MAX_TOKEN || segments.length !== 3 || !head || !body || !mac) return undefined;
  if (!segments.every((part) => SEGMENT.test(part))) return undefined;
  const header = jsonObject(Buffer.from(head, 'base64url'));
  const payload = jsonObject(Buffer.from(body, 'base64url'));
  if (!header || !payload) return undefined;
  return { header, payload, signingInput: Buffer.from(`${head}.${body}`), signature: Buffer.from(mac, 'base64url') };
}

/** A JSON object in UTF-8, or undefined. */
export function jsonObject(bytes: Uint8Array): Claims | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    // Whatever does not decode or parse is no object; the caller refuses it.
    return undefined;
  }
}

export class Tokens {
  private loading: Promise<SigningKey> | undefined;

  constructor(private readonly folder: string) {}

  /** Signs RS256. Dynamic: `kid` is among the claims as well as in the header. */
  async sign(claims: Claims): Promise<string> {
    const { kid, privateKey } = await this.key();
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode({ kid, ...claims })}`;
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  }

  /** Claims of a token that this service signed, whatever its kind and age; undefined for anything else. */
  async read(token: string): Promise<Claims | undefined> {
    const { kid, publicKey } = await this.key();
    const jws = parseJws(token);
    if (!jws || jws.header.alg !== 'RS256' || jws.header.kid !== kid) return undefined;
    return verify('sha256', jws.signingInput, publicKey, jws.signature) ? jws.payload : undefined;
  }

  /** The key set that verifies this service's tokens. */
  async keySet(): Promise<{ keys: Record<string, string>[] }> {
    return { keys: [(await this.key()).jwk] };
  }

  /** 32 bytes that only this service can make of a text. */
  async derive(text: string): Promise<Buffer> {
    return createHmac('sha256', (await this.key()).secret)
      .update(text)
      .digest();
  }

  private key(): Promise<SigningKey> {
    return (this.loading ??= loadKey(this.folder));
  }
}
