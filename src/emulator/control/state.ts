/** `/state`: everything of a tenant as one document. */
import { Hono } from 'hono';
import { DocumentFault, TenantDocument } from '../tenant-document.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';
import { Problem } from './problem.js';

/** An export of a full memory is large. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * GET exports, PUT imports over what is there, DELETE goes back to the start, the seed included. Keys of the emulator, its listeners,
 * its event streams and the tenant's snapshots stay; events and messages go on counting.
 */
export function stateCalls({ documents, events }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json(await documents.export(c.var.tenant.id)));
  app.put('/', async (c) => {
    const tenant = c.var.tenant.id;
    const given = await readBody(c, TenantDocument, MAX_BYTES);
    await documents.import(tenant, given).catch(tellFault);
    await events.emit(tenant, 'state', { change: 'imported' });
    return c.body(null, 204);
  });
  app.delete('/', async (c) => {
    const tenant = c.var.tenant.id;
    await documents.reset(tenant);
    await events.emit(tenant, 'state', { change: 'cleared' });
    return c.body(null, 204);
  });
  return app;
}

function tellFault(error: unknown): never {
  if (error instanceof DocumentFault) throw new Problem(400, error.message, error.field);
  throw error;
}
