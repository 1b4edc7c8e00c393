/** Who may call the control API: whoever holds its token, and never a web page of another origin. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.js';

/** Refuses what a browser sends for a page: no page is served here yet, so none has business with it. Throws Problem 403. */
export function noPages(): MiddlewareHandler {
  return async (c, next) => {
    const site = c.req.header('sec-fetch-site');
    const foreign = site !== undefined && site !== 'none' && site !== 'same-origin';
    if (foreign || c.req.header('origin') !== undefined) {
      throw new Problem(403, 'The control API does not answer web pages.');
    }
    return next();
  };
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
