/** Challenges in the state: opened, shown by their token, moved by events. Each move is one compare-and-set. */
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import type { Claims } from '../jws.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import { newId } from './randomness.js';
import { apply, currentStep, open, type Challenge, type Effect, type Event, type Opening } from './rules.js';
import { findSession, type Session } from './sessions.js';

/** Kept a day past their end, so that a late token is told `expired` and not `unknown`. */
const KEPT_MS = 86_400_000;

/** A challenge whose token was shown: signed by us and known here. */
export interface Presented {
  challenge: Challenge;
  /** `jti` of the token that was shown, which may not be the challenge's latest. */
  jti: string;
  session: Session;
}

/** Opens a challenge and keeps it. Returns it with its token. */
export async function openChallenge(
  place: Place,
  wish: Omit<Opening, 'id' | 'jti'>,
): Promise<{ challenge: Challenge; token: string }> {
  const { randomBytes } = place.services;
  const challenge = open({ ...wish, id: newId('chl', randomBytes), jti: newUuid(randomBytes) }, age(place));
  await keep(place, challenge);
  await note(place, challenge, 'opened');
  return { challenge, token: await signToken(place, challenge) };
}

/** Reads a challenge token. Throws FrontendError `invalid_challenge_token` when it is not ours, unknown, or its session is over. */
export async function present(place: Place, token: string): Promise<Presented> {
  const claims = place.tokens.readChallenge(token);
  if (!claims || typeof claims.jti !== 'string') throw invalid('one signed by this service', 'another token');
  const kept = await findChallenge(place, claims);
  if (!kept) throw invalid('a challenge of this application', 'an unknown one');
  const session = await findSession(place, kept.sessionId);
  if (!session) throw invalid('a challenge of a live session', 'one whose session is over');
  return { challenge: kept, jti: claims.jti, session };
}

/** Applies an event to the challenge as it is now. Throws FrontendError with the rule's refusal. */
export async function move(
  place: Place,
  id: string,
  event: Event,
): Promise<{ challenge: Challenge; effects: Effect[] }> {
  const key = keyOf(place, 'prelude-challenge', id);
  for (;;) {
    const kept = await place.services.state.get<Challenge>(key);
    if (!kept) throw invalid('a challenge of this application', 'an unknown one');
    const outcome = apply(kept.value, event, age(place));
    if (outcome.refused !== undefined) throw new FrontendError(outcome.refused, outcome.words);
    const { challenge, effects } = outcome;
    if (challenge === kept.value) return outcome;
    const options = { expiresAt: challenge.expiresAt + KEPT_MS };
    if (!(await place.services.state.update(key, kept.version, challenge, options))) continue;
    await note(place, challenge, TRANSITIONS[event.type] ?? event.type);
    return { challenge, effects };
  }
}

/** Marks a step as proved; returns the challenge as it is then, with its token. Of several at once, one wins; the others are `token_reused`. */
export async function passStep(
  place: Place,
  shown: { id: string; jti: string; key: string },
): Promise<{ challenge: Challenge; token: string }> {
  const nextJti = newUuid(place.services.randomBytes);
  const { challenge } = await move(place, shown.id, { type: 'pass', jti: shown.jti, key: shown.key, nextJti });
  return { challenge, token: await signToken(place, challenge) };
}

/** Every challenge that is kept, also those that are over, oldest first. */
export async function listChallenges({ services, tenant }: TenantPlace): Promise<Challenge[]> {
  return (await services.state.list<Challenge>(tenant.id, 'prelude-challenge')).map(({ value }) => value);
}

/** A challenge by id. */
export async function challengeOf(place: Place, id: string): Promise<Challenge | undefined> {
  return (await place.services.state.get<Challenge>(keyOf(place, 'prelude-challenge', id)))?.value;
}

async function findChallenge(place: Place, claims: Claims): Promise<Challenge | undefined> {
  return typeof claims.challenge_id === 'string' ? challengeOf(place, claims.challenge_id) : undefined;
}

async function keep(place: Place, challenge: Challenge): Promise<void> {
  const options = { expiresAt: challenge.expiresAt + KEPT_MS };
  await place.services.state.put(keyOf(place, 'prelude-challenge', challenge.id), challenge, options);
}

async function signToken(place: Place, challenge: Challenge): Promise<string> {
  const iat = Math.floor(place.services.clock.now() / 1000);
  const claims: Claims = {
    challenge_id: challenge.id,
    current_step: currentStep(challenge)?.key ?? 'completed',
    scope_requested: challenge.scope,
    sub: challenge.userId,
    sid: challenge.sessionId,
    steps: challenge.steps,
    ...(challenge.metadata ? { metadata: challenge.metadata } : {}),
    grant_mode: challenge.grantMode,
    iat,
    exp: iat + Math.max(1, Math.round((challenge.expiresAt - age(place)) / 1000)),
    jti: challenge.jti,
  };
  await place.services.emit(place.tenant.id, 'token', { kind: 'challenge', claims });
  return place.tokens.signChallenge(claims);
}

/** What an event of the challenge's machine did, as the event log tells it. */
const TRANSITIONS: Partial<Record<Event['type'], string>> = {
  pass: 'step-passed',
  exhaust: 'attempts-exhausted',
  spend: 'spent',
};

async function note(place: Place, challenge: Challenge, transition: string): Promise<void> {
  await place.services.emit(place.tenant.id, 'challenge', {
    provider: 'prelude',
    transition,
    challengeId: challenge.id,
    step: currentStep(challenge)?.key ?? 'completed',
    steps: challenge.steps.map(({ key, done }) => ({ key, done })),
    status: challenge.status,
    scope: challenge.scope,
    userId: challenge.userId,
    sessionId: challenge.sessionId,
  });
}

function invalid(expected: string, got: string): FrontendError {
  return new FrontendError('invalid_challenge_token', `challenge token: expected ${expected}, got ${got}`);
}
