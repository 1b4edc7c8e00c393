/** Sessions, and the bearer tokens that speak for them. */
import type { Context } from 'hono';
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { shown } from '../shown.js';
import { DynamicError, type Env } from './errors.js';
import { settingsOf, type Place } from './parts.js';
import { tokenInCookie } from './token-cookie.js';
import { amendUser, findUser, type User } from './users.js';

export interface Session {
  id: string;
  userId: string;
  /** The credential that opened it; constant. */
  signinCredentialId: string;
  lastVerifiedCredentialId: string;
  /** Origin of the app that signed in. */
  origin: string;
  sessionPublicKey: string | null;
  newUser: boolean;
  /** Milliseconds on the age clock, as the record's own expiry. */
  endsAt: number;
}

/** A request's user: the live session behind its access token. */
export interface Bearer {
  session: Session;
  user: User;
}

const KIND = 'dynamic-session';
const PUBLIC_KEY = /^0[23][0-9a-f]{64}$/i;

/** What a session starts from. */
interface SessionStart {
  user: User;
  credentialId: string;
  newUser: boolean;
  sessionPublicKey: string | null;
}

/** Starts a session for a user who has just signed in. */
export function startSession(c: Context<Env>, place: Place, start: SessionStart): Promise<Bearer> {
  return openSession(place, c.req.header('origin') ?? new URL(place.tenant.dynamic.apiBaseUrl).origin, start);
}

/** The same for an app of this origin. */
export async function openSession(place: Place, origin: string, start: SessionStart): Promise<Bearer> {
  const { services, tenant } = place;
  const { sessionSeconds } = await settingsOf(place);
  const now = services.clock.now();
  const session: Session = {
    id: newUuid(services.randomBytes),
    userId: start.user.id,
    signinCredentialId: start.credentialId,
    lastVerifiedCredentialId: start.credentialId,
    origin,
    sessionPublicKey: start.sessionPublicKey,
    newUser: start.newUser,
    endsAt: age(place) + sessionSeconds * 1000,
  };
  const user = await amendUser(place, start.user.id, (kept) => ({ ...kept, lastVisit: now }));
  await services.state.put(keyOf(place, KIND, session.id), session, {
    expiresAt: session.endsAt,
    index: { user: user.id },
  });
  await services.emit(tenant.id, 'session', {
    provider: 'dynamic',
    change: 'started',
    sessionId: session.id,
    userId: user.id,
  });
  return { session, user };
}

/** The session behind the request's bearer token. Throws DynamicError `unauthorized`. */
export async function requireBearer(c: Context<Env>, place: Place): Promise<Bearer> {
  const found = await findBearer(c, place);
  if (typeof found !== 'string') return found;
  throw new DynamicError('unauthorized', `bearer: expected a live access token, got ${found}`);
}

/** The same; words that say what came instead when there is none. */
export async function findBearer(c: Context<Env>, place: Place): Promise<Bearer | string> {
  const token = await presentedToken(c, place);
  if (!token) return 'none';
  const claims = await place.tokens.read(token);
  if (!claims) return 'one that this service did not sign';
  if (claims.iss !== place.tenant.dynamic.issuer) return `one of iss ${shown(claims.iss)}`;
  if (Number(claims.nbf ?? 0) * 1000 > place.services.clock.now()) return 'one that is not valid yet';
  const record = await place.services.state.get<string>(keyOf(place, 'dynamic-access', String(claims.jti)));
  if (!record) return 'one that is no access token or has expired';
  const session = await findSession(place, record.value);
  const user = session && (await findUser(place, session.userId));
  return user ? { session, user } : 'one of a session that is over';
}

/** The token of `Authorization`, else, in cookie mode, that of the cookie. */
async function presentedToken(c: Context<Env>, place: Place): Promise<string | undefined> {
  const header = c.req.header('authorization');
  if (header !== undefined) return /^Bearer +(\S+)$/i.exec(header)?.[1];
  return (await settingsOf(place)).cookieMode ? tokenInCookie(c) : undefined;
}

/** Lets a token speak for a session until that many seconds from now, on the age clock. */
export async function admitToken(place: Place, jti: string, session: Session, seconds: number): Promise<void> {
  const expiresAt = age(place) + seconds * 1000;
  await place.services.state.put(keyOf(place, 'dynamic-access', jti), session.id, { expiresAt });
}

/** Notes what was verified last. */
export function noteVerified(place: Place, session: Session, credentialId: string): Promise<Session> {
  return amendSession(place, session.id, (kept) => ({ ...kept, lastVerifiedCredentialId: credentialId }));
}

/** Dynamic: `refresh`. The session lasts its full time again. */
export async function extendSession(place: Place, session: Session): Promise<Session> {
  const { sessionSeconds } = await settingsOf(place);
  const endsAt = age(place) + sessionSeconds * 1000;
  return amendSession(place, session.id, (kept) => ({ ...kept, endsAt }), endsAt);
}

/** Ends a session, and with it all of its tokens. */
export async function endSession(place: TenantPlace, id: string, reason: string): Promise<void> {
  const session = await place.services.state.takeOnce<Session>(keyOf(place, KIND, id));
  if (!session) return;
  const fields = { provider: 'dynamic', change: 'revoked', sessionId: id, userId: session.userId, reason };
  await place.services.emit(place.tenant.id, 'session', fields);
}

/** Ends every session of a user. */
export async function endSessionsOf(place: TenantPlace, userId: string, reason: string): Promise<void> {
  const sessions = await place.services.state.listByIndex<Session>(place.tenant.id, KIND, 'user', userId);
  for (const { id } of sessions) await endSession(place, id, reason);
}

/** Every live session, oldest first. */
export async function listSessions({ services, tenant }: TenantPlace): Promise<Session[]> {
  return (await services.state.list<Session>(tenant.id, KIND)).map(({ value }) => value);
}

/** A live session by id. */
export async function findSession(place: Place, id: string): Promise<Session | undefined> {
  return (await place.services.state.get<Session>(keyOf(place, KIND, id)))?.value;
}

/** Changes a session that is still there; an update never brings one back. */
async function amendSession(
  place: Place,
  id: string,
  change: (session: Session) => Session,
  expiresAt?: number,
): Promise<Session> {
  const { state } = place.services;
  const key = keyOf(place, KIND, id);
  for (;;) {
    const kept = await state.get<Session>(key);
    if (!kept) throw new DynamicError('unauthorized', 'session: expected a live one, got one that is over');
    const next = change(kept.value);
    if (await state.update(key, kept.version, next, { expiresAt })) return next;
  }
}

/**
 * The session's public key: from the body, else from the header; null for none. Throws DynamicError `invalid_session_public_key` for
 * anything but a compressed P-256 point in hex.
 */
export function sessionKeyOf(c: Context<Env>, fromBody: string | null | undefined): string | null {
  const key = fromBody ?? c.req.header('x-dyn-session-public-key');
  if (key === undefined) return null;
  if (PUBLIC_KEY.test(key)) return key;
  throw new DynamicError(
    'invalid_session_public_key',
    'session public key: expected a compressed P-256 point in hex, got something else',
  );
}
