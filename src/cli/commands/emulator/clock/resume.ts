import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import type { Handle } from '../../../tree.js';
import { moveClock } from './standing.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
It goes on from where it stood still.

Examples:
  $ stepup emulator clock resume
`,
    )
    .action(handle((context) => run(context)));
}

/** Lets the clock run again. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export function run(context: Context): Promise<void> {
  return moveClock(context, { resume: true });
}
