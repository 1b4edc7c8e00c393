/** Accounts at OAuth providers, and whose they are here. */
import { keyOf, type TenantPlace } from '../tenant-place.js';
import { FrontendError } from './errors.js';
import type { OAuthConfigBody, OAuthProvider } from './oauth-config.js';
import type { Place } from './parts.js';
import { createUser, deleteUser, findUser, ownerOf, type User } from './users.js';
import { canonicalIdentifier } from './wire.js';

/** An account at a provider. */
export interface OAuthAccount {
  provider: OAuthProvider;
  email: string;
}

const ACCOUNT = 'prelude-oauth-account';

/** The user whose account it is. */
export async function linkedUser(place: Place, account: OAuthAccount): Promise<User | undefined> {
  const kept = await place.services.state.get<string>(accountKey(place, account));
  return kept && findUser(place, kept.value);
}

/**
 * A user for an account that is new here: the one with its address where accounts may be merged, else a new one. Throws FrontendError
 * `identifier_already_exists` when the address is somebody's.
 */
export async function linkAccount(place: Place, account: OAuthAccount, { options }: OAuthConfigBody): Promise<User> {
  const { user, isNew } = await userFor(place, account.email, options);
  const key = accountKey(place, account);
  const index = { user: user.id };
  if (await place.services.state.putIfAbsent(key, user.id, { index })) return user;
  const winner = await linkedUser(place, account);
  if (!winner) {
    // Its user was deleted, and the account is free again.
    await place.services.state.put(key, user.id, { index });
    return user;
  }
  if (isNew && winner.id !== user.id) await deleteUser(place, user.id);
  return winner;
}

async function userFor(
  place: Place,
  email: string,
  options: OAuthConfigBody['options'],
): Promise<{ user: User; isNew: boolean }> {
  const identifier = { type: 'email_address', value: email } as const;
  if (options.use_email_as_identifier) {
    const made = await createUser(place, { identifiers: [identifier] });
    if (made) return { user: made, isNew: true };
    const owner = await ownerOf(place, canonicalIdentifier(identifier) ?? '');
    if (owner && options.allow_email_account_merge) return { user: owner, isNew: false };
  } else {
    const made = await createUser(place, { identifiers: [] });
    if (made) return { user: made, isNew: true };
  }
  throw new FrontendError('identifier_already_exists', "account: expected a new address, got another user's");
}

/** Forgets which accounts are the user's. */
export async function unlinkAccounts(place: TenantPlace, userId: string): Promise<void> {
  const { state } = place.services;
  for (const { id } of await state.listByIndex(place.tenant.id, ACCOUNT, 'user', userId)) {
    await state.delete(keyOf(place, ACCOUNT, id));
  }
}

function accountKey(place: Place, { provider, email }: OAuthAccount): ReturnType<typeof keyOf> {
  return keyOf(place, ACCOUNT, `${provider} ${email.toLowerCase()}`);
}
