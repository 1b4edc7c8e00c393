/** The application that both listeners serve: the steps at the door, the control API, then the emulated services. */
import { Hono } from 'hono';
import { CONTROL_PATH, createControl, type Controlled } from './control/control.js';
import {
  behindTls,
  bodyLimit,
  cutShort,
  dateHeader,
  faultStep,
  knownHostsOnly,
  requestLog,
  sharedClock,
  tenantOfPath,
  urlLimit,
  type DoorEnv,
} from './door.js';
import { failureBody, readableByPages } from './failures.js';
import type { Reach } from './public-address.js';
import type { Variables } from './services.js';
import { RETRY_AFTER, StoreAwayError } from './state/away.js';

/** An emulated service's routes, with its own CORS and its own answers to paths that it does not have. */
export type ServiceApp = Hono<{ Variables: Variables }>;

export interface BuildOptions extends Controlled {
  /** Under which addresses it is reached. */
  reach: Reach;
  /** Gets every error that is a bug of ours. */
  onBug?: ((error: Error) => void) | undefined;
}

/**
 * Builds the application. A route's error that its service does not know is answered with a plain 500; its stack goes to `onBug`, and
 * the event `bug` says where it was.
 */
export function buildApp(options: BuildOptions, serviceApps: readonly ServiceApp[]): Hono<DoorEnv> {
  const { events, clock, tenants, reach } = options;
  const onBug = options.onBug ?? (() => undefined);

  const services = new Hono<DoorEnv>();
  services.use(tenantOfPath(tenants), sharedClock(clock), requestLog(events), bodyLimit(), faultStep(options));
  for (const service of serviceApps) services.route('/', service);
  services.all('*', (c) => c.json(failureBody(404, c.req.path), 404));

  const app = new Hono<DoorEnv>();
  app.use(cutShort(), dateHeader(clock), knownHostsOnly(reach.hosts), urlLimit());
  if (reach.publicUrl?.protocol === 'https:') app.use(behindTls(reach.publicUrl.hostname));
  app.onError(async (error, c) => {
    if (error instanceof StoreAwayError) {
      const answer = c.json(failureBody(503, c.req.path), 503, { 'Retry-After': RETRY_AFTER });
      return readableByPages(c, answer);
    }
    onBug(error);
    const where = error.stack?.split('\n')[1]?.trim() ?? '';
    const tenant = c.get('tenant') ?? tenants.default;
    await events.emit(tenant.id, 'bug', { error: error.name, where, method: c.req.method, path: c.req.path });
    return c.json(failureBody(500, c.req.path), 500);
  });
  app.route(CONTROL_PATH, createControl(options, onBug));
  app.route('/', services);
  return app;
}
