/** `/clock`: moves the age at which things expire. Times on the wire stay real. */
import { Hono } from 'hono';
import * as v from 'valibot';
import type { MovableClock } from '../clock.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';
import { Problem } from './problem.js';

const MAX_SECONDS = 100 * 365 * 86_400;
const seconds = v.pipe(v.number(), v.minValue(-MAX_SECONDS), v.maxValue(MAX_SECONDS));

const move = v.strictObject({
  advance: v.exactOptional(seconds),
  offset: v.exactOptional(seconds),
  freeze: v.exactOptional(v.literal(true)),
  resume: v.exactOptional(v.literal(true)),
});

/** GET tells where the tenant's clock stands; POST takes one of `advance`, `offset` (seconds), `freeze`, `resume`, and tells it too. */
export function clockCalls({ clock, events, inbox }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', (c) => c.json(standing(clock, c.var.tenant.id)));
  app.post('/', async (c) => {
    const tenant = c.var.tenant.id;
    const given = await readBody(c, move);
    if (Object.keys(given).length !== 1) {
      throw new Problem(400, 'The clock takes exactly one of "advance", "offset", "freeze", "resume".');
    }
    const { advance, offset } = given;
    if (Math.abs(clock.ageNow(tenant) + (advance ?? 0) * 1000 - clock.now()) > MAX_SECONDS * 1000) {
      throw new Problem(400, 'The clock goes at most 100 years either way.', 'advance');
    }
    if (advance !== undefined) await clock.advance(tenant, Math.round(advance * 1000));
    if (offset !== undefined) await clock.offset(tenant, Math.round(offset * 1000));
    if (given.freeze) await clock.freeze(tenant);
    if (given.resume) await clock.resume(tenant);
    const now = standing(clock, tenant);
    await events.emit(tenant, 'clock', now);
    await inbox.release(tenant);
    return c.json(now);
  });
  return app;
}

function standing(clock: MovableClock, tenant: string): Record<string, unknown> {
  const now = clock.now();
  // Not by a second look at the real time, which has moved since.
  const { offsetMs, frozenAt } = clock.setting(tenant);
  const ageNow = frozenAt ?? now + offsetMs;
  return {
    now: new Date(now).toISOString(),
    ageNow: new Date(ageNow).toISOString(),
    offset: (ageNow - now) / 1000,
    frozen: frozenAt !== undefined,
  };
}
