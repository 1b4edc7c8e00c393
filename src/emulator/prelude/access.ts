/** Access tokens: minted for a session, and recognised as a bearer. */
import type { Context } from 'hono';
import { age, keyOf } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { FrontendError, type Env } from './errors.js';
import { combine, takeScopes, type GrantedScope, type Sources } from './grants.js';
import type { Place } from './parts.js';
import { findSession, type RefreshToken, type Session } from './sessions.js';
import { ago, shown } from '../shown.js';
import { setRefreshCookie } from './cookies.js';

/** A request's user: the live session behind its access token. */
export interface Bearer {
  session: Session;
  token: string;
  /** What the token's scopes come from. */
  sources: Sources;
}

/** What is kept of an access token, under its `jti`. */
interface AccessRecord {
  sessionId: string;
  /** Absent in a state that an earlier version has exported. */
  sources?: Sources;
}

/** Prelude: the answer of login and refresh. `expires_at` in Unix seconds. */
export interface AccessAnswer {
  access_token: string;
  expires_at: number;
}

/** Mints a token with the session's scopes and those of `extra`; it ends with the first grant that it shows. */
export async function mintAccess(place: Place, session: Session, extra: GrantedScope[] = []): Promise<AccessAnswer> {
  const { services, tenant, tokens } = place;
  const { accessTokenSeconds } = await services.settings(tenant.id);
  const granted = [...(await takeScopes(place, session)), ...extra];
  const { scope, seconds, sources } = combine(place, granted, accessTokenSeconds);
  const iat = Math.floor(services.clock.now() / 1000);
  const jti = newUuid(services.randomBytes);
  const claims = {
    iss: tenant.prelude.issuer,
    sub: session.userId,
    sid: session.id,
    scope,
    iat,
    nbf: iat,
    exp: iat + seconds,
    jti,
  };
  // A token ages by the tenant's clock, which its own `exp` does not know.
  const record: AccessRecord = { sessionId: session.id, sources };
  await admitAccess(place, jti, record, seconds);
  await services.emit(tenant.id, 'token', { kind: 'access', claims });
  return { access_token: await tokens.signAccess(claims), expires_at: claims.exp };
}

/** Lets a token speak for a session until that many seconds from now, on the age clock. */
export async function admitAccess(place: Place, jti: string, record: AccessRecord, seconds: number): Promise<void> {
  const expiresAt = age(place) + seconds * 1000;
  await place.services.state.put(keyOf(place, 'prelude-access', jti), record, { expiresAt });
}

/** The session behind the request's bearer token. Throws FrontendError `unauthorized`. */
export async function requireBearer(c: Context<Env>, place: Place): Promise<Bearer> {
  const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
  if (!token) throw refuse('an access token', 'none');
  const claims = place.tokens.readAccess(token);
  if (!claims) {
    const other = place.tokens.readChallenge(token) ? 'a challenge token' : 'one that it did not sign';
    throw refuse('an access token signed by this service', other);
  }
  if (claims.iss !== place.tenant.prelude.issuer) throw refuse(`iss ${place.tenant.prelude.issuer}`, shown(claims.iss));
  if (Number(claims.nbf ?? 0) * 1000 > place.services.clock.now())
    throw refuse('a valid access token', 'one that is not valid yet');
  const record = await place.services.state.get<AccessRecord>(keyOf(place, 'prelude-access', String(claims.jti)));
  if (!record) throw refuse('an unexpired access token', agedWords(claims.exp, place.services.clock.now()));
  const session = await findSession(place, String(claims.sid));
  if (!session || session.userId !== claims.sub) throw refuse('a live session', 'one that is over');
  return { session, token, sources: record.value.sources ?? {} };
}

/** Answers with a token pair, its refresh token in header and cookie. */
export function answerTokens(c: Context<Env>, place: Place, refresh: RefreshToken, answer: AccessAnswer): Response {
  c.header('X-Refresh-Token', refresh.token);
  c.header('X-Refresh-Token-Expires-At', new Date(refresh.expiresAt).toISOString());
  setRefreshCookie(c, place, refresh);
  return c.json(answer, 200);
}

/** A token ages by the tenant's clock: it can be over before its own `exp`. */
function agedWords(exp: unknown, now: number): string {
  const end = Number(exp) * 1000;
  return end <= now
    ? `one that expired ${ago(now, end)}`
    : "one that is over by the emulator's clock, or of no session";
}

function refuse(expected: string, got: string): FrontendError {
  return new FrontendError('unauthorized', `bearer: expected ${expected}, got ${got}`);
}
