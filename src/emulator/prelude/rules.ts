/** The step-up machine: (challenge, event, now) → challenge and effects, or a refusal. No HTTP, no storage, no clock. */
import type { FrontendCode } from './errors.js';
import { ago } from '../shown.js';
import type { Identifier } from './wire.js';

export type GrantMode = 'single-use' | 'session-bound' | 'profile-bound';

/** A step as the challenge token shows it; `expiration_duration` in seconds. */
export interface Step {
  order: number;
  key: string;
  done: boolean;
  expiration_duration: number;
}

/** One attempt to get one scope. Times are milliseconds on the age clock. */
export interface Challenge {
  id: string;
  userId: string;
  sessionId: string;
  scope: string;
  metadata: Record<string, string> | null;
  grantMode: GrantMode;
  /** Seconds; 0 only for a single use without an end. */
  grantedFor: number;
  steps: Step[];
  status: 'open' | 'completed' | 'spent' | 'dead';
  /** `jti` of the only token that is good now. */
  jti: string;
  expiresAt: number;
  completedAt: number | null;
  /** The identifier that the code goes to, and that is the user's once it was right (mode `managed`). */
  registers?: Identifier | undefined;
}

/** What a challenge starts from. */
export interface Opening {
  id: string;
  userId: string;
  sessionId: string;
  scope: string;
  metadata: Record<string, string> | null;
  grantMode: GrantMode;
  grantedFor: number;
  steps: { order: number; key: string; expiration_duration: number }[];
  jti: string;
  registers?: Identifier | undefined;
}

export type Event =
  /** A token of the challenge is shown, whatever for. */
  | { type: 'present'; jti: string }
  /** A code is wanted for the current step. */
  | { type: 'send'; jti: string }
  /** A step has been proved; `nextJti` names the token that follows. */
  | { type: 'pass'; jti: string; key: string; nextJti: string }
  /** The current step's attempts are used up. */
  | { type: 'exhaust'; jti: string }
  /** The completed token is exchanged at `/refresh`. */
  | { type: 'spend'; jti: string; userId: string; sessionId: string };

export type Effect =
  | { type: 'token' }
  | { type: 'code'; channel: 'sms' | 'email'; step: number }
  | { type: 'grant'; scope: string; mode: GrantMode; endsAt: number | null };

export type Outcome =
  { refused: FrontendCode; words: string } | { refused?: undefined; challenge: Challenge; effects: Effect[] };

const DEFAULT_DURATION = 600;
const CHANNELS: Record<string, 'sms' | 'email'> = { verify_sms: 'sms', verify_email: 'email' };

/** The channel of a managed OTP step, undefined for every other key. */
export function channelOf(key: string): 'sms' | 'email' | undefined {
  return Object.hasOwn(CHANNELS, key) ? CHANNELS[key] : undefined;
}

/** True for the steps that Prelude runs itself. */
export function isManaged(key: string): boolean {
  return channelOf(key) !== undefined || key === 'verify_passkey';
}

/** The step whose turn it is; undefined when all are done. */
export function currentStep(challenge: Challenge): Step | undefined {
  return challenge.steps.find((step) => !step.done);
}

/** True when the token shown is the latest and its time is over. */
export function isExpired(challenge: Challenge, jti: string, now: number): boolean {
  return challenge.jti === jti && now >= challenge.expiresAt && ['open', 'completed'].includes(challenge.status);
}

/** Why a token of it is refused then, in words. */
export function expiredWords({ expiresAt }: Challenge, now: number): string {
  return `challenge token: expected an unexpired one, got one that expired ${ago(now, expiresAt)}`;
}

/** Opens a challenge: steps in their order; complete at once when there is none. */
export function open(opening: Opening, now: number): Challenge {
  const steps = opening.steps
    .map((step) => ({ order: step.order, key: step.key, done: false, expiration_duration: step.expiration_duration }))
    .sort((one, other) => one.order - other.order);
  const { id, userId, sessionId, scope, metadata, grantMode, grantedFor, jti, registers } = opening;
  const blank = { id, userId, sessionId, scope, metadata, grantMode, grantedFor, steps, jti, registers };
  return advance({ ...blank, status: 'open', expiresAt: 0, completedAt: null }, jti, now);
}

