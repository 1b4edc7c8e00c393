/** Scopes that the application has given a user for good: every token of theirs carries them. */
import { keyOf, type TenantPlace } from '../tenant-place.js';

const KIND = 'prelude-user-scope';

/** The user's scopes, in the order in which they were given. */
export async function scopesOfUser(place: TenantPlace, userId: string): Promise<string[]> {
  const kept = await place.services.state.listByIndex<string>(place.tenant.id, KIND, 'user', userId);
  return kept.map(({ value }) => value);
}

/** Gives the user a scope; one that is there already stays. */
export async function addUserScope(place: TenantPlace, userId: string, scope: string): Promise<void> {
  await place.services.state.putIfAbsent(keyOf(place, KIND, `${userId} ${scope}`), scope, { index: { user: userId } });
}

/** Takes all of the user's scopes away. */
export async function removeUserScopes(place: TenantPlace, userId: string): Promise<void> {
  const { state } = place.services;
  for (const { id } of await state.listByIndex(place.tenant.id, KIND, 'user', userId)) {
    await state.delete(keyOf(place, KIND, id));
  }
}
