/**
 * One form for all that means the same: fields in a fixed order, lists sorted where their order means nothing, empty values left out.
 * What a stepup.json does not know (the service's ids and times, fields that came later) is not in it.
 */
import type { StepUpConfig } from '../../providers/prelude/config.js';
import type { OtpLogin, PasswordLogin } from '../../providers/prelude/management-login.js';
import type { FileOtpLogin, FilePasswordLogin, FileScope, FileStepUp } from './document.js';

/** Registered scopes. */
export function canonicalScopes(scopes: readonly string[]): string[] {
  return [...new Set(scopes)].sort();
}

/** A step-up configuration. The order of entries of one scope stays: the first that fits decides. */
export function canonicalStepUp({ jwks_url, step_keys, allowed_scopes }: StepUpConfig | FileStepUp): FileStepUp {
  return {
    ...(jwks_url ? { jwks_url } : {}),
    step_keys: step_keys
      .map(({ key, description }) => ({ key, ...(description ? { description } : {}) }))
      .sort((one, other) => byText(one.key, other.key)),
    allowed_scopes: allowed_scopes.map(canonicalScope).sort((one, other) => byText(one.scope, other.scope)),
  };
}

type Entry = StepUpConfig['allowed_scopes'][number] | FileScope;

function canonicalScope(entry: Entry): FileScope {
  const { scope } = entry;
  if (entry.mode === 'managed') return { scope, mode: 'managed' };
  if (entry.mode === 'delegated') {
    return { scope, mode: 'delegated', delegated: { delegation_hook: entry.delegated.delegation_hook } };
  }
  const { identifier_types, status, grant_mode, granted_for, steps = [] } = entry.direct;
  const sorted = steps
    .map(({ order, key, expiration_duration }) => ({ order, key, expiration_duration }))
    .sort((one, other) => one.order - other.order);
  return {
    scope,
    mode: 'direct',
    direct: {
      identifier_types: [...new Set(identifier_types)].sort(),
      status,
      // A block grants nothing and has no steps.
      ...(status === 'block' || grant_mode === undefined ? {} : { grant_mode }),
      ...(status === 'block' || granted_for === undefined ? {} : { granted_for }),
      ...(status === 'block' || sorted.length === 0 ? {} : { steps: sorted }),
    },
  };
}

/** A configuration of OTP login. */
export function canonicalOtpLogin(login: OtpLogin | FileOtpLogin): FileOtpLogin {
  const { channel_type, is_default, template_id, sender_id, granted_scopes, code_size } = login;
  return {
    channel_type,
    is_default,
    ...(template_id ? { template_id } : {}),
    ...(sender_id ? { sender_id } : {}),
    ...(granted_scopes?.length ? { granted_scopes: canonicalScopes(granted_scopes) } : {}),
    ...(code_size ? { code_size } : {}),
  };
}

/** Configurations of OTP login: those of SMS first, each channel's default before its others. */
export function canonicalOtpLogins(logins: readonly (OtpLogin | FileOtpLogin)[]): FileOtpLogin[] {
  return logins
    .map(canonicalOtpLogin)
    .sort(
      (one, other) =>
        byText(other.channel_type, one.channel_type) ||
        Number(other.is_default) - Number(one.is_default) ||
        byText(JSON.stringify(one), JSON.stringify(other)),
    );
}

/** The configuration of password login; undefined for one that lacks a part, which a file cannot say. */
export function canonicalPasswordLogin(login: PasswordLogin | FilePasswordLogin): FilePasswordLogin | undefined {
  const { hash_method, enabled, rate_limit_login_ip: ip, rate_limit_login_identifier: identifier } = login;
  if (hash_method === undefined || enabled === undefined || !ip || !identifier) return undefined;
  const { min_length, max_length, uppercase, lowercase, numbers, symbols } = login.password_compliancy;
  return {
    hash_method,
    enabled,
    rate_limit_login_ip: { ttl: ip.ttl, limit: ip.limit },
    rate_limit_login_identifier: { ttl: identifier.ttl, limit: identifier.limit },
    password_compliancy: { min_length, max_length, uppercase, lowercase, numbers, symbols },
  };
}

/** By code unit, which is the same on every machine. */
function byText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
