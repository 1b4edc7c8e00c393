/** Access tokens for tests of a backend's checks: good ones, and each with one defect. */
import { FOREIGN_HOST, forge, scopeAround, timesOf, type Defect, type Minted, type Wanted } from '../defects.js';
import type { Claims } from '../jws.js';
import type { SigningKey } from '../key-files.js';
import { newUuid } from '../randomness.js';
import { createRotation } from '../rotation.js';
import type { Services, Tenant } from '../services.js';
import { admitAccess } from './access.js';
import { ProofKeys } from './dpop.js';
import { consumeScope, type Sources } from './grants.js';
import { KeySets } from './key-sets.js';
import { loadKeys } from './keys.js';
import { Nonces } from './nonces.js';
import { placeFor, type Parts, type Place } from './parts.js';
import { digest, newId, newSecret } from './randomness.js';
import { findSession, revokeSession, startSession, type Session } from './sessions.js';
import { Tokens } from './tokens.js';
import { createUser } from './users.js';

/** What these defects are about, where no scope is asked for. */
const DEFAULT_SCOPE = 'transfer:write';
const OF_SCOPE: readonly Defect[] = ['missing-scope', 'scope-substring', 'spent'];
const CHALLENGE_SECONDS = 600;

/** Parts with which tokens are minted beside the service itself, on the same keys. */
export async function partsForTokens(services: Services): Promise<Parts> {
  const keys = await loadKeys(services.keys);
  return {
    services,
    tokens: new Tokens(keys),
    rotation: createRotation(services, 'prelude'),
    nonces: new Nonces(keys.nonceSecret),
    proofKeys: new ProofKeys(),
    keySets: new KeySets(services.callOut),
  };
}

/**
 * Mints an access token: RS256 by the tenant's signing key with its `kid`, issuer of the tenant, a live session of its own (or that of
 * `sid`, when it lives), lifetime as in the settings. Claims that are asked for replace these; those of the defect replace both:
 * `expired` and `not-yet-valid` are an hour off; `wrong-key` is signed by a key that is published nowhere, under the `kid` that is;
 * `wrong-issuer` says another service, `wrong-app` another application of this one, both signed by the right key; `alg-none` has no
 * signature; `hs256-public-key` one by the published key's PEM (SPKI) as secret; `missing-scope` has no scope; `scope-substring` has each
 * wanted one as a part of another; `challenge-token` is a challenge's, ES256 by the step-up key; `revoked-session` is of a session that
 * was ended; `spent` has its scopes consumed. The emulator's own calls take those that it would have issued.
 */
export async function mintTestToken(
  parts: Parts,
  tenant: Tenant,
  { wanted, defect, foreign }: { wanted: Wanted; defect: Defect; foreign: () => Promise<SigningKey> },
): Promise<Minted> {
  await parts.rotation.refresh(tenant.id);
  const place = placeFor(parts, tenant);
  const { services, tokens } = place;
  const session = await sessionFor(place, defect === 'revoked-session' ? { sub: wanted.sub } : wanted);
  const now = Math.floor(services.clock.now() / 1000);
  const scope = wanted.scope ?? (OF_SCOPE.includes(defect) ? DEFAULT_SCOPE : '');
  const jti = wanted.jti ?? newUuid(services.randomBytes);
  const { accessTokenSeconds } = await services.settings(tenant.id);
  const common: Claims = { sub: session.userId, sid: session.id, scope, iat: now, jti };
  if (defect === 'challenge-token') return challengeToken(place, { ...common, ...wanted }, now);
  const claims: Claims = {
    iss: tenant.prelude.issuer,
    ...common,
    nbf: now,
    exp: now + accessTokenSeconds,
    ...wanted,
    ...timesOf(defect, now),
    ...defectOf(defect, { tenant, session, scope }),
  };
  const [published] = tokens.accessKeySet().keys;
  if (!published) throw new TypeError('the service has no key');
  const token = (await forge(defect, claims, { published, foreign })) ?? (await tokens.signAccess(claims));
  if (!['expired', 'not-yet-valid'].includes(defect)) await admit(place, session, claims, now, defect === 'spent');
  if (defect === 'revoked-session') await revokeSession(place, session.id, 'revoked for a test token');
  return { token, claims };
}

function defectOf(defect: Defect, given: { tenant: Tenant; session: Session; scope: string }): Claims {
  const [host = ''] = given.tenant.prelude.issuer.split('/');
  switch (defect) {
    case 'wrong-issuer':
      return { iss: FOREIGN_HOST };
    case 'wrong-app':
      return { iss: `${host}/t/another-app` };
    case 'missing-scope':
      return { scope: '' };
    case 'scope-substring':
      return { scope: scopeAround(given.scope) };
    case 'revoked-session':
      return { sid: given.session.id, sub: given.session.userId };
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
  const userId = sub ?? newId('usr', randomBytes);
  await createUser(place, { id: userId, identifiers: [] });
  // Nobody has a key of this thumbprint: the session has tokens, and cannot be refreshed.
  const jkt = digest(newSecret(randomBytes));
  const start = { userId, jkt, grantedScopes: [], userAgent: '', country: 'ZZ' };
  return (await startSession(place, start)).session;
}

/** Lets the emulator's own calls take the token for as long as it says. */
async function admit(place: Place, session: Session, claims: Claims, now: number, spent: boolean): Promise<void> {
  const source = newId('tst', place.services.randomBytes);
  const scopes = String(claims.scope).split(' ').filter(Boolean);
  const sources: Sources = Object.fromEntries(scopes.map((scope) => [scope, [source]]));
  await admitAccess(place, String(claims.jti), { sessionId: session.id, sources }, Number(claims.exp) - now);
  if (spent) for (const scope of scopes) await consumeScope(place, sources, scope);
}

async function challengeToken(place: Place, { scope, ...common }: Claims, now: number): Promise<Minted> {
  const claims: Claims = {
    challenge_id: newId('chl', place.services.randomBytes),
    current_step: 'verify_sms',
    scope_requested: scope === '' ? DEFAULT_SCOPE : scope,
    steps: [{ order: 1, key: 'verify_sms', done: false, expiration_duration: CHALLENGE_SECONDS }],
    grant_mode: 'session-bound',
    exp: now + CHALLENGE_SECONDS,
    ...common,
  };
  return { token: await place.tokens.signChallenge(claims), claims };
}
