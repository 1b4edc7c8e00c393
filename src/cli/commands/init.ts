import type { Command } from 'commander';
import { InterruptedError, UsageError, UnreachableError } from '../../errors.js';
import type { Profile } from '../../store/store.js';
import { defaultFrontendUrl, serviceUrl } from '../addresses.js';
import { managementKeyOf, type Context } from '../context.js';
import type { Handle } from '../program.js';
import { readSecret } from '../secrets.js';
import { appIdProblem, MANAGEMENT_URL, resolveTarget } from '../target.js';

export interface Options {
  /** The profile's name. */
  name?: string | undefined;
  /** Replaces a profile of the same name. */
  force?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--name <name>', "the profile's name (default: the application id)")
    .option('--force', 'replace the profile when there is one of this name')
    .addHelpText(
      'after',
      `
What is not given by a flag (--app, --domain, --management-key-file) or a variable is asked for; --management-url is needed only
where the management API is not Prelude's own. The management key is checked, and kept readable by you only.

Examples:
  $ stepup init
  $ stepup init --name work --app 54e9ujn --management-key-file key.txt
  $ stepup init --emulator
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** What is to be kept under the profile. */
interface Application {
  profile: Profile;
  key: string | undefined;
}

/**
 * Sets up an application under a profile and makes it the current one. Nothing is kept when the service refuses the key.
 * Throws UsageError (PROFILE_EXISTS, PROFILE_INVALID, FLAG_INVALID, URL_INVALID, FLAG_CONFLICT, EMULATOR_NOT_FOUND),
 * InputNeededError, RefusedError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store, globals } = context;
  if (globals.profile !== undefined) {
    throw new UsageError('FLAG_CONFLICT', 'init makes a profile: its name is given with --name.', {
      field: '--profile',
    });
  }
  if (options.name !== undefined) checkName(options.name);
  const { profile, key } =
    globals.emulator === undefined ? await askApplication(context) : await emulatorApplication(context);
  const name = options.name ?? (await askName(context, globals.emulator === undefined ? profile.appId : 'emulator'));
  await mayReplace(context, name, profile, options.force === true);
  const checked = key !== undefined && (await isAccepted(context, profile, key));

  if (key !== undefined) await store.saveManagementKey(managementKeyOf(profile), key);
  await store.saveProfile(name, profile);
  await store.useProfile(name);
  const { appId, frontendUrl, managementUrl } = profile;
  terminal.result({ profile: name, ...profile, managementKey: { known: key !== undefined, checked } }, () =>
    [
      `Profile ${terminal.out.bold(name)} is set up, and is the current one.`,
      `  application    ${appId}`,
      `  frontend API   ${frontendUrl}`,
      `  management API ${managementUrl}`,
      `  management key ${key === undefined ? 'none given' : checked ? 'accepted by the service, kept' : 'kept, not checked'}`,
    ].join('\n'),
  );
  if (key === undefined) {
    terminal.note('Without a management key login and request work; config and scope will ask for one.');
  }
}

/** Whether the service has accepted the key. False when it cannot be reached and the person keeps what they typed all the same. */
async function isAccepted(context: Context, profile: Profile, key: string): Promise<boolean> {
  const { terminal } = context;
  try {
    await checkKey(context, profile, key);
    return true;
  } catch (error) {
    if (!(error instanceof UnreachableError) || !terminal.interactive) throw error;
    terminal.warn(`The key cannot be checked: ${error.message}`);
    if (!(await terminal.confirm('Keep the profile and the key, unchecked?', '--management-key-file', true)))
      throw error;
    return false;
  }
}

async function askApplication(context: Context): Promise<Application> {
  const { terminal, globals, system } = context;
  const { env } = system;
  const appId =
    globals.app ??
    (env.STEPUP_PRELUDE_APP_ID ||
      (await terminal.ask({ message: 'Application id', flag: '--app', problem: (text) => appIdProblem(text) })));
  const problem = appIdProblem(appId);
  if (problem !== undefined) throw new UsageError('FLAG_INVALID', `--app: ${problem}`, { field: '--app' });

  const preset = defaultFrontendUrl(appId);
  const domain = globals.domain ?? (env.STEPUP_PRELUDE_DOMAIN || (await askDomain(terminal, preset)));
  const managementUrl = globals.managementUrl ?? (env.STEPUP_PRELUDE_MANAGEMENT_URL || MANAGEMENT_URL);
  const profile: Profile = {
    provider: 'prelude',
    appId,
    frontendUrl: serviceUrl(domain, globals.domain === undefined ? 'STEPUP_PRELUDE_DOMAIN' : '--domain'),
    managementUrl: serviceUrl(
      managementUrl,
      globals.managementUrl === undefined ? 'STEPUP_PRELUDE_MANAGEMENT_URL' : '--management-url',
    ),
  };
  return { profile, key: await askKey(context) };
}

async function emulatorApplication({ globals, system, store }: Context): Promise<Application> {
  const { appId, frontendUrl, managementUrl, managementKey } = await resolveTarget(globals, system.env, store);
  return { profile: { provider: 'prelude', appId, frontendUrl, managementUrl }, key: managementKey };
}

async function askDomain(terminal: Context['terminal'], preset: string): Promise<string> {
  if (!terminal.interactive) return preset;
  const host = new URL(preset).host;
  return terminal.ask({
    message: 'Domain of the frontend API',
    flag: '--domain',
    default: host,
    problem: addressProblem,
  });
}

function addressProblem(text: string): string | undefined {
  try {
    serviceUrl(text, 'The domain');
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** The management key, or undefined: without one everything works that a user of the application may do. */
async function askKey({ terminal, globals, system }: Context): Promise<string | undefined> {
  if (globals.managementKeyFile !== undefined) {
    return readSecret(system, globals.managementKeyFile, '--management-key-file');
  }
  if (system.env.STEPUP_PRELUDE_MANAGEMENT_KEY) return system.env.STEPUP_PRELUDE_MANAGEMENT_KEY;
  if (!terminal.interactive) return undefined;
  const message = 'Management key (not shown; empty: none)';
  return (await terminal.ask({ message, flag: '--management-key-file', secret: true })) || undefined;
}

async function askName({ terminal }: Context, preset: string): Promise<string> {
  if (!terminal.interactive) return preset;
  return terminal.ask({ message: 'Name of the profile', flag: '--name', default: preset, problem: nameProblem });
}

function nameProblem(name: string): string | undefined {
  return /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name)
    ? undefined
    : 'A profile name has letters, digits and . _ - only, and begins with a letter or digit.';
}

function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new UsageError('PROFILE_INVALID', `--name: ${problem}`, { field: '--name' });
}

async function mayReplace(context: Context, name: string, profile: Profile, force: boolean): Promise<void> {
  const { store, terminal } = context;
  const known = (await store.profiles())[name];
  if (known === undefined || force || isSame(known, profile)) return;
  if (!terminal.interactive) {
    throw new UsageError('PROFILE_EXISTS', `There is a profile "${name}" already, of application ${known.appId}.`, {
      field: '--name',
      hint: 'Give another --name, or --force to replace it.',
    });
  }
  const question = `There is a profile "${name}" already, of application ${known.appId}. Replace it?`;
  if (!(await terminal.confirm(question, '--force'))) throw new InterruptedError();
}

function isSame(one: Profile, other: Profile): boolean {
  return (['provider', 'appId', 'frontendUrl', 'managementUrl'] as const).every((name) => one[name] === other[name]);
}

async function checkKey(context: Context, profile: Profile, managementKey: string): Promise<void> {
  const { createManagement } = await import('../../providers/prelude/management.js');
  const target = { ...profile, provider: 'prelude' as const, managementKey };
  const management = createManagement({ http: await context.http(), target });
  await context.terminal.progress('Checking the management key', () => management.scopes());
}
