/** The check, and a sample of a call that it protects. */
import { Hono } from 'hono';
import { readBody } from '../body.js';
import { gated, requireScopes } from '../elevation.js';
import type { Env } from '../errors.js';
import { placeOf, settingsOf, type Parts } from '../parts.js';
import { isRequired, optionsFor } from '../rules.js';
import { requireBearer } from '../sessions.js';
import { CheckBody } from '../wire.js';

/** `stepUp/check`, `waas/{walletId}/privateKey/export`. */
export function stepUpRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/stepUp/check', async (c) => {
    const place = placeOf(c, parts);
    const { user, session } = await requireBearer(c, place);
    const { scope } = await readBody(c, CheckBody);
    requireScopes([scope]);
    if (!isRequired(scope, await settingsOf(place))) return c.json({ isRequired: false, credentials: [] });
    const { credentials, first } = optionsFor(user, session.signinCredentialId);
    const preferred = first === undefined ? {} : { defaultCredentialId: first };
    return c.json({ isRequired: true, credentials, ...preferred });
  });

  // There is no wallet behind it and no key comes out: it shows what the gate lets through.
  routes.post('/waas/:walletId/privateKey/export', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const gate = { path: 'waas/{walletId}/privateKey/export', scope: 'wallet:export' } as const;
    return gated(c, place, bearer, gate, async () => c.json({ walletId: c.req.param('walletId'), exported: true }));
  });

  return routes;
}
