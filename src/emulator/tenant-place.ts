/** One tenant's place in the state and in time, whichever service it is used by. */
import type { Services, Tenant } from './services.js';
import type { Key, Versioned } from './state/interface.js';

export interface TenantPlace {
  services: Services;
  tenant: Tenant;
}

/** Milliseconds on the clock by which things of this tenant age. */
export function age({ services, tenant }: TenantPlace): number {
  return services.clock.ageNow(tenant.id);
}

/** The state's tenant for what ages by real time, whatever a tenant's clock says: no clock of this name is ever moved. */
export function realTimeTenant(tenant: string): string {
  return `:real:${tenant}`;
}

/**
 * Marks something as seen until `until` (milliseconds, real time). True for the first time, for one of many at once. It is judged by real
 * time elsewhere, so a moved clock must not let it be shown again.
 */
export function seeOnce({ services, tenant }: TenantPlace, kind: string, id: string, until: number): Promise<boolean> {
  const key = { tenant: realTimeTenant(tenant.id), kind, id };
  return services.state.putIfAbsent(key, true, { expiresAt: Math.min(until, Number.MAX_SAFE_INTEGER) });
}

/** Key of one of the tenant's records. */
export function keyOf({ tenant }: TenantPlace, kind: string, id: string): { tenant: string; kind: string; id: string } {
  return { tenant: tenant.id, kind, id };
}

/** Lets one of the tenant's records end, unless it was written again since it was read. */
export async function endRecord(
  { services, tenant }: TenantPlace,
  key: Key,
  { value, version }: Versioned<unknown>,
): Promise<void> {
  await services.state.update(key, version, value, { expiresAt: services.clock.ageNow(tenant.id) });
}

/** The services for one tenant: with its own stream of randomness, where there is one. */
export function servicesFor(services: Services, { id }: Tenant): Services {
  return services.randomOf ? { ...services, randomBytes: services.randomOf(id) } : services;
}
