/** Where a command's application comes from before flags and variables change parts of it: an emulator or a profile. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';
import type { DynamicProfile, PreludeProfile, Store } from '../store/store.js';
import type { Env } from '../system.js';
import { DEFAULT_TENANT, namesOf, TENANT_ID } from '../emulator/tenant-names.js';
import { callbackProblem } from './addresses.js';
import { findEmulator, RUNNING } from './emulators.js';
import type { Found, Source, TargetFlags } from './given.js';

/** An emulator is both services; a profile is one. */
export interface Base extends Found {
  source: Source;
  /** True for the current profile, which nobody has named. */
  current: boolean;
  prelude?: (PreludeProfile & { managementKey?: string | undefined }) | undefined;
  dynamic?: DynamicProfile | undefined;
}

/** The emulator allows every origin on this machine; a passkey of any of its ports is a passkey of `localhost`. */
export const EMULATOR_ORIGIN = 'http://localhost:3000';

/**
 * The base that a command has, if it has one. Throws UsageError PROFILE_UNKNOWN, PROFILE_AMBIGUOUS, EMULATOR_NOT_FOUND,
 * EMULATOR_AMBIGUOUS, URL_INVALID, FLAG_CONFLICT, FLAG_INVALID.
 */
export async function chooseBase(flags: TargetFlags, env: Env, store: Store): Promise<Base | undefined> {
  const tenant = flags.tenant ?? (env.STEPUP_EMULATOR_TENANT || DEFAULT_TENANT);
  const field = flags.emulator === undefined ? '--tenant' : '--emulator';
  if (flags.profile !== undefined && (flags.emulator ?? flags.tenant) !== undefined) {
    throw new UsageError('FLAG_CONFLICT', `${field} and --profile cannot be used together.`, { field: '--profile' });
  }
  if (flags.emulator !== undefined) return emulatorBase(flags.emulator, '--emulator', tenant, store);
  if (flags.profile !== undefined) return profileBase(flags.profile, '--profile', store);
  if (env.STEPUP_EMULATOR_URL) return emulatorBase(env.STEPUP_EMULATOR_URL, 'STEPUP_EMULATOR_URL', tenant, store);
  // Nothing but an emulator has tenants.
  if (flags.tenant !== undefined) return emulatorBase(RUNNING, '--emulator', tenant, store);
  if (env.STEPUP_PROFILE) return profileBase(env.STEPUP_PROFILE, 'STEPUP_PROFILE', store);
  const current = await store.currentProfile();
  return current === undefined
    ? undefined
    : { ...(await profileBase(current, 'the current profile', store)), current: true };
}

async function profileBase(name: string, field: string, store: Store): Promise<Base> {
  const profiles = await store.profiles();
  const found = pickProfile(name, Object.keys(profiles), field);
  const profile = profiles[found]!;
  refuseAddresses(found, profile);
  return {
    profileName: found,
    source: { kind: 'profile', name: found },
    current: false,
    tenant: profile.provider === 'prelude' ? tenantAt(profile.frontendUrl) : undefined,
    ...(profile.provider === 'prelude' ? { prelude: profile } : { dynamic: profile }),
  };
}

/** The tenant of an emulator on this machine, as `init` keeps its address. */
function tenantAt(frontendUrl: string): string | undefined {
  const url = new URL(frontendUrl);
  return isLoopback(url.hostname) ? /^\/t\/([^/]+)$/.exec(url.pathname)?.[1] : undefined;
}

/** The file can be edited by hand, and its addresses name the session. Throws UsageError URL_INVALID. */
function refuseAddresses(name: string, profile: PreludeProfile | DynamicProfile): void {
  const fields =
    profile.provider === 'prelude'
      ? { frontendUrl: profile.frontendUrl, managementUrl: profile.managementUrl }
      : { apiUrl: profile.apiUrl, origin: profile.origin };
  for (const [field, url] of Object.entries(fields)) {
    const problem = callbackProblem(url, `${field} of profile ${name}`);
    if (problem === undefined) continue;
    throw new UsageError('URL_INVALID', problem, {
      field,
      hint: `Set it up anew with: stepup init --name ${name} --force`,
    });
  }
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

async function emulatorBase(wanted: string, field: string, tenant: string, store: Store): Promise<Base> {
  if (!TENANT_ID.test(tenant)) {
    throw new UsageError('FLAG_INVALID', `"${tenant}" is no id of a tenant: it has 1 to 63 of a-z, 0-9 and -.`, {
      field: '--tenant',
    });
  }
  const { appId, managementKey, path, environmentId } = namesOf(tenant);
  const found = await findEmulator(wanted, field, store.folder);
  const { ready } = found;
  const url = ready?.url ?? found.url;
  return {
    source: { kind: 'emulator', name: url },
    current: false,
    emulator: ready,
    emulatorUrl: url,
    tenant,
    prelude: {
      provider: 'prelude',
      appId,
      frontendUrl: `${url}${path}`,
      managementUrl: ready?.prelude.managementUrl ?? url,
      managementKey,
    },
    dynamic: {
      provider: 'dynamic',
      environmentId,
      apiUrl: ready?.dynamic.apiBaseUrl ?? `${url}/api/v0`,
      origin: EMULATOR_ORIGIN,
    },
  };
}
