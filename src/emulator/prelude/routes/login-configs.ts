/** The management API of one application: how its users log in. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { readBody } from '../body.js';
import { createDocument, deleteDocument, readDocument, replaceDocument, saveDocument } from '../documents.js';
import { ManagementError, type Env } from '../errors.js';
import { addLoginConfig, listLoginConfigs, removeLoginConfig, replaceLoginConfig } from '../login-config.js';
import { OAuthConfigBody, oauthConfig, OAuthProvider } from '../oauth-config.js';
import { placeOf, type Parts } from '../parts.js';
import { PASSKEY_CONFIG, PasskeyConfigBody } from '../passkey-config.js';
import { PASSWORD_CONFIG, PasswordConfigBody } from '../password-config.js';
import { LoginConfigBody } from '../wire.js';

/** `config/login/otp`, and `login-configs`, where it was before 2026. */
export function otpConfigRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  const missing = (): ManagementError =>
    new ManagementError(404, 'login_config_not_found', 'There is no such login configuration.');
  for (const path of ['/config/login/otp', '/login-configs']) {
    routes.get(path, async (c) => c.json({ login_configs: await listLoginConfigs(placeOf(c, parts)) }));
    routes.post(path, async (c) => {
      return c.json({ login_config: await addLoginConfig(placeOf(c, parts), await readBody(c, LoginConfigBody)) }, 201);
    });
    routes.put(`${path}/:id`, async (c) => {
      const body = await readBody(c, LoginConfigBody);
      const login_config = await replaceLoginConfig(placeOf(c, parts), c.req.param('id'), body);
      if (!login_config) throw missing();
      return c.json({ login_config });
    });
    routes.delete(`${path}/:id`, async (c) => {
      if (!(await removeLoginConfig(placeOf(c, parts), c.req.param('id')))) throw missing();
      return c.body(null, 204);
    });
  }
  return routes;
}

/** `config/login/password`: made once, replaced whole. The shape of its answers is not published. */
export function passwordConfigRoutes(parts: Parts): Hono<Env> {
  const path = '/config/login/password';
  const routes = new Hono<Env>();
  const missing = (): ManagementError =>
    new ManagementError(404, 'password_config_not_found', 'There is no configuration of login by password.');
  routes.get(path, async (c) => {
    const config = await readDocument(placeOf(c, parts), PASSWORD_CONFIG);
    if (!config) throw missing();
    return c.json({ config });
  });
  routes.post(path, async (c) => {
    const config = await createDocument(placeOf(c, parts), PASSWORD_CONFIG, await readBody(c, PasswordConfigBody));
    if (!config) {
      throw new ManagementError(409, 'password_config_already_exists', 'Login by password is configured already.');
    }
    return c.json({ config }, 201);
  });
  routes.put(path, async (c) => {
    const config = await replaceDocument(placeOf(c, parts), PASSWORD_CONFIG, await readBody(c, PasswordConfigBody));
    if (!config) throw missing();
    return c.json({ config });
  });
  routes.delete(path, async (c) => {
    if (!(await deleteDocument(placeOf(c, parts), PASSWORD_CONFIG))) throw missing();
    return c.body(null, 204);
  });
  return routes;
}

/** `config/login/oauth/{provider}`: made once, replaced whole. The secret is in no answer. */
export function oauthConfigRoutes(parts: Parts): Hono<Env> {
  const path = '/config/login/oauth/:provider';
  const routes = new Hono<Env>();
  const missing = (): ManagementError =>
    new ManagementError(404, 'oauth_config_not_found', 'There is no configuration of this OAuth provider.');
  routes.get(path, async (c) => {
    const provider = requireProvider(c.req.param('provider'));
    const config = await readDocument(placeOf(c, parts), oauthConfig(provider));
    if (!config) throw missing();
    return c.json({ config: { provider, ...config } });
  });
  routes.post(path, async (c) => {
    const provider = requireProvider(c.req.param('provider'));
    const body = await readBody(c, OAuthConfigBody);
    const config = await createDocument(placeOf(c, parts), oauthConfig(provider), body);
    if (!config) {
      throw new ManagementError(409, 'oauth_config_already_exists', `Login by ${provider} is configured already.`);
    }
    return c.json({ config: { provider, ...config } }, 201);
  });
  routes.put(path, async (c) => {
    const provider = requireProvider(c.req.param('provider'));
    const body = await readBody(c, OAuthConfigBody);
    const config = await replaceDocument(placeOf(c, parts), oauthConfig(provider), body);
    if (!config) throw missing();
    return c.json({ config: { provider, ...config } });
  });
  routes.delete(path, async (c) => {
    const provider = requireProvider(c.req.param('provider'));
    if (!(await deleteDocument(placeOf(c, parts), oauthConfig(provider)))) throw missing();
    return c.body(null, 204);
  });
  return routes;
}

/** `config/passkey`: PUT makes it as well. */
export function passkeyConfigRoutes(parts: Parts): Hono<Env> {
  const path = '/config/passkey';
  const routes = new Hono<Env>();
  const missing = (): ManagementError =>
    new ManagementError(404, 'passkey_config_not_found', 'There is no configuration of passkeys.');
  routes.get(path, async (c) => {
    const config = await readDocument(placeOf(c, parts), PASSKEY_CONFIG);
    if (!config) throw missing();
    return c.json({ config });
  });
  routes.put(path, async (c) => {
    const body = await readBody(c, PasskeyConfigBody);
    return c.json({ config: await saveDocument(placeOf(c, parts), PASSKEY_CONFIG, body) });
  });
  routes.delete(path, async (c) => {
    if (!(await deleteDocument(placeOf(c, parts), PASSKEY_CONFIG))) throw missing();
    return c.body(null, 204);
  });
  return routes;
}

function requireProvider(name: string): OAuthProvider {
  if (v.is(OAuthProvider, name)) return name;
  throw new ManagementError(400, 'invalid_request', `provider: expected one of ${OAuthProvider.options.join(', ')}.`);
}
