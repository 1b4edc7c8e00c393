/** The application's step-up configuration, as the commands that need one find it. */
import { RefusedError } from '../errors.js';
import type { StepUpConfig } from '../providers/prelude/config.js';
import { managementKeyOf, type Context } from './context.js';

/** What is stored at the service, and the hook that is kept here. */
export interface Configured {
  config: StepUpConfig;
  keptHook: string | undefined;
  /** The hook of delegated scopes when none is named: the kept one, else that of the first delegated scope. */
  defaultHook: string | undefined;
}

/** Reads it. Throws RefusedError CONFIG_MISSING, MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN; UnreachableError. */
export async function requireConfig(context: Context): Promise<Configured> {
  const management = await context.management();
  const config = await context.terminal.progress('Reading the configuration', () => management.stepUpConfig());
  const target = await context.preludeTarget();
  if (!config) {
    throw new RefusedError('CONFIG_MISSING', `Application ${target.appId} has no step-up configuration.`, {
      hint: 'Make one with: stepup config create',
    });
  }
  const keptHook = await context.store.hookUrl(managementKeyOf(target));
  return { config, keptHook, defaultHook: keptHook ?? firstHook(config) };
}

/** The hook of the first delegated scope. */
export function firstHook({ allowed_scopes }: StepUpConfig): string | undefined {
  for (const entry of allowed_scopes) if (entry.mode === 'delegated') return entry.delegated.delegation_hook;
  return undefined;
}
