/** Tokens with one thing wrong, for tests of a backend's checks: what each defect does to a good token of either service. */
import { createHmac, createPublicKey } from 'node:crypto';
import { signJws, type Claims } from './jws.js';
import { newPem, signingKeyOf, type PublicJwk, type SigningKey } from './key-files.js';

/** What can be wrong with a token; `none`: nothing. */
export const DEFECTS = [
  'none',
  'expired',
  'not-yet-valid',
  'wrong-key',
  'wrong-issuer',
  'wrong-app',
  'alg-none',
  'hs256-public-key',
  'missing-scope',
  'scope-substring',
  'challenge-token',
  'revoked-session',
  'spent',
] as const;
export type Defect = (typeof DEFECTS)[number];

/** Claims that a token is asked for; those that the service knows have its types. */
export interface Wanted extends Claims {
  scope?: string;
  sub?: string;
  sid?: string;
  jti?: string;
  exp?: number;
}

/** A token for a test, with what is in it. */
export interface Minted {
  token: string;
  claims: Claims;
}

const HOUR = 3600;
/** A host that is nobody's (RFC 2606 §2). */
export const FOREIGN_HOST = 'issuer.invalid';

/** Claims of an `expired` and of a `not-yet-valid` token, an hour off: no leeway makes them good. `now` in seconds. */
export function timesOf(defect: Defect, now: number): Claims {
  if (defect === 'expired') return { iat: now - 2 * HOUR, nbf: now - 2 * HOUR, exp: now - HOUR };
  if (defect === 'not-yet-valid') return { iat: now, nbf: now + HOUR, exp: now + 2 * HOUR };
  return {};
}

/** Scopes that each hold a wanted one as a part, at its beginning or end, and are others: whoever looks for text finds it. */
export function scopeAround(scope: string): string {
  return scope
    .split(' ')
    .map((one) => `${one}-not not-${one}`)
    .join(' ');
}

/** Signs what no service would; undefined for a defect that the service's own key signs. `published` is the key that checks. */
export async function forge(
  defect: Defect,
  claims: Claims,
  { published, foreign }: { published: PublicJwk; foreign: () => Promise<SigningKey> },
): Promise<string | undefined> {
  const kid = published.kid ?? '';
  switch (defect) {
    case 'alg-none':
      return `${unsigned({ alg: 'none', typ: 'JWT', kid }, claims)}.`;
    case 'hs256-public-key': {
      const secret = createPublicKey({ key: published, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const input = unsigned({ alg: 'HS256', typ: 'JWT', kid }, claims);
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    }
    case 'wrong-key':
      return signJws({ ...(await foreign()), kid }, 'JWT', claims);
    default:
      return undefined;
  }
}

/** A key that no service publishes. */
export async function foreignKey(): Promise<SigningKey> {
  return signingKeyOf('of nobody', await newPem('rsa'), 'rsa');
}

function unsigned(header: Claims, claims: Claims): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode(header)}.${encode(claims)}`;
}
