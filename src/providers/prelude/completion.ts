/** The end of a challenge: its completed token is spent on `/refresh`, and the scope is believed when the new token has it. */
import { RefusedError } from '../../errors.js';
import type { Challenge, Grant } from '../provider.js';
import { endChallenges } from '../ended.js';
import { endingOf, type Challenges } from './challenges.js';
import { withGrant, type StoredGrant } from '../grants.js';
import { iso } from '../instants.js';
import type { Session } from './record.js';
import type { Minted, SessionKeeper } from './session.js';
import type { ChallengeClaims } from './tokens.js';

export interface Completion {
  /** Spends a completed challenge. Throws RefusedError SCOPE_NOT_GRANTED or CHALLENGE_OVER, SessionError, UnreachableError. */
  finish(challengeId: string): Promise<{ challenge: Challenge; grant: Grant }>;
  /** Takes a scope that was granted at once, without a challenge. Throws RefusedError SCOPE_NOT_GRANTED, SessionError. */
  collect(scope: string): Promise<Grant>;
}

/** Binds the completion of one session's challenges. `now` gives milliseconds. */
export function createCompletion(challenges: Challenges, keeper: SessionKeeper, now: () => number): Completion {
  function grantOf(minted: Minted, scope: string, claims?: ChallengeClaims): StoredGrant {
    return {
      scopes: [scope],
      token: minted.token,
      expiresAt: minted.expiresAt,
      grantedAt: iso(now()),
      singleUse: claims?.grant_mode === 'single-use',
      mode: claims?.grant_mode,
      factors: (claims?.steps ?? [])
        .filter(({ done }) => done)
        .sort((a, b) => a.order - b.order)
        .map(({ key }) => key),
      challengeId: claims?.challenge_id,
    };
  }

  function applied(session: Session, minted: Minted, grant: StoredGrant, claims?: ChallengeClaims): Session {
    const [scope = ''] = grant.scopes;
    const granted = minted.scopes.includes(scope);
    const ended = granted ? { outcome: 'granted' as const, grant } : { outcome: 'refused' as const };
    return {
      ...endChallenges(session, claims ? [{ ...endingOf(claims), ...ended }] : [], now()),
      grants: granted ? withGrant(session.grants, grant) : session.grants,
    };
  }

  return {
    finish: (challengeId) =>
      keeper.exclusively(async (exchange) => {
        // Read again under the lock: another process may have finished it.
        const underway = await challenges.take(challengeId);
        const { claims, facts, stored } = underway;
        const minted = await exchange({
          stepUpToken: stored.token,
          onRefused: async ({ refusal }) => challenges.refuse(underway, refusal!),
          apply: (session, fresh) => applied(session, fresh, grantOf(fresh, claims.scope_requested, claims), claims),
        });
        return { challenge: facts, grant: believed(minted, grantOf(minted, claims.scope_requested, claims)) };
      }),
    collect: (scope) =>
      keeper.exclusively(async (exchange) => {
        const minted = await exchange({ apply: (session, fresh) => applied(session, fresh, grantOf(fresh, scope)) });
        return believed(minted, grantOf(minted, scope));
      }),
  };
}

function believed(minted: Minted, grant: StoredGrant): Grant {
  const [scope = ''] = grant.scopes;
  if (minted.scopes.includes(scope)) return grant;
  throw new RefusedError(
    'SCOPE_NOT_GRANTED',
    `The service finished the step-up, but its new token does not hold ${scope}.`,
    {
      hint: 'Check granted_for and the grant mode of the scope, or of the hook’s answer.',
    },
  );
}
