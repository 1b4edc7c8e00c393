/** How challenges ended, kept in the session's record for a while: whoever waits for one may be another process, or come late. */
import * as v from 'valibot';
import { grantSchema, type StoredGrant } from './grants.js';
import { hasPassed, iso } from './instants.js';
import type { Challenge, ChallengeState, EndedChallenge } from './provider.js';

const instant = v.pipe(v.string(), v.isoTimestamp());

const endedSchema = v.object({
  challengeId: v.string(),
  scopes: v.array(v.string()),
  outcome: v.picklist(['granted', 'discarded', 'over', 'refused']),
  endedAt: instant,
  serviceCode: v.optional(v.string()),
  grant: v.optional(v.omit(grantSchema, ['token'])),
});

/** The record's list. What another version has written and this one cannot read counts as none. */
export const endedListSchema = v.optional(v.fallback(v.array(endedSchema), []));

/** What of a challenge is kept for the one who answers it, beside what the service keeps. */
export const startedSchema = {
  /** Whether it was started for somebody else to answer. */
  detached: v.optional(v.fallback(v.boolean(), false)),
  metadata: v.optional(v.record(v.string(), v.string())),
};

/** How long an ended challenge is remembered, milliseconds, and how many are. */
const KEPT_MS = 24 * 3_600_000;
const MOST_KEPT = 32;

/** How it ended; `grant` where it was granted. */
export type Ending = Pick<EndedChallenge, 'challengeId' | 'scopes' | 'outcome' | 'serviceCode'> & {
  grant?: StoredGrant | undefined;
};

/** The part of a session that changes when a challenge ends. */
interface Holder {
  challenges: Record<string, { expiresAt: string }>;
  ended?: EndedChallenge[] | undefined;
}

/** The session without challenges that end, and with how each did. One that is not there stays as it ended. `now` is in milliseconds. */
export function endChallenges<Session extends Holder>(
  session: Session,
  endings: readonly Ending[],
  now: number,
): Session {
  const known = endings.filter(({ challengeId }) => Object.hasOwn(session.challenges, challengeId));
  if (known.length === 0) return session;
  const ids = known.map(({ challengeId }) => challengeId);
  const kept = (session.ended ?? []).filter(({ endedAt }) => !hasPassed(endedAt, now, -KEPT_MS));
  const added = known.map(({ grant, ...ending }): EndedChallenge => {
    return { ...ending, endedAt: iso(now), ...(grant && { grant: withoutToken(grant) }) };
  });
  return {
    ...session,
    challenges: Object.fromEntries(Object.entries(session.challenges).filter(([id]) => !ids.includes(id))),
    ended: [...kept, ...added].slice(-MOST_KEPT),
  };
}

/** Those challenges of a session whose time has passed, as endings. `now` is in milliseconds. */
export function overdue<Stored extends { expiresAt: string }>(
  { challenges }: { challenges: Record<string, Stored> },
  scopesOf: (stored: Stored) => string[],
  now: number,
): Ending[] {
  return Object.entries(challenges)
    .filter(([, { expiresAt }]) => hasPassed(expiresAt, now))
    .map(([challengeId, stored]) => ({ challengeId, scopes: scopesOf(stored), outcome: 'over' }));
}

/**
 * How a challenge stands in a session; undefined for one that the session knows nothing of. `open` are the facts of one that is still in
 * there. A grant that names the challenge tells of its end where nothing else does: an older version keeps no ends.
 */
export function stateOf(
  session: { ended?: EndedChallenge[] | undefined; grants: StoredGrant[] },
  challengeId: string,
  open: Challenge | undefined,
): ChallengeState | undefined {
  if (open) return { state: 'open', challenge: open };
  const ended = session.ended?.findLast((each) => each.challengeId === challengeId);
  if (ended) return { state: 'ended', ended };
  const grant = session.grants.find((each) => each.challengeId === challengeId);
  return (
    grant && {
      state: 'ended',
      ended: {
        challengeId,
        scopes: grant.scopes,
        outcome: 'granted',
        endedAt: grant.grantedAt,
        grant: withoutToken(grant),
      },
    }
  );
}

function withoutToken({ token: _token, ...facts }: StoredGrant): NonNullable<EndedChallenge['grant']> {
  return facts;
}
