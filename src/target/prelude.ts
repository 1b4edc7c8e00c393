/** An application at Prelude, put together from flags, variables and the base. */
import { UsageError } from '../errors.js';
import type { PreludeTarget } from '../providers/target.js';
import { defaultFrontendUrl } from './addresses.js';
import type { Base } from './base.js';
import {
  address,
  foundIn,
  from,
  noApplication,
  preset,
  type Found,
  type Given,
  type Read,
  type Source,
  type TargetFlags,
} from './given.js';

/** An application at Prelude with where each part of it comes from. */
export interface ResolvedPrelude extends PreludeTarget, Found {
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

/** Throws UsageError PROFILE_UNKNOWN, FLAG_INVALID, URL_INVALID. */
export function preludeTarget(flags: TargetFlags, base: Base | undefined, read: Read): ResolvedPrelude {
  const known = base?.prelude;
  const appId = read('--app', flags.app, 'STEPUP_PRELUDE_APP_ID') ?? from(base, known?.appId);
  if (appId === undefined) throw noApplication();
  checkAppId(appId);
  const domain = read('--domain', flags.domain, 'STEPUP_PRELUDE_DOMAIN');
  const managementUrl = read('--management-url', flags.managementUrl, 'STEPUP_PRELUDE_MANAGEMENT_URL');
  const key = read('', undefined, 'STEPUP_PRELUDE_MANAGEMENT_KEY') ?? from(base, known?.managementKey);
  const frontend =
    address(domain) ??
    // Another application than the profile's has an address of its own; an emulator has all of its own under one.
    (known?.appId === appId.value || base?.source.kind === 'emulator' ? from(base, known?.frontendUrl) : undefined) ??
    preset(defaultFrontendUrl(appId.value));
  const management = address(managementUrl) ?? from(base, known?.managementUrl) ?? preset(MANAGEMENT_URL);
  return {
    provider: 'prelude',
    appId: appId.value,
    frontendUrl: frontend.value,
    managementUrl: management.value,
    managementKey: key?.value,
    ...foundIn(base),
    sources: {
      appId: appId.source,
      frontendUrl: frontend.source,
      managementUrl: management.source,
      managementKey: key?.source,
    },
  };
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
