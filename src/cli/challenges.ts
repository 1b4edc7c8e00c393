/** Challenges under way: which one a command means, and how one looks. */
import { printable } from './terminal/printable.js';
import { InputNeededError, SessionError, UsageError } from '../errors.js';
import type { Challenge, Provider, StepEvent } from '../providers/provider.js';
import { channelName } from './codes.js';
import type { Context } from './context.js';
import { durationInWords } from '../durations.js';

/** The open challenges, oldest first. Throws SessionError NOT_LOGGED_IN: there can be none without a session. */
export async function openChallenges(provider: Provider): Promise<Challenge[]> {
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  return provider.challenges();
}

/**
 * The open challenge with this id, or, without one, the only one that is open. Throws UsageError CHALLENGE_UNKNOWN and
 * CHALLENGE_AMBIGUOUS, SessionError NOT_LOGGED_IN. `field` is how the id is given: `id` or `--challenge`.
 */
export async function chooseChallenge(provider: Provider, id: string | undefined, field: string): Promise<Challenge> {
  const open = await openChallenges(provider);
  if (id !== undefined) {
    const found = open.find(({ challengeId }) => challengeId === id);
    if (found) return found;
    throw new UsageError('CHALLENGE_UNKNOWN', `No open challenge has the id "${id}".`, {
      field,
      hint: 'See the open ones with: stepup challenge list',
    });
  }
  if (open.length > 1) {
    const each = open.map(({ challengeId, scopeRequested }) => `${challengeId} (${scopeRequested})`);
    throw new UsageError('CHALLENGE_AMBIGUOUS', `Several challenges are open: ${each.join(', ')}.`, {
      field,
      hint: 'Name the one that you mean.',
    });
  }
  if (open[0]) return open[0];
  throw new UsageError('CHALLENGE_UNKNOWN', 'No challenge is open.', {
    field,
    hint: 'Start one with: stepup request SCOPE',
  });
}

/** Throws InputNeededError for a detached one: whoever answers it has to see what it is for, and agree, which another command does. */
export function refuseDetached({ detached, challengeId }: Challenge): void {
  if (!detached) return;
  throw new InputNeededError('INPUT_NEEDED', 'Somebody else has started this challenge: who answers it has to agree.', {
    hint: `See what it is for, and answer it, with: stepup challenge continue ${challengeId}`,
  });
}

/** The facts of a challenge as a few lines for a person. */
export function challengeInWords(challenge: Challenge): string {
  const { challengeId, scopeRequested, currentStep, steps, userId, sessionId, metadata } = challenge;
  const now = currentStep === 'completed' ? 'completed' : `now ${currentStep}`;
  const what = scopeRequested === '' ? 'a scope to be named' : scopeRequested;
  const lines = [
    `Challenge ${challengeId} for ${what}: ${now}`,
    `  user ${userId}, session ${sessionId}`,
    ...steps.map(
      ({ order, key, done, expirationDuration }) =>
        `  ${done ? '[x]' : '[ ]'} ${order} ${key} (${durationInWords(expirationDuration)})`,
    ),
    ...metadataInWords(metadata),
  ];
  return lines.map(printable).join('\n');
}

/** What a challenge is about beside its scope, a line each. */
export function metadataInWords(metadata: Challenge['metadata'] = {}): string[] {
  return Object.entries(metadata).map(([key, value]) => printable(`  metadata ${key}=${value}`));
}

export interface SendOptions {
  /** Challenge id. */
  challenge?: string | undefined;
  /** Dynamic: the credential to send a code to before a scope is named. */
  credential?: string | undefined;
  /** Makes it the service's retry call. */
  again: boolean;
}

/**
 * Sends the code of a challenge's current step, and prints where it went. At Dynamic a code needs no challenge: without one it goes to
 * the credential, and the scope is named when it is checked.
 */
export async function sendCode(context: Context, { challenge, credential, again }: SendOptions): Promise<void> {
  const { terminal } = context;
  const provider = await context.provider();
  if (challenge !== undefined && credential !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--challenge and --credential cannot be used together.', {
      field: '--credential',
    });
  }
  const send = async (): Promise<CodeSent> => {
    const fresh = !again && challenge === undefined && (credential !== undefined || (await nothingOpen(provider)));
    if (fresh && (await context.target()).provider === 'dynamic') return (await context.dynamic()).openCode(credential);
    if (credential !== undefined) await context.dynamic(); // refuses what Prelude does not have
    const chosen = await chooseChallenge(provider, challenge, '--challenge');
    refuseDetached(chosen);
    return provider.sendCode(chosen.challengeId, { again });
  };
  const { step, channel, sentAt, challengeId } = await terminal.progress('Sending the code', send);
  terminal.result(
    { codeSent: { challengeId, step, channel, sentAt } },
    () => `Code sent by ${channelName(channel)}. Check it with: stepup otp check --challenge ${challengeId}`,
  );
}

type CodeSent = Extract<StepEvent, { type: 'code-sent' }>;

async function nothingOpen(provider: Provider): Promise<boolean> {
  return (await openChallenges(provider)).length === 0;
}
