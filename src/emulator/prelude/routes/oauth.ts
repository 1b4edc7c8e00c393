/** Login by OAuth: where the browser is sent, and the provider that it finds there. */
import { Hono, type Context } from 'hono';
import { readBody } from '../body.js';
import { FrontendError, type Env } from '../errors.js';
import { answerAuthorization, startAuthorization } from '../oauth.js';
import { checkRedirect, requireOAuthConfig } from '../oauth-config.js';
import { placeOf, type Parts } from '../parts.js';
import { OAuthAuthorize } from '../wire.js';

/** Where the emulator's own provider is, under the tenant's root. */
export const PROVIDER_PATH = '/oauth-provider';

/** `/login/oauth/{provider}/authorize`. */
export function oauthRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/login/oauth/:provider/authorize', async (c) => {
    const place = placeOf(c, parts);
    const body = await readBody(c, OAuthAuthorize);
    const { provider, config } = await requireOAuthConfig(place, c.req.param('provider'));
    checkRedirect(config, body.redirect_uri);
    const state = await startAuthorization(place, {
      provider,
      redirectUri: body.redirect_uri,
      codeChallenge: body.code_challenge,
    });
    return c.json({
      authorization_url: `${providerRoot(c, place.tenant.prelude.managementUrl)}/${provider}/authorize?state=${state}`,
    });
  });

  return routes;
}

/**
 * The provider itself, `GET /{provider}/authorize?state=`: it asks nothing and sends the browser back. `login_hint` says which account by its
 * email address (`demo@example.com` without one), `error` that the user says no.
 */
export function providerRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get('/:provider/authorize', async (c) => {
    c.header('Cache-Control', 'no-store');
    // The address has a token in it.
    c.header('Referrer-Policy', 'no-referrer');
    const { state = '', login_hint: loginHint, error } = c.req.query();
    return c.redirect(
      await answerAuthorization(placeOf(c, parts), c.req.param('provider'), { state, loginHint, error }),
      302,
    );
  });

  routes.all('*', (c) => {
    throw new FrontendError('not_found', `path: expected /{provider}/authorize, got ${c.req.path}`);
  });

  return routes;
}

/** Over plain http, as a system browser does not know the emulator's certificate. */
function providerRoot(c: Context<Env>, managementUrl: string): string {
  const [prefix = ''] = c.req.path.split('/v1/session/');
  return `${new URL(managementUrl).origin}${prefix}${PROVIDER_PATH}`;
}
