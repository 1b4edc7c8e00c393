/** The checks of a request, in the order in which a refusal says most. */
import type { JWTVerifyGetKey } from 'jose';
import { nodeWorld } from '../node-world.js';
import { asked, saysYes } from './asked.js';
import { authorizationOf } from './authorization.js';
import { checkBinding, thumbprintIn, type BindingWorld } from './binding.js';
import { checkAuthentication, demandOf, type Demand } from './demand.js';
import { firstUseInMemory } from './first-use.js';
import { incomingOf, type Incoming } from './incoming.js';
import { digest } from './proof.js';
import { Refused, refusalOf, type Scheme } from './refusal.js';
import { tokenService, type TokenService } from './service.js';
import { bad, checkToken, publishedKeys, scopesOf, type CheckedToken, type TokenWorld } from './token.js';
import type { Admission, Claims, Refusal, Service, Verifier, VerifierOptions } from './types.js';

/** Dynamic: what every session's token holds, and what one holds whose second factor is still due. */
const BASIC = 'user:basic';
const UNFINISHED = 'requiresAdditionalAuth';

/**
 * A verifier of requests for an application at Prelude or an environment at Dynamic. The key set is fetched with the first token. Throws
 * TypeError for a service or an option that is none, and for plain http beyond this machine.
 */
export function createVerifier(service: Service, options: VerifierOptions = {}): Verifier {
  const gate = gateOf(tokenService(service, options), options);
  return {
    requireSession: async (request, demand = {}) => {
      const { maxAge, acrValues } = demand;
      return gate.decide(incomingOf(request, gate.publicUrl), demandOf(undefined, { maxAge, acrValues }));
    },
    requireScope: async (request, scope, demand = {}) =>
      gate.decide(incomingOf(request, gate.publicUrl), demandOf(scope ?? '', demand)),
  };
}

interface Settings extends BindingWorld {
  service: TokenService;
  keys: JWTVerifyGetKey;
  /** Seconds. */
  tolerance: number;
  isRevoked: VerifierOptions['isRevoked'];
}

function gateOf(
  service: TokenService,
  options: VerifierOptions,
): { publicUrl: string | undefined; decide(incoming: Incoming, demand: Demand): Promise<Admission | Refusal> } {
  const { now = nodeWorld.now, firstUse, isRevoked, nonces } = options;
  const inMemory = { proofs: firstUseInMemory(now), tokens: firstUseInMemory(now) };
  const settings: Settings = {
    service,
    keys: publishedKeys(service),
    now,
    tolerance: seconds(options.clockTolerance ?? 15, 'clockTolerance'),
    window: seconds(options.proofWindow ?? 60, 'proofWindow'),
    // Apart, so that proofs, which cost nothing, cannot fill what keeps a token from being used twice.
    firstUse: firstUse ?? ((id, at) => inMemory[id.startsWith('proof:') ? 'proofs' : 'tokens'](id, at)),
    isRevoked,
    nonces,
  };
  return {
    publicUrl: options.publicUrl === undefined ? undefined : publicAddress(options.publicUrl),
    async decide(incoming, demand) {
      const used: { scheme: Scheme } = { scheme: 'Bearer' };
      try {
        return await admit(settings, incoming, demand, used);
      } catch (error) {
        if (error instanceof Refused) return refusalOf(error, used.scheme);
        throw error;
      }
    },
  };
}

