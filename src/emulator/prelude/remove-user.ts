/** The end of a user, with everything that is theirs. */
import type { TenantPlace } from '../tenant-place.js';
import { removeUserGrants } from './grants.js';
import { unlinkAccounts } from './oauth-accounts.js';
import { removePasskeys } from './passkeys.js';
import { removePassword } from './passwords.js';
import { revokeSession, sessionsOf } from './sessions.js';
import { removeUserScopes } from './user-scopes.js';
import { deleteUser } from './users.js';

/** Removes a user with password, passkeys, scopes, grants, accounts and sessions. False when there is none. */
export async function removeUser(place: TenantPlace, id: string): Promise<boolean> {
  if (!(await deleteUser(place, id))) return false;
  await Promise.all([
    removePassword(place, id),
    removePasskeys(place, id),
    removeUserScopes(place, id),
    removeUserGrants(place, id),
    unlinkAccounts(place, id),
  ]);
  for (const session of await sessionsOf(place, id)) await revokeSession(place, session.id, 'user deleted');
  return true;
}
