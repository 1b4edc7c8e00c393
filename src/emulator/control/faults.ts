/** `/faults`: what shall go wrong, and for which requests. */
import { Hono } from 'hono';
import { FAULT_ACTIONS, FaultFrame, MISSING_ACTIONS, type FaultAction } from '../faults.js';
import type { Controlled, ControlEnv } from './control.js';
import { check, readBody } from './input.js';
import { Problem } from './problem.js';

const MAX_FAULTS = 1000;

/** GET lists the faults with their counts, POST adds one, DELETE removes one or all. Of several that fit a request the oldest happens. */
export function faultCalls({ faults }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json({ faults: await faults.list(c.var.tenant.id) }));
  app.post('/', async (c) => {
    const tenant = c.var.tenant.id;
    const { do: given, ...frame } = await readBody(c, FaultFrame);
    const action = readAction(given);
    if ((await faults.list(tenant)).length >= MAX_FAULTS) {
      throw new Problem(400, `There are ${MAX_FAULTS} faults already; remove some first.`);
    }
    return c.json(await faults.add(tenant, { ...frame, do: action }), 201);
  });
  app.delete('/', async (c) => {
    await faults.removeAll(c.var.tenant.id);
    return c.body(null, 204);
  });
  app.delete('/:id', async (c) => {
    const id = c.req.param('id');
    if (!(await faults.remove(c.var.tenant.id, id))) throw new Problem(404, `There is no fault "${id}".`);
    return c.body(null, 204);
  });
  return app;
}

function readAction(given: Record<string, unknown>): FaultAction {
  const missing = MISSING_ACTIONS.find((name) => name in given);
  if (missing !== undefined)
    throw new Problem(501, `This emulator does not have the fault "${missing}" yet.`, `do.${missing}`);
  const names = Object.keys(FAULT_ACTIONS).filter((name) => name in given);
  if (names.length !== 1) {
    throw new Problem(400, `"do" takes exactly one of ${Object.keys(FAULT_ACTIONS).join(', ')}.`, 'do');
  }
  if ('status' in given) return check(FAULT_ACTIONS.status, given, 'do');
  if ('latencyMs' in given) return check(FAULT_ACTIONS.latencyMs, given, 'do');
  if ('drop' in given) return check(FAULT_ACTIONS.drop, given, 'do');
  return check(FAULT_ACTIONS.requireNonce, given, 'do');
}
