import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  /** Dynamic: also the scopes that are not for users of an app. */
  all?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--all', 'Dynamic: also those of business accounts and of the console')
    .addHelpText(
      'after',
      `
Prelude: a scope can be requested when it is registered on the application and allowed in the step-up configuration. Dynamic: the
service has the scopes, and the environment’s settings say which are demanded; a token is for a single use or for a time, unless they say
otherwise.

Examples:
  $ stepup scope list
  $ stepup scope list --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Lists the scopes that may be requested. Throws RefusedError MANAGEMENT_KEY_REFUSED and APPLICATION_UNKNOWN at Prelude, UsageError
 * COMMAND_UNSUPPORTED for `--all` there.
 */
export async function run(context: Context, { all = false }: Options): Promise<void> {
  if ((await context.target()).provider === 'dynamic') {
    const { listDynamic } = await import('./list-dynamic.js');
    return listDynamic(context, all);
  }
  if (all) {
    throw new UsageError('COMMAND_UNSUPPORTED', '--all is of Dynamic: at Prelude every scope is listed.', {
      field: '--all',
    });
  }
  const { listPrelude } = await import('./list-prelude.js');
  return listPrelude(context);
}
