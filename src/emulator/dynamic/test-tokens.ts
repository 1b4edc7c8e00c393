/** Access and elevated tokens for tests of a backend's checks: good ones, and each with one defect. */
import { FOREIGN_HOST, forge, scopeAround, timesOf, type Defect, type Minted, type Wanted } from '../defects.js';
import type { Claims } from '../jws.js';
import type { SigningKey } from '../key-files.js';
import { newUuid } from '../randomness.js';
import { createRotation } from '../rotation.js';
import type { Services, Tenant } from '../services.js';
import { createUser } from './create-user.js';
import { admitElevated } from './elevation.js';
import { KeySets } from './key-sets.js';
import { placeFor, settingsOf, type Parts, type Place } from './parts.js';
import { behaviourOf } from './rules.js';
import { admitToken, endSession, findSession, openSession, type Session } from './sessions.js';
import { Tokens } from './tokens.js';
import { findUser } from './users.js';

const BASIC = 'user:basic';
/** What these defects are about, where no scope is asked for. */
const DEFAULT_SCOPE = 'wallet:export';
const OF_SCOPE: readonly Defect[] = ['scope-substring', 'spent'];
const ANOTHER_ENVIRONMENT = '11111111-1111-4111-8111-111111111111';
const MFA_SECONDS = 600;

/** Parts with which tokens are minted beside the service itself, on the same key. */
export function partsForTokens(services: Services): Parts {
  const tokens = new Tokens(services.keys);
  return { services, tokens, rotation: createRotation(services, 'dynamic'), keySets: new KeySets(services.callOut) };
}

/**
 * Mints a token: RS256 by the environment's signing key with its `kid`, issuer of the environment, a live session of its own (or that of
 * `sid`, when it lives). With a scope other than `user:basic` it is an elevated token, single-use and as long as the settings say;
 * without one it is an access token. Claims that are asked for replace these; those of the defect replace both: `expired` and
 * `not-yet-valid` are an hour off; `wrong-key` is signed by a key that is published nowhere, under the `kid` that is; `wrong-issuer` says
 * another service, `wrong-app` another environment of this one, both signed by the right key; `alg-none` has no signature;
 * `hs256-public-key` one by the published key's PEM (SPKI) as secret; `missing-scope` is the access token from before the step-up;
 * `scope-substring` has each wanted scope as a part of another; `challenge-token` is the legacy proof of MFA, by the right key;
 * `revoked-session` is of a session that was ended; `spent` is a single-use token that was used. The emulator's own calls take those that
 * it would have issued.
 */
export async function mintTestToken(
  parts: Parts,
  tenant: Tenant,
  { wanted, defect, foreign }: { wanted: Wanted; defect: Defect; foreign: () => Promise<SigningKey> },
): Promise<Minted> {
  await parts.rotation.refresh(tenant.id);
  const place = placeFor(parts, tenant);
  const session = await sessionFor(place, defect === 'revoked-session' ? { sub: wanted.sub } : wanted);
  const now = Math.floor(place.services.clock.now() / 1000);
  const scope =
    defect === 'missing-scope' ? BASIC : (wanted.scope ?? (OF_SCOPE.includes(defect) ? DEFAULT_SCOPE : BASIC));
  const kind = defect === 'challenge-token' ? 'mfa' : scope === BASIC ? 'access' : 'elevated';
  const claims: Claims = {
    ...(await claimsOf(place, { kind, session, scope, now })),
    ...wanted,
    ...timesOf(defect, now),
    ...defectOf(defect, { tenant, session, scope }),
  };
  if (kind === 'mfa') delete claims.scope;
  const [published] = (await place.tokens.keySet()).keys;
  if (!published) throw new TypeError('the service has no key');
  const withKid: Claims = { kid: published.kid, ...claims };
  const token = (await forge(defect, withKid, { published, foreign })) ?? (await place.tokens.sign(claims));
  const seconds = Number(claims.exp) - now;
  const jti = String(claims.jti);
  if (seconds > 0 && kind === 'access') await admitToken(place, jti, session, seconds);
  if (seconds > 0 && kind === 'elevated') {
    const scopes = String(claims.scope).split(' ');
    const facts = { userId: session.userId, sessionId: session.id, scopes, singleUse: claims.singleUse === true };
    await admitElevated(place, jti, { ...facts, use: defect === 'spent' ? 'spent' : 'free' }, seconds);
  }
  if (defect === 'revoked-session') await endSession(place, session.id, 'revoked for a test token');
  return { token, claims: withKid };
}

interface Made {
  kind: 'access' | 'elevated' | 'mfa';
  session: Session;
  scope: string;
  now: number;
}

async function claimsOf(place: Place, { kind, session, scope, now }: Made): Promise<Claims> {
  const { services, tenant } = place;
  const settings = await settingsOf(place);
  const common: Claims = {
    iss: tenant.dynamic.issuer,
    sub: session.userId,
    sid: session.id,
    environment_id: tenant.dynamic.environmentId,
    iat: now,
    jti: newUuid(services.randomBytes),
  };
  if (kind === 'mfa') return { ...common, singleUse: true, exp: now + MFA_SECONDS };
  if (kind === 'elevated') {
    const { singleUse, seconds } = behaviourOf(scope.split(' '), settings);
    return { ...common, aud: session.origin, scope, singleUse, exp: now + seconds };
  }
  return {
    ...common,
    aud: session.origin,
    last_verified_credential_id: session.lastVerifiedCredentialId,
    signin_credential_id: session.signinCredentialId,
    scope,
    exp: now + settings.sessionSeconds,
  };
}

function defectOf(
  defect: Defect,
  { tenant, session, scope }: { tenant: Tenant; session: Session; scope: string },
): Claims {
  const [host = ''] = tenant.dynamic.issuer.split('/');
  switch (defect) {
    case 'wrong-issuer':
      return { iss: `${FOREIGN_HOST}/${tenant.dynamic.environmentId}` };
    case 'wrong-app':
      return { iss: `${host}/${ANOTHER_ENVIRONMENT}`, environment_id: ANOTHER_ENVIRONMENT };
    case 'missing-scope':
      return { scope };
    case 'scope-substring':
      return { scope: scopeAround(scope) };
    case 'revoked-session':
      return { sid: session.id, sub: session.userId };
    case 'spent':
      return { singleUse: true };
    default:
      return {};
  }
}

/** The session of `sid` while it lives, else a new one of `sub`, who is made where there is nobody of this id. */
async function sessionFor(
  place: Place,
  { sid, sub }: Pick<Wanted, 'sid'> & { sub?: string | undefined },
): Promise<Session> {
  const { randomBytes } = place.services;
  const live = sid === undefined ? undefined : await findSession(place, sid);
  if (live) return live;
  const id = sub ?? newUuid(randomBytes);
  const user = (await findUser(place, id)) ?? (await createUser(place, { id, identities: [] }));
  if (!user) throw new TypeError('the user was made by somebody else meanwhile');
  const credentialId = user.credentials[0]?.id ?? newUuid(randomBytes);
  const origin = new URL(place.tenant.dynamic.apiBaseUrl).origin;
  return (await openSession(place, origin, { user, credentialId, newUser: false, sessionPublicKey: null })).session;
}
