/** Sessions, each bound to one DPoP key, and their refresh tokens: single use, rotated, reuse ends the session. */
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import type { Place } from './parts.js';
import { digest, newId, newSecret } from './randomness.js';

export interface Session {
  id: string;
  userId: string;
  /** Thumbprint of the DPoP key pinned at login. */
  jkt: string;
  /** Scopes that the login configuration attached for good. */
  grantedScopes: string[];
  userAgent: string;
  /** Where it was started, ISO 3166-1 alpha-2. Absent in a state that an earlier version has exported. */
  country?: string;
  /** Real time, milliseconds. */
  createdAt: number;
  lastSeenAt: number;
  /** Real time: what the wire shows. The record's own expiry, on the age clock, decides. */
  expiresAt: number;
  /** That expiry, for whoever wants to see it. Absent in a state that an earlier version has exported. */
  endsAt?: number;
}

/** A refresh token that was just made. */
export interface RefreshToken {
  token: string;
  /** Real time, milliseconds. */
  expiresAt: number;
}

/** What is kept of a refresh token, under its digest. */
interface RefreshRecord {
  sessionId: string;
  used: boolean;
}

/** A refresh token that was found: whether it is still good, and how to use it up. */
export interface PresentedRefresh {
  digest: string;
  version: number;
  used: boolean;
  session: Session;
}

/** Starts a session for a key. */
export async function startSession(
  place: Place,
  start: { userId: string; jkt: string; grantedScopes: string[]; userAgent: string; country: string },
): Promise<{ session: Session; refresh: RefreshToken }> {
  const { services, tenant } = place;
  const now = services.clock.now();
  const { refreshTokenSeconds } = await services.settings(tenant.id);
  const endsAt = age(place) + refreshTokenSeconds * 1000;
  const session: Session = {
    ...start,
    id: newId('ses', services.randomBytes),
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + refreshTokenSeconds * 1000,
    endsAt,
  };
  const index = { user: session.userId };
  await services.state.put(keyOf(place, 'prelude-session', session.id), session, { expiresAt: endsAt, index });
  await services.emit(tenant.id, 'session', {
    provider: 'prelude',
    change: 'started',
    sessionId: session.id,
    userId: session.userId,
  });
  return { session, refresh: await issueRefresh(place, session.id, refreshTokenSeconds) };
}

/** A live session by id. */
export async function findSession(place: TenantPlace, id: string): Promise<Session | undefined> {
  return (await place.services.state.get<Session>(keyOf(place, 'prelude-session', id)))?.value;
}

/** Every live session, oldest first. */
export async function listSessions(place: TenantPlace): Promise<Session[]> {
  return (await place.services.state.list<Session>(place.tenant.id, 'prelude-session')).map(({ value }) => value);
}

/** A user's live sessions, oldest first. */
export async function sessionsOf(place: TenantPlace, userId: string): Promise<Session[]> {
  const found = await place.services.state.listByIndex<Session>(place.tenant.id, 'prelude-session', 'user', userId);
  return found.map(({ value }) => value);
}

/** Looks a refresh token up without using it. Undefined when it is unknown, expired, or its session is over. */
export async function findRefresh(place: TenantPlace, token: string): Promise<PresentedRefresh | undefined> {
  const name = digest(token);
  const kept = await place.services.state.get<RefreshRecord>(keyOf(place, 'prelude-refresh', name));
  const session = kept && (await findSession(place, kept.value.sessionId));
  return session && { digest: name, version: kept.version, used: kept.value.used, session };
}

/**
 * Uses the token up and issues the next one. Of several at once, one gets it; the others are a reuse, which ends the session.
 * Undefined on reuse, or when the session ended meanwhile.
 */
export async function rotate(place: Place, presented: PresentedRefresh): Promise<RefreshToken | undefined> {
  const { services, tenant } = place;
  const { session, version } = presented;
  const key = keyOf(place, 'prelude-refresh', presented.digest);
  const used: RefreshRecord = { sessionId: session.id, used: true };
  if (presented.used || !(await services.state.update(key, version, used))) {
    await revokeSession(place, session.id, 'refresh token reused');
    return undefined;
  }
  const { refreshTokenSeconds } = await services.settings(tenant.id);
  if (!(await touch(place, session.id, refreshTokenSeconds))) return undefined;
  return issueRefresh(place, session.id, refreshTokenSeconds);
}

/** Ends a session. False when there is none. */
export async function revokeSession(place: TenantPlace, id: string, reason: string): Promise<boolean> {
  const session = await place.services.state.takeOnce<Session>(keyOf(place, 'prelude-session', id));
  if (!session) return false;
  const fields = { provider: 'prelude', change: 'revoked', sessionId: id, userId: session.userId, reason };
  await place.services.emit(place.tenant.id, 'session', fields);
  return true;
}

/** Notes that the session was used and lengthens it. False when it is over: an update never brings it back. */
async function touch(place: Place, id: string, seconds: number): Promise<boolean> {
  const { state, clock } = place.services;
  const key = keyOf(place, 'prelude-session', id);
  for (;;) {
    const kept = await state.get<Session>(key);
    if (!kept) return false;
    const now = clock.now();
    const endsAt = age(place) + seconds * 1000;
    const seen: Session = { ...kept.value, lastSeenAt: now, expiresAt: now + seconds * 1000, endsAt };
    if (await state.update(key, kept.version, seen, { expiresAt: endsAt })) return true;
  }
}

async function issueRefresh(place: Place, sessionId: string, seconds: number): Promise<RefreshToken> {
  const { state, clock, randomBytes } = place.services;
  const token = newSecret(randomBytes);
  const record: RefreshRecord = { sessionId, used: false };
  await state.put(keyOf(place, 'prelude-refresh', digest(token)), record, { expiresAt: age(place) + seconds * 1000 });
  return { token, expiresAt: clock.now() + seconds * 1000 };
}
