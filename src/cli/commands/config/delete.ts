import type { Command } from 'commander';
import { managementKeyOf, type Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--yes', 'delete it without asking')
    .addHelpText(
      'after',
      `
The scopes stay registered on the application, but none can be requested any more.

Examples:
  $ stepup config delete
  $ stepup config delete --yes
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Deletes the step-up configuration, and the default hook that is kept here. Throws InputNeededError without `--yes`. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store } = context;
  const { appId, managementUrl } = await context.preludeTarget();
  const management = await context.management();
  const config = await terminal.progress('Reading the configuration', () => management.stepUpConfig());
  if (!config) {
    terminal.result({ deleted: false }, () => `Application ${appId} has no step-up configuration: nothing to delete.`);
    return;
  }
  const count = new Set(config.allowed_scopes.map(({ scope }) => scope)).size;
  const scopes = count === 1 ? '1 scope' : `${count} scopes`;
  const question = `Delete the step-up configuration of application ${appId} (${scopes})?`;
  if (!options.yes && !(await terminal.confirm(question, '--yes'))) {
    terminal.result({ deleted: false }, () => 'Nothing was deleted.');
    return;
  }
  const deleted = await terminal.progress('Deleting', () => management.deleteStepUpConfig());
  await store.saveHookUrl(managementKeyOf({ managementUrl, appId }), undefined);
  terminal.result({ deleted }, () => `The step-up configuration of application ${appId} is deleted (${scopes}).`);
}
