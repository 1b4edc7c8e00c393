/** Which application a command speaks to: a flag before a variable before the profile. */
import { UsageError } from '../errors.js';
import type { Ready } from '../emulator/emulator.js';
import type { Target } from '../providers/target.js';
import type { Profile, Store } from '../store/store.js';
import type { Env } from '../system.js';
import { defaultFrontendUrl, serviceUrl } from './addresses.js';
import { findEmulator } from './emulators.js';

/** The flags of every command that choose the application. */
export interface TargetFlags {
  profile?: string | undefined;
  /** `running`, or an emulator's URL. */
  emulator?: string | undefined;
  app?: string | undefined;
  domain?: string | undefined;
  managementUrl?: string | undefined;
}

/** Where a value comes from. `name` is the flag, the variable, the profile or the emulator's address. */
export interface Source {
  kind: 'flag' | 'variable' | 'profile' | 'emulator' | 'default';
  name?: string | undefined;
}

/** A target with where it came from. */
export interface ResolvedTarget extends Target {
  /** The profile that was used, if one was. */
  profileName?: string | undefined;
  /** What `emulator start` said of itself, when it runs on this machine under this store. */
  emulator?: Ready | undefined;
  /** Address of the emulator that `--emulator` or its variable chose. */
  emulatorUrl?: string | undefined;
  sources: {
    appId: Source;
    frontendUrl: Source;
    managementUrl: Source;
    /** Absent while no key is known; the store's own is looked up later. */
    managementKey?: Source | undefined;
  };
}

/** The address of Prelude's management API. */
export const MANAGEMENT_URL = 'https://api.prelude.dev';

/** What every emulator's default application is (its public contract), for one that this store knows nothing of. */
const EMULATOR_APP = 'demo';
const EMULATOR_KEY = 'sk_emulator_demo';

/**
 * Finds the target. The management key comes from its variable or, later, from the store; it is not looked up here. An empty
 * variable counts as absent. Throws UsageError: PROFILE_UNKNOWN, PROFILE_AMBIGUOUS, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS,
 * URL_INVALID, FLAG_INVALID, FLAG_CONFLICT.
 */
export async function resolveTarget(flags: TargetFlags, env: Env, store: Store): Promise<ResolvedTarget> {
  const base = await chooseBase(flags, env, store);
  // An explicit --emulator must not be redirected by a variable that was left over.
  const variables: Env = flags.emulator === undefined ? env : {};
  const given = (flag: string, value: string | undefined, variable: string): Given | undefined => {
    if (value !== undefined) return { value, source: { kind: 'flag', name: flag } };
    return variables[variable]
      ? { value: variables[variable], source: { kind: 'variable', name: variable } }
      : undefined;
  };
  const appId = given('--app', flags.app, 'STEPUP_PRELUDE_APP_ID') ?? from(base, base?.appId);
  if (appId === undefined) throw noApplication();
  const domain = given('--domain', flags.domain, 'STEPUP_PRELUDE_DOMAIN');
  const managementUrl = given('--management-url', flags.managementUrl, 'STEPUP_PRELUDE_MANAGEMENT_URL');
  const key = given('', undefined, 'STEPUP_PRELUDE_MANAGEMENT_KEY') ?? from(base, base?.managementKey);

  checkAppId(appId);
  const frontend =
    address(domain) ??
    // Another application than the profile's has an address of its own; an emulator has all of its own under one.
    (base?.appId === appId.value || base?.source.kind === 'emulator' ? from(base, base.frontendUrl) : undefined) ??
    preset(defaultFrontendUrl(appId.value));
  const management = address(managementUrl) ?? from(base, base?.managementUrl) ?? preset(MANAGEMENT_URL);
  return {
    provider: 'prelude',
    appId: appId.value,
    frontendUrl: frontend.value,
    managementUrl: management.value,
    managementKey: key?.value,
    profileName: base?.profileName,
    emulator: base?.emulator,
    emulatorUrl: base?.emulatorUrl,
    sources: {
      appId: appId.source,
      frontendUrl: frontend.source,
      managementUrl: management.source,
      managementKey: key?.source,
    },
  };
}

