/** Verifications under way, as challenges with a local id: Dynamic itself knows only the codes that it sent. */
import { RefusedError, UsageError } from '../../errors.js';
import { uuid } from '../../http/dpop.js';
import { hasPassed, iso } from '../instants.js';
import { endChallenges, overdue, stateOf, type Ending } from '../ended.js';
import type { Challenge, ChallengeState, StepKind } from '../provider.js';
import { challengeUnknown } from '../refusal.js';
import { sessionOver } from './errors.js';
import type { Records, Session, StepKey, StoredChallenge } from './record.js';
import type { Way } from './ways.js';

/** Dynamic: a code lives ten minutes (inferred); a challenge without one ends with it. */
const LIFE_MS = 600_000;

const COMPLETED = 'completed';

/** What each step takes. */
export const KINDS: Record<StepKey, StepKind> = {
  verify_email: 'otp',
  verify_sms: 'otp',
  verify_wallet: 'wallet',
  verify_passkey: 'passkey',
  verify_totp: 'totp',
  verify_recovery: 'recovery',
};

/** A challenge with its session, ready for its proof. */
export interface Underway {
  id: string;
  session: Session;
  stored: StoredChallenge;
  facts: Challenge;
}

/** What of a request is kept with its challenge, for whoever answers it. */
export type Started = Pick<StoredChallenge, 'detached' | 'metadata'>;

export interface Challenges {
  /** Opens one. `scopes` may be empty while no scope is named. */
  open(way: Way, scopes: string[], started?: Started): Promise<Underway>;
  /** Open, unexpired ones, oldest first. */
  list(): Promise<Challenge[]>;
  /** Throws SessionError NOT_LOGGED_IN, UsageError CHALLENGE_UNKNOWN, RefusedError CHALLENGE_OVER (it is forgotten then). */
  take(challengeId: string): Promise<Underway>;
  /** Notes that its code was sent; it lives from then on. */
  noteSent(underway: Underway, sent: { at: string; verificationUUID: string }): Promise<Underway>;
  /** Forgets one that the service has refused. Nothing happens to one that has ended. */
  refused(challengeId: string, serviceCode?: string): Promise<void>;
  /** Throws UsageError CHALLENGE_UNKNOWN. */
  discard(challengeId: string): Promise<void>;
  /** See `Provider.challengeState`. */
  state(challengeId: string): Promise<ChallengeState | undefined>;
}

/** Binds the challenges of one session record. `now` gives milliseconds. */
export function createChallenges(
  records: Records,
  now: () => number,
  randomBytes: (size: number) => Uint8Array,
): Challenges {
  async function change(challengeId: string, make: (stored: StoredChallenge) => StoredChallenge): Promise<Underway> {
    const { sessionId } = await records.session();
    await records.updateSession(sessionId, (session) => {
      const stored = session.challenges[challengeId];
      return stored ? { ...session, challenges: { ...session.challenges, [challengeId]: make(stored) } } : session;
    });
    return take(challengeId);
  }

  async function take(challengeId: string): Promise<Underway> {
    const session = await records.session();
    const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
    if (!stored) throw challengeUnknown(challengeId);
    if (hasPassed(stored.expiresAt, now())) {
      await end({ challengeId, scopes: stored.scopes, outcome: 'over' });
      throw new RefusedError('CHALLENGE_OVER', 'The challenge is over: its time has passed.', {
        hint: `Ask again with: stepup request ${stored.scopes.join(' ') || 'SCOPE'}`,
      });
    }
    return { id: challengeId, session, stored, facts: factsOf(challengeId, stored, session) };
  }

  async function end(ending: Ending): Promise<void> {
    const { session } = await records.read();
    if (session) await records.updateSession(session.sessionId, (current) => endChallenges(current, [ending], now()));
  }

  function scopesIn(session: Session | undefined, challengeId: string): string[] {
    return session?.challenges[challengeId]?.scopes ?? [];
  }

  return {
    async open({ key, using }, scopes, started) {
      const id = uuid(randomBytes(16));
      const { sessionId } = await records.session();
      const stored = { scopes, key, using, startedAt: iso(now()), expiresAt: iso(now() + LIFE_MS), ...started };
      await records.updateSession(sessionId, (session) => {
        const late = overdue(session, (each: StoredChallenge) => each.scopes, now());
        const open = endChallenges(session, late, now());
        return { ...open, challenges: { ...open.challenges, [id]: stored } };
      });
      return take(id);
    },
    async list() {
      const { session } = await records.read();
      return Object.entries(session?.challenges ?? {})
        .filter(([, { expiresAt }]) => !hasPassed(expiresAt, now()))
        .sort(([, a], [, b]) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
        .map(([id, stored]) => factsOf(id, stored, session!));
    },
    take,
    noteSent: ({ id }, sent) => change(id, (stored) => ({ ...stored, sent, expiresAt: iso(now() + LIFE_MS) })),
    async refused(challengeId, serviceCode) {
      const scopes = scopesIn((await records.read()).session, challengeId);
      await end({ challengeId, scopes, outcome: 'refused', serviceCode });
    },
    async discard(challengeId) {
      const session = await records.session();
      if (!Object.hasOwn(session.challenges, challengeId)) throw challengeUnknown(challengeId);
      await end({ challengeId, scopes: scopesIn(session, challengeId), outcome: 'discarded' });
    },
    async state(challengeId) {
      const session = await records.session();
      const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
      if (stored && hasPassed(session.accessTokenExpiresAt, now())) throw sessionOver();
      return stateOf(session, challengeId, stored && factsOf(challengeId, stored, session));
    },
  };
}

/** A session whose challenges were all discarded. `now` is in milliseconds. */
export function discardAll(session: Session, now: number): Session {
  const endings = Object.entries(session.challenges).map(([challengeId, { scopes }]): Ending => {
    return { challengeId, scopes, outcome: 'discarded' };
  });
  return endChallenges(session, endings, now);
}

/** The challenge with its scopes named; what is stored stays as it is until they are granted. */
export function named({ id, session, stored }: Underway, scopes: string[]): Underway {
  const now = { ...stored, scopes };
  return { id, session, stored: now, facts: factsOf(id, now, session) };
}

/** The facts of a challenge that is completed. */
export function completed(facts: Challenge): Challenge {
  return { ...facts, currentStep: COMPLETED, steps: facts.steps.map((step) => ({ ...step, done: true })) };
}

/** UsageError SCOPE_COUNT: nobody has said what the proof is for. */
export function scopeMissing(challengeId: string): UsageError {
  return new UsageError('SCOPE_COUNT', 'The code was sent before a scope was named, so one is needed now.', {
    field: '--scope',
    hint: `Name it with: stepup otp check --challenge ${challengeId} --scope SCOPE`,
  });
}

function factsOf(challengeId: string, stored: StoredChallenge, session: Session): Challenge {
  const { key, scopes, expiresAt, detached, metadata } = stored;
  return {
    challengeId,
    scopeRequested: scopes.join(' '),
    currentStep: key,
    steps: [{ order: 1, key, kind: KINDS[key], done: false, expirationDuration: LIFE_MS / 1000 }],
    userId: session.userId,
    sessionId: session.sessionId,
    ...(metadata ? { metadata } : {}),
    ...(detached ? { detached: true } : {}),
    expiresAt,
  };
}
