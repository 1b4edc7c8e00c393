/** Challenges as lines of progress: what was asked, each step, and how it ends. */
import type { EventBook } from './event-book.js';
import type { Challenge, Event, Message } from './wire.js';

export type PointState = 'done' | 'current' | 'waiting' | 'failed';

/** One point of the line. */
export interface Point {
  label: string;
  state: PointState;
}

export interface Progress {
  key: string;
  provider: string;
  /** What is asked for: a scope, or whom a code went to. */
  title: string;
  status: Challenge['status'] | 'blocked';
  points: Point[];
  mode: string | null;
  userId: string | null;
  /** ISO 8601, real time; undefined when the event is no longer kept. */
  startedAt: string | undefined;
  /** ISO 8601 on the tenant's clock; undefined for what is over. */
  endsAt: string | undefined;
}

/** The last point of the line. */
const END: Record<Progress['status'], Point> = {
  open: { label: 'granted', state: 'waiting' },
  proved: { label: 'exchange', state: 'current' },
  granted: { label: 'granted', state: 'done' },
  used: { label: 'used', state: 'done' },
  failed: { label: 'too many attempts', state: 'failed' },
  expired: { label: 'expired', state: 'failed' },
  blocked: { label: 'blocked', state: 'failed' },
};
const FIRST: Record<Challenge['kind'], string> = { challenge: 'asked', code: 'sent', 'elevated-token': 'checked' };

/**
 * Everything under way and what is over, newest first. A code that was sent to log somebody in is none of it, and one that was right
 * shows as what it has earned.
 */
export function progressOf(
  challenges: readonly Challenge[],
  book: EventBook,
  messages: readonly Message[],
): Progress[] {
  const stepUpCodes = new Set(
    messages.filter(({ purpose }) => purpose === 'step-up').map(({ challengeId }) => challengeId),
  );
  const kept = challenges
    .filter(({ kind, id, status }) => kind !== 'code' || (stepUpCodes.has(id) && status !== 'used'))
    .map((challenge) => lineOf(challenge, book.seenAt(challenge.id)));
  const blocked = book.events.filter(({ type, transition }) => type === 'challenge' && transition === 'blocked');
  return [...kept, ...blocked.map(blockedLine)].sort((one, other) =>
    (other.startedAt ?? '').localeCompare(one.startedAt ?? ''),
  );
}

function lineOf(challenge: Challenge, startedAt: string | undefined): Progress {
  const { id, provider, kind, scope, status, steps, mode, userId, to, endsAt } = challenge;
  return {
    key: id,
    provider,
    title: scope ?? `code to ${to ?? 'nobody'}`,
    status,
    points: pointsOf(FIRST[kind], steps, status),
    mode,
    userId,
    startedAt,
    endsAt: endsAt ?? undefined,
  };
}

/** The first step that is not done is where it stands: under way, or where it ended. */
export function pointsOf(
  first: string,
  steps: readonly { key: string; done: boolean }[],
  status: Progress['status'],
): Point[] {
  const at = steps.findIndex(({ done }) => !done);
  const here: PointState = status === 'open' ? 'current' : 'failed';
  const between = steps.map(({ key, done }, index): Point => {
    const state = done ? 'done' : index === at ? here : 'waiting';
    return { label: key, state };
  });
  return [{ label: first, state: 'done' }, ...between, END[status]];
}

function blockedLine({ id, scope, userId, at, provider }: Event): Progress {
  return {
    key: `blocked-${id}`,
    provider: typeof provider === 'string' ? provider : 'prelude',
    title: typeof scope === 'string' ? scope : '',
    status: 'blocked',
    points: pointsOf('asked', [], 'blocked'),
    mode: null,
    userId: typeof userId === 'string' ? userId : null,
    startedAt: at,
    endsAt: undefined,
  };
}
