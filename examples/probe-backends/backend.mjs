/** A backend with one route, `/transfer`, that needs a scope. Correct, or with one mistake: what `stepup probe` is tried on. */
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checks, keySet } from './checks.mjs';
import { Memory } from './memory.mjs';
import { mistakes } from './mistakes.mjs';
import { Refusal } from './refusal.mjs';
import { dynamicSessions, preludeSessions } from './sessions.mjs';

/**
 * Starts one on loopback. `provider` is `prelude` or `dynamic`; `issuer` and `jwksUrl` are the service's; `scope` is what `/transfer`
 * needs; `environmentId` is Dynamic's; `isLive(claims, token)` says whether a session still lives; `once` lets each token in a single
 * time, as a scope of grant mode `single-use` wants; `origin` is the address that clients use, where a proxy is in front;
 * `elevatedHeader` is where Dynamic's second token comes. A `mistake` is one of `mistakes`; those about other kinds of token take the
 * key sets `stepUpJwksUrl` (challenges) and `verificationJwksUrl` (custom steps). Answers with `{ origin, close }`.
 */
export async function startBackend({ mistake, port = 0, ...given }) {
  if (mistake !== undefined && !Object.hasOwn(mistakes, mistake)) throw new TypeError(`no such mistake: ${mistake}`);
  const rules = { ...checks, ...(mistake === undefined ? {} : mistakes[mistake].checks) };
  const backend = configured(given);
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(rules, backend, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise((listening, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', listening);
  });
  const own = `http://127.0.0.1:${server.address().port}`;
  backend.origin ??= own;
  return {
    origin: own,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function configured({ stepUpJwksUrl, verificationJwksUrl, elevatedHeader, ...given }) {
  const { provider, issuer, jwksUrl, scope } = given;
  if (provider !== 'prelude' && provider !== 'dynamic') throw new TypeError('provider: prelude or dynamic');
  if (!issuer || !jwksUrl) throw new TypeError('issuer and jwksUrl: those of the service');
  // RFC 6749 §3.3, and nothing that a quoted header value cannot have.
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope ?? '')) throw new TypeError('scope: one word');
  return {
    ...given,
    keys: keySet(jwksUrl),
    stepUpKeys: stepUpJwksUrl && keySet(stepUpJwksUrl),
    verificationKeys: verificationJwksUrl && keySet(verificationJwksUrl),
    elevatedHeader: (elevatedHeader ?? 'x-dyn-elevated-access-token').toLowerCase(),
    used: new Memory(),
    proofs: new Memory(),
  };
}

async function answer(rules, backend, request, response) {
  // Nothing of a body is needed.
  request.resume();
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  const { method, url, headers } = request;
  if (url.split('?')[0] !== '/transfer') return void response.writeHead(404).end('{"error":"not_found"}');
  let claims;
  try {
    claims = await rules.admit(rules, backend, { method, url, headers });
  } catch (error) {
    if (error instanceof Refusal) return rules.refuse(error, response);
    // The keys or the session cannot be asked for: nobody comes in, and it is not the caller's fault.
    return void response.writeHead(503).end('{"error":"unavailable"}');
  }
  response.end(JSON.stringify({ transferred: method !== 'GET', by: claims.sub }));
}

/** Options of `startBackend` from the variables that `stepup emulator exec` sets. */
export function fromEnvironment(provider, env) {
  if (provider === 'prelude') {
    const {
      STEPUP_PRELUDE_ISSUER: issuer,
      STEPUP_PRELUDE_JWKS_URL: jwksUrl,
      STEPUP_PRELUDE_MANAGEMENT_URL: managementUrl,
      STEPUP_PRELUDE_MANAGEMENT_KEY: managementKey,
      STEPUP_PRELUDE_APP_ID: appId,
    } = env;
    const stepUpJwksUrl = jwksUrl && new URL('step-up-jwks.json', jwksUrl).href;
    const isLive = managementKey && preludeSessions({ managementUrl, appId, managementKey });
    return { provider, issuer, jwksUrl, stepUpJwksUrl, isLive };
  }
  const {
    STEPUP_DYNAMIC_ISSUER: issuer,
    STEPUP_DYNAMIC_JWKS_URL: jwksUrl,
    STEPUP_DYNAMIC_API_BASE_URL: apiBaseUrl,
    STEPUP_DYNAMIC_ENVIRONMENT_ID: environmentId,
  } = env;
  return { provider, issuer, jwksUrl, environmentId, isLive: dynamicSessions({ apiBaseUrl, environmentId }) };
}

async function main() {
  const { values } = parseArgs({
    options: {
      provider: { type: 'string', default: 'prelude' },
      scope: { type: 'string' },
      port: { type: 'string', default: '3000' },
      mistake: { type: 'string' },
      once: { type: 'boolean', default: false },
      'verification-jwks-url': { type: 'string' },
    },
  });
  const { provider, mistake, once } = values;
  const service = fromEnvironment(provider, process.env);
  if (!service.isLive)
    console.error('STEPUP_PRELUDE_MANAGEMENT_KEY is not set: whether a session still lives is not asked.');
  const { origin, close } = await startBackend({
    ...service,
    scope: values.scope ?? (provider === 'dynamic' ? 'wallet:export' : 'transfer:write'),
    port: Number(values.port),
    once,
    mistake,
    verificationJwksUrl: values['verification-jwks-url'],
  });
  console.log(`${origin}/transfer`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close());
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch(({ message }) => {
    console.error(message);
    process.exitCode = 2;
  });
}
