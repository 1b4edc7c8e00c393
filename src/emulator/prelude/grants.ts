/** Scopes that a session's tokens carry, and until when. */
import { age, keyOf } from '../tenant-place.js';
import type { Place } from './parts.js';
import type { Effect } from './rules.js';
import type { Session } from './sessions.js';

type GrantEffect = Extract<Effect, { type: 'grant' }>;

/** A scope with the end of its grant, milliseconds on the age clock; null: none. */
export interface GrantedScope {
  scope: string;
  endsAt: number | null;
}

interface Grant extends GrantedScope {
  mode: GrantEffect['mode'];
}

/** Keeps a grant under its challenge's id: bound ones for every later token, a single use for the next one only. */
export async function keepGrant(place: Place, id: string, session: Session, effect: GrantEffect): Promise<void> {
  const { scope, mode, endsAt } = effect;
  const index: Record<string, string> = mode === 'profile-bound' ? { user: session.userId } : { session: session.id };
  const options = endsAt === null ? { index } : { index, expiresAt: endsAt };
  await place.services.state.put<Grant>(keyOf(place, 'prelude-grant', id), { scope, mode, endsAt }, options);
}

/** The scopes for the session's next token. A single use is taken away by it. */
export async function takeScopes(place: Place, session: Session): Promise<GrantedScope[]> {
  const { state } = place.services;
  const ofSession = await state.listByIndex<Grant>(place.tenant.id, 'prelude-grant', 'session', session.id);
  const ofUser = await state.listByIndex<Grant>(place.tenant.id, 'prelude-grant', 'user', session.userId);
  const scopes: GrantedScope[] = session.grantedScopes.map((scope) => ({ scope, endsAt: null }));
  for (const { id, value } of [...ofSession, ...ofUser]) {
    const single = value.mode === 'single-use';
    if (single && !(await state.takeOnce<Grant>(keyOf(place, 'prelude-grant', id)))) continue;
    scopes.push({ scope: value.scope, endsAt: value.endsAt });
  }
  return scopes;
}

/** The distinct scopes, and how many seconds a token with all of them may live: never past the first grant to end. */
export function combine(
  place: Place,
  granted: GrantedScope[],
  lifetimeSeconds: number,
): { scope: string; seconds: number } {
  const now = age(place);
  const latest = new Map<string, number>();
  for (const { scope, endsAt } of granted) {
    const end = endsAt ?? Number.POSITIVE_INFINITY;
    if (end > now) latest.set(scope, Math.max(end, latest.get(scope) ?? 0));
  }
  const left = Math.min(...latest.values(), Number.POSITIVE_INFINITY) - now;
  return {
    scope: [...latest.keys()].join(' '),
    seconds: Math.min(lifetimeSeconds, Math.max(1, Math.floor(left / 1000))),
  };
}
