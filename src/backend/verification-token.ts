/** Verification tokens: with one the developer's backend says that a user has done a custom step. Prelude: verification token. */
import { UsageError } from '../errors.js';
import type { System } from '../system.js';
import type { SigningKey } from './keys.js';

/** What a token is to say. */
export interface Verification {
  userId: string;
  challengeId: string;
  /** Key of the step that was done. */
  step: string;
  /** `completed` where the step was done; anything else is refused by the service. */
  status: string;
  /** Seconds from now until it ends; below zero it is over already. */
  expiresIn: number;
}

/** Claims of a verification token, instants in seconds since the epoch. */
export interface VerificationClaims {
  sub: string;
  challenge_id: string;
  key: string;
  status: string;
  jti: string;
  iat: number;
  nbf: number;
  exp: number;
}

/** How long a token is good, where nothing else is asked for. Seconds. */
export const USUAL_SECONDS = 300;

/** Signs a token: RS256, with the key's `kid` and a `jti` of its own. Prelude: verification token. */
export async function signVerificationToken(
  key: SigningKey,
  { userId, challengeId, step, status, expiresIn }: Verification,
  { now, randomBytes }: Pick<System, 'now' | 'randomBytes'>,
): Promise<{ token: string; claims: VerificationClaims }> {
  const { SignJWT } = await import('jose');
  const seconds = Math.floor(now() / 1000);
  const exp = seconds + expiresIn;
  // One that is over already was good for the usual time before.
  const iat = expiresIn > 0 ? seconds : exp - USUAL_SECONDS;
  const jti = Buffer.from(randomBytes(16)).toString('base64url');
  const claims: VerificationClaims = {
    sub: userId,
    challenge_id: challengeId,
    key: step,
    status,
    jti,
    iat,
    nbf: iat,
    exp,
  };
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
    .sign(key.privateKey);
  return { token, claims };
}

/** A token has some 800 characters; more than this is something else, and is sent to nobody. */
export const MAX_TOKEN = 16 * 1024;

/**
 * A token that may be sent, without the blanks around it; whether its signature and claims are right only the service can tell.
 * Throws UsageError VERIFICATION_INVALID for what no service would take: no JWT, an alg other than RS256, no `kid`, too large. It
 * never quotes the token.
 */
export function checkVerificationToken(text: string, field: string): string {
  const token = text.trim();
  const problem = problemOf(token);
  if (problem === undefined) return token;
  throw new UsageError('VERIFICATION_INVALID', `${field}: this verification token cannot be sent: ${problem}.`, {
    field,
    hint: 'It is a JWT that your backend signs with RS256 and a kid of its JWKS, as stepup keys sign does.',
  });
}

/** Why a text is no token that may be sent, in words; undefined when it is one. Prelude: verification token (RS256 only, with `kid`). */
export function problemOf(token: string): string | undefined {
  if (token === '') return 'it is empty';
  if (token.length > MAX_TOKEN) return `it has more than ${MAX_TOKEN / 1024} KB`;
  const parts = token.split('.');
  const [head = '', payload = '', signature = ''] = parts;
  if (parts.length === 5) return 'it is an encrypted JWT, and a signed one is needed';
  if (parts.length !== 3 || ![head, payload, signature].every((part) => /^[\w-]*$/.test(part))) {
    return 'it is no JWT: three parts of base64url with dots between them';
  }
  const header = objectIn(head);
  if (!header) return 'it is no JWT: its header is no JSON object';
  if (!objectIn(payload)) return 'it is no JWT: its claims are no JSON object';
  const algProblem = problemOfAlg(header['alg']);
  if (algProblem !== undefined) return algProblem;
  if (typeof header['kid'] !== 'string' || header['kid'] === '') {
    return 'its header has no kid, so nobody can tell which key of your JWKS signed it';
  }
  return signature === '' ? 'it has no signature' : undefined;
}

function problemOfAlg(alg: unknown): string | undefined {
  if (alg === 'RS256') return undefined;
  if (typeof alg !== 'string') return 'its header has no alg';
  if (alg.toLowerCase() === 'none') return 'it is not signed (alg none)';
  if (/^HS\d{3}$/.test(alg)) return `it is signed with a shared secret (alg ${alg}), and only RS256 is taken`;
  return 'its alg is not RS256, the only one that is taken';
}

function objectIn(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // no JSON: the caller says so
  }
}
