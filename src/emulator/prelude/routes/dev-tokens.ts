/** The management API's tokens for development: signed, with no session behind them. */
import { Hono } from 'hono';
import { newUuid } from '../../randomness.js';
import { readBody } from '../body.js';
import { ManagementError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';
import { DevTokenBody } from '../wire.js';

const LONGEST_SECONDS = 86_400;
const DEFAULT_SECONDS = 3600;

/** `tokens`. Prelude: claims are passed through, `iat` and `jti` filled; `exp` is at most a day away. */
export function devTokenRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();
  routes.post('/tokens', async (c) => {
    const { services, tenant, tokens } = placeOf(c, parts);
    const { claims } = await readBody(c, DevTokenBody);
    const iat = Math.floor(services.clock.now() / 1000);
    const { exp = iat + DEFAULT_SECONDS } = claims;
    if (typeof exp !== 'number' || !Number.isInteger(exp) || exp <= iat || exp > iat + LONGEST_SECONDS) {
      throw new ManagementError(400, 'invalid_request', 'claims.exp: expected Unix seconds within the next 24 hours.');
    }
    const signed = { iss: tenant.prelude.issuer, ...claims, iat, exp, jti: newUuid(services.randomBytes) };
    await services.emit(tenant.id, 'token', { kind: 'dev', claims: signed });
    return c.json({ token: await tokens.signAccess(signed), expires_at: exp }, 201);
  });
  return routes;
}
