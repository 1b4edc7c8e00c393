/** `/snapshots`: states of a tenant under names. */
import { Hono } from 'hono';
import { MAX_SNAPSHOT_BYTES, MAX_SNAPSHOTS } from '../snapshots.js';
import type { Controlled, ControlEnv } from './control.js';
import { Problem } from './problem.js';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * POST takes one, PUT restores it, GET lists all, DELETE removes one. The tenant's clock and the place of its repeatable randomness
 * come back with it.
 */
export function snapshotCalls({ snapshots, clock, events }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json({ snapshots: await snapshots.list(c.var.tenant.id) }));
  app.post('/:name', async (c) => {
    const tenant = c.var.tenant.id;
    const name = readName(c.req.param('name'));
    const taken = await snapshots.take(tenant, name, clock.now());
    if (!taken) {
      const limits = `${MAX_SNAPSHOTS} snapshots of ${MAX_SNAPSHOT_BYTES} bytes together`;
      throw new Problem(400, `A tenant may have ${limits}; remove one first.`, 'name');
    }
    await events.emit(tenant, 'snapshot', { change: 'taken', name });
    return c.json(taken, 201);
  });
  app.put('/:name', async (c) => {
    const tenant = c.var.tenant.id;
    const name = readName(c.req.param('name'));
    if (!(await snapshots.restore(tenant, name))) throw unknown(name);
    await events.emit(tenant, 'snapshot', { change: 'restored', name });
    return c.body(null, 204);
  });
  app.delete('/:name', async (c) => {
    const name = readName(c.req.param('name'));
    if (!(await snapshots.remove(c.var.tenant.id, name))) throw unknown(name);
    return c.body(null, 204);
  });
  return app;
}

function readName(name: string): string {
  if (NAME.test(name)) return name;
  throw new Problem(400, '"name": expected up to 64 letters, digits, dots, hyphens and underscores.', 'name');
}

function unknown(name: string): Problem {
  return new Problem(404, `There is no snapshot "${name}".`, 'name');
}
