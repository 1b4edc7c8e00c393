/** `/tenants`: each worker of a parallel suite has its own behind the same ports. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { forgetRotations } from '../rotation.js';
import type { Tenant } from '../services.js';
import { TENANT_ID } from '../tenant-names.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';
import { Problem } from './problem.js';

const wish = v.strictObject({
  id: v.exactOptional(v.pipe(v.string(), v.regex(TENANT_ID, 'expected 1 to 63 of a-z, 0-9 and -, not first a -'))),
});
const ID_BYTES = 6;

/** GET lists them, the default one first; POST makes one, of the given id or of a random one; DELETE removes one with all that is its. */
export function tenantCalls(controlled: Controlled): Hono<ControlEnv> {
  const { tenants, state, events, snapshots, documents, services } = controlled;
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json({ tenants: (await tenants.list()).map(show) }));

  app.post('/', async (c) => {
    const { id = `t-${Buffer.from(services.randomBytes(ID_BYTES)).toString('hex')}` } = await readBody(c, wish);
    const tenant = await tenants.create(id);
    if (!tenant) throw new Problem(409, `There is a tenant "${id}" already.`, 'id');
    // Whoever had the id before may have had a request under way that came to its end after the rest was removed.
    await empty(id);
    // It starts as the seed's default tenant does.
    await documents.reset(id);
    await events.emit(id, 'tenant', { change: 'created' });
    return c.json(show(tenant), 201);
  });

  app.delete('/:id', async (c) => {
    const id = c.req.param('id');
    if (id === tenants.default.id) throw new Problem(400, 'The default tenant stays; it can be reset.', 'id');
    if (!(await tenants.remove(id))) throw new Problem(404, `There is no tenant "${id}".`, 'id');
    // Wakes those who read its events, who see that it is gone.
    await events.emit(id, 'tenant', { change: 'deleted' });
    await empty(id);
    return c.body(null, 204);
  });

  const empty = async (id: string): Promise<void> => {
    await snapshots.removeAll(id);
    await forgetRotations(state, id);
    // Its clock and its place in the repeatable randomness go back.
    await documents.reset(id);
    await state.clear(id);
  };
  return app;
}

function show({ id, prelude, dynamic }: Tenant): Pick<Tenant, 'id' | 'prelude' | 'dynamic'> {
  return { id, prelude, dynamic };
}
