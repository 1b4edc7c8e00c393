/** What the service has and the emulator has not answers 501 by its name; what the service has not, its own 404. */
import type { Hono } from 'hono';
import { FrontendError, ManagementError, type Env } from '../errors.js';

const FRONTEND: [method: 'GET' | 'POST', path: string][] = [['POST', '/migration']];

const MANAGEMENT = ['/config/claims', '/config/migration', '/domains', '/domains/*', '/webhooks', '/webhooks/*'];

/** The rest of the frontend API. */
export function refuseFrontendRest(routes: Hono<Env>): void {
  for (const [method, path] of FRONTEND) {
    routes.on(method, path, () => {
      throw new FrontendError('not_emulated', `${method} ${path}`, `The emulator does not have ${method} ${path}.`);
    });
  }
  routes.all('*', (c) => {
    throw new FrontendError('not_found', `path: expected a call of the service, got ${c.req.method} ${c.req.path}`);
  });
}

/** The rest of the management API. */
export function refuseManagementRest(routes: Hono<Env>): void {
  for (const path of MANAGEMENT) {
    routes.all(path, (c) => {
      throw new ManagementError(501, 'not_emulated', `The emulator does not have ${c.req.method} ${path}.`);
    });
  }
  routes.all('*', (c) => {
    throw new ManagementError(404, 'not_found', `The service does not have ${c.req.method} ${c.req.path}.`);
  });
}
