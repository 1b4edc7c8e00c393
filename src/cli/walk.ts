/** Walks what a provider asks for: shows each event, answers each step from the code source, and ends with the outcome. */
import {
  FailedError,
  InputNeededError,
  InterruptedError,
  RefusedError,
  UnreachableError,
  UsageError,
} from '../errors.js';
import type { Challenge, PendingStep, StepEvent } from '../providers/provider.js';
import { challengeInWords } from './challenges.js';
import { channelName, codeWrong, type CodeAnswer, type CodeSource } from './codes.js';
import type { Context } from './context.js';
import { grantInWords, showGrant } from './grants.js';
import type { VerificationSource } from './verification.js';

type Outcome = Extract<StepEvent, { type: 'granted' | 'logged-in' }>;
type Show = (event: StepEvent, triesLeft: number) => void;

/** What answers the steps of a walk. */
export interface Answers {
  codes: CodeSource;
  /** Verification tokens for custom steps. */
  verification?: Pick<VerificationSource, 'next'> | undefined;
  /** Takes the person to an address in a browser, and answers with the one that they came back to. */
  visit?: ((url: string) => Promise<string>) | undefined;
}

/** How many wrong codes one step takes before the walk gives up. */
const MAX_TRIES = 3;

/**
 * Walks to the end. The challenge is kept when the walk stops early, and standard error says so with its id. Throws
 * RefusedError CODE_WRONG and CHALLENGE_BLOCKED, InputNeededError before a code is sent that nobody could give, UsageError
 * STEP_UNSUPPORTED, InterruptedError, and what the provider and the source throw.
 */
export async function walk(
  { terminal }: Pick<Context, 'terminal'>,
  events: AsyncGenerator<StepEvent, void>,
  answers: Answers,
  show: Show,
): Promise<Outcome> {
  const source = answers.codes;
  let challengeId: string | undefined;
  let step: PendingStep | undefined;
  /** The custom step that was answered last. */
  let custom: string | undefined;
  let given: Extract<CodeAnswer, { kind: 'code' }> | undefined;
  let refused: string[] = [];
  // A refused verification token ends the walk: there are no tries to tell of.
  const triesLeft = (): number => (given?.final || custom !== undefined ? 0 : MAX_TRIES - refused.length);
  try {
    for (;;) {
      const next = await terminal.progress('Waiting for the service', () => events.next());
      if (next.done) throw new TypeError('the walk ended without an outcome');
      const event = next.value;
      if (event.type === 'step-refused' && given) refused.push(given.code);
      show(event, triesLeft());
      switch (event.type) {
        case 'challenge':
          challengeId = event.challenge.challengeId;
          refused = [];
          if (sendsCode(event.challenge)) source.ready(challengeId, event.accepts);
          break;
        case 'step':
          custom = event.step.kind === 'custom' ? event.step.key : undefined;
          if (await answeredOtherwise(event.step, answers, terminal)) break;
          step = takesCode(event.step);
          given = await answerStep(step, source, refused, terminal);
          break;
        case 'step-refused':
          if (event.key === custom) throw tokenRefused(event);
          if (triesLeft() <= 0) throw codeWrong(step ?? {}, event.code);
          break;
        case 'blocked':
          throw blocked(event.scopes);
        case 'granted':
        case 'logged-in':
          return event;
        case 'code-sent':
          break;
      }
    }
  } catch (error) {
    if (challengeId !== undefined && leavesItOpen(error)) {
      terminal.warn(`The challenge ${challengeId} is kept. Go on with: stepup challenge continue ${challengeId}`);
    }
    throw error;
  } finally {
    source.close();
    await events.return();
  }
}

/** Walks a challenge with its events shown, and prints the grant. With `--json` every event is a line. */
export async function walkChallenge(
  context: Context,
  events: AsyncGenerator<StepEvent, void>,
  answers: Answers,
  { forAnother = false }: { forAnother?: boolean | undefined } = {},
): Promise<void> {
  const { terminal, system } = context;
  const show: Show = (event, triesLeft) => {
    if (terminal.json) terminal.event(eventDocument(event, forAnother));
    else noteEvent(terminal, event, triesLeft);
  };
  const outcome = await walk(context, events, answers, show);
  if (outcome.type !== 'granted' || terminal.json) return;
  if (forAnother) terminal.note(grantInWords(outcome.grant, system.now()));
  else showGrant(context, { grant: outcome.grant });
}

/** Says what happens to a person, on standard error. What the prompt says itself is left out. */
export function noteEvent(terminal: Context['terminal'], event: StepEvent, triesLeft: number): void {
  if (event.type === 'challenge') terminal.note(challengeInWords(event.challenge));
  if (event.type === 'code-sent' && !terminal.interactive) terminal.note(`Code sent by ${channelName(event.channel)}.`);
  if (event.type === 'step-refused' && triesLeft > 0) {
    terminal.note(terminal.err.bad(`That code was refused; ${triesLeft === 1 ? '1 try' : `${triesLeft} tries`} left.`));
  }
}

