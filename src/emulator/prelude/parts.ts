/** What every route and rule of the emulated service works with. */
import type { Context } from 'hono';
import type { Services } from '../services.js';
import { keyOf, type TenantPlace } from '../tenant-place.js';
import type { ProofKeys } from './dpop.js';
import type { Env } from './errors.js';
import type { KeySets } from './key-sets.js';
import type { Nonces } from './nonces.js';
import type { Tokens } from './tokens.js';

export interface Parts {
  services: Services;
  tokens: Tokens;
  nonces: Nonces;
  proofKeys: ProofKeys;
  /** The key sets of developers' backends, fetched and cached. */
  keySets: KeySets;
}

/** The parts, for one tenant. */
export interface Place extends Parts, TenantPlace {}

/** The parts, for the tenant of a request. */
export function placeOf(c: Context<Env>, parts: Parts): Place {
  return { ...parts, tenant: c.get('tenant') };
}

/** One document a tenant (kind `prelude-config`), changed by compare-and-set until `change` has been applied to what is really there. */
export async function amend<T>(place: Place, id: string, initial: () => T, change: (value: T) => T): Promise<T> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', id);
  for (;;) {
    const kept = await state.get<T>(key);
    const next = change(kept ? kept.value : initial());
    const written = kept ? await state.update(key, kept.version, next) : await state.putIfAbsent(key, next);
    if (written) return next;
  }
}