interface Given {
  value: string;
  source: Source;
}

function from(base: Base | undefined, value: string | undefined): Given | undefined {
  return base && value ? { value, source: base.source } : undefined;
}

function preset(value: string): Given {
  return { value, source: { kind: 'default' } };
}

function address(given: Given | undefined): Given | undefined {
  return given && { ...given, value: serviceUrl(given.value, given.source.name ?? '') };
}

function checkAppId({ value, source }: Given): void {
  const problem = appIdProblem(value);
  if (problem === undefined) return;
  throw new UsageError('FLAG_INVALID', `${source.name ?? 'The application id'}: ${problem}`, { field: source.name });
}

/** What is wrong with an application id, in words. Prelude: a short id such as `54e9ujn`, the first label of its host name. */
export function appIdProblem(text: string): string | undefined {
  if (/^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$/.test(text)) return undefined;
  return `this is no application id: "${text}". It is short, as in 54e9ujn.`;
}

type Base = Profile &
  Pick<ResolvedTarget, 'profileName' | 'managementKey' | 'emulator' | 'emulatorUrl'> & { source: Source };

async function chooseBase(flags: TargetFlags, env: Env, store: Store): Promise<Base | undefined> {
  if (flags.emulator !== undefined) {
    if (flags.profile !== undefined) {
      throw new UsageError('FLAG_CONFLICT', '--emulator and --profile cannot be used together.', {
        field: '--profile',
      });
    }
    return emulatorBase(flags.emulator, '--emulator', store);
  }
  if (flags.profile !== undefined) return profileBase(flags.profile, '--profile', store);
  if (env.STEPUP_EMULATOR_URL) return emulatorBase(env.STEPUP_EMULATOR_URL, 'STEPUP_EMULATOR_URL', store);
  if (env.STEPUP_PROFILE) return profileBase(env.STEPUP_PROFILE, 'STEPUP_PROFILE', store);
  const current = await store.currentProfile();
  return current === undefined ? undefined : profileBase(current, 'the current profile', store);
}

async function profileBase(name: string, field: string, store: Store): Promise<Base> {
  const profiles = await store.profiles();
  const found = pickProfile(name, Object.keys(profiles), field);
  return { ...profiles[found]!, profileName: found, source: { kind: 'profile', name: found } };
}

/**
 * The profile that a name means: itself, or the only one that begins with it. Throws UsageError PROFILE_UNKNOWN or
 * PROFILE_AMBIGUOUS.
 */
export function pickProfile(name: string, known: string[], field: string): string {
  if (known.includes(name)) return name;
  const matches = known.filter((each) => each.startsWith(name));
  if (name !== '' && matches.length === 1) return matches[0]!;
  if (name !== '' && matches.length > 1) {
    throw new UsageError('PROFILE_AMBIGUOUS', `Several profiles begin with "${name}": ${matches.join(', ')}.`, {
      field,
      hint: 'Give the whole name.',
    });
  }
  throw new UsageError('PROFILE_UNKNOWN', `There is no profile "${name}".`, {
    field,
    hint: known.length > 0 ? `Known profiles: ${known.join(', ')}` : 'Make one with: stepup init',
  });
}

async function emulatorBase(wanted: string, field: string, store: Store): Promise<Base> {
  const { url, ready } = await findEmulator(wanted, field, store.folder);
  return {
    provider: 'prelude',
    appId: ready?.prelude.appId ?? EMULATOR_APP,
    frontendUrl: ready?.url ?? url,
    managementUrl: ready?.prelude.managementUrl ?? url,
    managementKey: ready?.prelude.managementKey ?? EMULATOR_KEY,
    emulator: ready,
    emulatorUrl: ready?.url ?? url,
    source: { kind: 'emulator', name: ready?.url ?? url },
  };
}

function noApplication(): UsageError {
  return new UsageError('PROFILE_UNKNOWN', 'No application is set up.', {
    field: '--profile',
    hint: 'Set one up with: stepup init   (or try it all without one: stepup tutorial)',
  });
}
