import type { Command } from 'commander';
import { sendCode } from '../../challenges.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  challenge?: string | undefined;
  credential?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--challenge <id>', 'challenge id; not needed when one is open')
    .option('--credential <id>', 'Dynamic: send it to this credential, before a scope is named')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup otp send
  $ stepup otp send --json
  $ stepup otp send && stepup otp check --code 123456 --scope wallet:export
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Sends the code of a challenge's current step; at Dynamic, without one, to a credential. Throws UsageError, RefusedError, SessionError, UnreachableError. */
export async function run(context: Context, options: Options): Promise<void> {
  await sendCode(context, { ...options, again: false });
}
