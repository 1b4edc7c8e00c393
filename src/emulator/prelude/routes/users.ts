/** The management API's users and their sessions. */
import { Hono } from 'hono';
import { readBody } from '../body.js';
import { ManagementError, type Env } from '../errors.js';
import { restoreScope } from '../grants.js';
import { cut, pageOf } from '../paging.js';
import { placeOf, type Parts } from '../parts.js';
import { compliancyOf, passwordFault } from '../password-config.js';
import { setPassword } from '../passwords.js';
import { removeUser } from '../remove-user.js';
import { findSession, revokeSession, sessionsOf } from '../sessions.js';
import { addUserScope, scopesOfUser } from '../user-scopes.js';
import { amendUser, createUser, findUser, listUsers, type User } from '../users.js';
import { canonicalIdentifier, PasswordReset, ProfileBody, ScopeBody, UserBody } from '../wire.js';

/** `users`, `users/{id}` with `password`, `profile` and `scopes`, `users/{id}/sessions` with one of them and `invalidate`. */
export function userRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/users', async (c) => {
    const body = await readBody(c, UserBody);
    for (const [index, identifier] of body.identifiers.entries()) {
      if (canonicalIdentifier(identifier) !== undefined) continue;
      const expected = identifier.type === 'phone_number' ? 'an E.164 number' : 'an email address';
      throw new ManagementError(400, 'invalid_identifier', `identifiers[${index}].value: expected ${expected}.`);
    }
    const user = await createUser(placeOf(c, parts), body);
    if (!user)
      throw new ManagementError(409, 'user_already_exists', 'A user with this id or identifier exists already.');
    return c.json({ id: user.id }, 201);
  });

  // The service's own list is not published.
  routes.get('/users', async (c) => {
    const page = pageOf(c);
    if (page === 'limit') throw new ManagementError(400, 'invalid_request', 'limit: expected 1 to 100.');
    if (page === 'offset') throw new ManagementError(400, 'invalid_request', 'offset: expected 0 or more.');
    const all = await listUsers(placeOf(c, parts));
    return c.json({ users: cut(all, page).map(show), total: all.length, ...page });
  });

  routes.get('/users/:id', async (c) => {
    const user = await findUser(placeOf(c, parts), c.req.param('id'));
    if (!user) throw noUser();
    return c.json(show(user));
  });

  routes.put('/users/:id/password', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    const { password } = await readBody(c, PasswordReset);
    if (!(await findUser(place, id))) throw noUser();
    const fault = passwordFault(await compliancyOf(place), password);
    if (fault) throw new ManagementError(400, 'invalid_password', `${fault}.`);
    await setPassword(place, id, password);
    return c.body(null, 204);
  });

  // RFC 7396 at the first level: null takes an entry away.
  routes.patch('/users/:id/profile', async (c) => {
    const patch = await readBody(c, ProfileBody);
    const user = await amendUser(placeOf(c, parts), c.req.param('id'), (kept) => {
      const merged = Object.entries({ ...kept.profile, ...patch }).filter(([, value]) => value !== null);
      return { ...kept, profile: Object.fromEntries(merged) };
    });
    if (!user) throw noUser();
    return c.json(show(user));
  });

  routes.post('/users/:id/scopes', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    const { scope } = await readBody(c, ScopeBody);
    if (!(await findUser(place, id))) throw noUser();
    await addUserScope(place, id, scope);
    await restoreScope(place, id, scope);
    return c.json({ scopes: await scopesOfUser(place, id) });
  });

  routes.delete('/users/:id', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    if (!(await removeUser(place, id))) throw noUser();
    return c.body(null, 204);
  });

  routes.get('/users/:id/sessions', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    if (!(await findUser(place, id))) throw noUser();
    const sessions = (await sessionsOf(place, id)).map((session) => ({
      id: session.id,
      created_at: new Date(session.createdAt).toISOString(),
      last_seen_at: new Date(session.lastSeenAt).toISOString(),
    }));
    return c.json({ sessions });
  });

  routes.delete('/users/:id/sessions/:session', async (c) => {
    const place = placeOf(c, parts);
    const session = await findSession(place, c.req.param('session'));
    if (session?.userId !== c.req.param('id'))
      throw new ManagementError(404, 'session_not_found', 'There is no such session.');
    await revokeSession(place, session.id, 'revoked by the application');
    return c.body(null, 204);
  });

  routes.post('/users/:id/sessions/invalidate', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    if (!(await findUser(place, id))) throw noUser();
    for (const session of await sessionsOf(place, id)) await revokeSession(place, session.id, 'invalidated');
    return c.body(null, 204);
  });

  return routes;
}

function show({ id, identifiers, profile, createdAt }: User): Record<string, unknown> {
  return { id, identifiers, profile, created_at: new Date(createdAt).toISOString() };
}

function noUser(): ManagementError {
  return new ManagementError(404, 'user_not_found', 'There is no such user.');
}
