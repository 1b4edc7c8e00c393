/** Verifications under way, as challenges with a local id: Dynamic itself knows only the codes that it sent. */
import { RefusedError, UsageError } from '../../errors.js';
import { uuid } from '../../http/dpop.js';
import { hasPassed, iso } from '../instants.js';
import type { Challenge, StepKind } from '../provider.js';
import { challengeUnknown } from '../refusal.js';
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

export interface Challenges {
  /** Opens one. `scopes` may be empty while no scope is named. */
  open(way: Way, scopes: string[]): Promise<Underway>;
  /** Open, unexpired ones, oldest first. */
  list(): Promise<Challenge[]>;
  /** Throws SessionError NOT_LOGGED_IN, UsageError CHALLENGE_UNKNOWN, RefusedError CHALLENGE_OVER (it is forgotten then). */
  take(challengeId: string): Promise<Underway>;
  /** Notes that its code was sent; it lives from then on. */
  noteSent(underway: Underway, sent: { at: string; verificationUUID: string }): Promise<Underway>;
  forget(challengeId: string): Promise<void>;
  /** Throws UsageError CHALLENGE_UNKNOWN. */
  discard(challengeId: string): Promise<void>;
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
      await forget(challengeId);
      throw new RefusedError('CHALLENGE_OVER', 'The challenge is over: its time has passed.', {
        hint: `Ask again with: stepup request ${stored.scopes.join(' ') || 'SCOPE'}`,
      });
    }
    return { id: challengeId, session, stored, facts: factsOf(challengeId, stored, session) };
  }

  async function forget(challengeId: string): Promise<void> {
    const { session } = await records.read();
    if (session) await records.updateSession(session.sessionId, (current) => without(current, challengeId));
  }

  return {
    async open({ key, using }, scopes) {
      const id = uuid(randomBytes(16));
      const { sessionId } = await records.session();
      const stored = { scopes, key, using, startedAt: iso(now()), expiresAt: iso(now() + LIFE_MS) };
      await records.updateSession(sessionId, (session) => {
        const live = Object.entries(session.challenges).filter(([, { expiresAt }]) => !hasPassed(expiresAt, now()));
        return { ...session, challenges: { ...Object.fromEntries(live), [id]: stored } };
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
    forget,
    async discard(challengeId) {
      const { challenges } = await records.session();
      if (!Object.hasOwn(challenges, challengeId)) throw challengeUnknown(challengeId);
      await forget(challengeId);
    },
  };
}

/** The session without one of its challenges. */
export function without(session: Session, challengeId: string): Session {
  const challenges = Object.fromEntries(Object.entries(session.challenges).filter(([id]) => id !== challengeId));
  return { ...session, challenges };
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

function factsOf(challengeId: string, { key, scopes, expiresAt }: StoredChallenge, session: Session): Challenge {
  return {
    challengeId,
    scopeRequested: scopes.join(' '),
    currentStep: key,
    steps: [{ order: 1, key, kind: KINDS[key], done: false, expirationDuration: LIFE_MS / 1000 }],
    userId: session.userId,
    sessionId: session.sessionId,
    expiresAt,
  };
}
