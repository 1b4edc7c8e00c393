/** What every route and rule of the emulated service works with. */
import type { Context } from 'hono';
import type { Rotation } from '../rotation.js';
import type { Services, Tenant } from '../services.js';
import { keyOf, servicesFor, type TenantPlace } from '../tenant-place.js';
import type { ProofKeys } from './dpop.js';
import type { Env } from './errors.js';
import type { KeySets } from './key-sets.js';
import type { Nonces } from './nonces.js';
import type { Tokens } from './tokens.js';

export interface Parts {
  services: Services;
  tokens: Tokens;
  rotation: Rotation;
  nonces: Nonces;
  proofKeys: ProofKeys;
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
  const { rotation, nonces, proofKeys, keySets } = parts;
  return { rotation, nonces, proofKeys, keySets, tokens, services: servicesFor(parts.services, tenant), tenant };
}

/** One document a tenant (kind `prelude-config`), changed by compare-and-set until `change` has been applied to what is really there. */
export async function amend<T>(place: TenantPlace, id: string, initial: () => T, change: (value: T) => T): Promise<T> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', id);
  for (;;) {
    const kept = await state.get<T>(key);
    const next = change(kept ? kept.value : initial());
    const written = kept ? await state.update(key, kept.version, next) : await state.putIfAbsent(key, next);
    if (written) return next;
  }
}
