import type { Command } from 'commander';
import * as v from 'valibot';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { snapshotSchema } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator snapshot list
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the snapshots, oldest first. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context): Promise<void> {
  const client = await findEmulatorClient(context);
  const answer = v.object({ snapshots: v.array(snapshotSchema) });
  const { snapshots } = await client.call({ method: 'GET', path: '/snapshots', answer });
  await context.terminal.list(
    { snapshots },
    snapshots,
    [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'TAKEN', value: ({ takenAt }) => takenAt },
      { title: 'BYTES', value: ({ bytes }) => String(bytes) },
    ],
    'There is no snapshot.',
  );
}
