/** What every route and rule of the emulated service works with. */
import type { Context } from 'hono';
import type { DynamicSettings, Services, Tenant } from '../services.js';
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
export interface Place extends Parts {
  tenant: Tenant;
}

/** The parts, for the tenant of a request. */
export function placeOf(c: Context<Env>, parts: Parts): Place {
  return { ...parts, tenant: c.get('tenant') };
}

/** Milliseconds on the clock by which things of this tenant age. */
export function age({ services, tenant }: Place): number {
  return services.clock.ageNow(tenant.id);
}

/** Key of one of the tenant's records. */
export function keyOf({ tenant }: Place, kind: string, id: string): { tenant: string; kind: string; id: string } {
  return { tenant: tenant.id, kind, id };
}

/** The environment's switches. */
export async function settingsOf({ services, tenant }: Place): Promise<DynamicSettings> {
  return (await services.settings(tenant.id)).dynamic;
}
