import type { Command } from 'commander';
import type { Context } from '../../../context.js';
import { emulatorClient, findControl } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { tenantSchema } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('[id]', 'its id: 1 to 63 of a-z, 0-9 and -; a random one when none is given')
    .addHelpText(
      'after',
      `
A tenant is one application at Prelude and one environment at Dynamic, with users, inbox, clock, faults and settings of its own, behind
the same ports. Every command takes it with --tenant.

Examples:
  $ stepup emulator tenant create worker-1
  $ stepup login --emulator --tenant worker-1 --phone +33612345678
`,
    )
    .action(handle((context, id: string | undefined) => run(context, id)));
}

/** Makes a tenant and shows what it is called. Throws UsageError (FLAG_INVALID, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS), UnreachableError. */
export async function run(context: Context, id?: string): Promise<void> {
  const client = await emulatorClient(context, await findControl(context));
  const json = id === undefined ? {} : { id };
  const tenant = await client.call({ method: 'POST', path: '/tenants', json, answer: tenantSchema, field: '<id>' });
  context.terminal.result({ tenant }, () =>
    [
      `Made the tenant ${tenant.id}. Use it with --tenant ${tenant.id}, or STEPUP_EMULATOR_TENANT.`,
      `  Prelude  application ${tenant.prelude.appId}, domain ${tenant.prelude.sessionDomain} for the SDK`,
      `  Dynamic  environment ${tenant.dynamic.environmentId}`,
    ].join('\n'),
  );
}
