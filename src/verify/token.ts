/** An access or elevated token: signed by the service, of this application, and good now (RFC 8725, RFC 9068 §4). */
import {
  compactVerify,
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { outerFetch } from '../outside.js';
import { Refused } from './refusal.js';
import type { TokenService } from './service.js';
import type { Claims } from './types.js';

/** Both services sign with this alone. */
const ALGORITHM = 'RS256';
/** Characters that a token may have: more are refused before anything is computed. */
export const MAX_TOKEN = 32 * 1024;
const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface TokenWorld {
  service: TokenService;
  keys: JWTVerifyGetKey;
  /** Seconds since the epoch. */
  now: number;
  /** Seconds. */
  tolerance: number;
}

/** After a key set could not be had, it is not asked for again for so long, whoever comes. Milliseconds. */
const PAUSE = 5000;

/**
 * The service's keys: fetched when first needed, kept ten minutes, fetched anew for an unknown `kid`, at most each half minute; at most
 * every five seconds while they cannot be had.
 */
export function publishedKeys({ jwksUrl }: TokenService): JWTVerifyGetKey {
  let failed: { at: number; cause: unknown } | undefined;
  const fetchSparingly: FetchImplementation = async (url, options) => {
    if (failed && performance.now() - failed.at < PAUSE) throw failed.cause;
    try {
      const response = await outerFetch(url, options);
      if (response.status !== 200) throw new Error(`The key set could not be had: status ${response.status}.`);
      const set = (await response.clone().json()) as { keys?: unknown } | null;
      if (!Array.isArray(set?.keys)) throw new Error('What came as the key set is none.');
      failed = undefined;
      return response;
    } catch (cause) {
      failed = { at: performance.now(), cause };
      throw cause;
    }
  };
  return createRemoteJWKSet(jwksUrl, {
    timeoutDuration: 5000,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    [customFetch]: fetchSparingly,
  });
}

/** A token that is good but for its time, which the caller may judge otherwise. */
export interface CheckedToken {
  claims: Claims;
  expiresAt: number;
  isOver: boolean;
}

/** Checks all but whether it is over. Throws Refused `invalid_token`, and `temporarily_unavailable` when the keys cannot be had. */
export async function checkToken(token: string, world: TokenWorld): Promise<CheckedToken> {
  if (token.length > MAX_TOKEN) throw bad('the token is longer than any of the service');
  if (!JWS.test(token)) throw bad('what came is no token');
  const header = headerOf(token);
  if (header['alg'] !== ALGORITHM) throw bad(`the token is not signed by ${ALGORITHM}`);
  if (header['crit'] !== undefined) throw bad('the token has an extension that nobody knows');
  const { kid, typ } = header;
  if (typeof kid !== 'string' || kid === '') throw bad('the token does not say by which key it is signed');
  if (typ !== undefined && !(typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ))) {
    throw bad('it is another kind of token');
  }
  const claims = await signedClaims(token, kid, world);
  const { iss, sub, sid } = claims;
  if (typeof iss !== 'string' || !world.service.issuers.has(iss)) throw bad('the token is of another issuer');
  if ('challenge_id' in claims || 'htm' in claims) throw bad('it is another kind of token');
  const { dynamic } = world.service;
  if (dynamic && claims['environment_id'] !== dynamic.environmentId) throw bad('the token is of another environment');
  if (typeof sub !== 'string' || sub === '') throw bad('the token names no user');
  if (typeof sid !== 'string' || sid === '') throw bad('the token names no session');
  return { claims, ...timesOf(claims, world) };
}

/** The scopes of a token, word for word: one text with blanks between (RFC 8693 §4.2), or a list. */
export function scopesOf({ scope }: Claims): string[] {
  if (typeof scope === 'string') return scope.split(' ').filter(Boolean);
  return Array.isArray(scope) ? scope.filter((each): each is string => typeof each === 'string' && each !== '') : [];
}

/** An `invalid_token`, in words. */
export function bad(reason: string): Refused {
  return new Refused('invalid_token', reason);
}

function timesOf({ exp, nbf, iat }: Claims, { now, tolerance }: TokenWorld): Omit<CheckedToken, 'claims'> {
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw bad('the token does not say when it ends');
  for (const start of [nbf, iat]) {
    if (start === undefined) continue;
    if (typeof start !== 'number' || !(start <= now + tolerance)) throw bad('the token is not good yet');
  }
  return { expiresAt: exp, isOver: exp + tolerance <= now };
}

function headerOf(token: string): Record<string, unknown> {
  try {
    return { ...decodeProtectedHeader(token) };
  } catch {
    throw bad('what came is no token'); // what jose says may quote it
  }
}

async function signedClaims(token: string, kid: string, { keys }: TokenWorld): Promise<Claims> {
  const key = await keyOf(keys, kid, token);
  let payload: unknown;
  try {
    const verified = await compactVerify(token, key, { algorithms: [ALGORITHM] });
    payload = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(verified.payload));
  } catch {
    throw bad('the signature of the token is not good'); // what jose says may quote it
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) throw bad('the token has no claims');
  return payload as Claims;
}

async function keyOf(keys: JWTVerifyGetKey, kid: string, token: string): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
  const [, payload = '', signature = ''] = token.split('.');
  try {
    return await keys({ alg: ALGORITHM, kid }, { payload, signature });
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) throw bad('the token is signed by a key that the service has not');
    throw new Refused('temporarily_unavailable', 'the keys of the service cannot be had', { cause: error });
  }
}
