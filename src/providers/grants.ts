/** Elevated tokens, kept apart from the session's own, whichever service gave them. */
import * as v from 'valibot';
import { hasPassed } from './instants.js';
import type { Grant } from './provider.js';

const instant = v.pipe(v.string(), v.isoTimestamp());

/** A grant as the store keeps it. */
export const grantSchema = v.object({
  scopes: v.array(v.string()),
  token: v.string(),
  expiresAt: instant,
  grantedAt: instant,
  singleUse: v.boolean(),
  mode: v.optional(v.string()),
  factors: v.array(v.string()),
  challengeId: v.optional(v.string()),
});
export type StoredGrant = v.InferOutput<typeof grantSchema>;

/** Unexpired grants, oldest first. `now` is in milliseconds. */
export function liveGrants({ grants }: { grants: StoredGrant[] }, now: number): Grant[] {
  return grants
    .filter(({ expiresAt }) => !hasPassed(expiresAt, now))
    .sort((a, b) => Date.parse(a.grantedAt) - Date.parse(b.grantedAt));
}

/** Adds a grant, in place of an older one for the same scopes. */
export function withGrant(grants: StoredGrant[], grant: StoredGrant): StoredGrant[] {
  const same = (other: StoredGrant): boolean =>
    other.scopes.length === grant.scopes.length && other.scopes.every((scope) => grant.scopes.includes(scope));
  return [...grants.filter((other) => !same(other)), grant];
}
