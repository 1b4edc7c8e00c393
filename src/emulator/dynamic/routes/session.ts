/** The session itself, and the user's own data. */
import { Hono } from 'hono';
import { showUser, updateResponse, verifyResponse } from '../answers.js';
import { readBody } from '../body.js';
import { gated } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { placeOf, settingsOf, type Parts } from '../parts.js';
import { endSession, endSessionsOf, extendSession, requireBearer } from '../sessions.js';
import { clearTokenCookie } from '../token-cookie.js';
import { amendUser, deleteUser } from '../users.js';
import { ProfileBody } from '../wire.js';

const MAX_REASON = 60;

/** `refresh`, `revoke`, `users`. */
export function sessionRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/refresh', async (c) => {
    const place = placeOf(c, parts);
    const { session, user } = await requireBearer(c, place);
    return c.json(await verifyResponse(c, place, { user, session: await extendSession(place, session) }));
  });

  routes.post('/revoke', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await requireBearer(c, place);
    const reason = c.req.header('x-dyn-logout-reason')?.slice(0, MAX_REASON) ?? 'logout';
    await endSession(place, session.id, reason);
    if ((await settingsOf(place)).cookieMode) clearTokenCookie(c);
    return c.body(null, 204);
  });

  routes.get('/users', async (c) => {
    const place = placeOf(c, parts);
    const { session, user } = await requireBearer(c, place);
    return c.json(showUser(place, user, session));
  });

  routes.put('/users', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { email, phoneNumber, ...profile } = await readBody(c, ProfileBody);
    if (email !== undefined || phoneNumber !== undefined) {
      const words = 'The emulator does not change an email address or phone number by PUT users';
      throw new DynamicError('not_emulated', 'users: expected a change of the profile, got one of a credential', words);
    }
    const user = await gated(c, place, bearer, { path: 'users', scope: 'user:update' }, () =>
      amendUser(place, bearer.user.id, (kept) => ({ ...kept, profile: { ...kept.profile, ...profile } })),
    );
    return c.json(await updateResponse(c, place, { session: bearer.session, user }));
  });

  routes.delete('/users', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    await gated(c, place, bearer, { path: 'users', scope: 'user:delete' }, () => deleteUser(place, bearer.user.id));
    await endSessionsOf(place, bearer.user.id, 'user deleted');
    if ((await settingsOf(place)).cookieMode) clearTokenCookie(c);
    return c.body(null, 204);
  });

  return routes;
}
