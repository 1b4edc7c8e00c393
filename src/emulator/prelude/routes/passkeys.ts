/** Passkeys: registered and listed by their user, used for a login. */
import { Hono, type Context } from 'hono';
import { age, keyOf } from '../../tenant-place.js';
import { CeremonyError } from '../../webauthn.js';
import { requireBearer, type Bearer } from '../access.js';
import { requireKey, requireProof } from '../binding.js';
import { readBody } from '../body.js';
import { FrontendError, type Env, type FrontendCode } from '../errors.js';
import { consumeScope, requireScope } from '../grants.js';
import { issueLoginToken } from '../login-tokens.js';
import { requirePasskeyConfig, requirePasskeyLogin } from '../passkey-config.js';
import {
  checkNewPasskey,
  creationOptions,
  findPasskey,
  keepPasskey,
  newCeremonyChallenge,
  PasskeyFault,
  passkeysOf,
  removePasskey,
  requestOptions,
  showPasskey,
  usePasskey,
  type Passkey,
} from '../passkeys.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { digest, newSecret } from '../randomness.js';
import { findUser } from '../users.js';
import { PasskeyLoginBegin, PasskeyLoginFinish, PasskeyRegisterBegin, PasskeyRegisterFinish } from '../passkey-wire.js';
import { bearerWithProof } from './session.js';

/** Prelude: the reserved scope that a registration consumes. */
const SCOPE = 'prld:passkey:write';
const LIFETIME_MS = 300_000;

/** A registration under way, under the digest of its token. */
interface Ceremony {
  userId: string;
  challenge: string;
  nickname: string;
}

/** `/me/passkeys/register/begin|finish`, `/me/passkeys`, `/login/passkey/begin|finish`. */
export function passkeyRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/me/passkeys/register/begin', async (c) => {
    const place = placeOf(c, parts);
    const { session, sources } = await boundBearer(c, place);
    const { username, display_name, nickname } = await readBody(c, PasskeyRegisterBegin);
    await requireScope(place, sources, SCOPE);
    const config = await requirePasskeyConfig(place);
    const { userId } = session;
    const challenge = newCeremonyChallenge(place);
    const ceremony: Ceremony = { userId, challenge, nickname: nickname ?? '' };
    const registration_token = await keep(place, 'prelude-passkey-registration', ceremony);
    const held = await passkeysOf(place, userId);
    const wish = { challenge, userId, username, displayName: display_name ?? username, held };
    return c.json({ public_key: creationOptions(config, wish), registration_token });
  });

  routes.post('/me/passkeys/register/finish', async (c) => {
    const place = placeOf(c, parts);
    const { session, sources } = await boundBearer(c, place);
    const { registration_token, attestation } = await readBody(c, PasskeyRegisterFinish);
    // An answer that was lost is asked for again when the scope is gone already.
    const known = await findPasskey(place, attestation.id);
    if (known?.userId === session.userId) return c.json({ credential: showPasskey(known), already_registered: true });
    await requireScope(place, sources, SCOPE);
    const config = await requirePasskeyConfig(place);
    const name = keyOf(place, 'prelude-passkey-registration', digest(registration_token));
    const ceremony = await place.services.state.takeOnce<Ceremony>(name);
    if (ceremony?.userId !== session.userId) throw failed('a registration of the user under way, got none');
    const made = await checked('passkey_registration_failed', () =>
      checkNewPasskey(config, attestation, ceremony.challenge),
    );
    if (config.aaguid_allowlist.length > 0 && !config.aaguid_allowlist.includes(made.aaguid)) {
      throw new FrontendError(
        'passkey_authenticator_blocked',
        'passkey: expected a model of aaguid_allowlist, got another',
      );
    }
    if (known) throw failed('a new credential, got a known one');
    await consumeScope(place, sources, SCOPE);
    const { nickname } = ceremony;
    const passkey: Passkey = {
      ...made,
      userId: session.userId,
      nickname,
      createdAt: place.services.clock.now(),
      lastUsedAt: null,
    };
    if (!(await keepPasskey(place, passkey))) throw failed('a new credential, got a known one');
    return c.json({ credential: showPasskey(passkey), already_registered: false });
  });

  // The service's own paths for these two are not published.
  routes.get('/me/passkeys', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    return c.json({ passkeys: (await passkeysOf(place, session.userId)).map(showPasskey) });
  });

  routes.delete('/me/passkeys/:id', async (c) => {
    const place = placeOf(c, parts);
    const { session } = await bearerWithProof(c, place);
    if (await removePasskey(place, session.userId, c.req.param('id'))) return c.body(null, 204);
    throw new FrontendError('not_found', "passkey: expected one of the user's, got another");
  });

  routes.post('/login/passkey/begin', async (c) => {
    const place = placeOf(c, parts);
    await readBody(c, PasskeyLoginBegin);
    const config = await requirePasskeyLogin(place);
    const challenge = newCeremonyChallenge(place);
    const login_token = await keep(place, 'prelude-passkey-login', challenge);
    return c.json({ public_key: requestOptions(config, challenge, []), login_token });
  });

  routes.post('/login/passkey/finish', async (c) => {
    const place = placeOf(c, parts);
    const { login_token, assertion } = await readBody(c, PasskeyLoginFinish);
    const config = await requirePasskeyLogin(place);
    const name = keyOf(place, 'prelude-passkey-login', digest(login_token));
    const challenge = await place.services.state.takeOnce<string>(name);
    if (challenge === undefined)
      throw new FrontendError('unauthorized', 'login_token: expected a live one, got another');
    const { userId } = await checked('unauthorized', () =>
      usePasskey(place, config, assertion, { challenge, userId: null }),
    );
    const user = await findUser(place, userId);
    if (!user) throw new FrontendError('unauthorized', 'passkey: expected that of a user, got a deleted one');
    const login = { user, codeChallenge: null, grantedScopes: config.granted_scopes };
    return c.json({ challenge_token: await issueLoginToken(place, login) });
  });

  return routes;
}

/** Bearer and a regular proof by its session's key, both demanded. */
async function boundBearer(c: Context<Env>, place: Place): Promise<Bearer> {
  const bearer = await requireBearer(c, place);
  requireKey(await requireProof(c, place, bearer.token), bearer.session.jkt);
  return bearer;
}

async function keep(place: Place, kind: string, value: Ceremony | string): Promise<string> {
  const token = newSecret(place.services.randomBytes);
  await place.services.state.put(keyOf(place, kind, digest(token)), value, { expiresAt: age(place) + LIFETIME_MS });
  return token;
}

async function checked<T>(code: FrontendCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PasskeyFault || error instanceof CeremonyError) throw new FrontendError(code, error.message);
    throw error;
  }
}

function failed(words: string): FrontendError {
  return new FrontendError('passkey_registration_failed', `passkey: expected ${words}`);
}
