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
Examples:
  $ stepup emulator clock freeze
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Stops the clock: nothing grows older. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export function run(context: Context, options: Options): Promise<void> {
  return moveClock(context, { freeze: true }, options);
}
