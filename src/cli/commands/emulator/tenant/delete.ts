import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { emulatorClient, findControl, segment } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { nothing } from '../snapshot/answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<id>', 'its id')
    .addHelpText(
      'after',
      `
Everything of the tenant goes with it; whoever reads its events sees them end. The default tenant stays.

Examples:
  $ stepup emulator tenant delete worker-1
`,
    )
    .action(handle((context, id: string) => run(context, id)));
}

/** Removes a tenant. Throws UsageError (FLAG_INVALID, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context, id: string): Promise<void> {
  const client = await emulatorClient(context, await findControl(context));
  const path = `/tenants/${segment(id, '<id>')}`;
  await client.call({ method: 'DELETE', path, answer: nothing, field: '<id>' });
  context.terminal.result({ deleted: id }, () => `The tenant ${id} is gone.`);
}
