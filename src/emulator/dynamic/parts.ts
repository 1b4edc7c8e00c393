/** What every route and rule of the emulated service works with. */
import type { Context } from 'hono';
import type { Rotation } from '../rotation.js';
import type { DynamicSettings, Services, Tenant } from '../services.js';
import { servicesFor, type TenantPlace } from '../tenant-place.js';
import type { Env } from './errors.js';
import type { KeySets } from './key-sets.js';
import type { Tokens } from './tokens.js';

export interface Parts {
  services: Services;
  tokens: Tokens;
  rotation: Rotation;
  /** The key sets of developers' backends, fetched and cached. */
  keySets: KeySets;
}

/** The parts, for one tenant. */
export interface Place extends Parts, TenantPlace {}

/** The parts, for the tenant of a request. */
export function placeOf(c: Context<Env>, parts: Parts): Place {
  return placeFor(parts, c.get('tenant'));
}

/** The parts, for a tenant. */
export function placeFor(parts: Parts, tenant: Tenant): Place {
  const tokens = parts.tokens.of((base) => parts.rotation.ring(tenant.id, base));
  return { ...parts, tokens, services: servicesFor(parts.services, tenant), tenant };
}

/** The environment's switches. */
export async function settingsOf({ services, tenant }: Place): Promise<DynamicSettings> {
  return (await services.settings(tenant.id)).dynamic;
}
