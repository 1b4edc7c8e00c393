/** The control API's table of contents. */
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { MovableClock } from '../clock.js';
import type { EventLog } from '../events.js';
import type { Faults } from '../faults.js';
import type { Inbox } from '../inbox.js';
import { EMULATOR_HEADER } from '../mark.js';
import type { Services, Tenant } from '../services.js';
import type { SettingsStore } from '../settings.js';
import type { Snapshots } from '../snapshots.js';
import { StoreAwayError } from '../state/away.js';
import type { State } from '../state/interface.js';
import type { TenantDocuments } from '../tenant-document.js';
import type { Tenants } from '../tenants.js';
import { clockCalls } from './clock.js';
import { eventCalls } from './events.js';
import { faultCalls } from './faults.js';
import { bearer, noForeignPages } from './guard.js';
import { messageCalls } from './messages.js';
import { Problem } from './problem.js';
import { settingsCalls } from './settings.js';
import { snapshotCalls } from './snapshots.js';
import { stateCalls } from './state.js';
import { tenantCalls } from './tenants.js';
import { tokenCalls } from './tokens.js';
import { UI_PATH, uiFiles } from './ui.js';
import { uiDataCalls } from './ui-data.js';
import { userCalls } from './users.js';

/** Where the control API is mounted: a prefix that no emulated service has. */
export const CONTROL_PATH = '/__emulator';

/** What the control API steers. */
export interface Controlled {
  /** What `/health` tells. */
  store: 'memory' | 'redis';
  state: State;
  clock: MovableClock;
  events: EventLog;
  inbox: Inbox;
  faults: Faults;
  documents: TenantDocuments;
  snapshots: Snapshots;
  services: Services;
  settings: SettingsStore;
  tenants: Tenants;
  controlToken: string;
  version: string;
  /** Folder of the web page's files; undefined: where the build puts them. */
  uiFolder: string | undefined;
  /** Fires when the emulator stops: streams and waiting calls end. */
  stopping: AbortSignal;
}

/** A call of the control API, with the tenant that `?tenant=` names. */
export interface ControlEnv {
  Bindings: HttpBindings;
  Variables: { tenant: Tenant };
}

/** The control API. `onBug` gets an error that is none of ours to show; the answer is a plain 500. */
export function createControl(controlled: Controlled, onBug: (error: Error) => void): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.onError((error) => {
    if (error instanceof Problem) return error.toResponse();
    if (error instanceof StoreAwayError) return new Problem(503, error.message).toResponse();
    onBug(error);
    return new Problem(500, 'The emulator itself failed.').toResponse();
  });
  app.use(
    async (c, next) => {
      // Not among the answer's headers: to change those of a finished answer costs a copy of it.
      c.env.outgoing.setHeader(EMULATOR_HEADER, controlled.version || 'yes');
      c.env.outgoing.setHeader('Cache-Control', 'no-store');
      return next();
    },
    noForeignPages(`${CONTROL_PATH}${UI_PATH}`),
  );
  app.get('/health', async (c) => {
    const { state, tenants, version } = controlled;
    await state.get({ tenant: tenants.default.id, kind: 'health', id: 'health' });
    return c.json({ status: 'ok', version, store: controlled.store, tenants: (await tenants.list()).length });
  });

  app.route(UI_PATH, uiFiles(controlled.uiFolder));
  // Names in the page are relative to its address without a slash. A browser keeps the fragment on its way.
  app.get(`${UI_PATH}/`, (c) => c.redirect('../ui'));

  app.use(bearer(controlled.controlToken), async (c, next) => {
    const id = c.req.query('tenant') ?? controlled.tenants.default.id;
    const tenant = await controlled.tenants.get(id);
    if (!tenant) throw new Problem(404, `There is no tenant "${id}".`, 'tenant');
    c.set('tenant', tenant);
    await controlled.clock.refresh(tenant.id);
    return next();
  });
  app.route('/messages', messageCalls(controlled));
  app.route('/events', eventCalls(controlled));
  app.route('/state', stateCalls(controlled));
  app.route('/snapshots', snapshotCalls(controlled));
  app.route('/users', userCalls(controlled));
  app.route('/clock', clockCalls(controlled));
  app.route('/faults', faultCalls(controlled));
  app.route('/settings', settingsCalls(controlled));
  app.route('/tenants', tenantCalls(controlled));
  app.route('/tokens', tokenCalls(controlled));
  app.route('/ui-data', uiDataCalls(controlled));
  app.all('*', (c) => {
    throw new Problem(404, `The control API has no ${c.req.method} ${c.req.path}.`);
  });
  return app;
}
