import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import type { ProviderName } from '../../providers/provider.js';
import type { Context } from '../context.js';
import { wantedProvider } from '../../target/target.js';
import type { Handle } from '../tree.js';
import { checkName, type NameFlags } from './init/profile.js';

export function define(command: Command, handle: Handle): void {
  command
    .option('--name <name>', "the profile's name (default: the application id)")
    .option('--force', 'replace the profile when there is one of this name')
    .addHelpText(
      'after',
      `
What is not given by a flag or a variable is asked for. Prelude: --app, --domain, --management-key-file; the key is checked, and kept
readable by you only; --management-url is needed only where the management API is not Prelude's own. Dynamic: --environment, --origin;
--api-url is needed only where the API is not Dynamic's own. The environment's settings are read, and what they say is shown.

Examples:
  $ stepup init
  $ stepup init --name work --app 54e9ujn --management-key-file key.txt
  $ stepup init --provider dynamic --environment 95b11417-f18f-457f-8804-68e361f9164f --origin https://app.example.com
`,
    )
    .action(handle((context, options: NameFlags) => run(context, options)));
}

/**
 * Sets up an application or environment under a profile and makes it the current one. Nothing is kept when the service refuses it.
 * Throws UsageError (PROFILE_EXISTS, PROFILE_INVALID, FLAG_INVALID, URL_INVALID, ORIGIN_INVALID, ENVIRONMENT_INVALID, FLAG_CONFLICT,
 * EMULATOR_NOT_FOUND), InputNeededError, RefusedError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: NameFlags): Promise<void> {
  if (context.globals.profile !== undefined) {
    throw new UsageError('FLAG_CONFLICT', 'init makes a profile: its name is given with --name.', {
      field: '--profile',
    });
  }
  if (options.name !== undefined) checkName(options.name);
  if ((await providerFor(context)) === 'dynamic') {
    const { initDynamic } = await import('./init/dynamic.js');
    return initDynamic(context, options);
  }
  const { initPrelude } = await import('./init/prelude.js');
  return initPrelude(context, options);
}

/** What flags and variables say; with nothing said, the person chooses, and a script is at Prelude. */
async function providerFor({ globals, system, terminal }: Context): Promise<ProviderName> {
  const { env } = system;
  const wanted = wantedProvider(globals, env);
  if (wanted) return wanted.provider;
  const said =
    globals.emulator !== undefined || globals.managementKeyFile !== undefined || Boolean(env.STEPUP_PRELUDE_APP_ID);
  if (!said && env.STEPUP_DYNAMIC_ENVIRONMENT_ID) return 'dynamic';
  if (said || !terminal.interactive) return 'prelude';
  const chosen = await terminal.choose('Service', '--provider', [
    { value: 'prelude', label: 'Prelude' },
    { value: 'dynamic', label: 'Dynamic' },
  ]);
  return chosen === 'dynamic' ? 'dynamic' : 'prelude';
}
