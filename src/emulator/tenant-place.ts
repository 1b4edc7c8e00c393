/** One tenant's place in the state and in time, whichever service it is used by. */
import type { Services, Tenant } from './services.js';

export interface TenantPlace {
  services: Services;
  tenant: Tenant;
}

/** Milliseconds on the clock by which things of this tenant age. */
export function age({ services, tenant }: TenantPlace): number {
  return services.clock.ageNow(tenant.id);
}

/** Key of one of the tenant's records. */
export function keyOf({ tenant }: TenantPlace, kind: string, id: string): { tenant: string; kind: string; id: string } {
  return { tenant: tenant.id, kind, id };
}
