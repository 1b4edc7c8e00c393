/** Dynamic: the answers of every sign-in, verify, MFA and refresh call, with fresh tokens. */
import type { Context } from 'hono';
import { age } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import type { Claims } from '../jws.js';
import { showCredential } from './credentials.js';
import type { Env } from './errors.js';
import { settingsOf, type Place } from './parts.js';
import { admitToken, type Bearer, type Session } from './sessions.js';
import { setTokenCookie } from './token-cookie.js';
import type { User } from './users.js';

/** What a call earned beside the session's own tokens. */
export interface Earned {
  elevatedAccessToken?: string | undefined;
  mfaToken?: string | undefined;
}

/**
 * Dynamic: VerifyResponse. `expiresAt` in Unix seconds. The session's tokens never outlive it. In cookie mode they are not in it: the
 * access token is in the answer's cookie.
 */
export async function verifyResponse(
  c: Context<Env>,
  place: Place,
  { session, user }: Bearer,
  earned: Earned = {},
): Promise<Claims> {
  const { services, tenant, tokens } = place;
  const iat = Math.floor(services.clock.now() / 1000);
  // What is left of the session by its own age, told in real time.
  const exp = iat + Math.max(1, Math.round((session.endsAt - age(place)) / 1000));
  const jti = newUuid(services.randomBytes);
  const access: Claims = {
    iss: tenant.dynamic.issuer,
    aud: session.origin,
    sub: user.id,
    sid: session.id,
    environment_id: tenant.dynamic.environmentId,
    last_verified_credential_id: session.lastVerifiedCredentialId,
    signin_credential_id: session.signinCredentialId,
    scope: 'user:basic',
    ...(session.sessionPublicKey === null ? {} : { session_public_key: session.sessionPublicKey }),
    iat,
    exp,
    jti,
  };
  await admitToken(place, jti, session, exp - iat);
  await services.emit(tenant.id, 'token', { kind: 'access', claims: access });
  const { jti: _, ...common } = access;
  const minifiedJwt = await tokens.sign(access);
  const { cookieMode } = await settingsOf(place);
  if (cookieMode) setTokenCookie(c, minifiedJwt, exp);
  return {
    ...(cookieMode ? {} : { jwt: await tokens.sign({ ...common, ...idClaims(user, session) }), minifiedJwt }),
    expiresAt: exp,
    user: showUser(place, user, session),
    ...(earned.elevatedAccessToken === undefined ? {} : { elevatedAccessToken: earned.elevatedAccessToken }),
    ...(earned.mfaToken === undefined ? {} : { mfaToken: earned.mfaToken }),
  };
}

/** Dynamic: UpdateSelfResponse. */
export async function updateResponse(
  c: Context<Env>,
  place: Place,
  bearer: Bearer,
  earned: Earned = {},
): Promise<Claims> {
  return { ...(await verifyResponse(c, place, bearer, earned)), nextView: 'done' };
}

/** Dynamic: SdkUser. */
export function showUser({ tenant }: Place, user: User, session: Session): Record<string, unknown> {
  const { id, credentials, createdAt, lastVisit, profile } = user;
  const { email, phoneNumber } = contactsOf(user);
  return {
    id,
    projectEnvironmentId: tenant.dynamic.environmentId,
    sessionId: session.id,
    email,
    phoneNumber,
    alias: null,
    username: null,
    firstName: null,
    lastName: null,
    country: null,
    metadata: {},
    mfaBackupCodeAcknowledgement: null,
    ...profile,
    firstVisit: new Date(createdAt).toISOString(),
    lastVisit: new Date(lastVisit).toISOString(),
    newUser: session.newUser,
    lastVerifiedCredentialId: session.lastVerifiedCredentialId,
    lists: [],
    missingFields: [],
    scope: 'user:basic',
    verifiedCredentials: credentials.map(showCredential),
  };
}

/** Dynamic: the legacy proof of MFA. No call that the emulator has takes it. */
export async function legacyMfaToken(place: Place, { session, user }: Bearer, singleUse: boolean): Promise<string> {
  const { services, tenant, tokens } = place;
  const iat = Math.floor(services.clock.now() / 1000);
  const claims = {
    iss: tenant.dynamic.issuer,
    sub: user.id,
    sid: session.id,
    environment_id: tenant.dynamic.environmentId,
    singleUse,
    iat,
    exp: iat + 600,
    jti: newUuid(services.randomBytes),
  };
  await services.emit(tenant.id, 'token', { kind: 'mfa', claims });
  return tokens.sign(claims);
}

function idClaims(user: User, session: Session): Claims {
  const { profile } = user;
  const { email, phoneNumber } = contactsOf(user);
  return {
    verified_credentials: user.credentials.map(showCredential),
    missing_fields: [],
    lists: [],
    ...(email === null ? {} : { email }),
    ...(phoneNumber === null ? {} : { phone_number: phoneNumber }),
    alias: profile.alias ?? null,
    given_name: profile.firstName ?? null,
    family_name: profile.lastName ?? null,
    country: profile.country ?? null,
    job_title: profile.jobTitle ?? null,
    metadata: profile.metadata ?? {},
    new_user: session.newUser,
    first_visit: new Date(user.createdAt).toISOString(),
    last_visit: new Date(user.lastVisit).toISOString(),
  };
}

function contactsOf({ credentials }: User): { email: string | null; phoneNumber: string | null } {
  const email = credentials.find((credential) => credential.format === 'email');
  const phone = credentials.find((credential) => credential.format === 'phoneNumber');
  return {
    email: email?.email ?? null,
    phoneNumber: phone ? `+${phone.phoneCountryCode}${phone.phoneNumber}` : null,
  };
}
