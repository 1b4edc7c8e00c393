/** Commands that need an elevated token step up by themselves. */
import { InputNeededError, RefusedError } from '../errors.js';
import type { Provider } from '../providers/provider.js';
import type { CodeSource } from './codes.js';
import type { Context } from './context.js';
import { noteEvent, walk } from './walk.js';

export interface Wanted<From extends Provider> {
  /** The command as it is typed, for the words: `mfa add`. */
  command: string;
  scope: string;
  /** Where the step-up's codes come from. It is closed when the work has ended. */
  source: CodeSource;
  provider: From;
}

/**
 * Does work that the service demands a scope for. Where no grant holds it the user steps up before; where the service wants one all the
 * same, once, and the work is tried again. Throws what `walk` and the work throw; InputNeededError says how to step up beforehand.
 */
export async function withElevation<From extends Provider, T>(
  context: Context,
  { command, scope, source, provider }: Wanted<From>,
  work: (provider: From) => Promise<T>,
): Promise<T> {
  const { terminal } = context;
  try {
    const { required } = await terminal.progress('Looking at the grants', () => provider.check(scope));
    if (required) {
      terminal.note(`${command} needs ${scope}: stepping up first.`);
      await stepUp(context, provider, scope, source);
      return await work(provider);
    }
    try {
      return await work(provider);
    } catch (error) {
      if (!(error instanceof RefusedError && error.code === 'ELEVATION_REQUIRED')) throw error;
      terminal.note(`The service wants ${scope} for ${command} all the same: stepping up.`);
      await stepUp(context, provider, scope, source);
      return await work(provider);
    }
  } finally {
    source.close();
  }
}

async function stepUp(context: Context, provider: Provider, scope: string, source: CodeSource): Promise<void> {
  let challengeId: string | undefined;
  let codeSent = false;
  // The walk closes its source, and the command may still need codes of it.
  const lent: CodeSource = { ...source, close: () => undefined };
  try {
    await walk(context, provider.request([scope], {}), { codes: lent }, (event, triesLeft) => {
      if (event.type === 'challenge') challengeId = event.challenge.challengeId;
      if (event.type === 'code-sent') codeSent = true;
      noteEvent(context.terminal, event, triesLeft);
    });
  } catch (error) {
    // A challenge whose code is on its way can still be gone on with; its own hint says how.
    if (!(error instanceof InputNeededError) || codeSent) throw error;
    if (challengeId !== undefined) await provider.discard(challengeId);
    throw stepUpBefore(error, scope);
  }
}

/** The same status, with a way out that this command has: what names a way, or picks one of several, is a flag of `request` alone. */
function stepUpBefore({ message, field, hint, cause }: InputNeededError, scope: string): InputNeededError {
  const before = `stepup request ${scope}`;
  return field === '--code'
    ? new InputNeededError('INPUT_NEEDED', message, {
        field,
        cause,
        hint: `Give it with --code CODE, --code - (standard input) or --code-command COMMAND, or step up before with: ${before}`,
      })
    : new InputNeededError('INPUT_NEEDED', message, {
        cause,
        hint: `${hint === undefined ? '' : `${hint}; `}these flags are of: ${before}`,
      });
}
