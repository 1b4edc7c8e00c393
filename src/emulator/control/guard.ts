/** Who may call the control API: whoever holds its token, and no web page but the emulator's own. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.js';

/**
 * Refuses what a browser sends for a page of another origin. The emulator's own page passes: its browser says `same-origin`, and an
 * `Origin` that it sends names the host that was called, which the door has found to be ours. `page` is the path of that page: a link
 * elsewhere (a terminal in a browser is a page, too) may open it as a whole window, which tells whoever did so nothing. Throws Problem 403.
 */
export function noForeignPages(page: string): MiddlewareHandler {
  return async (c, next) => {
    const site = c.req.header('sec-fetch-site') ?? 'none';
    const isOpened =
      c.req.method === 'GET' &&
      c.req.path === page &&
      c.req.header('sec-fetch-mode') === 'navigate' &&
      c.req.header('sec-fetch-dest') === 'document';
    const isOwn = (site === 'none' || site === 'same-origin') && isOfHost(c.req.header('origin'), c.req.header('host'));
    if (isOwn || isOpened) return next();
    throw new Problem(403, 'The control API does not answer web pages of other origins.');
  };
}

/** Whether an `Origin` is of the host of this request. Its scheme may be another: TLS may end before us. None is nobody else's. */
function isOfHost(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Demands `Authorization: Bearer <controlToken>`. Throws Problem 401. */
export function bearer(controlToken: string): MiddlewareHandler {
  const expected = digest(controlToken);
  return async (c, next) => {
    const given = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    // Digests have one length, so that comparing them tells nothing of the token.
    if (!timingSafeEqual(digest(given), expected)) {
      throw new Problem(401, 'The control API needs "Authorization: Bearer" with the token of the ready line.');
    }
    return next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
