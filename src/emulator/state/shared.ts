/** What belongs to all tenants of a store. */

/**
 * The tenant under which emulators of one store keep what they share: keys, the control token, the tenants' clocks. No tenant of a
 * user can have this name, so that no export shows it and no reset clears it.
 */
export const SHARED = ':shared';
