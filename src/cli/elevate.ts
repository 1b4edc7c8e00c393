/** Steps up on the way to something else: the same walk as `stepup request`, with the same flags. */
import type { Command } from 'commander';
import { FailedError, InputNeededError } from '../errors.js';
import type { ApiCredentials, Grant, Provider, RequestOptions, StepEvent } from '../providers/provider.js';
import { addCodeFlags, createCodeSource, type CodeFlags, type CodeSource } from './codes.js';
import type { Context } from './context.js';
import { tellingWhy } from './hook-failure.js';
import { addProofFlags, proofOf, readAssertion, type ProofFlags } from './proof-flags.js';
import { addVerificationFlags, createVerificationSource, type VerificationFlags } from './verification.js';
import { noteEvent, walk, type Answers } from './walk.js';

/** The flags of `stepup request` that answer its steps. */
export interface StepUpFlags extends CodeFlags, VerificationFlags, ProofFlags {}

/** What answers the steps. Whoever made it closes `codes` when the last step-up has ended. */
export interface StepUpSource extends Answers {
  /** How to prove it. Absent where the command has none of the flags that say so. */
  how?: (() => Promise<RequestOptions>) | undefined;
}

/** Adds the flags of `stepup request` that answer its steps, and say which way to take. */
export function addStepUpFlags(command: Command): Command {
  return addVerificationFlags(addCodeFlags(addProofFlags(command)));
}

/** The source that those flags and the terminal make. Throws UsageError FLAG_CONFLICT and FLAG_INVALID. */
export function stepUpSource(context: Context, flags: StepUpFlags): StepUpSource {
  const codes = createCodeSource(context, flags);
  const verification = createVerificationSource(context, flags);
  const way = proofOf(flags);
  let assertion: Promise<string | undefined> | undefined;
  return {
    codes,
    verification,
    how: async () => {
      // Standard input is there once; a file or a command may give another for the next step-up, which a service may demand.
      if (flags.assertion !== '-') return { ...way, assertion: await readAssertion(context, flags) };
      return { ...way, assertion: await (assertion ??= readAssertion(context, flags)) };
    },
  };
}

/** The flag that reads standard input, if one does. */
export function inputReader({ code, verificationToken, signWith, assertion }: StepUpFlags): string | undefined {
  const given = {
    '--code': code,
    '--verification-token': verificationToken,
    '--sign-with': signWith,
    '--assertion': assertion,
  };
  return Object.entries(given).find(([, value]) => [value].flat().includes('-'))?.[0];
}

/**
 * Tokens that hold all of the scopes: from the grants while one lasts, otherwise by stepping up for what is missing. Throws SessionError,
 * what `stepUpFor` throws, and FailedError GRANT_GONE where no one token holds all of them even then.
 */
export async function credentialsHolding(
  context: Context,
  provider: Provider,
  scopes: readonly string[],
  source: StepUpSource,
): Promise<{ credentials: ApiCredentials; steppedUp: boolean }> {
  const held = await context.terminal.progress('Getting the token', () => provider.credentialsFor(scopes));
  if (held) return { credentials: held, steppedUp: false };
  const missing: string[] = [];
  for (const scope of scopes) if ((await provider.check(scope)).required) missing.push(scope);
  // Each is held, but no one token holds all of them: the last one that is granted does.
  await stepUpFor(context, provider, missing.length > 0 && provider.name === 'prelude' ? missing : scopes, source);
  const credentials = await provider.credentialsFor(scopes);
  if (credentials) return { credentials, steppedUp: true };
  // Scopes for one use each come in tokens of their own; another process may also have been quicker to take what was granted.
  throw new FailedError('GRANT_GONE', `The step-up has ended, but no one token holds ${scopes.join(' and ')}.`, {
    hint: scopes.length > 1 ? 'Ask for one scope at a time.' : 'Run the command again.',
  });
}

/**
 * Gets the user a token that holds the scopes, whether or not one is held: one request for all of them, or one for each where the
 * service takes one at a time. Answers with the last grant. Throws what `walk` throws; InputNeededError names the flag, or how to step
 * up beforehand, and leaves no challenge behind unless a code is on its way.
 */
export async function stepUpFor(
  context: Context,
  provider: Provider,
  scopes: readonly string[],
  source: StepUpSource,
): Promise<Grant> {
  let grant: Grant | undefined;
  // Prelude: one scope a request. What lasts adds up in the access token.
  for (const wanted of provider.name === 'prelude' ? scopes.map((scope) => [scope]) : [[...scopes]]) {
    grant = await stepUpOnce(context, provider, wanted, source);
  }
  if (!grant) throw new TypeError('a step-up for no scope');
  return grant;
}

async function stepUpOnce(
  context: Context,
  provider: Provider,
  scopes: string[],
  { how, ...answers }: StepUpSource,
): Promise<Grant> {
  let challengeId: string | undefined;
  let codeSent = false;
  // The walk closes its source, and the command may still need codes of it.
  const codes: CodeSource = { ...answers.codes, close: () => undefined };
  try {
    const events = provider.request(scopes, (await how?.()) ?? {});
    const show = (event: StepEvent, triesLeft: number): void => {
      if (event.type === 'challenge') challengeId = event.challenge.challengeId;
      if (event.type === 'code-sent') codeSent = true;
      noteEvent(context.terminal, event, triesLeft);
    };
    const outcome = await tellingWhy(context, () => walk(context, events, { ...answers, codes }, show));
    if (outcome.type !== 'granted') throw new TypeError('a step-up ended with a login');
    return outcome.grant;
  } catch (error) {
    // A challenge whose code is on its way can still be gone on with; its own hint says how.
    if (!(error instanceof InputNeededError) || codeSent) throw error;
    if (challengeId !== undefined) await provider.discard(challengeId);
    throw stepUpBefore(error, scopes.join(' '), how !== undefined);
  }
}

/** The same status, with a way out that this command has. `hasFlags`: it has all flags of `request`. */
function stepUpBefore(
  { message, field, hint, cause }: InputNeededError,
  scope: string,
  hasFlags: boolean,
): InputNeededError {
  const before = `step up before with: stepup request ${scope}`;
  const flags =
    field === '--code'
      ? '--code CODE, --code - (standard input) or --code-command COMMAND'
      : field === '--verification-token' && hasFlags
        ? '--verification-token FILE, --verification-command COMMAND or --sign-with KEY'
        : undefined;
  if (flags !== undefined) {
    return new InputNeededError('INPUT_NEEDED', message, { field, cause, hint: `Give it with ${flags}, or ${before}` });
  }
  const own = hint === undefined ? '' : `${hint}; `;
  return hasFlags
    ? new InputNeededError('INPUT_NEEDED', message, { field, cause, hint: `${own}or ${before}` })
    : new InputNeededError('INPUT_NEEDED', message, {
        cause,
        hint: `${own}these flags are of: stepup request ${scope}`,
      });
}
