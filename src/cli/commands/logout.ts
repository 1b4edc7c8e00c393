import type { Command } from 'commander';
import { UnreachableError } from '../../errors.js';
import type { Context } from '../context.js';
import type { Handle } from '../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup logout
  $ stepup logout --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Ends the session at the service and here. Throws UnreachableError with the session kept. */
export async function run(context: Context): Promise<void> {
  const { terminal } = context;
  const provider = await context.provider();
  const loggedOut = await keepingSession(() => terminal.progress('Logging out', () => provider.logout()));
  terminal.result({ loggedOut }, () => (loggedOut ? 'Logged out.' : 'Not logged in.'));
}

/** A session that the service did not hear about is still good there, so it stays here too, and the error says so. */
async function keepingSession<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const { code, message, hint, status, serviceCode, requestId, retryAfter } = error;
    throw new UnreachableError(code, message, {
      hint: ['You are still logged in; try again with: stepup logout', hint].filter(Boolean).join('\n'),
      status,
      serviceCode,
      requestId,
      retryAfter,
      cause: error,
    });
  }
}
