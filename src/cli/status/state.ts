/** How one application stands, from what is kept here: who is logged in, what is held, what is under way. */
import type { Challenge, Grant, Provider, SessionInfo } from '../../providers/provider.js';

/** A grant without its token. */
export type HeldGrant = Pick<Grant, 'scopes' | 'expiresAt' | 'singleUse' | 'mode' | 'factors'> & {
  secondsLeft: number;
};

export interface State {
  /** Null when nobody is logged in. */
  session: SessionInfo | null;
  grants: HeldGrant[];
  challenges: Challenge[];
}

/** Another process may log in anew between two looks at the store; it does not do so all the time. */
const LOOKS = 3;

/**
 * Reads how things stand, all of one session; asks no service. `now` is in milliseconds. Throws FailedError for a store or a session
 * that cannot be read.
 */
export async function readState(provider: Provider, now: number): Promise<State> {
  for (let look = 1; ; look += 1) {
    const session = await provider.session();
    if (!session) return nobody();
    const [grants, challenges] = [await provider.grants(), await provider.challenges()];
    const after = await provider.session();
    if (after?.sessionId === session.sessionId || look === LOOKS) {
      return { session, grants: grants.map((grant) => held(grant, now)), challenges };
    }
  }
}

/** The state in which nobody is logged in. */
export function nobody(): State {
  return { session: null, grants: [], challenges: [] };
}

function held({ scopes, expiresAt, singleUse, mode, factors }: Grant, now: number): HeldGrant {
  const secondsLeft = Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
  return { scopes, expiresAt, secondsLeft, singleUse, mode, factors };
}
