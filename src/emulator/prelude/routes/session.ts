/** The session itself: refresh, logout, the user's list of sessions. */
import { Hono, type Context } from 'hono';
import { answerTokens, mintAccess, requireBearer, type Bearer } from '../access.js';
import { offerNonce, requireKey, requireProof } from '../binding.js';
import { readBody } from '../body.js';
import { move, present } from '../challenges.js';
import { carriedRefresh, clearRefreshCookie, type Carried } from '../cookies.js';
import { deviceOf } from '../device.js';
import { FrontendError, type Env } from '../errors.js';
import { keepGrant, type GrantedScope } from '../grants.js';
import { cut, pageOf, type Page } from '../paging.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { findRefresh, revokeSession, rotate, sessionsOf, type PresentedRefresh, type Session } from '../sessions.js';
import { findUser } from '../users.js';
import { shown } from '../../shown.js';
import { Refresh } from '../wire.js';

/** `/refresh`, `/revoke`, `/me/list`, `/me/revoke`, `/me/identifiers`. */
export function sessionRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/refresh', async (c) => {
    const place = placeOf(c, parts);
    const { jkt } = await requireProof(c, place);
    const { step_up_token } = await readBody(c, Refresh);
    const presented = await requireRefresh(place, carriedRefresh(c, place));
    requireKey({ jkt }, presented.session.jkt);
    // Whatever can be refused is refused before the refresh token is used up; a reuse ends the session anyhow.
    const extra =
      step_up_token === undefined || presented.used ? [] : await spendStepUp(place, presented.session, step_up_token);
    const refresh = await rotate(place, presented);
    if (!refresh) throw noRefresh('one used before, so the session is over');
    return answerTokens(c, place, refresh, await mintAccess(place, presented.session, extra));
  });

  routes.post('/revoke', async (c) => {
    const place = placeOf(c, parts);
    const carried = carriedRefresh(c, place);
    // Prelude: the web SDK without a key logs out by its cookie alone.
    const keyless = carried?.byCookie === true && c.req.header('dpop') === undefined;
    if (keyless) offerNonce(c, place);
    const proof = keyless ? undefined : await requireProof(c, place);
    const presented = await requireRefresh(place, carried);
    if (proof) requireKey(proof, presented.session.jkt);
    await revokeSession(place, presented.session.id, presented.used ? 'refresh token reused' : 'logout');
    if (presented.used) throw noRefresh('one used before, so the session is over');
    clearRefreshCookie(c, place);
    return c.body(null, 204);
  });

  routes.get('/me/list', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    const page = requirePage(c);
    const all = await sessionsOf(place, session.userId);
    return c.json({ sessions: cut(all, page).map(show), total: all.length, ...page });
  });

  routes.post('/me/revoke', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    for (const id of await targets(c, place, session)) await revokeSession(place, id, 'revoked by the user');
    return c.body(null, 204);
  });

  // The service has this list; its path and shape are not published.
  routes.get('/me/identifiers', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    const user = await findUser(place, session.userId);
    return c.json({ identifiers: (user?.identifiers ?? []).map(({ type, value }) => ({ type, value })) });
  });

  return routes;
}

/** The bearer, with a regular proof checked where the client sends one. */
export async function bearerWithProof(c: Context<Env>, place: Place): Promise<Bearer> {
  const bearer = await requireBearer(c, place);
  if (c.req.header('dpop') !== undefined) requireKey(await requireProof(c, place, bearer.token), bearer.session.jkt);
  return bearer;
}

async function requireRefresh(place: Place, carried: Carried | undefined): Promise<PresentedRefresh> {
  if (!carried) throw noRefresh('none');
  const presented = await findRefresh(place, carried.token);
  if (!presented) throw noRefresh('one that is unknown, expired or revoked');
  return presented;
}

/** Spends a completed challenge: its scope for this token, and a bound grant for those to come. */
async function spendStepUp(place: Place, session: Session, token: string): Promise<GrantedScope[]> {
  const { challenge, jti } = await present(place, token);
  const event = { type: 'spend', jti, userId: session.userId, sessionId: session.id } as const;
  const { effects } = await move(place, challenge.id, event);
  const granted: GrantedScope[] = [];
  for (const effect of effects) {
    if (effect.type !== 'grant') continue;
    if (effect.mode === 'single-use')
      granted.push({ scope: effect.scope, endsAt: effect.endsAt, source: challenge.id });
    else await keepGrant(place, challenge.id, session, effect);
  }
  return granted;
}

function requirePage(c: Context<Env>): Page {
  const page = pageOf(c);
  if (page === 'limit')
    throw new FrontendError('invalid_pagination_limit', `limit: expected 1 to 100, got ${shown(c.req.query('limit'))}`);
  if (page === 'offset')
    throw new FrontendError(
      'invalid_pagination_offset',
      `offset: expected 0 or more, got ${shown(c.req.query('offset'))}`,
    );
  return page;
}

async function targets(c: Context<Env>, place: Place, session: Session): Promise<string[]> {
  const all = (await sessionsOf(place, session.userId)).map(({ id }) => id);
  const wanted = c.req.query('session_id');
  switch (c.req.query('target')) {
    case 'all':
      return all;
    case 'others':
      return all.filter((id) => id !== session.id);
    case 'mine':
      return [session.id];
    case 'session':
      if (wanted === undefined) throw new FrontendError('bad_request', 'session_id: expected one, got none');
      if (!all.includes(wanted))
        throw new FrontendError('not_found', `session_id: expected one of the user's sessions, got ${shown(wanted)}`);
      return [wanted];
    default:
      throw new FrontendError(
        'bad_request',
        `target: expected all, others, mine or session, got ${shown(c.req.query('target'))}`,
      );
  }
}

function show(session: Session): Record<string, string> {
  return {
    id: session.id,
    ...deviceOf(session.userAgent),
    country_code: session.country ?? '',
    created_at: new Date(session.createdAt).toISOString(),
    last_seen_at: new Date(session.lastSeenAt).toISOString(),
    expires_at: new Date(session.expiresAt).toISOString(),
  };
}

function noRefresh(got: string): FrontendError {
  return new FrontendError('unauthorized', `refresh token: expected a live one, got ${got}`);
}
