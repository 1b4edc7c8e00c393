/** The management API's users and their sessions. */
import { Hono } from 'hono';
import { readBody } from '../body.js';
import { ManagementError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';
import { findSession, revokeSession, sessionsOf } from '../sessions.js';
import { createUser, deleteUser, findUser } from '../users.js';
import { canonicalIdentifier, UserBody } from '../wire.js';

/** `users`, `users/{id}`, `users/{id}/sessions`, `users/{id}/sessions/{session}`. */
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

  routes.get('/users/:id', async (c) => {
    const user = await findUser(placeOf(c, parts), c.req.param('id'));
    if (!user) throw noUser();
    const { id, identifiers, profile, createdAt } = user;
    return c.json({ id, identifiers, profile, created_at: new Date(createdAt).toISOString() });
  });

  routes.delete('/users/:id', async (c) => {
    const place = placeOf(c, parts);
    const id = c.req.param('id');
    if (!(await deleteUser(place, id))) throw noUser();
    for (const session of await sessionsOf(place, id)) await revokeSession(place, session.id, 'user deleted');
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

  return routes;
}

function noUser(): ManagementError {
  return new ManagementError(404, 'user_not_found', 'There is no such user.');
}
