/** Checks one DPoP proof by itself (RFC 9449 §4.3); what needs the state (nonce, replay, pinning) is in `binding.ts`. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { parseJws, verifyEs256, type Claims } from '../jws.js';
import { FrontendError } from './errors.js';
import { offBy } from '../shown.js';
import { MAX_TOKEN } from './tokens.js';

export interface ProofRequest {
  /** The `DPoP` header; Node joins several with a comma. */
  header: string | undefined;
  method: string;
  /** The request's URL as the client called it: scheme, Host header, path. */
  url: string;
  /** Real time, milliseconds. */
  now: number;
  /** How far `iat` may be off, either way, in seconds. */
  windowSeconds: number;
  /** The access token that the request carries, for a proof that has `ath`. */
  accessToken?: string | undefined;
}

/** A proof whose form, signature and target are good. */
export interface Proof {
  /** RFC 7638 thumbprint of its key. */
  jkt: string;
  jti: string;
  /** Seconds. */
  iat: number;
  nonce: string | undefined;
}

const MAX_HEADER = 8 * 1024;
const MAX_JTI = 256;
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;

/** Imported public keys by thumbprint: an import costs as much as a verification. The oldest goes when it is full. */
export class ProofKeys {
  private readonly keys = new Map<string, KeyObject>();

  constructor(private readonly limit = 1000) {}

  /** The key of a thumbprint. Throws for coordinates that are no point of the curve. */
  import(jkt: string, jwk: { kty: string; crv: string; x: string; y: string }): KeyObject {
    const known = this.keys.get(jkt);
    if (known) return known;
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    for (const oldest of this.keys.keys()) {
      if (this.keys.size < this.limit) break;
      this.keys.delete(oldest);
    }
    this.keys.set(jkt, key);
    return key;
  }
}

/** Checks a proof. Throws FrontendError `missing_dpop_proof` or `invalid_dpop_proof`, whose refusal names the fault. */
export function checkProof(request: ProofRequest, keys: ProofKeys): Proof {
  const { header } = request;
  if (!header) throw new FrontendError('missing_dpop_proof', 'DPoP header: expected one, got none');
  if (header.includes(',')) throw refuse('DPoP header', 'exactly one', 'several');
  if (header.length > MAX_HEADER)
    throw refuse('DPoP header', `at most ${MAX_HEADER} characters`, String(header.length));
  const jws = parseJws(header, MAX_TOKEN);
  if (!jws) throw refuse('DPoP header', 'a compact JWS with JSON header and payload', 'something else');
  const { typ, alg, crit } = jws.header;
  if (typ !== 'dpop+jwt') throw refuse('typ', 'dpop+jwt', show(typ));
  if (alg !== 'ES256') throw refuse('alg', 'ES256', show(alg));
  if (crit !== undefined) throw refuse('crit', 'none', show(crit));
  const { jkt, key } = proofKey(jws.header.jwk, keys);
  if (!verifyEs256(jws, key)) throw refuse('signature', "one by the header's jwk", 'one that does not verify');
  const { jti, nonce } = jws.payload;
  if (jws.payload.htm !== request.method) throw refuse('htm', request.method, show(jws.payload.htm));
  checkTarget(jws.payload.htu, request.url);
  const iat = checkTime(jws.payload.iat, request);
  if (typeof jti !== 'string' || jti === '') throw refuse('jti', 'a non-empty string', kindOf(jti));
  if (jti.length > MAX_JTI) throw refuse('jti', `at most ${MAX_JTI} characters`, String(jti.length));
  if (nonce !== undefined && typeof nonce !== 'string') throw refuse('nonce', 'a string', kindOf(nonce));
  checkTokenHash(jws.payload.ath, request.accessToken);
  return { jkt, jti, iat, nonce };
}

function refuse(what: string, expected: string, got: string): FrontendError {
  return new FrontendError('invalid_dpop_proof', `DPoP proof, ${what}: expected ${expected}, got ${got}`);
}

function proofKey(jwk: unknown, keys: ProofKeys): { jkt: string; key: KeyObject } {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw refuse('jwk', 'an object', kindOf(jwk));
  const { kty, crv, x, y, d } = jwk as Claims;
  if (kty !== 'EC') throw refuse('jwk.kty', 'EC', show(kty));
  if (crv !== 'P-256') throw refuse('jwk.crv', 'P-256', show(crv));
  if (d !== undefined) throw refuse('jwk', 'a public key', 'a private key');
  if (typeof x !== 'string' || !COORDINATE.test(x)) throw refuse('jwk.x', '32 bytes in base64url', kindOf(x));
  if (typeof y !== 'string' || !COORDINATE.test(y)) throw refuse('jwk.y', '32 bytes in base64url', kindOf(y));
  const jkt = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  try {
    return { jkt, key: keys.import(jkt, { kty, crv, x, y }) };
  } catch {
    throw refuse('jwk', 'a point of P-256', 'coordinates off the curve');
  }
}

/** RFC 9449 §4.3: `htu` is compared after normalisation, without query and fragment. */
function checkTarget(htu: unknown, url: string): void {
  if (typeof htu !== 'string') throw refuse('htu', 'a string', kindOf(htu));
  const expected = normalise(url);
  const got = normalise(htu);
  if (got === undefined || got !== expected) throw refuse('htu', expected ?? url, got ?? 'no http URL');
}

/** Scheme and host in lower case, default port and dot segments gone, percent-encoding canonical (RFC 3986 §6.2.2, §6.2.3). */
function normalise(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(char) ? char : escape.toUpperCase();
  });
  return `${url.protocol}//${url.host}${path}`;
}

function checkTime(iat: unknown, { now, windowSeconds }: ProofRequest): number {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw refuse('iat', 'a number', kindOf(iat));
  const off = iat - Math.floor(now / 1000);
  if (Math.abs(off) > windowSeconds) {
    throw refuse('iat', `within ${windowSeconds} s of the server's time`, `one ${offBy(off)}`);
  }
  return iat;
}

function checkTokenHash(ath: unknown, accessToken: string | undefined): void {
  if (ath === undefined || accessToken === undefined) return;
  const expected = createHash('sha256').update(accessToken).digest('base64url');
  if (ath !== expected) throw refuse('ath', "the access token's hash", 'another value');
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value === '' ? 'an empty string' : `a ${typeof value}`;
}

/** Short header values are worth showing; anything else only by its kind. */
function show(value: unknown): string {
  return typeof value === 'string' && /^[\w+.-]{1,20}$/.test(value) ? value : kindOf(value);
}
