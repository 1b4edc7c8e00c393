import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { findEmulatorClient, segment } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { nothing } from '../snapshot/answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('[id]', 'the fault; without one, all of them')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator fault clear
`,
    )
    .action(handle((context, id: string | undefined) => run(context, id)));
}

/** Removes one fault, or all. Throws UsageError (FLAG_INVALID for an unknown id, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context, id: string | undefined): Promise<void> {
  const client = await findEmulatorClient(context);
  const path = id === undefined ? '/faults' : `/faults/${segment(id, '<id>')}`;
  const field = id === undefined ? '--tenant' : '<id>';
  await client.call({ method: 'DELETE', path: path, answer: nothing, field });
  context.terminal.result({ cleared: id ?? 'all' }, () =>
    id === undefined ? 'Nothing goes wrong any more.' : `The fault ${id} is gone.`,
  );
}