/** An event as its line of `--json`: `type` and its facts, flat. */
function eventDocument(event: StepEvent, forAnother: boolean): { type: string; [fact: string]: unknown } {
  if (event.type === 'granted' && forAnother) {
    const { token: _token, ...grant } = event.grant;
    return { ...event, grant };
  }
  if (event.type === 'challenge') return { type: event.type, ...event.challenge };
  if (event.type !== 'step') return event;
  const { challengeId, key, kind, choices, channel, scope, sentAt } = event.step;
  return { type: event.type, challengeId, key, kind, choices, channel, scope, sentAt };
}

/** Answers a step that takes no code. False for one that does. */
async function answeredOtherwise(
  step: PendingStep,
  { verification, visit }: Answers,
  terminal: Context['terminal'],
): Promise<boolean> {
  if (step.kind === 'choice') {
    await choose(step, terminal);
    return true;
  }
  if (step.kind === 'browser' && visit && step.url !== undefined) {
    step.answer({ redirect: await visit(step.url) });
    return true;
  }
  if (step.kind !== 'custom' || !verification) return false;
  const { key, challengeId = '', userId = '', scope = '' } = step;
  step.answer({ token: await verification.next({ key, challengeId, userId, scope }) });
  return true;
}

/** A verification token is refused for a reason that another try with the same one does not change. */
function tokenRefused({ message, code, challengeId }: Extract<StepEvent, { type: 'step-refused' }>): RefusedError {
  return new RefusedError('VERIFICATION_REFUSED', message, {
    serviceCode: code,
    hint: [
      ...(message.includes('jwks_url')
        ? ['See whether the key set is as it should be: stepup keys test JWKS_URL']
        : []),
      ...(challengeId
        ? [`The challenge is kept. Go on with another token: stepup challenge continue ${challengeId}`]
        : []),
    ].join('\n'),
  });
}

/** RefusedError CHALLENGE_BLOCKED. */
export function blocked(scopes: readonly string[]): RefusedError {
  return new RefusedError('CHALLENGE_BLOCKED', `Step-up for ${scopes.join(' ')} was blocked.`, {
    hint: 'Your hook, or the stored verdict of the scope, answered `block`.',
  });
}

/** Whether the service sends a code as soon as the walk goes on. */
function sendsCode({ currentStep, steps }: Challenge): boolean {
  return steps.some(({ key, kind }) => key === currentStep && kind === 'otp');
}

/** Lets the person choose between ways. Throws InputNeededError, which lists them, when there is nobody to ask. */
export async function choose(step: PendingStep, terminal: Context['terminal']): Promise<void> {
  const options = step.choices.map(({ id, label }) => ({ value: id, label }));
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'There are several ways, and there is nobody to ask for one.', {
      field: step.choiceFlags?.split(' ', 1)[0],
      hint: `Name one with ${step.choiceFlags ?? 'a flag'}: ${options.map(({ value, label }) => `${label} (${value})`).join(', ')}`,
    });
  }
  const message = step.scope === undefined ? 'Log in with' : `Prove it is you, for ${step.scope}`;
  step.answer({ choice: await terminal.choose(message, step.choiceFlags ?? '', options) });
}

/** Gives a step its answer; the code that was given, or undefined when a new one is to be sent. */
async function answerStep(
  step: PendingStep,
  source: CodeSource,
  refused: readonly string[],
  terminal: Context['terminal'],
): Promise<Extract<CodeAnswer, { kind: 'code' }> | undefined> {
  const ask = (): Promise<CodeAnswer> => source.next(step, refused);
  const answer = await (source.waits ? terminal.progress('Waiting for the code', ask) : ask());
  if (answer.kind === 'resend') {
    step.resend?.();
    return undefined;
  }
  step.answer({ code: answer.code });
  return answer;
}

function takesCode(step: PendingStep): PendingStep {
  if (step.kind === 'otp' || step.kind === 'totp' || step.kind === 'recovery') return step;
  throw new UsageError('STEP_UNSUPPORTED', `The step ${step.key} cannot be done in the terminal yet.`, {
    hint:
      step.challengeId === undefined
        ? undefined
        : `It is a ${step.kind} step. The challenge is kept: stepup challenge show ${step.challengeId}`,
  });
}

/** Whether an early end leaves a challenge that can be taken up again, and its own words do not say so. */
function leavesItOpen(error: unknown): boolean {
  if (error instanceof InputNeededError) return false; // its hint names the challenge
  if (error instanceof FailedError) return error.code !== 'CODE_COMMAND_FAILED' || error.field !== '--code-command';
  // A file, a key or a token that is none: the person mends it, and goes on.
  if (error instanceof UsageError) return error.code !== 'STEP_UNSUPPORTED';
  return error instanceof InterruptedError || error instanceof UnreachableError;
}
