/** Signing in with a verified identity. */
import type { Context } from 'hono';
import type { Identity } from './credentials.js';
import { DynamicError, type Env } from './errors.js';
import type { Place } from './parts.js';
import { sessionKeyOf, startSession, type Bearer } from './sessions.js';
import { credentialOf, ownerOf, userOf, type User } from './users.js';

/**
 * Signs the owner of an identity in once `prove` has succeeded; whoever is new becomes a user. A credential that cannot sign in is
 * refused before the proof is used up. Throws DynamicError `credential_not_enabled_for_sign_in`,
 * `invalid_session_public_key`, and what `prove` throws.
 */
export async function signIn(
  c: Context<Env>,
  place: Place,
  given: { identity: Identity; sessionPublicKey?: string | null | undefined; prove: () => Promise<void> },
): Promise<Bearer> {
  const { identity } = given;
  const sessionPublicKey = sessionKeyOf(c, given.sessionPublicKey);
  const owner = await ownerOf(place, identity);
  if (owner) requireSignIn(owner, identity);
  await given.prove();
  const { user, created } = await userOf(place, identity);
  return startSession(c, place, {
    user,
    credentialId: requireSignIn(user, identity),
    newUser: created,
    sessionPublicKey,
  });
}

function requireSignIn(user: User, identity: Identity): string {
  const credential = credentialOf(user, identity);
  if (credential?.signInEnabled) return credential.id;
  throw new DynamicError(
    'credential_not_enabled_for_sign_in',
    'credential: expected one that is enabled for sign-in, got another',
  );
}
