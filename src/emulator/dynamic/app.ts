/** The emulated Dynamic service. */
import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { createRotation } from '../rotation.js';
import type { Services } from '../services.js';
import { checkDeviceSignature } from './device-signature.js';
import { answerRefusal, DynamicError, type Env } from './errors.js';
import { KeySets } from './key-sets.js';
import { isAllowed, isLoopback } from './origins.js';
import { placeOf, type Parts } from './parts.js';
import { codeRoutes } from './routes/codes.js';
import { externalRoutes } from './routes/external.js';
import { mfaRoutes } from './routes/mfa.js';
import { refuseRest } from './routes/not-emulated.js';
import { passkeyRoutes } from './routes/passkeys.js';
import { publicRoutes } from './routes/public.js';
import { sessionRoutes } from './routes/session.js';
import { stepUpRoutes } from './routes/step-up.js';
import { walletRoutes } from './routes/wallets.js';
import { shown } from '../shown.js';
import { Tokens } from './tokens.js';

const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-dyn-api-version',
  'x-dyn-device-fingerprint',
  'x-dyn-elevated-access-token',
  'x-dyn-logout-reason',
  'x-dyn-request-id',
  'x-dyn-session-id',
  'x-dyn-session-public-key',
  'x-dyn-version',
  'x-dynamic-device-nonce',
  'x-dynamic-device-publickey',
  'x-dynamic-device-registration-token',
  'x-dynamic-device-signed-nonce',
  'x-dynamic-platform',
  'x-mfa-auth-token',
];

/** Builds the service for every tenant. Its signing key is read from `services.keys`, or made, when it is first needed. */
export async function createDynamic(services: Services): Promise<Hono<Env>> {
  const parts: Parts = {
    services,
    tokens: new Tokens(services.keys),
    rotation: createRotation(services, 'dynamic'),
    keySets: new KeySets(services.callOut),
  };
  const api = new Hono<Env>();
  api.onError(answerRefusal);
  api.use('*', crossOrigin(parts), noStore(), findEnvironment(parts), signingKeys(parts), deviceSignature(parts));
  for (const routes of [publicRoutes, codeRoutes, stepUpRoutes, mfaRoutes, passkeyRoutes, walletRoutes]) {
    api.route('/', routes(parts));
  }
  api.route('/', externalRoutes(parts));
  api.route('/', sessionRoutes(parts));
  refuseRest(api);
  const app = new Hono<Env>();
  app.route('/api/v0/sdk/:environmentId', api);
  return app;
}

/** Pages of a loopback origin, or of one on the environment's list, may call and read. */
function crossOrigin(parts: Parts): MiddlewareHandler<Env> {
  return cors({
    origin: async (origin, c) => {
      if (isLoopback(origin)) return origin;
      const tenant = await parts.services.tenantOfEnvironment(c.req.param('environmentId') ?? '');
      return tenant && (await isAllowed({ ...parts, tenant }, origin)) ? origin : null;
    },
    credentials: true,
    allowMethods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    allowHeaders: ALLOWED_HEADERS,
    exposeHeaders: ['Date', 'Retry-After'],
    maxAge: 600,
  });
}

/** Answers hold tokens, so nobody may keep them. */
function noStore(): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.header('Cache-Control', 'no-store');
    await next();
  };
}

function findEnvironment({ services }: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const tenant = await services.tenantOfEnvironment(c.req.param('environmentId') ?? '');
    if (!tenant)
      throw new DynamicError(
        'environment_not_found',
        `environment: expected one that exists, got ${shown(c.req.param('environmentId'))}`,
      );
    c.set('tenant', tenant);
    await next();
  };
}

/** Knows the environment's signing keys; a fault rotates them first. */
function signingKeys({ services, tokens, rotation }: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { id } = c.get('tenant');
    await rotation.refresh(id);
    if (c.get('rotateKey')) {
      const { sessionSeconds } = (await services.settings(id)).dynamic;
      await rotation.rotate(id, await tokens.base(), Math.max(sessionSeconds, 86_400));
    }
    await next();
  };
}

function deviceSignature(parts: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    await checkDeviceSignature(c, placeOf(c, parts));
    await next();
  };
}
