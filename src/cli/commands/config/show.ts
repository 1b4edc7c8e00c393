import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { requireConfig } from '../../stepup-config.js';
import { describeConfig } from './describe.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
With --json it prints the service's own document, which --file of create and update takes.

Examples:
  $ stepup config show
  $ stepup config show --json > stepup.json
`,
    )
    .action(handle((context) => run(context)));
}

/** Shows the step-up configuration. Throws RefusedError CONFIG_MISSING, MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN. */
export async function run(context: Context): Promise<void> {
  const { terminal } = context;
  const { config, keptHook } = await requireConfig(context);
  const { appId } = await context.preludeTarget();
  terminal.result(
    config,
    () => `Step-up of application ${terminal.out.bold(appId)}\n${describeConfig(config, keptHook)}`,
  );
}
