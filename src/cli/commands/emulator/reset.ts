import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { findEmulatorClient, tenantOf } from '../../emulator-client.js';
import type { Handle } from '../../tree.js';
import { nothing } from './snapshot/answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Back to the start: what the seed says, else empty; the clock at real time. Snapshots, signing keys and whoever listens to events stay.

Examples:
  $ stepup emulator reset
`,
    )
    .action(handle((context) => run(context)));
}

/** Brings the emulator back to its start. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context): Promise<void> {
  const client = await findEmulatorClient(context);
  await client.call({ method: 'DELETE', path: '/state', answer: nothing, field: '--tenant' });
  context.terminal.result(
    { reset: tenantOf(context) ?? 'default' },
    () => 'The emulator is as its seed says, or empty without one.',
  );
}
