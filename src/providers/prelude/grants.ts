/** Elevated tokens, kept apart from the session's own. */
import { liveGrants, type StoredGrant } from '../grants.js';
import { hasPassed } from '../instants.js';
import type { CheckResult } from '../provider.js';
import { readAccessToken, scopesOf } from './tokens.js';
import type { Session } from './record.js';

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

/** Whether the session's own token has ended, or there is none. `now` is in milliseconds. */
export function isOver({ accessTokenExpiresAt }: Session, now: number): boolean {
  return accessTokenExpiresAt === undefined || hasPassed(accessTokenExpiresAt, now);
}

/** Whether a scope is held now, by a grant or by the session's own token; nothing is refreshed. `now` is in milliseconds. */
export function checkScope(session: Session, scope: string, now: number): CheckResult {
  const held = liveGrants(session, now)
    .filter(({ scopes }) => scopes.includes(scope))
    .at(-1);
  if (held) return { scope, required: false, heldBy: 'grant', expiresAt: held.expiresAt, mode: held.mode };
  const { accessToken, accessTokenExpiresAt } = session;
  if (accessToken && accessTokenExpiresAt && !hasPassed(accessTokenExpiresAt, now)) {
    if (scopesOf(readAccessToken(accessToken)).includes(scope)) {
      return { scope, required: false, heldBy: 'access-token', expiresAt: accessTokenExpiresAt };
    }
  }
  return { scope, required: true };
}
