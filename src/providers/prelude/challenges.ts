/** Challenges under way, kept in the session's record so that another command, or another process, can go on with them. */
import { parseAnswer } from '../parse.js';
import { endChallenges, overdue, stateOf, type Ending } from '../ended.js';
import type { Challenge, ChallengeState } from '../provider.js';
import { challengeUnknown, type Refusal } from '../refusal.js';
import { challengeOver, CHALLENGE_ENDING, refusalError } from './errors.js';
import type { FrontendAnswer, Prover } from './frontend.js';
import { hasPassed, iso, localInstant } from '../instants.js';
import type { OpenChallenge, Session, Verification } from './record.js';
import { learnt, type Records } from './records.js';
import { stepSchema } from './wire.js';
import { factsOf, readChallengeToken, type ChallengeClaims } from './tokens.js';

/** A challenge with its session, ready for the next call. */
export interface Underway {
  session: Session;
  stored: OpenChallenge;
  claims: ChallengeClaims;
  facts: Challenge;
}

/** What of a request is kept with its challenge, for whoever answers it. */
export type Started = Pick<OpenChallenge, 'detached' | 'metadata'>;

export interface Challenges {
  /** Open, unexpired challenges, oldest first; none when nobody is logged in. */
  list(): Promise<Challenge[]>;
  /**
   * One challenge. Throws SessionError NOT_LOGGED_IN, UsageError CHALLENGE_UNKNOWN, and RefusedError CHALLENGE_OVER for one
   * whose time is over; it is forgotten then.
   */
  take(challengeId: string): Promise<Underway>;
  /** Keeps the challenge token of an answer, new or in place of the one before. Answers with its claims. */
  keep(
    sessionId: string,
    token: string,
    answer: FrontendAnswer,
    also: { prover?: Prover; started?: Started },
  ): Promise<ChallengeClaims>;
  /** Notes that the current step's code was sent. */
  noteSent(underway: Underway, at: string, verification: Verification): Promise<void>;
  /** Throws what a refusal means; a challenge that it ends is forgotten first, unless it has moved on meanwhile. */
  refuse(underway: Underway, refusal: Refusal): Promise<never>;
  /** Throws UsageError CHALLENGE_UNKNOWN. */
  discard(challengeId: string): Promise<void>;
  /** See `Provider.challengeState`. */
  state(challengeId: string): Promise<ChallengeState | undefined>;
}

/** Binds the challenges of one session record. `now` gives milliseconds. */
export function createChallenges(records: Records, now: () => number): Challenges {
  async function list(): Promise<Challenge[]> {
    const { session } = await records.read();
    return Object.values(session?.challenges ?? {})
      .filter(({ expiresAt }) => !hasPassed(expiresAt, now()))
      .sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
      .map((stored) => shown(readChallengeToken(stored.token), stored));
  }

  async function take(challengeId: string): Promise<Underway> {
    const session = await records.session();
    const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
    if (!stored) throw challengeUnknown(challengeId);
    const claims = readChallengeToken(stored.token);
    const underway = { session, stored, claims, facts: shown(claims, stored) };
    if (hasPassed(stored.expiresAt, now())) {
      await forget(underway, { outcome: 'over' });
      throw challengeOver({ scope: claims.scope_requested });
    }
    return underway;
  }

  async function forget(
    { session, stored, claims }: Underway,
    how: Pick<Ending, 'outcome' | 'serviceCode'>,
  ): Promise<void> {
    await records.updateSession(session.sessionId, (current) =>
      current.challenges[claims.challenge_id]?.token === stored.token
        ? endChallenges(current, [{ ...endingOf(claims), ...how }], now())
        : current,
    );
  }

  async function keep(
    sessionId: string,
    token: string,
    answer: FrontendAnswer,
    { prover, started }: { prover?: Prover; started?: Started },
  ): Promise<ChallengeClaims> {
    const claims = readChallengeToken(token);
    const id = claims.challenge_id;
    const { public_key_credential_request_options: passkey } = parseAnswer(stepSchema, answer.json, 'the step');
    await records.updateSession(sessionId, (session) => {
      const before = session.challenges[id];
      const { startedAt, detached, metadata } = before ?? { startedAt: iso(now()), ...started };
      const late = overdue(session, scopesOf, now()).filter(({ challengeId }) => challengeId !== id);
      const open = endChallenges(session, late, now());
      const expiresAt = localInstant(claims.exp, answer);
      return {
        ...open,
        ...(prover && learnt(prover)),
        challenges: { ...open.challenges, [id]: { token, startedAt, expiresAt, passkey, detached, metadata } },
      };
    });
    return claims;
  }

  async function noteSent(
    { session, stored, claims }: Underway,
    at: string,
    verification: Verification,
  ): Promise<void> {
    await records.updateSession(session.sessionId, (current) => {
      const id = claims.challenge_id;
      const open = current.challenges[id];
      if (open?.token !== stored.token) return current;
      return { ...current, challenges: { ...current.challenges, [id]: { ...open, sent: { at, verification } } } };
    });
  }

  return {
    list,
    take,
    keep,
    noteSent,
    async refuse(underway, refusal) {
      if (CHALLENGE_ENDING.has(refusal.code ?? '')) {
        const outcome = refusal.code === 'expired_challenge_token' ? 'over' : 'refused';
        await forget(underway, { outcome, serviceCode: refusal.code });
      }
      throw refusalError(refusal, { scope: underway.claims.scope_requested });
    },
    async discard(challengeId) {
      const session = await records.session();
      const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
      if (!stored) throw challengeUnknown(challengeId);
      await records.updateSession(session.sessionId, (current) =>
        endChallenges(current, [{ challengeId, scopes: scopesOf(stored), outcome: 'discarded' }], now()),
      );
    },
    async state(challengeId) {
      const session = await records.session();
      const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
      return stateOf(session, challengeId, stored && shown(readChallengeToken(stored.token), stored));
    },
  };
}

/** A session whose challenges were all discarded. `now` is in milliseconds. */
export function discardAll(session: Session, now: number): Session {
  const endings = Object.entries(session.challenges).map(([challengeId, stored]): Ending => {
    return { challengeId, scopes: scopesOf(stored), outcome: 'discarded' };
  });
  return endChallenges(session, endings, now);
}

/** What an ending says of any challenge. */
export function endingOf(claims: ChallengeClaims): Pick<Ending, 'challengeId' | 'scopes'> {
  return { challengeId: claims.challenge_id, scopes: [claims.scope_requested] };
}

function scopesOf({ token }: OpenChallenge): string[] {
  return [readChallengeToken(token).scope_requested];
}

/** The facts of a challenge: metadata as the service has it, else as it was given here. */
function shown(claims: ChallengeClaims, { expiresAt, detached, metadata }: OpenChallenge): Challenge {
  return {
    ...(metadata ? { metadata } : {}),
    ...factsOf(claims, expiresAt),
    ...(detached ? { detached: true } : {}),
  };
}
