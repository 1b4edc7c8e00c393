/** An application at Prelude, set up under a profile. */
import { UnreachableError, UsageError } from '../../../errors.js';
import type { PreludeProfile } from '../../../store/store.js';
import { defaultFrontendUrl, serviceUrl } from '../../../target/addresses.js';
import { managementKeyOf, type Context } from '../../context.js';
import { readSecret } from '../../secrets.js';
import { appIdProblem, MANAGEMENT_URL } from '../../../target/prelude.js';
import { chooseName, type NameFlags } from './profile.js';

/** What is to be kept under the profile. */
interface Application {
  profile: PreludeProfile;
  key: string | undefined;
}

/** Sets it up. Nothing is kept when the service refuses the key. */
export async function initPrelude(context: Context, flags: NameFlags): Promise<void> {
  const { terminal, store, globals } = context;
  const { profile, key } =
    globals.emulator === undefined ? await askApplication(context) : await emulatorApplication(context);
  const preset = globals.emulator === undefined ? profile.appId : 'emulator';
  const name = await chooseName(context, profile, preset, flags);
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
async function isAccepted(context: Context, profile: PreludeProfile, key: string): Promise<boolean> {
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
  const profile: PreludeProfile = {
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

async function emulatorApplication(context: Context): Promise<Application> {
  const { appId, frontendUrl, managementUrl, managementKey } = await context.preludeTarget();
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

async function checkKey(context: Context, profile: PreludeProfile, managementKey: string): Promise<void> {
  const { createManagement } = await import('../../../providers/prelude/management.js');
  const target = { ...profile, managementKey };
  const management = createManagement({ http: await context.http(), target });
  await context.terminal.progress('Checking the management key', () => management.scopes());
}
