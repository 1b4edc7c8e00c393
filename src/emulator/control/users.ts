/** `/users`: the users of either side. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { listUsers as listDynamicUsers } from '../dynamic/create-user.js';
import { aliasOf } from '../dynamic/credentials.js';
import { endSessionsOf } from '../dynamic/sessions.js';
import { deleteUser as deleteDynamicUser, type User as DynamicUser } from '../dynamic/users.js';
import { removeUser as removePreludeUser } from '../prelude/remove-user.js';
import { listUsers as listPreludeUsers, type User as PreludeUser } from '../prelude/users.js';
import { makeDynamicUser, makePreludeUser } from '../seed/make-user.js';
import { dynamicUser, preludeUser } from '../seed/user.js';
import { servicesFor, type TenantPlace } from '../tenant-place.js';
import type { Controlled, ControlEnv } from './control.js';
import { check, readBody, readQuery } from './input.js';
import { Problem } from './problem.js';

const Provider = v.picklist(['prelude', 'dynamic']);
const query = v.strictObject({ provider: v.exactOptional(Provider) });
const body = v.looseObject({ provider: Provider });

/** A user as this API shows one; no factor's secret. */
interface ShownUser {
  provider: 'prelude' | 'dynamic';
  id: string;
  /** Phone numbers, addresses and wallets. */
  identifiers: string[];
  /** ISO 8601. */
  createdAt: string;
}

/**
 * GET lists the users, those of one side with `provider`, oldest first; POST makes one as the seed describes it, with `provider` beside;
 * DELETE removes one with everything that is theirs.
 */
export function userCalls({ services }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  const placeOf = (tenant: TenantPlace['tenant']): TenantPlace => ({ services: servicesFor(services, tenant), tenant });

  app.get('/', async (c) => {
    const { provider } = readQuery(c, query);
    const place = placeOf(c.var.tenant);
    const prelude = provider === 'dynamic' ? [] : (await listPreludeUsers(place)).map(showPrelude);
    const dynamic = provider === 'prelude' ? [] : (await listDynamicUsers(place)).map(showDynamic);
    return c.json({ users: [...prelude, ...dynamic] });
  });

  app.post('/', async (c) => {
    const { provider, ...wish } = await readBody(c, body);
    const place = placeOf(c.var.tenant);
    if (provider === 'prelude') {
      const user = await makePreludeUser(place, check(preludeUser, wish));
      if (!user) throw taken();
      return c.json(showPrelude(user), 201);
    }
    const given = check(dynamicUser, wish);
    if ((given.identifiers ?? []).length + (given.wallets ?? []).length === 0) {
      throw new Problem(400, '"identifiers": expected at least one identifier or wallet, got none.', 'identifiers');
    }
    const user = await makeDynamicUser(place, given);
    if (!user) throw taken();
    return c.json(showDynamic(user), 201);
  });

  app.delete('/:id', async (c) => {
    const { provider } = readQuery(c, query);
    const id = c.req.param('id');
    const place = placeOf(c.var.tenant);
    const ofPrelude = provider !== 'dynamic' && (await removePreludeUser(place, id));
    const removed = ofPrelude || (provider !== 'prelude' && (await deleteDynamicUser(place, id)));
    if (!removed) throw new Problem(404, `There is no user "${id}".`, 'id');
    if (!ofPrelude) await endSessionsOf(place, id, 'user deleted');
    return c.body(null, 204);
  });
  return app;
}

function showPrelude({ id, identifiers, createdAt }: PreludeUser): ShownUser {
  const values = identifiers.map(({ value }) => value);
  return { provider: 'prelude', id, identifiers: values, createdAt: new Date(createdAt).toISOString() };
}

function showDynamic({ id, credentials, createdAt }: DynamicUser): ShownUser {
  const values = credentials.map(aliasOf);
  return { provider: 'dynamic', id, identifiers: values, createdAt: new Date(createdAt).toISOString() };
}

function taken(): Problem {
  return new Problem(409, 'The id, an identifier or a passkey belongs to a user already.');
}
