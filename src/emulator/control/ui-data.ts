/** `/ui-data`: what the web page shows of the state. Made for that page and no part of the public contract. */
import { Hono } from 'hono';
import { listElevated } from '../dynamic/elevation.js';
import { listSessions as listDynamicSessions, type Session as DynamicSession } from '../dynamic/sessions.js';
import { listVerifications } from '../dynamic/verifications.js';
import { findUser as findDynamicUser } from '../dynamic/users.js';
import { aliasOf } from '../dynamic/credentials.js';
import { listChallenges } from '../prelude/challenges.js';
import type { Challenge } from '../prelude/rules.js';
import { listSessions as listPreludeSessions, type Session as PreludeSession } from '../prelude/sessions.js';
import { findUser as findPreludeUser } from '../prelude/users.js';
import { age, servicesFor, type TenantPlace } from '../tenant-place.js';
import type { Controlled, ControlEnv } from './control.js';
import type { ShownChallenge, ShownSession, UiData } from './ui-shapes.js';

/** The newest so many of each kind are shown, of each side. */
const SHOWN = 100;

/** GET tells the newest sessions and challenges, newest first, with how many there are of each. No secret is in it. */
export function uiDataCalls({ services }: Controlled): Hono<ControlEnv> {
  return new Hono<ControlEnv>().get('/', async (c) => {
    const { tenant } = c.var;
    const place = { services: servicesFor(services, tenant), tenant };
    const [prelude, dynamic] = [await listPreludeSessions(place), await listDynamicSessions(place)];
    const sessions = [
      ...(await Promise.all(newest(prelude).map((session) => showPrelude(place, session)))),
      ...(await Promise.all(newest(dynamic).map((session) => showDynamic(place, session)))),
    ];
    return c.json<UiData>({
      sessions: { total: prelude.length + dynamic.length, newest: sessions },
      challenges: await showChallenges(place),
    });
  });
}

async function showPrelude(place: TenantPlace, session: PreludeSession): Promise<ShownSession> {
  const { id, userId, createdAt, endsAt, jkt, userAgent } = session;
  const user = await findPreludeUser(place, userId);
  return {
    provider: 'prelude',
    id,
    userId,
    who: user?.identifiers[0]?.value ?? null,
    startedAt: instant(createdAt),
    endsAt: endsAt === undefined ? null : instant(endsAt),
    key: jkt,
    client: userAgent,
  };
}

async function showDynamic(place: TenantPlace, session: DynamicSession): Promise<ShownSession> {
  const { id, userId, endsAt, sessionPublicKey, origin } = session;
  const credential = (await findDynamicUser(place, userId))?.credentials[0];
  return {
    provider: 'dynamic',
    id,
    userId,
    who: credential ? aliasOf(credential) : null,
    startedAt: null,
    endsAt: instant(endsAt),
    key: sessionPublicKey,
    client: origin,
  };
}

async function showChallenges(place: TenantPlace): Promise<UiData['challenges']> {
  const now = age(place);
  const challenges = await listChallenges(place);
  const codes = await listVerifications(place);
  const elevated = await listElevated(place);
  const shown: ShownChallenge[] = [
    ...newest(challenges).map((challenge) => showChallenge(challenge, now)),
    ...newest(elevated).map(({ jti, userId, sessionId, scopes, singleUse, use, expiresAt }) => ({
      provider: 'dynamic' as const,
      kind: 'elevated-token' as const,
      id: jti,
      scope: scopes.join(' '),
      status: use === 'spent' ? ('spent' as const) : expired(expiresAt, now, 'granted'),
      steps: [{ key: 'proof', done: true }],
      mode: singleUse ? 'single-use' : 'time-bound',
      userId,
      sessionId,
      to: null,
      endsAt: instant(expiresAt),
    })),
    ...newest(codes).map(({ id, channel, to, over, expiresAt }) => ({
      provider: 'dynamic' as const,
      kind: 'code' as const,
      id,
      scope: null,
      status:
        over === 'used'
          ? ('spent' as const)
          : over === 'exhausted'
            ? ('failed' as const)
            : expired(expiresAt, now, 'open'),
      steps: [{ key: `code by ${channel}`, done: over === 'used' }],
      mode: null,
      userId: null,
      sessionId: null,
      to,
      endsAt: instant(expiresAt),
    })),
  ];
  return { total: challenges.length + codes.length + elevated.length, newest: shown };
}

function showChallenge(challenge: Challenge, now: number): ShownChallenge {
  const { id, scope, steps, status, grantMode, userId, sessionId, expiresAt } = challenge;
  const over = { completed: expired(expiresAt, now, 'granted'), spent: 'spent', dead: 'failed' } as const;
  return {
    provider: 'prelude',
    kind: 'challenge',
    id,
    scope,
    status: status === 'open' ? expired(expiresAt, now, 'open') : over[status],
    steps: steps.map(({ key, done }) => ({ key, done })),
    mode: grantMode,
    userId,
    sessionId,
    to: null,
    endsAt: instant(expiresAt),
  };
}

function expired<S extends string>(expiresAt: number, now: number, otherwise: S): S | 'expired' {
  return now >= expiresAt ? 'expired' : otherwise;
}

function newest<T>(list: T[]): T[] {
  return list.slice(-SHOWN).reverse();
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
