/** The checks of a request, in the order in which a refusal says most. */
import type { JWTVerifyGetKey } from 'jose';
import { clock } from '../outside.js';
import { asked, saysYes, SPARE } from './asked.js';
import { authorizationOf } from './authorization.js';
import { checkBinding, type BindingWorld } from './binding.js';
import { authenticateAgain, checkAuthentication, demandOf, stepUp, type Demand } from './demand.js';
import { checkKind, elevatedOf } from './elevated.js';
import { firstUseInMemory } from './first-use.js';
import { incomingOf, type Incoming } from './incoming.js';
import { refuseUnknown } from './members.js';
import { digest } from './proof.js';
import { Refused, refusalOf, type Scheme } from './refusal.js';
import { tokenService, type TokenService } from './service.js';
import { bad, checkToken, publishedKeys, scopesOf, type CheckedToken, type TokenWorld } from './token.js';
import type { Admission, Refusal, ScopeDemand, Service, SessionDemand, Verifier, VerifierOptions } from './types.js';

/**
 * A verifier of requests for an application at Prelude or an environment at Dynamic. The key set is fetched with the first token. Throws
 * TypeError for a service or an option that is none, and for plain http beyond this machine.
 */
export function createVerifier(service: Service, options: VerifierOptions = {}): Verifier {
  const gate = gateOf(tokenService(service, options), options);
  return {
    requireSession: async (request, demand = {}) => {
      refuseUnknown(demand, OF_SESSION, 'The demands of a session');
      return gate.decide(incomingOf(request, gate.publicUrl), demandOf(undefined, demand));
    },
    requireScope: async (request, scope, demand = {}) => {
      refuseUnknown(demand, OF_SCOPE, 'The demands of a scope');
      return gate.decide(incomingOf(request, gate.publicUrl), demandOf(scope ?? '', demand));
    },
  };
}

const OPTIONS = [
  'now',
  'clockTolerance',
  'publicUrl',
  'proofWindow',
  'firstUse',
  'isRevoked',
  'nonces',
  'insecure',
] satisfies (keyof VerifierOptions)[];
const OF_SESSION = ['maxAge', 'acrValues'] satisfies (keyof SessionDemand)[];
const OF_SCOPE = [...OF_SESSION, 'once'] satisfies (keyof ScopeDemand)[];

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
  refuseUnknown(options, OPTIONS, 'The options');
  const { now = clock, firstUse, isRevoked, nonces } = options;
  for (const [name, given] of Object.entries({ now, firstUse, isRevoked })) {
    if (given !== undefined && typeof given !== 'function') throw new TypeError(`${name} is no function.`);
  }
  if (nonces !== undefined && ![nonces?.issue, nonces?.accepts].every((each: unknown) => typeof each === 'function')) {
    throw new TypeError('nonces has no functions issue and accepts.');
  }
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

/**
 * Comes last: a call that is refused for anything else uses nothing up. A token that says of itself that it is for a single use is used
 * as a whole; any other may hold several scopes for a single use each.
 */
async function takeOnce(
  { firstUse, tolerance }: Settings,
  demand: Demand,
  { access, elevated, own }: { access: CheckedToken; elevated: CheckedToken | undefined; own: string[] },
): Promise<void> {
  const byElevated = demand.scopes.some((scope) => !own.includes(scope));
  const isFresh = demand.maxAge !== undefined || demand.acrValues !== undefined;
  const holder = byElevated && elevated ? elevated : access;
  for (const token of new Set([holder, ...(isFresh && elevated ? [elevated] : [])])) {
    const { claims, expiresAt } = token;
    if (claims['singleUse'] !== true && !(demand.once && token === holder)) continue;
    const { iss, jti } = claims;
    if (typeof jti !== 'string' || jti === '') throw bad('the token is for a single use, and has no jti');
    const id = await digest(JSON.stringify([iss, jti, claims['singleUse'] === true ? '' : demand.scopes[0]]));
    if (!(await saysYes(() => firstUse(`token:${id}`, (expiresAt + tolerance + SPARE) * 1000)))) {
      const reason = 'the token was for a single use, and was used';
      throw token === holder && demand.scopes.length > 0 ? stepUp(demand, reason) : authenticateAgain(demand, reason);
    }
  }
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
