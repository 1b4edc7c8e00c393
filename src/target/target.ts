/** Which application a command speaks to: a flag before a variable before the profile. */
import { UsageError } from '../errors.js';
import type { ProviderName } from '../providers/provider.js';
import type { Store } from '../store/store.js';
import type { Env } from '../system.js';
import { chooseBase, type Base } from './base.js';
import { dynamicTarget, type ResolvedDynamic } from './dynamic.js';
import { readFrom, type TargetFlags } from './given.js';
import { preludeTarget, type ResolvedPrelude } from './prelude.js';

export type ResolvedTarget = ResolvedPrelude | ResolvedDynamic;

const PRELUDE_FLAGS = { app: '--app', domain: '--domain', managementUrl: '--management-url' } as const;
const DYNAMIC_FLAGS = { environment: '--environment', apiUrl: '--api-url', origin: '--origin' } as const;

/**
 * Finds the target. The management key comes from its variable or, later, from the store; it is not looked up here. Throws
 * UsageError: PROFILE_UNKNOWN, PROFILE_AMBIGUOUS, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, URL_INVALID, ORIGIN_INVALID,
 * ENVIRONMENT_INVALID, FLAG_INVALID, FLAG_CONFLICT.
 */
export async function resolveTarget(flags: TargetFlags, env: Env, store: Store): Promise<ResolvedTarget> {
  const wanted = wantedProvider(flags, env);
  const found = await chooseBase(flags, env, store);
  const base = fitting(found, wanted);
  // An explicit --emulator must not be redirected by a variable that was left over, nor a tenant by those of the default one.
  const named = flags.emulator ?? flags.tenant ?? (found?.emulatorUrl && env.STEPUP_EMULATOR_TENANT);
  const variables: Env = named ? {} : overHttp(env, base);
  const read = readFrom(variables);
  const provider = wanted?.provider ?? providerOf(base, variables);
  try {
    return provider === 'prelude' ? preludeTarget(flags, base, read) : dynamicTarget(flags, base, read);
  } catch (error) {
    const unnamed = error instanceof UsageError && error.code === 'PROFILE_UNKNOWN';
    throw unnamed && wanted && found && !base ? passedOver(found, wanted) : error;
  }
}

/**
 * Variables as `emulator exec` sets them name the emulator's https listener, as the official SDK needs it. Both listeners are one
 * service, and so is a session there: it is spoken to over http, which needs no certificate.
 */
function overHttp(env: Env, base: Base | undefined): Env {
  const { STEPUP_PRELUDE_DOMAIN: domain } = env;
  const httpsUrl = base?.emulator?.httpsUrl ?? env.STEPUP_EMULATOR_HTTPS_URL;
  if (!domain || !httpsUrl || base?.emulatorUrl === undefined) return env;
  const host = httpsUrl.replace(/^https:\/\//, '');
  const isThere = domain === host || domain.startsWith(`${host}/`);
  return isThere ? { ...env, STEPUP_PRELUDE_DOMAIN: base.emulatorUrl + domain.slice(host.length) } : env;
}

interface Wanted {
  provider: ProviderName;
  /** The flag or variable that says so. */
  by: string;
}

/** The provider that flags or the variable name. Throws UsageError FLAG_INVALID and FLAG_CONFLICT. */
export function wantedProvider(flags: TargetFlags, env: Env): Wanted | undefined {
  const named = flags.provider ?? (flags.profile === undefined ? env.STEPUP_PROVIDER || undefined : undefined);
  const by = flags.provider === undefined ? 'STEPUP_PROVIDER' : '--provider';
  if (named !== undefined && named !== 'prelude' && named !== 'dynamic') {
    throw new UsageError('FLAG_INVALID', `${by} is prelude or dynamic, not "${named}".`, { field: by });
  }
  const prelude = flagIn(flags, PRELUDE_FLAGS);
  const dynamic = flagIn(flags, DYNAMIC_FLAGS);
  if (prelude && (dynamic || (flags.provider && named === 'dynamic')))
    throw conflict(prelude, 'Prelude', dynamic ?? by);
  if (dynamic && flags.provider && named === 'prelude') throw conflict(dynamic, 'Dynamic', by);
  if (prelude) return { provider: 'prelude', by: prelude };
  if (dynamic) return { provider: 'dynamic', by: dynamic };
  return named === undefined ? undefined : { provider: named, by };
}

function flagIn(flags: TargetFlags, names: Record<string, string>): string | undefined {
  const given = Object.keys(names).find((name) => flags[name as keyof TargetFlags] !== undefined);
  return given && names[given];
}

function conflict(flag: string, of: string, other: string): UsageError {
  return new UsageError('FLAG_CONFLICT', `${flag} is of ${of}; it does not go with ${other}.`, { field: flag });
}

/** A profile of another service is passed over when it is only the current one; named, it is a contradiction. */
function fitting(base: Base | undefined, wanted: Wanted | undefined): Base | undefined {
  if (!base || !wanted || base[wanted.provider]) return base;
  if (base.current) return undefined;
  const other = wanted.provider === 'prelude' ? 'Dynamic' : 'Prelude';
  throw new UsageError('FLAG_CONFLICT', `The profile "${base.profileName ?? ''}" is of ${other}.`, {
    field: wanted.by,
  });
}

/** Nothing is named at the service that is meant, and the current profile is of the other. */
function passedOver({ profileName = '' }: Base, { provider, by }: Wanted): UsageError {
  const [here, there, flag] =
    provider === 'prelude' ? ['Prelude', 'Dynamic', '--app'] : ['Dynamic', 'Prelude', '--environment'];
  return new UsageError(
    'PROFILE_UNKNOWN',
    `Nothing is named at ${here}: the current profile "${profileName}" is of ${there}.`,
    { field: by, hint: `Name it with ${flag} or --profile, or set it up with: stepup init --provider ${provider}` },
  );
}

function providerOf(base: Base | undefined, env: Env): ProviderName {
  if (base) return base.prelude ? 'prelude' : 'dynamic';
  return !env['STEPUP_PRELUDE_APP_ID'] && env['STEPUP_DYNAMIC_ENVIRONMENT_ID'] ? 'dynamic' : 'prelude';
}
