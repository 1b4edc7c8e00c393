/** Signed tokens (RFC 7515) of the emulated services and of their clients. */
import { createPrivateKey, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningKey } from './key-files.js';

export type Claims = Record<string, unknown>;

/** A compact JWS taken apart; nothing in it has been verified. */
export interface Jws {
  header: Claims;
  payload: Claims;
  signingInput: Buffer;
  signature: Buffer;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const SEGMENT = /^[A-Za-z0-9_-]+$/;

/**
 * Takes a compact JWS (RFC 7515 §7.1) apart, or undefined when it is none with JSON objects in UTF-8, or has more characters than
 * `maxLength`.
 */
export function parseJws(token: string, maxLength: number): Jws | undefined {
  if (token.length > maxLength) return undefined;
  const segments = token.split('.');
  const [head, body, mac] = segments;
  if (segments.length !== 3 || !head || !body || !mac || !segments.every((part) => SEGMENT.test(part)))
    return undefined;
  const header = jsonObject(Buffer.from(head, 'base64url'));
  const payload = jsonObject(Buffer.from(body, 'base64url'));
  if (!header || !payload) return undefined;
  return { header, payload, signingInput: Buffer.from(`${head}.${body}`), signature: Buffer.from(mac, 'base64url') };
}

/** A JSON object in UTF-8, or undefined. */
export function jsonObject(bytes: Uint8Array): Claims | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    // Whatever does not decode or parse is no object; the caller refuses it.
    return undefined;
  }
}

/** Tokens of each key that were signed here a short while ago: what is made here need not be verified here. */
const issued = new WeakMap<KeyObject, Set<string>>();
const MAX_ISSUED = 5000;

const signAside = promisify(sign);

/**
 * A compact JWS by the key, whose `alg` and `kid` are in its header. An RSA signature costs more than all else that an answer
 * takes, so it is made off the main thread.
 */
export async function signJws({ alg, kid, privateKey }: SigningKey, typ: string, claims: Claims): Promise<string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg, typ, kid })}.${encode(claims)}`;
  const bytes = Buffer.from(input);
  const signature =
    alg === 'RS256'
      ? await signAside('sha256', bytes, nextTwin(privateKey))
      : sign('sha256', bytes, forAlgorithm(alg, privateKey));
  const token = `${input}.${signature.toString('base64url')}`;
  remember(privateKey, token);
  return token;
}

/** While a thread signs with a key object, it is locked for all: several of one key let the main thread go on. */
const twins = new WeakMap<KeyObject, KeyObject[]>();
const TWINS = 4;

function nextTwin(key: KeyObject): KeyObject {
  const all = twins.get(key) ?? [];
  twins.set(key, all);
  const text = (): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const next = all.length < TWINS ? createPrivateKey(text()) : all.shift()!;
  all.push(next);
  return next;
}

function remember(key: KeyObject, token: string): void {
  const tokens = issued.get(key) ?? new Set();
  issued.set(key, tokens);
  for (const oldest of tokens) {
    if (tokens.size < MAX_ISSUED) break;
    tokens.delete(oldest);
  }
  tokens.add(token);
}

/** The JWS of this key and of no other, whatever its age and `typ`; undefined for anything else. */
export function readJws(key: SigningKey, token: string, maxLength: number): Jws | undefined {
  const { alg, kid, privateKey, publicKey } = key;
  const jws = parseJws(token, maxLength);
  if (!jws || jws.header.alg !== alg || jws.header.kid !== kid) return undefined;
  if (issued.get(privateKey)?.has(token)) return jws;
  return (alg === 'RS256' ? verifyRs256 : verifyEs256)(jws, publicKey) ? jws : undefined;
}

/** True when the RS256 signature (RFC 7518 §3.3) is the key's. */
export function verifyRs256(jws: Jws, key: KeyObject): boolean {
  return verify('sha256', jws.signingInput, forAlgorithm('RS256', key), jws.signature);
}

/** True when the ES256 signature (raw r‖s, RFC 7518 §3.4) is the key's. */
export function verifyEs256(jws: Jws, key: KeyObject): boolean {
  return jws.signature.length === 64 && verify('sha256', jws.signingInput, forAlgorithm('ES256', key), jws.signature);
}

function forAlgorithm(alg: SigningKey['alg'], key: KeyObject): { key: KeyObject; dsaEncoding?: 'ieee-p1363' } {
  return alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : { key };
}
