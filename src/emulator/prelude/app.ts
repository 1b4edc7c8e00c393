/** The emulated Prelude service. */
import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { Services } from '../services.js';
import { createRotation } from '../rotation.js';
import { ProofKeys } from './dpop.js';
import { answerFrontend, answerManagement, FrontendError, ManagementError, type Env } from './errors.js';
import { KeySets } from './key-sets.js';
import type { Keys } from './keys.js';
import { Nonces } from './nonces.js';
import type { Parts } from './parts.js';
import { challengeRoutes } from './routes/challenge.js';
import { devTokenRoutes } from './routes/dev-tokens.js';
import { loginRoutes } from './routes/login.js';
import {
  oauthConfigRoutes,
  otpConfigRoutes,
  passkeyConfigRoutes,
  passwordConfigRoutes,
} from './routes/login-configs.js';
import { requireManagementKey, scopeRoutes, stepUpConfigRoutes } from './routes/management.js';
import { refuseFrontendRest, refuseManagementRest } from './routes/not-emulated.js';
import { oauthRoutes, PROVIDER_PATH, providerRoutes } from './routes/oauth.js';
import { otpRoutes } from './routes/otp.js';
import { passkeyRoutes } from './routes/passkeys.js';
import { passwordRoutes } from './routes/password.js';
import { sessionRoutes } from './routes/session.js';
import { userRoutes } from './routes/users.js';
import { wellKnownRoutes } from './routes/wellknown.js';
import { shown } from '../shown.js';
import { Tokens } from './tokens.js';

const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'dpop',
  'x-refresh-token',
  'x-sdk-user-agent',
  'x-verification-token',
  'x-device-id',
];
const EXPOSED_HEADERS = ['DPoP-Nonce', 'X-Refresh-Token', 'X-Refresh-Token-Expires-At', 'X-Verification-Token', 'Date'];

/** Prelude: a development token lives for a day at most. */
const LONGEST_TOKEN_SECONDS = 86_400;

/** Builds the service: frontend API, management API and public documents, for every tenant. */
export function createPrelude(services: Services, keys: Keys): Hono<Env> {
  const parts: Parts = {
    services,
    tokens: new Tokens(keys),
    rotation: createRotation(services, 'prelude'),
    nonces: new Nonces(keys.nonceSecret),
    proofKeys: new ProofKeys(),
    keySets: new KeySets(services.callOut),
  };
  const app = new Hono<Env>();
  for (const prefix of ['', '/t/:tenant']) {
    app.route(`${prefix}/v1/session`, frontend(parts));
    app.route(`${prefix}/.well-known`, publicDocuments(parts));
    app.route(`${prefix}${PROVIDER_PATH}`, oauthProvider(parts));
  }
  app.route('/v2/session/apps/:appId', management(parts));
  app.route('/v2/session', unknownManagement());
  return app;
}

function frontend(parts: Parts): Hono<Env> {
  const api = new Hono<Env>();
  api.onError(answerFrontend(parts.services));
  api.use('*', crossOrigin(), noStore());
  api.use('*', findTenant(parts), signingKeys(parts));
  api.route('/', otpRoutes(parts));
  api.route('/', loginRoutes(parts));
  api.route('/', passwordRoutes(parts));
  api.route('/', passkeyRoutes(parts));
  api.route('/', oauthRoutes(parts));
  api.route('/', sessionRoutes(parts));
  api.route('/', challengeRoutes(parts));
  refuseFrontendRest(api);
  return api;
}

function publicDocuments(parts: Parts): Hono<Env> {
  const documents = new Hono<Env>();
  documents.onError(answerFrontend(parts.services));
  documents.use('*', findTenant(parts), signingKeys(parts));
  documents.route('/', wellKnownRoutes(parts));
  return documents;
}

function oauthProvider(parts: Parts): Hono<Env> {
  const provider = new Hono<Env>();
  provider.onError(answerFrontend(parts.services));
  provider.use('*', findTenant(parts), signingKeys(parts));
  provider.route('/', providerRoutes(parts));
  return provider;
}

function management(parts: Parts): Hono<Env> {
  const api = new Hono<Env>();
  api.onError(answerManagement());
  api.use('*', requireManagementKey(parts), signingKeys(parts));
  api.route('/', scopeRoutes(parts));
  api.route('/', stepUpConfigRoutes(parts));
  api.route('/', otpConfigRoutes(parts));
  api.route('/', passwordConfigRoutes(parts));
  api.route('/', oauthConfigRoutes(parts));
  api.route('/', passkeyConfigRoutes(parts));
  api.route('/', devTokenRoutes(parts));
  api.route('/', userRoutes(parts));
  refuseManagementRest(api);
  return api;
}

function unknownManagement(): Hono<Env> {
  const api = new Hono<Env>();
  api.onError(answerManagement());
  api.all('*', (c) => {
    throw new ManagementError(404, 'not_found', `The service does not have ${c.req.method} ${c.req.path}.`);
  });
  return api;
}

/** A browser sends its cookies only where its very origin is echoed, and reads only headers that are exposed. */
function crossOrigin(): MiddlewareHandler<Env> {
  const answer = cors({
    origin: (origin) => origin,
    credentials: true,
    allowMethods: ['GET', 'POST', 'DELETE'],
    allowHeaders: ALLOWED_HEADERS,
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
  return async (c, next) => (c.req.header('origin') === undefined ? next() : answer(c, next));
}

/** Answers of the frontend hold tokens and cookies, so nobody may keep them. */
function noStore(): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.header('Cache-Control', 'no-store');
    await next();
  };
}

/** The tenant that the path names, else the default one. */
function findTenant({ services }: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const tenant = await services.tenant(c.req.param('tenant') ?? 'default');
    if (!tenant)
      throw new FrontendError('not_found', `tenant: expected one that exists, got ${shown(c.req.param('tenant'))}`);
    c.set('tenant', tenant);
    await next();
  };
}

/** Knows the tenant's keys of access tokens; a fault rotates them first. */
function signingKeys({ services, tokens, rotation }: Parts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { id } = c.get('tenant');
    await rotation.refresh(id);
    if (c.get('rotateKey')) {
      const { accessTokenSeconds } = await services.settings(id);
      await rotation.rotate(id, tokens.base, Math.max(accessTokenSeconds, LONGEST_TOKEN_SECONDS));
    }
    await next();
  };
}
