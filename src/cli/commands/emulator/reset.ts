import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { findEmulatorClient } from '../../emulator-client.js';
import type { Handle } from '../../tree.js';
import { nothing, pathOf } from './snapshot/answers.js';

export interface Options {
  tenant?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--tenant <id>', 'only this tenant')
    .addHelpText(
      'after',
      `
Back to the start: what the seed says, else empty; the clock at real time. Snapshots, signing keys and whoever listens to events stay.

Examples:
  $ stepup emulator reset
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Brings the emulator back to its start. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context, { tenant }: Options): Promise<void> {
  const client = await findEmulatorClient(context);
  await client.call({ method: 'DELETE', path: pathOf('/state', tenant), answer: nothing, field: '--tenant' });
  context.terminal.result({ reset: tenant ?? 'default' }, () => 'The emulator is as it was at its start.');
}
