/** Answers that the emulator gives in front of a service, in the service's own shape. */
import type { Context } from 'hono';

/** Error codes by HTTP status. */
const CODES: Partial<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'bad_request',
  414: 'bad_request',
  431: 'bad_request',
  429: 'rate_limited',
};

/** Headers that Prelude's web SDK reads; a page sees them, and the answer itself, only when they are exposed. */
const EXPOSED = 'DPoP-Nonce, X-Refresh-Token, X-Refresh-Token-Expires-At, X-Verification-Token, Date, Retry-After';

/**
 * The body of an error in the shape of the service that a path belongs to: Dynamic's `{"error","code"}` or Prelude's `{"code","type"}`.
 * `internal` for a status that has no code of its own.
 */
export function failureBody(status: number, path: string): Record<string, string> {
  const code = CODES[status] ?? 'internal';
  return path.startsWith('/api/v0/') ? { error: code.replaceAll('_', ' '), code } : { code, type: code };
}

/**
 * Lets the page that called read this answer, as the service's own CORS step would have. A management call has no page: it is left
 * as it is.
 */
export function readableByPages(c: Context, response: Response): Response {
  const origin = c.req.header('origin');
  if (origin === undefined || c.req.path.startsWith('/v2/')) return response;
  response.headers.set('Access-Control-Allow-Origin', origin);
  response.headers.set('Access-Control-Allow-Credentials', 'true');
  response.headers.set('Access-Control-Expose-Headers', EXPOSED);
  response.headers.append('Vary', 'Origin');
  return response;
}
