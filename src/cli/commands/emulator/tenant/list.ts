import type { Command } from 'commander';
import * as v from 'valibot';
import type { Context } from '../../../context.js';
import { emulatorClient, findControl } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { tenantSchema } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator tenant list
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the tenants, the default one first. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context): Promise<void> {
  const client = await emulatorClient(context, await findControl(context));
  const answer = v.object({ tenants: v.array(tenantSchema) });
  const { tenants } = await client.call({ method: 'GET', path: '/tenants', answer });
  await context.terminal.list(
    { tenants },
    tenants,
    [
      { title: 'TENANT', value: ({ id }) => id },
      { title: 'PRELUDE', value: ({ prelude }) => prelude.appId },
      { title: 'DOMAIN', value: ({ prelude }) => prelude.sessionDomain },
      { title: 'DYNAMIC', value: ({ dynamic }) => dynamic.environmentId },
    ],
    'There is no tenant.',
  );
}
