/** Elevated access tokens: issued for a proof, demanded by a gated call, spent when that call succeeds. */
import type { Context } from 'hono';
import type { GatedPath } from '../services.js';
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { DynamicError, type Env } from './errors.js';
import { settingsOf, type Place } from './parts.js';
import { behaviourOf, isRequired, isScope } from './rules.js';
import { ago, shown } from '../shown.js';
import type { Bearer } from './sessions.js';

/** What is kept of a token, under its `jti`. `expiresAt` in milliseconds on the age clock. */
interface Elevated {
  userId: string;
  sessionId: string;
  scopes: string[];
  singleUse: boolean;
  expiresAt: number;
  /** `taken`: a call with it is under way. Only a single use is ever anything but `free`. */
  use: 'free' | 'taken' | 'spent';
}

const KIND = 'dynamic-elevated';
/** Records outlive their token, so that a late one is told expired and not unknown. */
const KEPT_MS = 86_400_000;

/** The distinct scopes. Throws DynamicError `invalid_scopes` when the service does not have one of them. */
export function requireScopes(scopes: readonly string[]): string[] {
  if (scopes.length > 0 && scopes.every(isScope)) return [...new Set(scopes)];
  throw new DynamicError(
    'invalid_scopes',
    `scopes: expected some of the service, got ${scopes.length === 0 ? 'none' : shown(scopes.find((one) => !isScope(one)))}`,
  );
}

/** Issues one token for all the scopes. They have been checked. */
export async function issueElevated(place: Place, { session, user }: Bearer, scopes: string[]): Promise<string> {
  const { services, tenant, tokens } = place;
  const { singleUse, seconds } = behaviourOf(scopes, await settingsOf(place));
  const iat = Math.floor(services.clock.now() / 1000);
  const jti = newUuid(services.randomBytes);
  const claims = {
    iss: tenant.dynamic.issuer,
    aud: session.origin,
    sub: user.id,
    sid: session.id,
    environment_id: tenant.dynamic.environmentId,
    scope: scopes.join(' '),
    singleUse,
    iat,
    exp: iat + seconds,
    jti,
  };
  const facts = { userId: user.id, sessionId: session.id, scopes, singleUse };
  await admitElevated(place, jti, { ...facts, use: 'free' }, seconds);
  await services.emit(tenant.id, 'token', { kind: 'elevated', claims });
  return tokens.sign(claims);
}

/** Lets a token open gated calls until that many seconds from now, on the age clock. */
export async function admitElevated(
  place: Place,
  jti: string,
  facts: Omit<Elevated, 'expiresAt'>,
  seconds: number,
): Promise<void> {
  const expiresAt = age(place) + seconds * 1000;
  const record: Elevated = { ...facts, expiresAt };
  await place.services.state.put(keyOf(place, KIND, jti), record, { expiresAt: expiresAt + KEPT_MS });
}

/** An elevated token as it stands; not the token. */
export interface ElevatedState extends Elevated {
  jti: string;
}

/** Every elevated token that is kept, also those that are over, oldest first. */
export async function listElevated({ services, tenant }: TenantPlace): Promise<ElevatedState[]> {
  const kept = await services.state.list<Elevated>(tenant.id, KIND);
  return kept.map(({ id, value }) => ({ ...value, jti: id }));
}

/**
 * Does the work of a gated call. Where the settings and rules demand it, only with a token for the scope; a single use is spent by
 * success, and of several calls with it at once one does the work. Throws DynamicError `elevated_access_token_*`.
 */
export async function gated<T>(
  c: Context<Env>,
  place: Place,
  bearer: Bearer,
  gate: { path: GatedPath; scope: string },
  work: () => Promise<T>,
): Promise<T> {
  const settings = await settingsOf(place);
  if (!settings.enforce[gate.path] || !isRequired(gate.scope, settings)) return work();
  const { jti, singleUse, version } = await present(c, place, bearer, gate.scope);
  if (!singleUse) return work();
  if (!(await use(place, jti, version, 'taken'))) throw invalid('an unspent one', 'one that is in use');
  let done = false;
  try {
    const result = await work();
    done = true;
    return result;
  } finally {
    await use(place, jti, version + 1, done ? 'spent' : 'free');
  }
}

async function present(
  c: Context<Env>,
  place: Place,
  { session }: Bearer,
  scope: string,
): Promise<{ jti: string; singleUse: boolean; version: number }> {
  const token = c.req.header('x-dyn-elevated-access-token') ?? '';
  if (token === '')
    throw new DynamicError('elevated_access_token_required', `elevated token: expected one for ${scope}, got none`);
  const claims = await place.tokens.read(token);
  if (!claims) throw invalid('one of this service', 'one that it did not sign');
  if (claims.iss !== place.tenant.dynamic.issuer) {
    throw invalid(`iss ${place.tenant.dynamic.issuer}`, shown(claims.iss));
  }
  if (Number(claims.nbf ?? 0) * 1000 > place.services.clock.now()) {
    throw invalid('one that is valid', 'one that is not valid yet');
  }
  const jti = String(claims.jti);
  const kept = await place.services.state.get<Elevated>(keyOf(place, KIND, jti));
  if (!kept) throw invalid('an elevated token of this environment', 'another or a forgotten one');
  const { value: elevated, version } = kept;
  if (elevated.sessionId !== session.id) throw invalid("one of the bearer's session", "another session's");
  if (age(place) >= elevated.expiresAt) {
    throw new DynamicError(
      'elevated_access_token_expired',
      `elevated token: expected an unexpired one, got one that expired ${ago(age(place), elevated.expiresAt)}`,
    );
  }
  if (!elevated.scopes.includes(scope)) throw invalid(`one for ${scope}`, `one for ${elevated.scopes.join(' ')}`);
  if (elevated.use !== 'free') throw invalid('an unspent one', 'one that is spent or in use');
  return { jti, singleUse: elevated.singleUse, version };
}

async function use(place: Place, jti: string, version: number, next: Elevated['use']): Promise<boolean> {
  const { state } = place.services;
  const key = keyOf(place, KIND, jti);
  const kept = await state.get<Elevated>(key);
  return kept !== undefined && state.update(key, version, { ...kept.value, use: next });
}

function invalid(expected: string, got: string): DynamicError {
  return new DynamicError('elevated_access_token_invalid', `elevated token: expected ${expected}, got ${got}`);
}
