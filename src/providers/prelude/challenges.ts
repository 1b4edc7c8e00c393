/** Challenges under way, kept in the session's record so that another command, or another process, can go on with them. */
import { parseAnswer } from '../parse.js';
import type { Challenge } from '../provider.js';
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

export interface Challenges {
  /** Open, unexpired challenges, oldest first; none when nobody is logged in. */
  list(): Promise<Challenge[]>;
  /**
   * One challenge. Throws SessionError NOT_LOGGED_IN, UsageError CHALLENGE_UNKNOWN, and RefusedError CHALLENGE_OVER for one
   * whose time is over; it is forgotten then.
   */
  take(challengeId: string): Promise<Underway>;
  /** Keeps the challenge token of an answer, new or in place of the one before. Answers with its claims. */
  keep(sessionId: string, token: string, answer: FrontendAnswer, prover?: Prover): Promise<ChallengeClaims>;
  /** Notes that the current step's code was sent. */
  noteSent(underway: Underway, at: string, verification: Verification): Promise<void>;
  /** Throws what a refusal means; a challenge that it ends is forgotten first, unless it has moved on meanwhile. */
  refuse(underway: Underway, refusal: Refusal): Promise<never>;
  /** Throws UsageError CHALLENGE_UNKNOWN. */
  discard(challengeId: string): Promise<void>;
}

/** Binds the challenges of one session record. `now` gives milliseconds. */
export function createChallenges(records: Records, now: () => number): Challenges {
  async function list(): Promise<Challenge[]> {
    const { session } = await records.read();
    return Object.values(session?.challenges ?? {})
      .filter(({ expiresAt }) => !hasPassed(expiresAt, now()))
      .sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
      .map(({ token, expiresAt }) => factsOf(readChallengeToken(token), expiresAt));
  }

  async function take(challengeId: string): Promise<Underway> {
    const session = await records.session();
    const stored = Object.hasOwn(session.challenges, challengeId) ? session.challenges[challengeId] : undefined;
    if (!stored) throw challengeUnknown(challengeId);
    const claims = readChallengeToken(stored.token);
    const underway = { session, stored, claims, facts: factsOf(claims, stored.expiresAt) };
    if (hasPassed(stored.expiresAt, now())) {
      await forget(underway);
      throw challengeOver({ scope: claims.scope_requested });
    }
    return underway;
  }

  async function forget({ session, stored, claims }: Underway): Promise<void> {
    await records.updateSession(session.sessionId, (current) =>
      current.challenges[claims.challenge_id]?.token === stored.token
        ? { ...current, challenges: without(current.challenges, claims.challenge_id) }
        : current,
    );
  }

  async function keep(
    sessionId: string,
    token: string,
    answer: FrontendAnswer,
    prover?: Prover,
  ): Promise<ChallengeClaims> {
    const claims = readChallengeToken(token);
    const id = claims.challenge_id;
    const { public_key_credential_request_options: passkey } = parseAnswer(stepSchema, answer.json, 'the step');
    await records.updateSession(sessionId, (session) => {
      const startedAt = session.challenges[id]?.startedAt ?? iso(now());
      const open = Object.entries(session.challenges).filter(([, { expiresAt }]) => !hasPassed(expiresAt, now()));
      const expiresAt = localInstant(claims.exp, answer);
      return {
        ...session,
        ...(prover && learnt(prover)),
        challenges: { ...Object.fromEntries(open), [id]: { token, startedAt, expiresAt, passkey } },
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
      if (CHALLENGE_ENDING.has(refusal.code ?? '')) await forget(underway);
      throw refusalError(refusal, { scope: underway.claims.scope_requested });
    },
    async discard(challengeId) {
      const session = await records.session();
      if (!Object.hasOwn(session.challenges, challengeId)) throw challengeUnknown(challengeId);
      await records.updateSession(session.sessionId, (current) => ({
        ...current,
        challenges: without(current.challenges, challengeId),
      }));
    },
  };
}

/** The challenges without one of them. */
export function without(challenges: Session['challenges'], challengeId: string): Session['challenges'] {
  return Object.fromEntries(Object.entries(challenges).filter(([id]) => id !== challengeId));
}
