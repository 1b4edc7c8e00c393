/** Elevated tokens, kept apart from the session's own. */
import type { CheckResult, Grant } from '../provider.js';
import { readAccessToken, scopesOf } from './tokens.js';
import { hasPassed, type Session, type StoredGrant } from './record.js';

/** Unexpired grants, oldest first. `now` is in milliseconds. */
export function liveGrants({ grants }: Session, now: number): Grant[] {
  return grants
    .filter(({ expiresAt }) => !hasPassed(expiresAt, now))
    .sort((a, b) => Date.parse(a.grantedAt) - Date.parse(b.grantedAt));
}

/**
 * The grants after the session got a new access token: those for one use stay as they are until they end; the others
 * follow the new token while it holds their scopes.
 */
export function grantsAfterRefresh(
  grants: StoredGrant[],
  minted: { token: string; expiresAt: string; scopes: string[] },
  now: number,
): StoredGrant[] {
  return grants
    .map((grant) =>
      !grant.singleUse && grant.scopes.every((scope) => minted.scopes.includes(scope))
        ? { ...grant, token: minted.token, expiresAt: minted.expiresAt }
        : grant,
    )
    .filter(({ expiresAt }) => !hasPassed(expiresAt, now));
}

/** Adds a grant, in place of an older one for the same scopes. */
export function withGrant(grants: StoredGrant[], grant: StoredGrant): StoredGrant[] {
  const same = (other: StoredGrant): boolean => other.scopes.join(' ') === grant.scopes.join(' ');
  return [...grants.filter((other) => !same(other)), grant];
}

/** Whether a scope is held now, by a grant or by the session's own token; nothing is refreshed. `now` is in milliseconds. */
export function checkScope(session: Session, scope: string, now: number): CheckResult {
  const held = liveGrants(session, now)
    .filter(({ scopes }) => scopes.includes(scope))
    .at(-1);
  if (held) return { scope, required: false, heldBy: 'grant', expiresAt: held.expiresAt };
  const { accessToken, accessTokenExpiresAt } = session;
  if (accessToken && accessTokenExpiresAt && !hasPassed(accessTokenExpiresAt, now)) {
    if (scopesOf(readAccessToken(accessToken)).includes(scope)) {
      return { scope, required: false, heldBy: 'access-token', expiresAt: accessTokenExpiresAt };
    }
  }
  return { scope, required: true };
}
