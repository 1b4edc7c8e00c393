/** Login by email and password, and the user's own change of it. */
import { Hono } from 'hono';
import { readBody } from '../body.js';
import { clientAddress } from '../device.js';
import { FrontendError, type Env } from '../errors.js';
import { consumeScope, requireScope } from '../grants.js';
import { issueLoginToken } from '../login-tokens.js';
import { compliancyOf, passwordFault } from '../password-config.js';
import { isPassword, requirePasswordLogin, setPassword, takeAttempt } from '../passwords.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { createUser, ownerOf, type User } from '../users.js';
import { canonicalIdentifier, PasswordLogin, PasswordReset, type Identifier } from '../wire.js';
import { bearerWithProof } from './session.js';

/** Prelude: the reserved scope that a change of the password consumes. */
const SCOPE = 'prld:pwd:write';

/** `/login/email/password`, `/login/email/sign-up`, `/password/compliancy`, `/me/password/reset`. */
export function passwordRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/login/email/password', async (c) => {
    const place = placeOf(c, parts);
    const { identifier, password } = await readBody(c, PasswordLogin);
    const { canonical } = emailOf(identifier);
    await takeAttempt(place, { ip: clientAddress(c), identifier: canonical });
    const user = await ownerOf(place, canonical);
    return c.json({ challenge_token: await logInto(place, user, password) });
  });

  routes.post('/login/email/sign-up', async (c) => {
    const place = placeOf(c, parts);
    const { identifier, password } = await readBody(c, PasswordLogin);
    const email = emailOf(identifier);
    await requirePasswordLogin(place);
    await requireStrong(place, password);
    const user = await createUser(place, { identifiers: [email.identifier] });
    if (!user) throw new FrontendError('identifier_already_exists', 'identifier: expected a new one, got a taken one');
    await setPassword(place, user.id, password);
    return c.json({ challenge_token: await issueLoginToken(place, { user, codeChallenge: null, grantedScopes: [] }) });
  });

  routes.get('/password/compliancy', async (c) => c.json(await compliancyOf(placeOf(c, parts))));

  routes.post('/me/password/reset', async (c) => {
    const place = placeOf(c, parts);
    const { session, sources } = await bearerWithProof(c, place);
    const { password } = await readBody(c, PasswordReset);
    await requireScope(place, sources, SCOPE);
    // A weak password costs nothing: the user tries again with the same token.
    await requireStrong(place, password);
    await consumeScope(place, sources, SCOPE);
    await setPassword(place, session.userId, password);
    return c.body(null, 204);
  });

  return routes;
}

async function logInto(place: Place, user: User | undefined, password: string): Promise<string> {
  if (!user) throw new FrontendError('unauthorized', 'identifier: expected that of a user, got an unknown one');
  const right = await isPassword(place, user.id, password);
  if (right === undefined) {
    throw new FrontendError('password_not_set', 'user: expected one with a password, got one without');
  }
  if (!right) throw new FrontendError('unauthorized', "password: expected the user's, got another");
  return issueLoginToken(place, { user, codeChallenge: null, grantedScopes: [] });
}

async function requireStrong(place: Place, password: string): Promise<void> {
  const fault = passwordFault(await compliancyOf(place), password);
  if (fault) throw new FrontendError('invalid_password', fault, `${fault}.`);
}

function emailOf(value: string): { identifier: Identifier; canonical: string } {
  const identifier: Identifier = { type: 'email_address', value };
  const canonical = canonicalIdentifier(identifier);
  if (canonical !== undefined) return { identifier, canonical };
  throw new FrontendError('invalid_identifier', 'identifier: expected an email address, got something else');
}
