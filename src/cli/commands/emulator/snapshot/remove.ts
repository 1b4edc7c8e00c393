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
Examples:
  $ stepup emulator snapshot take logged-in && stepup emulator snapshot remove logged-in
`,
    )
    .action(handle((context, name: string) => run(context, name)));
}

/** Removes a snapshot. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context, name: string): Promise<void> {
  const client = await findEmulatorClient(context);
  await client.call({ method: 'DELETE', path: snapshotPath(name), answer: nothing, field: '<name>' });
  context.terminal.result({ removed: name }, () => `The snapshot "${name}" is gone.`);
}
