/** What flags change of a configuration. Everything else stays as it is, fields that we do not know included. */
import type { StepUpConfig } from '../../../providers/prelude/config.js';
import { jwksUrlBeside } from '../../../target/addresses.js';
import type { Wanted } from './flags.js';

/**
 * The configuration with what was asked for. A new hook takes the place of `defaultHook` wherever a scope is delegated to it,
 * and of the key set beside it; without a `jwks_url` the one beside the hook is set. Step keys are added or described anew.
 */
export function merge(
  config: StepUpConfig,
  wanted: Wanted,
  defaultHook: string | undefined,
): { config: StepUpConfig; jwksFollowed: boolean } {
  const { hookUrl, jwksUrl } = wanted;
  const followed = !config.jwks_url || (defaultHook !== undefined && config.jwks_url === besideIfUrl(defaultHook));
  const jwksFollowed = jwksUrl === undefined && hookUrl !== undefined && followed;
  const jwks = jwksUrl ?? (jwksFollowed ? jwksUrlBeside(hookUrl) : undefined);
  return {
    config: {
      ...config,
      ...(jwks === undefined ? {} : { jwks_url: jwks }),
      step_keys: mergeKeys(config.step_keys, wanted.stepKeys),
      allowed_scopes: config.allowed_scopes.map((entry) =>
        hookUrl !== undefined && entry.mode === 'delegated' && entry.delegated.delegation_hook === defaultHook
          ? { ...entry, delegated: { ...entry.delegated, delegation_hook: hookUrl } }
          : entry,
      ),
    },
    jwksFollowed,
  };
}

function mergeKeys(before: StepUpConfig['step_keys'], wanted: Wanted['stepKeys']): StepUpConfig['step_keys'] {
  const changed = before.map((known) => ({ ...known, ...wanted.find(({ key }) => key === known.key) }));
  return [...changed, ...wanted.filter(({ key }) => !before.some((known) => known.key === key))];
}

function besideIfUrl(hookUrl: string): string | undefined {
  return URL.canParse(hookUrl) ? jwksUrlBeside(hookUrl) : undefined;
}
