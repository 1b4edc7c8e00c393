/** What `stepup status` tells: of one application, or of every profile. */
import { InterruptedError, StepupError, type ErrorCode } from '../../errors.js';
import type { Provider, ProviderName } from '../../providers/provider.js';
import { sessionKeyOf } from '../../providers/target.js';
import type { Profile } from '../../store/store.js';
import type { Context } from '../context.js';
import { withTarget } from '../hints.js';
import { resolveTarget, type ResolvedTarget } from '../../target/target.js';
import { secretsPlace, type SecretsPlace } from './secrets.js';
import { nobody, readState, type State } from './state.js';

/** Why a profile cannot be told of. */
export interface Problem {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
}

export interface ProfileState extends State {
  profile: string;
  current: boolean;
  provider: ProviderName;
  /** Application or environment. */
  application: string;
  problem?: Problem | undefined;
}

export interface OneReport extends State {
  /** Null where no profile names the application. */
  profile: string | null;
  provider: ProviderName;
  application: string;
  secrets: SecretsPlace;
}

export interface AllReport {
  /** By name. */
  profiles: ProfileState[];
  secrets: SecretsPlace;
}

/** Of the application that the command line means. Throws what choosing it throws, and FailedError for a store that cannot be read. */
export async function reportOne(context: Context): Promise<OneReport> {
  const [target, provider] = [await context.target(), await context.provider()];
  return {
    ...(await readState(provider, context.system.now())),
    profile: target.profileName ?? null,
    provider: provider.name,
    application: sessionKeyOf(target).application,
    secrets: await secretsPlace(context.store.folder),
  };
}

/**
 * Of every profile, each as it is by itself, without the variables that may change parts of one. A profile that cannot be told of has
 * its problem beside it. Throws FailedError when the profiles themselves cannot be read.
 */
export async function reportAll(context: Context): Promise<AllReport> {
  const { store } = context;
  const [profiles, current] = [await store.profiles(), await store.currentProfile()];
  const names = Object.keys(profiles).sort((one, other) => one.localeCompare(other));
  const states: ProfileState[] = [];
  for (const name of names) states.push(await stateOf(context, name, profiles[name]!, name === current));
  return { profiles: states, secrets: await secretsPlace(store.folder) };
}

async function stateOf(context: Context, profile: string, kept: Profile, current: boolean): Promise<ProfileState> {
  const application = kept.provider === 'prelude' ? kept.appId : kept.environmentId;
  const head = { profile, current, provider: kept.provider, application };
  try {
    const provider = await providerOf(context, await resolveTarget({ profile }, {}, context.store));
    return { ...head, ...(await readState(provider, context.system.now())) };
  } catch (error) {
    if (!(error instanceof StepupError) || error instanceof InterruptedError) throw error;
    const { code, message } = error;
    const hint = error.hint === undefined ? {} : { hint: withTarget(error.hint, ['--profile', profile]) };
    return { ...head, ...nobody(), problem: { code, message, ...hint } };
  }
}

async function providerOf({ system, store, http }: Context, target: ResolvedTarget): Promise<Provider> {
  const { now, randomBytes, sleep, signal } = system;
  const services = { http: await http(), store, now, randomBytes };
  if (target.provider === 'prelude') {
    const { createPrelude } = await import('../../providers/prelude/prelude.js');
    return createPrelude({ ...services, target });
  }
  const { createDynamic } = await import('../../providers/dynamic/dynamic.js');
  return createDynamic({ ...services, target, sleep, signal });
}
