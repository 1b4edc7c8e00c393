import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { snapshotPath, snapshotSchema } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<name>', 'the name to keep it under')
    .addHelpText(
      'after',
      `
Keeps users, factors, sessions, challenges under way, settings, faults, inbox and clock in the emulator, under a name. A snapshot of
that name is replaced. A tenant has at most 20, of 64 MiB together.

Examples:
  $ stepup emulator snapshot take logged-in
  $ stepup emulator snapshot restore logged-in
`,
    )
    .action(handle((context, name: string) => run(context, name)));
}

/** Takes a snapshot. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context, name: string): Promise<void> {
  const client = await findEmulatorClient(context);
  const path = snapshotPath(name);
  const snapshot = await client.call({ method: 'POST', path, answer: snapshotSchema, field: '<name>' });
  context.terminal.result({ snapshot }, () => `The snapshot "${snapshot.name}" is taken (${snapshot.bytes} bytes).`);
}
