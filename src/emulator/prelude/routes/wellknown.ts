/** Public documents at the host's root. */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { FrontendError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';

/** `jwks.json`, `step-up-jwks.json`, `oauth-authorization-server`. */
export function wellKnownRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  routes.use('*', cors());
  routes.get('/jwks.json', (c) => c.json(placeOf(c, parts).tokens.accessKeySet()));
  routes.get('/step-up-jwks.json', (c) => c.json(parts.tokens.challengeKeySet()));
  routes.get('/oauth-authorization-server', (c) => {
    const { issuer, jwksUrl } = c.get('tenant').prelude;
    return c.json({
      issuer: `https://${issuer}`,
      jwks_uri: jwksUrl,
      response_types_supported: [],
      dpop_signing_alg_values_supported: ['ES256'],
    });
  });
  routes.all('*', (c) => {
    throw new FrontendError('not_found', `path: expected a document of the service, got ${c.req.path}`);
  });
  return routes;
}
