import type { Command } from 'commander';
import { sendCode } from '../../challenges.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  challenge?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--challenge <id>', 'challenge id; not needed when one is open')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup otp retry
  $ stepup otp retry --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Sends the code of a challenge's current step again, by the retry call. Throws UsageError, RefusedError, SessionError, UnreachableError. */
export async function run(context: Context, { challenge }: Options): Promise<void> {
  await sendCode(context, { challenge, again: true });
}
