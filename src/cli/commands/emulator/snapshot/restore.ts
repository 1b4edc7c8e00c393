import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { nothing, snapshotPath } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<name>', 'the name of the snapshot')
    .addHelpText(
      'after',
      `
Puts the snapshot in place of everything that is there now; whoever listens to events goes on listening.

Examples:
  $ stepup emulator snapshot take logged-in && stepup emulator snapshot restore logged-in
`,
    )
    .action(handle((context, name: string) => run(context, name)));
}

/** Restores a snapshot. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context, name: string): Promise<void> {
  const client = await findEmulatorClient(context);
  await client.call({ method: 'PUT', path: snapshotPath(name), answer: nothing, field: '<name>' });
  context.terminal.result({ restored: name }, () => `Everything is as in the snapshot "${name}".`);
}