/** Applies one event. */
export function apply(challenge: Challenge, event: Event, now: number): Outcome {
  const refusal =
    event.type === 'spend' ? spendRefusal(challenge, event, now) : presentRefusal(challenge, event.jti, now);
  if (refusal) return refusal;
  switch (event.type) {
    case 'present':
      return done(challenge);
    case 'send':
      return send(challenge);
    case 'exhaust':
      return done({ ...challenge, status: 'dead' });
    case 'pass':
      return pass(challenge, event, now);
    case 'spend':
      return done({ ...challenge, status: 'spent' }, grantOf(challenge));
  }
}

/** When a grant of a completed challenge ends: `granted_for` counts from completion. Null: no end. */
function grantOf(challenge: Challenge): Effect {
  const { scope, grantMode: mode, grantedFor, completedAt } = challenge;
  const endsAt = grantedFor > 0 && completedAt !== null ? completedAt + grantedFor * 1000 : null;
  return { type: 'grant', scope, mode, endsAt };
}

function send(challenge: Challenge): Outcome {
  const step = currentStep(challenge);
  const channel = step && channelOf(step.key);
  if (!step || !channel)
    return refuse('bad_request', `current step: expected one with a code, got ${step?.key ?? 'completed'}`);
  return done(challenge, { type: 'code', channel, step: step.order });
}

function pass(challenge: Challenge, event: { key: string; nextJti: string }, now: number): Outcome {
  const step = currentStep(challenge);
  if (!challenge.steps.some(({ key }) => key === event.key)) {
    return refuse('step_not_found', `key: expected a step of the challenge, got ${event.key}`);
  }
  if (step?.key !== event.key) {
    return refuse('step_bypassed', `key: expected ${step?.key ?? 'completed'}, got ${event.key}`);
  }
  const steps = challenge.steps.map((one) => (one === step ? { ...one, done: true } : one));
  return done(advance({ ...challenge, steps }, event.nextJti, now), { type: 'token' });
}

/** Gives the challenge its next token: for the current step, or for completion. */
function advance(challenge: Challenge, jti: string, now: number): Challenge {
  const step = currentStep(challenge);
  const seconds = step?.expiration_duration || DEFAULT_DURATION;
  if (step) return { ...challenge, jti, expiresAt: now + seconds * 1000 };
  // A completed token must not outlive the grant that it stands for.
  const capped = challenge.grantedFor > 0 ? Math.min(seconds, challenge.grantedFor) : seconds;
  return { ...challenge, jti, status: 'completed', completedAt: now, expiresAt: now + capped * 1000 };
}

function presentRefusal(challenge: Challenge, jti: string, now: number): Outcome | undefined {
  if (challenge.status === 'dead')
    return refuse('invalid_challenge_token', 'challenge: expected one with attempts left, got none left');
  if (challenge.status === 'spent')
    return refuse('token_reused', 'challenge token: expected an unspent one, got a spent one');
  if (challenge.jti !== jti)
    return refuse('token_reused', "challenge token: expected the challenge's latest, got an earlier one");
  if (now >= challenge.expiresAt) return refuse('expired_challenge_token', expiredWords(challenge, now));
  return undefined;
}

function spendRefusal(
  challenge: Challenge,
  event: { jti: string; userId: string; sessionId: string },
  now: number,
): Outcome | undefined {
  if (challenge.userId !== event.userId || challenge.sessionId !== event.sessionId) {
    return refuse('token_mismatch', "step_up_token: expected one of this session, got another session's");
  }
  const refusal = presentRefusal(challenge, event.jti, now);
  if (refusal || challenge.status === 'completed') return refusal;
  return refuse(
    'step_not_completed',
    `step_up_token: expected completed, got ${currentStep(challenge)?.key ?? challenge.status}`,
  );
}

function refuse(refused: FrontendCode, words: string): Outcome {
  return { refused, words };
}

function done(challenge: Challenge, ...effects: Effect[]): Outcome {
  return { challenge, effects };
}
