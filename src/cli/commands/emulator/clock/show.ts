import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import type { Handle } from '../../../tree.js';
import { moveClock } from './standing.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Only the age at which things expire follows this clock; every time on the wire is real.

Examples:
  $ stepup emulator clock show
`,
    )
    .action(handle((context) => run(context)));
}

/** Shows where the clock stands. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export function run(context: Context): Promise<void> {
  return moveClock(context, undefined);
}
