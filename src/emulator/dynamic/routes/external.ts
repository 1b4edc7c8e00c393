/** Tokens of the developer's own backend. */
import { Hono } from 'hono';
import { verifyResponse } from '../answers.js';
import { spendAssertion, verifyAssertion } from '../assertions.js';
import { readBody } from '../body.js';
import { issueElevated, requireScopes } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { placeOf, type Parts } from '../parts.js';
import { requireBearer } from '../sessions.js';
import { signIn } from '../sign-in.js';
import { credentialOf } from '../users.js';
import { ExternalBody } from '../wire.js';

/** `externalAuth/signin`, `externalAuth/verify`. */
export function externalRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/externalAuth/signin', async (c) => {
    const place = placeOf(c, parts);
    const { jwt, sessionPublicKey } = await readBody(c, ExternalBody);
    const { sub } = await verifyAssertion(place, jwt);
    const bearer = await signIn(c, place, {
      identity: { format: 'externalUser', subject: sub },
      sessionPublicKey,
      prove: () => Promise.resolve(),
    });
    return c.json(await verifyResponse(c, place, bearer));
  });

  routes.post('/externalAuth/verify', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { jwt } = await readBody(c, ExternalBody);
    const assertion = await verifyAssertion(place, jwt);
    if (!credentialOf(bearer.user, { format: 'externalUser', subject: assertion.sub })) {
      throw new DynamicError('invalid_external_auth', "sub: expected the bearer's external id, got another");
    }
    if (assertion.scope === undefined) {
      throw new DynamicError('invalid_external_auth', 'scope: expected the scopes to elevate to, got none');
    }
    const scopes = requireScopes(assertion.scope.split(' ').filter(Boolean));
    await spendAssertion(place, assertion);
    return c.json({ elevatedAccessToken: await issueElevated(place, bearer, scopes) });
  });

  return routes;
}
