/** The reserved scopes of calls about one's own account: each is good for one call, which consumes it. */
import { liveGrants } from '../grants.js';
import type { Records } from './records.js';
import type { SessionKeeper } from './session.js';
import { readAccessToken, scopesOf } from './tokens.js';

export interface ReservedScope {
  /** The token to call with: that of a grant with the scope, else the session's own. Throws SessionError, UnreachableError. */
  bearer(): Promise<string>;
  /** Forgets every token that still shows the scope, after the call that has consumed it. */
  consumed(): Promise<void>;
}

/** Binds one scope, e.g. `prld:pwd:write`. `now` gives milliseconds. */
export function reservedScope(
  { records, keeper, now }: { records: Records; keeper: SessionKeeper; now(): number },
  scope: string,
): ReservedScope {
  return {
    async bearer() {
      const grant = liveGrants(await records.session(), now()).findLast(({ scopes }) => scopes.includes(scope));
      return grant?.token ?? (await keeper.accessToken()).token;
    },
    async consumed() {
      const { sessionId } = await records.session();
      await records.updateSession(sessionId, (session) => {
        const { accessToken } = session;
        const shows = accessToken !== undefined && scopesOf(readAccessToken(accessToken)).includes(scope);
        return {
          ...session,
          grants: session.grants.filter(({ scopes }) => !scopes.includes(scope)),
          ...(shows ? { accessToken: undefined, accessTokenExpiresAt: undefined } : {}),
        };
      });
    },
  };
}
