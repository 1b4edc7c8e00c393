/** An environment at Dynamic, put together from flags, variables and the base. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';
import type { DynamicTarget } from '../providers/target.js';
import { EMULATOR_ORIGIN, type Base } from './base.js';
import {
  address,
  foundIn,
  from,
  noApplication,
  originOf,
  preset,
  type Found,
  type Given,
  type Read,
  type Source,
  type TargetFlags,
} from './given.js';

/** An environment at Dynamic with where each part of it comes from. */
export interface ResolvedDynamic extends DynamicTarget, Found {
  sources: { environmentId: Source; apiUrl: Source; origin: Source };
}

/** Base of the API that the official client calls by itself. */
const API_URL = 'https://app.dynamicauth.com/api/v0';

/** Throws UsageError PROFILE_UNKNOWN, ENVIRONMENT_INVALID, URL_INVALID, ORIGIN_INVALID. */
export function dynamicTarget(flags: TargetFlags, base: Base | undefined, read: Read): ResolvedDynamic {
  const known = base?.dynamic;
  const environment =
    read('--environment', flags.environment, 'STEPUP_DYNAMIC_ENVIRONMENT_ID') ?? from(base, known?.environmentId);
  if (environment === undefined) throw noApplication();
  checkEnvironment(environment);
  const api = apiOf(flags, base, read);
  const origin =
    originOf(read('--origin', flags.origin, 'STEPUP_DYNAMIC_ORIGIN')) ??
    // Another environment than the profile's may allow other origins.
    (known?.environmentId === environment.value ? from(base, known?.origin) : undefined) ??
    (isLoopback(new URL(api.value).hostname) ? preset(EMULATOR_ORIGIN) : undefined);
  if (origin === undefined) throw noOrigin();
  return {
    provider: 'dynamic',
    environmentId: environment.value,
    apiUrl: api.value,
    origin: origin.value,
    ...foundIn(base),
    sources: { environmentId: environment.source, apiUrl: api.source, origin: origin.source },
  };
}

/** Where the API is. Throws UsageError URL_INVALID. */
export function apiOf(flags: TargetFlags, base: Base | undefined, read: Read): Given {
  return withPath(
    address(read('--api-url', flags.apiUrl, 'STEPUP_DYNAMIC_API_BASE_URL')) ??
      from(base, base?.dynamic?.apiUrl) ??
      preset(API_URL),
  );
}

function noOrigin(): UsageError {
  return new UsageError('ORIGIN_INVALID', 'The origin of the app is not known.', {
    field: '--origin',
    hint: 'Give one that the environment allows with --origin, or keep it in a profile with: stepup init',
  });
}

/** The official client signs its calls only under a base that ends in the API's own path; a bare host stands for it. */
function withPath(api: Given): Given {
  return new URL(api.value).pathname === '/' ? { ...api, value: `${api.value}/api/v0` } : api;
}

/** Throws UsageError ENVIRONMENT_INVALID. */
export function checkEnvironment({ value, source }: Given): void {
  const problem = environmentProblem(value);
  if (problem === undefined) return;
  throw new UsageError('ENVIRONMENT_INVALID', `${source.name ?? 'The environment'}: ${problem}`, {
    field: source.name,
  });
}

/** What is wrong with an environment id, in words. Dynamic: a UUID in lower case. */
export function environmentProblem(text: string): string | undefined {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return undefined;
  return `this is no environment id: "${text}". It is a UUID in lower case, from the SDK page of the dashboard.`;
}
