/** Passkeys: register, sign in, step up, list, rename, delete. */
import { Hono, type Context } from 'hono';
import { newUuid } from '../../randomness.js';
import { legacyMfaToken, verifyResponse } from '../answers.js';
import { readBody } from '../body.js';
import { startCeremony, TIMEOUT_MS } from '../ceremonies.js';
import { aliasOf } from '../credentials.js';
import { gated } from '../elevation.js';
import { DynamicError, type Env } from '../errors.js';
import { requireOrigin, type AllowedOrigin } from '../origins.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { registerPasskey, removePasskey, renamePasskey, showPasskey, usePasskey } from '../passkeys.js';
import { noteVerified, requireBearer, sessionKeyOf, startSession, type Bearer } from '../sessions.js';
import { proveFactor } from '../step-up.js';
import type { Passkey, User } from '../users.js';
import { AssertionBody, DeviceRegistrationBody, RegistrationBody, RemoveBody, RenameBody } from '../wire.js';

const ES256 = -7;

/** `users/passkeys`, `users/passkeys/{authenticate,register,signin}`, `users/mfa/{auth,register}/passkey`. */
export function passkeyRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get('/users/passkeys', async (c) => {
    const { user } = await requireBearer(c, placeOf(c, parts));
    return c.json({ count: user.passkeys.length, passkeys: user.passkeys.map(showPasskey) });
  });

  routes.get('/users/passkeys/authenticate', async (c) => {
    const place = placeOf(c, parts);
    const { user } = await requireBearer(c, place);
    const at = await relyingParty(c, place);
    const challenge = await startCeremony(place, 'authenticate', { userId: user.id, at });
    const usable = user.passkeys.filter(({ rpId }) => rpId === at.hostname);
    return c.json(requestOptions(challenge, at, usable));
  });

  routes.get('/users/passkeys/signin', async (c) => {
    const place = placeOf(c, parts);
    const at = await relyingParty(c, place);
    return c.json(requestOptions(await startCeremony(place, 'signin', { userId: null, at }), at, []));
  });

  routes.get('/users/passkeys/register', async (c) => {
    const place = placeOf(c, parts);
    const { user } = await requireBearer(c, place);
    return c.json(await creationOptions(c, place, user));
  });

  routes.post('/users/passkeys/register', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const body = await readBody(c, RegistrationBody);
    const now = await register(c, place, bearer, body);
    const wanted = body.createMfaToken;
    const mfaToken = wanted ? await legacyMfaToken(place, now, wanted.singleUse ?? false) : undefined;
    return c.json(await verifyResponse(c, place, now, { mfaToken }));
  });

  // The same under another name: a passkey whose id is known before it is made.
  routes.get('/users/mfa/register/passkey', async (c) => {
    const place = placeOf(c, parts);
    const { user } = await requireBearer(c, place);
    const id = newUuid(place.services.randomBytes);
    return c.json({ id, type: 'passkey', registration: await creationOptions(c, place, user, id) });
  });

  routes.post('/users/mfa/register/passkey', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { id, attestation } = await readBody(c, DeviceRegistrationBody);
    return c.json(await verifyResponse(c, place, await register(c, place, bearer, attestation, id)));
  });

  routes.post('/users/passkeys/signin', async (c) => {
    const place = placeOf(c, parts);
    const { sessionPublicKey, ...body } = await readBody(c, AssertionBody);
    const key = sessionKeyOf(c, sessionPublicKey);
    const { user, passkey } = await usePasskey(place, null, body);
    const start = { user, credentialId: passkey.id, newUser: false, sessionPublicKey: key };
    return c.json(await verifyResponse(c, place, await startSession(c, place, start)));
  });

  routes.post('/users/mfa/auth/passkey', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const body = await readBody(c, AssertionBody);
    const proved = await proveFactor(place, bearer, body, async () => {
      const { user, passkey } = await usePasskey(place, bearer.user.id, body);
      return { user, factorId: passkey.id };
    });
    return c.json(await verifyResponse(c, place, proved.bearer, proved.earned));
  });

  routes.put('/users/passkeys', async (c) => {
    const place = placeOf(c, parts);
    const { user } = await requireBearer(c, place);
    const { id, alias } = await readBody(c, RenameBody);
    return c.json(showPasskey(await renamePasskey(place, user.id, id, alias)));
  });

  routes.delete('/users/passkeys', async (c) => {
    const place = placeOf(c, parts);
    const bearer = await requireBearer(c, place);
    const { passkeyId } = await readBody(c, RemoveBody);
    const gate = { path: 'users/passkeys', scope: 'credential:unlink' } as const;
    await gated(c, place, bearer, gate, () => removePasskey(place, bearer.user.id, passkeyId));
    return c.body(null, 204);
  });

  return routes;
}

/** What a browser needs to make a passkey for this user; `passkeyId` is the id that it will have, where that is promised. */
async function creationOptions(
  c: Context<Env>,
  place: Place,
  user: User,
  passkeyId: string | null = null,
): Promise<Record<string, unknown>> {
  const at = await relyingParty(c, place);
  const [first] = user.credentials;
  const name = first ? aliasOf(first) : user.id;
  return {
    challenge: await startCeremony(place, 'register', { userId: user.id, at, passkeyId }),
    rp: { id: at.hostname, name: 'stepup emulator' },
    user: { id: Buffer.from(user.id, 'utf8').toString('base64url'), name, displayName: name },
    pubKeyCredParams: [{ alg: ES256, type: 'public-key' }],
    timeout: TIMEOUT_MS,
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
    excludeCredentials: user.passkeys.map((passkey) => ({ ...descriptor(passkey), type: 'public-key' })),
  };
}

async function register(
  c: Context<Env>,
  place: Place,
  bearer: Bearer,
  body: RegistrationBody,
  promisedId?: string,
): Promise<Bearer> {
  const userAgent = c.req.header('user-agent') ?? '';
  const gate = { path: 'users/passkeys/register', scope: 'credential:link' } as const;
  const { user, passkey } = await gated(c, place, bearer, gate, () =>
    registerPasskey(place, bearer.user.id, body, { userAgent, promisedId }),
  );
  return { user, session: await noteVerified(place, bearer.session, passkey.id) };
}

/** The page's own host decides; another one, for related origins, is not emulated. */
async function relyingParty(c: Context<Env>, place: Place): Promise<AllowedOrigin> {
  const at = await requireOrigin(c, place);
  const related = c.req.query('relatedOriginRpId');
  if (related === undefined || related === '' || related === at.hostname) return at;
  throw new DynamicError(
    'not_emulated',
    "relatedOriginRpId: expected the page's own host, got another",
    'The emulator does not have passkeys of related origins',
  );
}

function requestOptions(challenge: string, at: AllowedOrigin, passkeys: Passkey[]): Record<string, unknown> {
  return {
    challenge,
    timeout: TIMEOUT_MS,
    rpId: at.hostname,
    userVerification: 'preferred',
    allowCredentials: passkeys.map(descriptor),
  };
}

function descriptor({ credentialId, transports }: Passkey): { id: string; transports: string[] } {
  return { id: credentialId, transports };
}
