/** The two families of proof for somebody who is signed in, and what they earn. */
import { legacyMfaToken, type Earned } from './answers.js';
import { isEmbedded, type Identity } from './credentials.js';
import { issueElevated, requireScopes } from './elevation.js';
import { DynamicError, type DynamicCode } from './errors.js';
import type { Place } from './parts.js';
import { hasMfa } from './rules.js';
import { noteVerified, type Bearer } from './sessions.js';
import { credentialOf, type User } from './users.js';

/** What a call asks to earn. */
export interface Wish {
  requestedScopes?: string[] | undefined;
  createMfaToken?: { singleUse?: boolean | undefined } | null | undefined;
}

/**
 * Re-authentication: proves a credential of the bearer's once more. Everything that can be refused is refused before `prove` uses the
 * proof up. Throws DynamicError `invalid_scopes`, `unknown` for an identity that is not the bearer's,
 * `credential_not_enabled_for_sign_in`, `embedded_wallet_not_allowed`, `mfa_required`, and what `prove` throws.
 */
export async function reauthenticate(
  place: Place,
  bearer: Bearer,
  given: { identity: Identity; wish: Wish; unknown: DynamicCode; prove: () => Promise<void> },
): Promise<{ bearer: Bearer; earned: Earned }> {
  const { identity, wish } = given;
  if (wish.requestedScopes) requireScopes(wish.requestedScopes);
  const credential = credentialOf(bearer.user, identity);
  if (!credential)
    throw new DynamicError(given.unknown, "proof: expected one of the bearer's credentials, got another");
  if (isEmbedded(credential)) {
    throw new DynamicError('embedded_wallet_not_allowed', 'proof: expected an external wallet, got an embedded one');
  }
  if (!credential.signInEnabled) {
    const words = 'proof: expected a credential that is enabled for sign-in, got another';
    throw new DynamicError('credential_not_enabled_for_sign_in', words);
  }
  if (hasMfa(bearer.user)) {
    throw new DynamicError('mfa_required', 'proof: expected one by the registered MFA, got a re-authentication');
  }
  await given.prove();
  return reward(place, bearer, bearer.user, credential.id, wish);
}

/**
 * MFA: `prove` uses up a proof by one of the bearer's factors and tells which. Throws DynamicError `invalid_scopes`, and what `prove`
 * throws.
 */
export async function proveFactor(
  place: Place,
  bearer: Bearer,
  wish: Wish,
  prove: () => Promise<{ user: User; factorId?: string }>,
): Promise<{ bearer: Bearer; earned: Earned }> {
  if (wish.requestedScopes) requireScopes(wish.requestedScopes);
  const { user, factorId } = await prove();
  return reward(place, bearer, user, factorId, wish);
}

async function reward(
  place: Place,
  { session }: Bearer,
  user: User,
  verifiedId: string | undefined,
  { requestedScopes, createMfaToken }: Wish,
): Promise<{ bearer: Bearer; earned: Earned }> {
  const verified = verifiedId === undefined ? session : await noteVerified(place, session, verifiedId);
  const bearer = { session: verified, user };
  const scopes = requestedScopes && requireScopes(requestedScopes);
  return {
    bearer,
    earned: {
      elevatedAccessToken: scopes && (await issueElevated(place, bearer, scopes)),
      mfaToken: createMfaToken ? await legacyMfaToken(place, bearer, createMfaToken.singleUse ?? false) : undefined,
    },
  };
}
