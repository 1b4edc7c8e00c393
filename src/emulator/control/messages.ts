/** `GET /messages`: what was "sent". */
import { Hono } from 'hono';
import * as v from 'valibot';
import { messageNumber, type MessageFilter } from '../inbox.js';
import type { Controlled, ControlEnv } from './control.js';
import { deadline } from '../deadline.js';
import { readQuery } from './input.js';
import { Problem } from './problem.js';

const MAX_WAIT_SECONDS = 60;

const query = v.strictObject({
  // A plus sign that was not encoded arrives as a blank.
  to: v.exactOptional(
    v.pipe(
      v.string(),
      v.transform((to) => to.replace(/^ (?=\d)/, '+')),
    ),
  ),
  channel: v.exactOptional(v.picklist(['sms', 'email'])),
  purpose: v.exactOptional(v.picklist(['login', 'step-up', 'register'])),
  challenge: v.exactOptional(v.string()),
  after: v.exactOptional(v.string()),
  wait: v.exactOptional(
    v.pipe(v.string(), v.decimal(), v.transform(Number), v.minValue(0), v.maxValue(MAX_WAIT_SECONDS)),
  ),
});

/** Lists messages; with `wait` (seconds, at most 60) the answer is held until one fits. */
export function messageCalls({ inbox, stopping }: Controlled): Hono<ControlEnv> {
  return new Hono<ControlEnv>().get('/', async (c) => {
    const { after, wait = 0, ...narrow } = readQuery(c, query);
    const filter: MessageFilter = { ...narrow, ...parseAfter(after) };
    const tenant = c.var.tenant.id;
    if (wait === 0) return c.json({ messages: await inbox.find(tenant, filter) });
    const limit = deadline(wait * 1000, [stopping, c.req.raw.signal]);
    try {
      return c.json({ messages: await inbox.wait(tenant, filter, limit.signal) });
    } finally {
      limit.clear();
    }
  });
}

/** A message's id, or an instant; messages of that very millisecond count as newer, so that none is missed. */
function parseAfter(after: string | undefined): Pick<MessageFilter, 'afterNumber' | 'since'> {
  if (after === undefined) return {};
  const afterNumber = messageNumber(after);
  if (afterNumber !== undefined) return { afterNumber };
  const instant = /^\d{4}-\d\d-\d\dT/.test(after) ? Date.parse(after.replace(/ (?=\d\d:\d\d$)/, '+')) : Number.NaN;
  if (Number.isNaN(instant)) throw new Problem(400, '"after": expected a message id or an ISO 8601 instant.', 'after');
  return { since: instant };
}
