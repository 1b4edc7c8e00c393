/** Elevated tokens, kept apart from the session's own, whichever service gave them. */
import * as v from 'valibot';
import { hasPassed } from './instants.js';
import type { Grant } from './provider.js';

const instant = v.pipe(v.string(), v.isoTimestamp());

/** A grant as the store keeps it. */
export const grantSchema = v.object({
  scopes: v.array(v.string()),
  token: v.string(),
  expiresAt: instant,
  grantedAt: instant,
  singleUse: v.boolean(),
  mode: v.optional(v.string()),
  factors: v.array(v.string()),
  challengeId: v.optional(v.string()),
});
export type StoredGrant = v.InferOutput<typeof grantSchema>;

/** Unexpired grants, oldest first. `now` is in milliseconds. */
export function liveGrants({ grants }: { grants: StoredGrant[] }, now: number): Grant[] {
  return grants
    .filter(({ expiresAt }) => !hasPassed(expiresAt, now))
    .sort((a, b) => Date.parse(a.grantedAt) - Date.parse(b.grantedAt));
}

/** Adds a grant, in place of an older one for the same scopes. */
export function withGrant(grants: StoredGrant[], grant: StoredGrant): StoredGrant[] {
  return [...grants.filter((other) => !isForTheSame(other, grant)), grant];
}

function isForTheSame(one: StoredGrant, other: StoredGrant): boolean {
  return one.scopes.length === other.scopes.length && one.scopes.every((scope) => other.scopes.includes(scope));
}

/**
 * The grant to take for a call that needs all of these scopes: a lasting one before one for a single use, then the one with the fewest
 * scopes, then the newest.
 */
export function bestGrant(live: StoredGrant[], scopes: readonly string[]): StoredGrant | undefined {
  return live
    .filter((grant) => scopes.every((scope) => grant.scopes.includes(scope)))
    .sort(
      (a, b) =>
        Number(a.singleUse) - Number(b.singleUse) ||
        a.scopes.length - b.scopes.length ||
        Date.parse(b.grantedAt) - Date.parse(a.grantedAt),
    )[0];
}

/** The sessions that have grants, as one step across processes. */
export interface GrantRecords<Session extends { grants: StoredGrant[] }> {
  updateSession(sessionId: string, change: (session: Session) => Session): Promise<void>;
}

/**
 * Takes the grant that `choose` picks among the live ones. One for a single use is gone at once, so that no two calls have it; `left` is
 * the session without it. `now` gives milliseconds.
 */
export async function takeGrant<Session extends { grants: StoredGrant[] }>(
  records: GrantRecords<Session>,
  sessionId: string,
  now: () => number,
  choose: (live: StoredGrant[]) => StoredGrant | undefined,
  left: (session: Session, taken: StoredGrant) => Session = (session) => session,
): Promise<StoredGrant | undefined> {
  let taken: StoredGrant | undefined;
  await records.updateSession(sessionId, (session) => {
    const live = liveGrants(session, now());
    taken = choose(live);
    if (!taken?.singleUse) return session;
    return left({ ...session, grants: live.filter((each) => each !== taken) }, taken);
  });
  return taken;
}

/** Puts a grant for a single use back, unless a newer one for the same scopes has come meanwhile. */
export async function putGrantBack<Session extends { grants: StoredGrant[] }>(
  records: GrantRecords<Session>,
  sessionId: string,
  grant: StoredGrant,
): Promise<void> {
  if (!grant.singleUse) return;
  await records.updateSession(sessionId, (session) =>
    session.grants.some((other) => isForTheSame(other, grant))
      ? session
      : { ...session, grants: [...session.grants, grant] },
  );
}
