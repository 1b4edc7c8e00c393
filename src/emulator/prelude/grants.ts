/** Scopes that a session's tokens carry, until when, and where they come from. */
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import type { Effect } from './rules.js';
import type { Session } from './sessions.js';
import { scopesOfUser } from './user-scopes.js';

type GrantEffect = Extract<Effect, { type: 'grant' }>;

/** A scope with the end of its grant, milliseconds on the age clock; null: none. */
export interface GrantedScope {
  scope: string;
  endsAt: number | null;
  /** Id of what it comes from: a challenge, the session's login configuration, the user. Consumed as one. */
  source: string;
}

/** What a token's scopes come from, by scope. */
export type Sources = Record<string, string[]>;

interface Grant extends Omit<GrantedScope, 'source'> {
  mode: GrantEffect['mode'];
}

const CONSUMED = 'prelude-consumed';

/** Keeps a grant under its challenge's id: bound ones for every later token, a single use for the next one only. */
export async function keepGrant(place: Place, id: string, session: Session, effect: GrantEffect): Promise<void> {
  const { scope, mode, endsAt } = effect;
  const index: Record<string, string> = mode === 'profile-bound' ? { user: session.userId } : { session: session.id };
  const options = endsAt === null ? { index } : { index, expiresAt: endsAt };
  await place.services.state.put<Grant>(keyOf(place, 'prelude-grant', id), { scope, mode, endsAt }, options);
}

/** Takes a user's profile-bound grants away. */
export async function removeUserGrants(place: TenantPlace, userId: string): Promise<void> {
  const { state } = place.services;
  for (const { id } of await state.listByIndex<Grant>(place.tenant.id, 'prelude-grant', 'user', userId)) {
    await state.delete(keyOf(place, 'prelude-grant', id));
  }
}

/** The scopes for the session's next token. A single use is taken away by it. */
export async function takeScopes(place: Place, session: Session): Promise<GrantedScope[]> {
  const { state } = place.services;
  const ofSession = await state.listByIndex<Grant>(place.tenant.id, 'prelude-grant', 'session', session.id);
  const ofUser = await state.listByIndex<Grant>(place.tenant.id, 'prelude-grant', 'user', session.userId);
  const scopes: GrantedScope[] = session.grantedScopes.map((scope) => ({ scope, endsAt: null, source: session.id }));
  for (const scope of await scopesOfUser(place, session.userId)) {
    scopes.push({ scope, endsAt: null, source: session.userId });
  }
  for (const { id, value } of [...ofSession, ...ofUser]) {
    const single = value.mode === 'single-use';
    if (single && !(await state.takeOnce<Grant>(keyOf(place, 'prelude-grant', id)))) continue;
    scopes.push({ scope: value.scope, endsAt: value.endsAt, source: id });
  }
  const left: GrantedScope[] = [];
  for (const granted of scopes) if (!(await isConsumed(place, granted.source, granted.scope))) left.push(granted);
  return left;
}

/** Throws FrontendError `insufficient_scope` unless the token has the scope and it has not been consumed since. */
export async function requireScope(place: Place, sources: Sources, scope: string): Promise<string[]> {
  const from = Object.hasOwn(sources, scope) ? (sources[scope] ?? []) : [];
  if (from.length === 0) throw lacking(scope, 'one without');
  for (const source of from) if (await isConsumed(place, source, scope)) throw lacking(scope, 'one that was consumed');
  return from;
}

/**
 * Prelude: consumes a scope that is good for one call, whichever of the session's tokens shows it; later tokens lack it. Of several at
 * once, one gets through. Throws FrontendError `insufficient_scope`.
 */
export async function consumeScope(place: Place, sources: Sources, scope: string): Promise<void> {
  // In one order for all, so that of two tokens that share a source exactly one wins.
  for (const source of [...(await requireScope(place, sources, scope))].sort()) {
    const first = await place.services.state.putIfAbsent(keyOf(place, CONSUMED, `${source} ${scope}`), true);
    if (!first) throw lacking(scope, 'one that was consumed');
  }
}

/** Gives a scope of this source anew. */
export async function restoreScope(place: Place, source: string, scope: string): Promise<void> {
  await place.services.state.delete(keyOf(place, CONSUMED, `${source} ${scope}`));
}

async function isConsumed(place: Place, source: string, scope: string): Promise<boolean> {
  return (await place.services.state.get(keyOf(place, CONSUMED, `${source} ${scope}`))) !== undefined;
}

function lacking(scope: string, got: string): FrontendError {
  return new FrontendError('insufficient_scope', `access token: expected one with ${scope}, got ${got}`);
}

/** The distinct scopes with their sources, and how many seconds a token with all of them may live: never past the first grant to end. */
export function combine(
  place: Place,
  granted: GrantedScope[],
  lifetimeSeconds: number,
): { scope: string; seconds: number; sources: Sources } {
  const now = age(place);
  const latest = new Map<string, number>();
  const sources = new Map<string, string[]>();
  for (const { scope, endsAt, source } of granted) {
    const end = endsAt ?? Number.POSITIVE_INFINITY;
    if (end <= now) continue;
    latest.set(scope, Math.max(end, latest.get(scope) ?? 0));
    sources.set(scope, [...(sources.get(scope) ?? []), source]);
  }
  const left = Math.min(...latest.values(), Number.POSITIVE_INFINITY) - now;
  return {
    scope: [...latest.keys()].join(' '),
    seconds: Math.min(lifetimeSeconds, Math.max(1, Math.floor(left / 1000))),
    sources: Object.fromEntries(sources),
  };
}
