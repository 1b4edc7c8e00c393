/** `/ui-data`: what the web page shows of the state. Made for that page and no part of the public contract. */
import { Hono } from 'hono';
import { listElevated, type ElevatedState } from '../dynamic/elevation.js';
import { listSessions as listDynamicSessions, type Session as DynamicSession } from '../dynamic/sessions.js';
import { listVerifications, type VerificationState } from '../dynamic/verifications.js';
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
  return {
    total: challenges.length + codes.length + elevated.length,
    newest: [
      ...newest(challenges).map((challenge) => showChallenge(challenge, now)),
      ...newest(elevated).map((token) => showElevated(token, now)),
      ...newest(codes).map((code) => showCode(code, now)),
    ],
  };
}

const OF_CHALLENGE = { open: 'open', completed: 'proved', spent: 'granted', dead: 'failed' } as const;

function showChallenge(challenge: Challenge, now: number): ShownChallenge {
  const { id, scope, steps, grantMode, userId, sessionId, expiresAt } = challenge;
  const status = OF_CHALLENGE[challenge.status];
  const runs = status === 'open' || status === 'proved';
  return {
    provider: 'prelude',
    kind: 'challenge',
    id,
    scope,
    mode: grantMode,
    userId,
    sessionId,
    to: null,
    ...(runs ? running(status, expiresAt, now) : { status, endsAt: null }),
    steps: steps.map(({ key, done }) => ({ key, done })),
  };
}

function showElevated(token: ElevatedState, now: number): ShownChallenge {
  const { jti, scopes, singleUse, use, userId, sessionId, expiresAt } = token;
  const mode = singleUse ? 'single-use' : 'time-bound';
  return {
    provider: 'dynamic',
    kind: 'elevated-token',
    id: jti,
    scope: scopes.join(' '),
    mode,
    userId,
    sessionId,
    to: null,
    ...(use === 'spent' ? { status: 'used', endsAt: null } : running('granted', expiresAt, now)),
    steps: [{ key: 'proof', done: true }],
  };
}

function showCode({ id, channel, to, over, expiresAt }: VerificationState, now: number): ShownChallenge {
  return {
    provider: 'dynamic',
    kind: 'code',
    id,
    scope: null,
    mode: null,
    userId: null,
    sessionId: null,
    to,
    ...(over === null
      ? running('open', expiresAt, now)
      : { status: over === 'used' ? 'used' : 'failed', endsAt: null }),
    steps: [{ key: `code by ${channel}`, done: over === 'used' }],
  };
}

/** What runs out at a time of the tenant's clock. */
function running(
  status: ShownChallenge['status'],
  expiresAt: number,
  now: number,
): Pick<ShownChallenge, 'status' | 'endsAt'> {
  return now >= expiresAt ? { status: 'expired', endsAt: null } : { status, endsAt: instant(expiresAt) };
}

function newest<T>(list: T[]): T[] {
  return list.slice(-SHOWN).toReversed();
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
