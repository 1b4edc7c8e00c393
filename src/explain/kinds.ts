/** What a token is by its header and claims, whoever signed it. */
import type { Jws } from './jws.js';

export type TokenKind = 'access' | 'elevated' | 'challenge' | 'proof' | 'verification';

/** What each is called. */
export const NAMES: Record<TokenKind, string> = {
  access: 'access token',
  elevated: 'elevated token',
  challenge: 'challenge token',
  proof: 'DPoP proof',
  verification: 'verification token',
};

/** `an access token`, `a DPoP proof`. */
export function aToken(kind: TokenKind): string {
  return `${/^[aeiou]/.test(NAMES[kind]) ? 'an' : 'a'} ${NAMES[kind]}`;
}

/**
 * The kind of a token. Prelude: a challenge token has `current_step`, a verification token `key` and `status` beside `challenge_id`.
 * Dynamic: an elevated token is of an environment and lacks the scope `user:basic`, which every session has.
 */
export function kindOf({ header, claims }: Pick<Jws, 'header' | 'claims'>): TokenKind {
  if (header['typ'] === 'dpop+jwt' || ('htm' in claims && 'htu' in claims)) return 'proof';
  if (header['typ'] === 'challenge+jwt' || 'current_step' in claims) return 'challenge';
  if ('challenge_id' in claims && ('status' in claims || 'key' in claims)) return 'verification';
  if ('singleUse' in claims) return 'elevated';
  const ofDynamic = 'environment_id' in claims;
  const { words } = scopesIn(claims);
  return ofDynamic && words.length > 0 && !words.some((scope) => SESSION_SCOPES.has(scope)) ? 'elevated' : 'access';
}

/** Dynamic: scopes of a session's own token. */
const SESSION_SCOPES: ReadonlySet<string> = new Set(['user:basic', 'requiresAdditionalAuth', 'userDataForm']);

/** The scopes of a token, and how they are written where that is not one text with blanks between (RFC 8693 §4.2). */
export function scopesIn(claims: Record<string, unknown>): { words: string[]; odd?: string } {
  const { scope } = claims;
  if (typeof scope === 'string') return { words: scope.split(' ').filter(Boolean) };
  const [name, list] = Object.entries({ scope, scopes: claims['scopes'], scp: claims['scp'] }).find(
    ([, value]) => value !== undefined,
  ) ?? ['scope', undefined];
  if (list === undefined) return { words: [] };
  if (Array.isArray(list))
    return { words: list.filter((each) => typeof each === 'string'), odd: `a list in "${name}"` };
  return typeof list === 'string'
    ? { words: list.split(' ').filter(Boolean), odd: `a text in "${name}"` }
    : { words: [], odd: `no text in "${name}"` };
}
