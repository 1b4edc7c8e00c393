/** `/state`: everything of a tenant as one document. */
import { Hono } from 'hono';
import * as v from 'valibot';
import type { Json } from '../state/interface.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';
import { Problem } from './problem.js';

/** Grows when the document's shape changes. */
const VERSION = 1;
/** An export of a full memory is large. */
const MAX_BYTES = 64 * 1024 * 1024;

const instant = v.pipe(v.number(), v.safeInteger());
const document = v.object({
  version: v.number(),
  clock: v.object({ offsetMs: instant, frozenAt: v.exactOptional(instant) }),
  state: v.custom<Json>((value) => typeof value === 'object' && value !== null),
});

/**
 * GET exports, PUT imports over what is there, DELETE goes back to the start. Keys of the emulator, its listeners and its event streams
 * stay; events and messages go on counting.
 */
export function stateCalls({ state, clock, events }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => {
    const tenant = c.var.tenant.id;
    return c.json({ version: VERSION, clock: clock.setting(tenant), state: await state.export(tenant) });
  });
  app.put('/', async (c) => {
    const tenant = c.var.tenant.id;
    const given = await readBody(c, document, MAX_BYTES);
    if (given.version !== VERSION) {
      throw new Problem(400, `The document has version ${given.version}; this emulator reads ${VERSION}.`, 'version');
    }
    // First: what has expired is judged by the document's own clock.
    const before = clock.setting(tenant);
    clock.set(tenant, given.clock);
    try {
      await state.import(tenant, given.state);
    } catch (error) {
      clock.set(tenant, before);
      if (error instanceof TypeError || error instanceof RangeError) throw new Problem(400, error.message, 'state');
      throw error;
    }
    await events.emit(tenant, 'state', { change: 'imported' });
    return c.body(null, 204);
  });
  app.delete('/', async (c) => {
    const tenant = c.var.tenant.id;
    await state.clear(tenant);
    clock.set(tenant, { offsetMs: 0 });
    await events.emit(tenant, 'state', { change: 'cleared' });
    return c.body(null, 204);
  });
  return app;
}
