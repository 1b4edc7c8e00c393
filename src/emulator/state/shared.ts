/** What belongs to all tenants of a store. */

/**
 * The tenant under which emulators of one store keep what they share: keys, the control token, the tenants' clocks. No tenant of a
 * user can have this name, so that no export shows it and no reset clears it.
 */
export const SHARED = ':shared';

/** Records of one kind that a tenant of a user holds, unless whoever starts the emulator says otherwise; the oldest go. */
export const DEFAULT_MAX_RECORDS = 10_000;

/** Whether a tenant's records are bounded in number: those of a user's tenant. What emulators share is few, or ends by itself. */
export function isBounded(tenant: string): boolean {
  return !tenant.startsWith(':');
}
