/** The management API of one application: its key, its scopes, its step-up configuration. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { readBody } from '../body.js';
import { ManagementError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';
import { registeredScopes, registerScope, unregisterScope } from '../scopes.js';
import { StepUpDocument } from '../step-up-config.js';
import { createStepUpConfig, deleteStepUpConfig, readStepUpConfig, replaceStepUpConfig } from '../step-up-store.js';
import { ScopeBody } from '../wire.js';

/** The bearer must be the application's management key: 401 otherwise, 404 for an unknown application. */
export function requireManagementKey({ services }: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const [, key] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (!key) throw new ManagementError(401, 'unauthorized', 'A management key is required.');
    const appId = c.req.param('appId') ?? '';
    const tenant = await services.tenantOfApp(appId);
    if (!tenant) throw new ManagementError(404, 'app_not_found', `There is no application ${JSON.stringify(appId)}.`);
    if (!same(key, tenant.prelude.managementKey))
      throw new ManagementError(401, 'unauthorized', 'The management key is not valid.');
    c.set('tenant', tenant);
    await next();
  };
}

/** `config/scopes`. */
export function scopeRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/config/scopes', async (c) => c.json({ scopes: await registeredScopes(placeOf(c, parts)) }));
  routes.post('/config/scopes', async (c) => {
    const { scope } = await readBody(c, ScopeBody);
    const scopes = await registerScope(placeOf(c, parts), scope);
    if (!scopes) throw new ManagementError(409, 'scope_already_exists', `scope: ${scope} is registered already.`);
    return c.json({ scopes }, 201);
  });
  routes.delete('/config/scopes', async (c) => {
    const { scope } = await readBody(c, ScopeBody);
    const scopes = await unregisterScope(placeOf(c, parts), scope);
    if (!scopes) throw new ManagementError(404, 'scope_not_found', `scope: ${scope} is not registered.`);
    return c.json({ scopes });
  });
  return routes;
}

/** `config/stepup`. */
export function stepUpConfigRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  const missing = (): ManagementError =>
    new ManagementError(404, 'step_up_config_not_found', 'There is no step-up configuration.');
  routes.get('/config/stepup', async (c) => {
    const config = await readStepUpConfig(placeOf(c, parts));
    if (!config) throw missing();
    return c.json({ config });
  });
  routes.post('/config/stepup', async (c) => {
    const config = await createStepUpConfig(placeOf(c, parts), await readBody(c, StepUpDocument));
    if (!config)
      throw new ManagementError(409, 'step_up_config_already_exists', 'There is a step-up configuration already.');
    return c.json({ config }, 201);
  });
  routes.put('/config/stepup', async (c) => {
    const config = await replaceStepUpConfig(placeOf(c, parts), await readBody(c, StepUpDocument));
    if (!config) throw missing();
    return c.json({ config });
  });
  routes.delete('/config/stepup', async (c) => {
    if (!(await deleteStepUpConfig(placeOf(c, parts)))) throw missing();
    return c.body(null, 204);
  });
  return routes;
}

/** Compared by digest, so that neither length nor content shows in the time. */
function same(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
