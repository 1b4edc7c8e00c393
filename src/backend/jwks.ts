/** The key set that a developer's backend publishes, RFC 7517 §5. */
import type { PublicJwk } from './keys.js';

/** Where it is, on the backend's host. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** Seconds for which a cache may keep the set; Prelude keeps it as long (Prelude: JWKS of custom steps). */
const MAX_AGE_SECONDS = 600;

/** Answers a call: the set at its path, 404 beside it, 405 for what does not read. Throws what reading the keys throws. */
export async function jwksAnswer(request: Request, keys: () => Promise<PublicJwk[]>): Promise<Response> {
  if (new URL(request.url).pathname !== JWKS_PATH) {
    return Response.json({ error: `the keys are at ${JWKS_PATH}` }, { status: 404 });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return Response.json({ error: 'the keys are read with GET' }, { status: 405, headers: { Allow: 'GET, HEAD' } });
  }
  return Response.json({ keys: await keys() }, { headers: { 'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}` } });
}
