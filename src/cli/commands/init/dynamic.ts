/** An environment at Dynamic, set up under a profile. */
import { isLoopback } from '../../../address.js';
import { UnreachableError, UsageError } from '../../../errors.js';
import type { Environment } from '../../../providers/dynamic/provider.js';
import type { DynamicProfile } from '../../../store/store.js';
import { originUrl } from '../../../target/addresses.js';
import type { Context } from '../../context.js';
import { resolveTarget } from '../../../target/target.js';
import { EMULATOR_ORIGIN } from '../../../target/base.js';
import { apiOf, checkEnvironment, dynamicTarget, environmentProblem } from '../../../target/dynamic.js';
import { readFrom } from '../../../target/given.js';
import { durationInWords } from '../../../durations.js';
import { printable } from '../../terminal/printable.js';
import { chooseName, type NameFlags } from './profile.js';

/** Sets it up, and says what its settings say. Nothing is kept when the service does not know it. */
export async function initDynamic(context: Context, flags: NameFlags): Promise<void> {
  const { terminal, store, globals } = context;
  const profile = await askEnvironment(context);
  const preset = globals.emulator === undefined ? profile.environmentId.slice(0, 8) : 'emulator-dynamic';
  const name = await chooseName(context, profile, preset, flags);
  const environment = await readSettings(context, profile);
  await store.saveProfile(name, profile);
  await store.useProfile(name);
  terminal.result({ profile: name, ...profile, environment: environment ?? null }, () =>
    [
      `Profile ${terminal.out.bold(name)} is set up, and is the current one.`,
      `  environment  ${profile.environmentId}`,
      `  API          ${profile.apiUrl}`,
      `  origin       ${profile.origin}`,
      ...(environment === undefined ? ['  settings     not read'] : inWords(environment)),
    ].join('\n'),
  );
  for (const warning of environment === undefined ? [] : warnings(environment))
    terminal.note(terminal.err.mark(warning));
}

/**
 * From flags and variables, then from the person; never from the profile that is current. Throws UsageError ENVIRONMENT_INVALID,
 * URL_INVALID, ORIGIN_INVALID; InputNeededError.
 */
async function askEnvironment(context: Context): Promise<DynamicProfile> {
  const { terminal, globals, system } = context;
  if (globals.emulator !== undefined) return emulatorEnvironment(context);
  const read = readFrom(system.env);
  const flags = { ...globals };
  const environment = read('--environment', flags.environment, 'STEPUP_DYNAMIC_ENVIRONMENT_ID');
  if (environment) checkEnvironment(environment);
  const api = apiOf(flags, undefined, read);
  if (!environment) {
    const message = 'Environment id';
    flags.environment = await terminal.ask({ message, flag: '--environment', problem: environmentProblem });
  }
  if (!read('--origin', flags.origin, 'STEPUP_DYNAMIC_ORIGIN')) {
    flags.origin = await askOrigin(terminal, isLoopback(new URL(api.value).hostname) ? EMULATOR_ORIGIN : undefined);
  }
  const { environmentId, apiUrl, origin } = dynamicTarget(flags, undefined, read);
  return { provider: 'dynamic', environmentId, apiUrl, origin };
}

async function emulatorEnvironment({ globals, system, store }: Context): Promise<DynamicProfile> {
  const target = await resolveTarget({ ...globals, provider: 'dynamic' }, system.env, store);
  if (target.provider !== 'dynamic') throw new TypeError('init has resolved another provider');
  const { environmentId, apiUrl, origin } = target;
  return { provider: 'dynamic', environmentId, apiUrl, origin };
}

async function askOrigin(terminal: Context['terminal'], preset: string | undefined): Promise<string> {
  if (!terminal.interactive && preset !== undefined) return preset;
  return terminal.ask({
    message: 'Origin of the app, as the environment allows it',
    flag: '--origin',
    ...(preset === undefined ? {} : { default: preset }),
    problem: (text) => problemOf(() => originUrl(text, 'The origin')),
  });
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** The settings; undefined when the service cannot be reached and the person keeps what they typed all the same. */
async function readSettings(context: Context, profile: DynamicProfile): Promise<Environment | undefined> {
  const { terminal, system, store } = context;
  const { createDynamic } = await import('../../../providers/dynamic/dynamic.js');
  const { now, randomBytes, sleep, signal } = system;
  const http = await context.http();
  const provider = createDynamic({ target: profile, http, store, now, randomBytes, sleep, signal });
  try {
    return await terminal.progress('Reading the settings', () => provider.environment());
  } catch (error) {
    if (!(error instanceof UnreachableError) || !terminal.interactive) throw error;
    terminal.warn(`The environment cannot be checked: ${error.message}`);
    if (!(await terminal.confirm('Keep the profile, unchecked?', '--environment', true))) throw error;
    return undefined;
  }
}

function inWords(environment: Environment): string[] {
  const { displayName, name, minApiVersion, stepUpEnforced, signIn, mfa, actions, sessionSeconds } = environment;
  const word = minApiVersion === undefined ? 'not known' : stepUpEnforced ? 'enforced' : 'not enforced';
  const enforced = `${word} (API version ${minApiVersion ?? 'not said'})`;
  const methods = mfa.methods.length === 0 ? 'no method' : mfa.methods.join(', ');
  return [
    `  settings     ${[displayName, name].filter(Boolean).join(', ') || 'without a name'}`,
    `  step-up      ${enforced}`,
    `  sign-in      ${signIn.join(', ') || 'not said'}`,
    `  MFA          ${mfa.enabled ? 'on' : 'off'}${mfa.required ? ', required' : ''}: ${methods}`,
    ...actions.map(actionInWords),
    ...(sessionSeconds === undefined ? [] : [`  session      ${durationInWords(sessionSeconds)}`]),
  ].map(printable);
}

function actionInWords({ action, required, singleUse, expirySeconds }: Environment['actions'][number]): string {
  const token = [
    ...(singleUse === undefined ? [] : [singleUse ? 'single use' : 'for a time']),
    ...(expirySeconds === undefined ? [] : [durationInWords(expirySeconds)]),
  ];
  return `  ${action}  ${required ? 'needs step-up' : 'needs none'}${token.length === 0 ? '' : ` (${token.join(', ')})`}`;
}

/** What stops a terminal here, and what to do about it. */
function warnings({
  captcha,
  cookieMode,
  locked,
  deviceRegistration,
  stepUpEnforced,
  minApiVersion,
}: Environment): string[] {
  return [
    ...(captcha === undefined
      ? []
      : [
          `A captcha (${printable(captcha)}) is wanted before a code is sent, which a terminal cannot solve. Switch it off for a sandbox environment in the dashboard, or log in with --passkey, --wallet or --jwt.`,
        ]),
    ...(cookieMode
      ? [
          'Tokens travel in cookies of your own domain, which a terminal cannot have. Use an environment that keeps them in local storage.',
        ]
      : []),
    ...(locked ? ['The environment is locked: it refuses every call.'] : []),
    ...(deviceRegistration ? ['A device must be approved by email before its session can do anything.'] : []),
    ...(stepUpEnforced || minApiVersion === undefined
      ? []
      : ['Elevated tokens can be requested, but nothing demands them: that begins with API version 2026_04_01.']),
  ];
}
