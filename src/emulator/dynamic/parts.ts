/** What every route and rule of the emulated service works with. */
import type { Context } from 'hono';
import type { DynamicSettings, Services } from '../services.js';
import type { TenantPlace } from '../tenant-place.js';
import type { Env } from './errors.js';
import type { KeySets } from './key-sets.js';
import type { Tokens } from './tokens.js';

export interface Parts {
  services: Services;
  tokens: Tokens;
  /** The key sets of developers' backends, fetched and cached. */
  keySets: KeySets;
}

/** The parts, for one tenant. */
export interface Place extends Parts, TenantPlace {}

/** The parts, for the tenant of a request. */
export function placeOf(c: Context<Env>, parts: Parts): Place {
  return { ...parts, tenant: c.get('tenant') };
}

/** The environment's switches. */
export async function settingsOf({ services, tenant }: Place): Promise<DynamicSettings> {
  return (await services.settings(tenant.id)).dynamic;
}
