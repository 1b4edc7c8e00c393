/** One elevation, two people: one starts the challenge, the other one sees what it is for and answers it. */
import { InputNeededError, RefusedError, UsageError } from '../errors.js';
import type { Challenge, Grant, Provider, RequestOptions, StepEvent } from '../providers/provider.js';
import { challengeInWords, metadataInWords } from './challenges.js';
import type { CodeFlags } from './codes.js';
import type { Context } from './context.js';
import { timeLeft } from '../durations.js';
import { grantInWords } from './grants.js';
import { targetFlags } from './hints.js';
import { tellingWhy } from './hook-failure.js';
import { printable } from './terminal/printable.js';
import type { VerificationFlags } from './verification.js';
import { blocked, choose } from './walk.js';

type AnswerFlags = CodeFlags & VerificationFlags;

/** The flags of a step's answer, which are the other person's. */
const ANSWERS: readonly [keyof AnswerFlags, string][] = [
  ['code', '--code'],
  ['codeCommand', '--code-command'],
  ['verificationToken', '--verification-token'],
  ['verificationCommand', '--verification-command'],
  ['signWith', '--sign-with'],
];

/** Throws UsageError FLAG_CONFLICT for a flag that would answer a step, or vouch for the user. */
export function refuseAnswers(
  flags: AnswerFlags & { assertion?: string | undefined; assertionCommand?: string | undefined },
): void {
  const given = [...ANSWERS, ['assertion', '--assertion'], ['assertionCommand', '--assertion-command']] as const;
  const flag = given.find(([name]) => flags[name] !== undefined)?.[1];
  if (flag === undefined) return;
  throw new UsageError('FLAG_CONFLICT', `${flag} answers a step, and --detach leaves that to somebody else.`, {
    field: flag,
    hint: 'They give it to: stepup challenge continue ID',
  });
}

/**
 * Starts a challenge for somebody else to answer. No code is sent. A pipe gets the id alone; `--json`: `{"challenge":{…},"continueWith",
 * "waitWith"}`. Where the application grants at once there is none: nothing is printed, or `{"challenge":null,"grant":{…}}` without the
 * token. Throws what `provider.request` throws, RefusedError CHALLENGE_BLOCKED, InputNeededError where there are several ways.
 */
export async function startDetached(context: Context, scopes: string[], how: RequestOptions): Promise<void> {
  const { terminal, system } = context;
  const provider = await context.provider();
  const begun = await tellingWhy(context, () => begin(context, provider.request(scopes, { ...how, detached: true })));
  if ('grant' in begun) {
    const { token: _token, ...grant } = begun.grant;
    terminal.note(`${grantInWords(grant, system.now())} Nobody has to answer anything.`);
    return terminal.result({ challenge: null, grant }, () => '');
  }
  const { challenge } = begun;
  const command = (verb: string): string =>
    ['stepup', 'challenge', verb, challenge.challengeId, ...targetFlags(system.argv)].join(' ');
  const { challengeId, expiresAt } = challenge;
  terminal.note(challengeInWords(challenge));
  terminal.note(`  expires ${expiresAt} (${timeLeft(expiresAt, system.now())})`);
  terminal.note(`Who answers it types: stepup challenge continue ${challengeId}`);
  terminal.note(`Who waits for it types: stepup challenge wait ${challengeId}`);
  terminal.result({ challenge, continueWith: command('continue'), waitWith: command('wait') }, () => challengeId);
}

async function begin(
  { terminal }: Context,
  events: AsyncGenerator<StepEvent, void>,
): Promise<{ challenge: Challenge } | { grant: Grant }> {
  try {
    for (;;) {
      const { done, value: event } = await terminal.progress('Waiting for the service', () => events.next());
      if (done) throw new TypeError('a request ended without an outcome');
      if (event.type === 'challenge' && event.challenge.currentStep !== 'completed')
        return { challenge: event.challenge };
      if (event.type === 'granted') return { grant: event.grant };
      if (event.type === 'blocked') throw blocked(event.scopes);
      if (event.type === 'step') await choose(event.step, terminal);
    }
  } finally {
    await events.return();
  }
}

export interface ConsentFlags extends AnswerFlags {
  yes?: boolean | undefined;
}

/**
 * Has the one who answers a detached challenge see what it is for, and agree, before any code is sent. Without a terminal `--yes` or a
 * flag that answers a step is the consent. Throws RefusedError CHALLENGE_DISCARDED when they decline (the challenge is discarded),
 * InputNeededError when there is nobody to ask. Does nothing for a challenge that was not detached.
 */
export async function consentTo(
  { terminal, system }: Context,
  provider: Provider,
  challenge: Challenge,
  flags: ConsentFlags,
): Promise<void> {
  if (!challenge.detached) return;
  const { challengeId, scopeRequested, metadata, expiresAt } = challenge;
  const facts = [
    `You are asked to approve ${terminal.err.bold(printable(scopeRequested))}:`,
    ...metadataInWords(metadata),
    `  for user ${printable(challenge.userId)}, to be answered until ${expiresAt} (${timeLeft(expiresAt, system.now())})`,
  ].join('\n');
  const asks = terminal.interactive && !flags.yes;
  if (!asks) {
    terminal.note(facts);
    if (flags.yes || ANSWERS.some(([name]) => flags[name] !== undefined)) return;
    throw new InputNeededError(
      'INPUT_NEEDED',
      'Somebody else has started this challenge, and nobody is here to agree.',
      {
        field: '--yes',
        hint: `Agree with --yes, or with the flag that gives the code. See what it is for with: stepup challenge show ${challengeId}`,
      },
    );
  }
  // Also with --json: who agrees must have seen it.
  terminal.warn(facts);
  if (await terminal.confirm(`Go on? No discards the challenge`, '--yes')) return;
  await provider.discard(challengeId);
  throw new RefusedError('CHALLENGE_DISCARDED', `You declined ${scopeRequested}: the challenge is discarded.`, {
    hint: 'Whoever waits for it is told. They can ask again.',
  });
}
