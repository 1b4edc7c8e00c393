/** `/faults`: what shall go wrong, and for which requests. */
import { Hono } from 'hono';
import { actionShown, FAULT_ACTIONS, FaultFrame, type FaultAction, type FaultActionName } from '../faults.js';
import type { Controlled, ControlEnv } from './control.js';
import { check, readBody } from './input.js';
import { Problem } from './problem.js';

const MAX_FAULTS = 1000;

/** GET lists the faults with their counts, POST adds one, DELETE removes one or all. Of several that fit a request the oldest happens. */
export function faultCalls({ faults, events }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json({ faults: await faults.list(c.var.tenant.id) }));
  app.post('/', async (c) => {
    const tenant = c.var.tenant.id;
    const { do: given, ...frame } = await readBody(c, FaultFrame);
    const action = readAction(given);
    if ((await faults.list(tenant)).length >= MAX_FAULTS) {
      throw new Problem(400, `There are ${MAX_FAULTS} faults already; remove some first.`);
    }
    const added = await faults.add(tenant, { ...frame, do: action });
    const { id: fault, match, times, everyNth } = added;
    await events.emit(tenant, 'fault', { change: 'added', fault, match, times, everyNth, do: actionShown(action) });
    return c.json(added, 201);
  });
  app.delete('/', async (c) => {
    await faults.removeAll(c.var.tenant.id);
    await events.emit(c.var.tenant.id, 'fault', { change: 'cleared' });
    return c.body(null, 204);
  });
  app.delete('/:id', async (c) => {
    const id = c.req.param('id');
    if (!(await faults.remove(c.var.tenant.id, id))) throw new Problem(404, `There is no fault "${id}".`);
    await events.emit(c.var.tenant.id, 'fault', { change: 'removed', fault: id });
    return c.body(null, 204);
  });
  return app;
}

function readAction(given: Record<string, unknown>): FaultAction {
  const known = Object.keys(FAULT_ACTIONS) as FaultActionName[];
  const [name, ...more] = known.filter((one) => one in given);
  if (name === undefined || more.length > 0) {
    throw new Problem(400, `"do" takes exactly one of ${known.join(', ')}.`, 'do');
  }
  return check(FAULT_ACTIONS[name], given, 'do');
}
