import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { parseDuration } from '../../../../durations.js';
import type { Handle } from '../../../tree.js';
import { moveClock } from './standing.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<duration>', 'how far ahead of real time, e.g. 0, 6m; behind with a minus, after --')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator clock offset 1h
  $ stepup emulator clock offset -- -90s
  $ stepup emulator clock offset 0
`,
    )
    .action(handle((context, duration: string) => run(context, duration)));
}

/** Sets how far the clock is ahead of real time. Throws UsageError (FLAG_INVALID, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context, duration: string): Promise<void> {
  const offset = parseDuration(duration, '<duration>');
  await moveClock(context, { offset }, '<duration>');
}
