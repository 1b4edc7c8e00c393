import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { parseDuration } from '../../../../durations.js';
import type { Handle } from '../../../tree.js';
import { moveClock } from './standing.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<duration>', 'how far, e.g. 90s, 6m, 1h30m; back with a minus, after --')
    .addHelpText(
      'after',
      `
What is older than its lifetime then is expired: codes, challenges, nonces, grants, sessions, tokens.

Examples:
  $ stepup emulator clock advance 6m
  $ stepup emulator clock advance -- -1h
`,
    )
    .action(handle((context, duration: string) => run(context, duration)));
}

/** Moves the clock ahead. Throws UsageError (FLAG_INVALID, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context, duration: string): Promise<void> {
  const advance = parseDuration(duration, '<duration>');
  await moveClock(context, { advance }, '<duration>');
}