async function admit(
  settings: Settings,
  incoming: Incoming,
  demand: Demand,
  used: { scheme: Scheme },
): Promise<Admission> {
  const { service, keys, tolerance } = settings;
  const { scheme, token } = authorizationOf(incoming.header('authorization'), service);
  used.scheme = scheme;
  const world: TokenWorld = { service, keys, now: settings.now() / 1000, tolerance };
  const access = await checkToken(token, world);
  if (access.isOver) throw bad('the token has expired');
  checkKind(access.claims, service);
  await checkBinding(settings, incoming, { scheme, token, claims: access.claims });
  const elevated = await elevatedOf(incoming, demand, { access, world });
  const own = scopesOf(access.claims);
  const extra = elevated ? scopesOf(elevated.claims) : [];
  const missing = demand.scopes.filter((scope) => !own.includes(scope) && !extra.includes(scope));
  if (missing.length > 0) throw stepUp(demand, 'the token does not hold the scope that is demanded');
  checkAuthentication(demand, { claims: access.claims, elevated: elevated?.claims }, world);
  const { sub, sid } = access.claims as { sub: string; sid: string };
  const { isRevoked } = settings;
  if (isRevoked && (await asked<unknown>(() => isRevoked(sid, access.claims))) !== false)
    throw bad('the session is over');
  await takeOnce(settings, demand, { access, elevated, own });
  return {
    ok: true,
    userId: sub,
    sessionId: sid,
    scopes: [...new Set([...own, ...extra])],
    claims: access.claims,
    ...(elevated ? { elevated: elevated.claims } : {}),
  };
}

/** Dynamic signs all its tokens with one key: an elevated one is no session, and one whose second factor is due is none yet. */
function checkKind(claims: Claims, { dynamic }: TokenService): void {
  if (!dynamic) return;
  const scopes = scopesOf(claims);
  if (scopes.includes(UNFINISHED)) throw bad('the second factor of the session is still due');
  if (!scopes.includes(BASIC)) throw bad('it is no token of a session');
}

/** Dynamic: the second token, which counts only beside the first of the same user and session. One that is over is as good as none. */
async function elevatedOf(
  { header }: Incoming,
  demand: Demand,
  { access, world }: { access: CheckedToken; world: TokenWorld },
): Promise<CheckedToken | undefined> {
  const { dynamic } = world.service;
  const sent = dynamic && header(dynamic.elevatedHeader);
  if (sent?.several) throw new Refused('invalid_request', 'there is more than one elevated token');
  if (sent === undefined || sent.text === '') return undefined;
  const elevated = await checkToken(sent.text, world);
  const { sub, sid } = elevated.claims;
  if (sub !== access.claims['sub'] || sid !== access.claims['sid'])
    throw bad('the elevated token is of another session');
  if (elevated.claims['cnf'] !== undefined) {
    const jkt = thumbprintIn(elevated.claims);
    if (jkt === undefined || jkt !== thumbprintIn(access.claims)) throw bad('the elevated token is of another key');
  }
  if (!elevated.isOver) return elevated;
  if (demand.scopes.every((scope) => scopesOf(access.claims).includes(scope))) return undefined;
  throw stepUp(demand, 'the elevated token has expired');
}

/**
 * Comes last: a call that is refused uses nothing up. Dynamic: a token for a single use is used as a whole. Prelude: a token may hold
 * several scopes for a single use each.
 */
async function takeOnce(
  { firstUse, tolerance }: Settings,
  demand: Demand,
  { access, elevated, own }: { access: CheckedToken; elevated: CheckedToken | undefined; own: string[] },
): Promise<void> {
  const byElevated = demand.scopes.some((scope) => !own.includes(scope));
  const { claims, expiresAt } = byElevated && elevated ? elevated : access;
  if (!demand.once && !(byElevated && claims['singleUse'] === true)) return;
  const { iss, jti } = claims;
  if (typeof jti !== 'string' || jti === '') throw bad('the token is for a single use, and has no jti');
  const id = await digest(JSON.stringify([iss, jti, claims === elevated?.claims ? '' : demand.scopes[0]]));
  if (!(await saysYes(() => firstUse(`token:${id}`, (expiresAt + tolerance) * 1000)))) {
    throw stepUp(demand, 'the token was for a single use, and was used');
  }
}

function stepUp({ scopes }: Demand, reason: string): Refused {
  return new Refused('insufficient_scope', reason, { scope: scopes.join(' ') });
}

function seconds(value: number, name: string): number {
  if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name} is no number of seconds.`);
  return value;
}

function publicAddress(text: string): string {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError('publicUrl is no http address without query.');
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
