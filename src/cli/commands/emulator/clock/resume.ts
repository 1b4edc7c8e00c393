import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import type { Handle } from '../../../tree.js';
import { moveClock, type Options } from './standing.js';

export function define(command: Command, handle: Handle): void {
  command
    .option('--tenant <id>', 'of this tenant')
    .addHelpText(
      'after',
      `
It goes on from where it stood still.

Examples:
  $ stepup emulator clock resume
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Lets the clock run again. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export function run(context: Context, options: Options): Promise<void> {
  return moveClock(context, { resume: true }, options);
}
