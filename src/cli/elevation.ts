/** Commands that need an elevated token step up by themselves. */
import { RefusedError } from '../errors.js';
import type { Provider } from '../providers/provider.js';
import type { CodeSource } from './codes.js';
import type { Context } from './context.js';
import { stepUpFor } from './elevate.js';

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
      await stepUpFor(context, provider, [scope], { codes: source });
      return await work(provider);
    }
    try {
      return await work(provider);
    } catch (error) {
      if (!(error instanceof RefusedError && error.code === 'ELEVATION_REQUIRED')) throw error;
      terminal.note(`The service wants ${scope} for ${command} all the same: stepping up.`);
      await stepUpFor(context, provider, [scope], { codes: source });
      return await work(provider);
    }
  } finally {
    source.close();
  }
}
