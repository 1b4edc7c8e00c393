/** `GET /events`: what happens, as server-sent events. */
import { once } from 'node:events';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import * as v from 'valibot';
import type { Controlled, ControlEnv } from './control.js';
import { deadline } from '../deadline.js';
import { ALL_SO_FAR, STORE_AWAY } from '../event-stream.js';
import { StoreAwayError } from '../state/away.js';
import { check, readQuery } from './input.js';

/** A comment goes out this often, so that a reader that is gone is noticed. */
const KEEP_ALIVE_MS = 15_000;
/** How long a stream waits for a store that is away before it looks again. */
const AWAY_MS = 1000;

const id = v.pipe(v.string(), v.digits(), v.transform(Number), v.safeInteger());
const query = v.strictObject({ after: v.exactOptional(id) });

/**
 * Streams the events that are kept, then each as it happens. `Last-Event-ID`, which a browser's reader sends when it connects again,
 * goes before `?after=`; without either the stream begins with the oldest. Comments tell a reader more than it needs: that it has all so
 * far, that the stream is alive, that the store is away.
 */
export function eventCalls({ events, stopping, tenants }: Controlled): Hono<ControlEnv> {
  return new Hono<ControlEnv>().get('/', (c) => {
    const { after = 0 } = readQuery(c, query);
    const lastSeen = c.req.header('last-event-id');
    let seen = lastSeen ? check(id, lastSeen, 'Last-Event-ID') : after;
    const tenant = c.var.tenant.id;

    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      await stream.write(': connected\n\n');
      let told = false;
      const tenantIs = { gone: false };
      const tell = async (): Promise<void> => {
        const pending = await events.read(tenant, seen);
        for (const event of pending) {
          await stream.writeSSE({ id: String(event.id), data: JSON.stringify(event) });
          seen = event.id;
        }
        // Nothing happens any more where the tenant is gone.
        tenantIs.gone = !(await tenants.get(tenant));
        if (pending.length > 0 || tenantIs.gone) return;
        if (!told) await stream.write(`: ${ALL_SO_FAR}\n\n`);
        told = true;
        const limit = deadline(KEEP_ALIVE_MS, [stopping, gone.signal]);
        try {
          await events.wait(tenant, seen, limit.signal);
          if (limit.signal.aborted && !stopping.aborted) await stream.write(': still here\n\n');
        } finally {
          limit.clear();
        }
      };
      while (!stopping.aborted && !stream.aborted && !tenantIs.gone) {
        await tell().catch(async (error: unknown) => {
          if (!(error instanceof StoreAwayError)) throw error;
          // The stream outlives it, and goes on where it was.
          const limit = deadline(AWAY_MS, [stopping, gone.signal]);
          if (!limit.signal.aborted) await once(limit.signal, 'abort');
          limit.clear();
          if (!stopping.aborted && !stream.aborted) await stream.write(`: ${STORE_AWAY}\n\n`);
        });
      }
    });
  });
}
