/** A configuration in words. */
import type { StepUpConfig } from '../../../providers/prelude/config.js';

/** Lines for a person. `hookUrl` is the default hook that is kept here. */
export function describeConfig({ jwks_url, step_keys, allowed_scopes }: StepUpConfig, hookUrl?: string): string {
  const steps = step_keys.map(({ key, description }) => (description ? `${key} (${description})` : key));
  const scopes = [...new Set(allowed_scopes.map(({ scope, mode }) => `${scope} (${mode})`))];
  return [
    `  default hook  ${hookUrl ?? 'none'}`,
    `  jwks_url      ${jwks_url || 'none'}`,
    `  step keys     ${steps.join(', ') || 'none'}`,
    `  scopes        ${scopes.join(', ') || 'none'}`,
  ].join('\n');
}
