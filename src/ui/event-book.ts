/** The events that the page keeps, and what it knows from them. */
import { createPastClock } from './clock.js';
import type { Event } from './wire.js';

/** As many as the emulator keeps. */
export const KEPT_EVENTS = 10_000;

/** The newest access token of a session: its claims, never the token. */
export interface SessionToken {
  claims: Record<string, unknown>;
  issuedAt: string;
  /** When the emulator takes it for expired, milliseconds on the tenant's clock; undefined when that is not known. */
  endsAt: number | undefined;
}

export interface EventBook {
  add(event: Event): void;
  clear(): void;
  /** Oldest first. The list itself changes with each `add`. */
  readonly events: readonly Event[];
  /** How many of each type. */
  readonly counts: ReadonlyMap<string, number>;
  tokenOf(sessionId: string): SessionToken | undefined;
  /** When the page first heard of it: ISO 8601. */
  seenAt(id: string): string | undefined;
  /** The text that a search looks at, in lower case. */
  textOf(event: Event): string;
}

export function createEventBook(): EventBook {
  let events: Event[] = [];
  let counts = new Map<string, number>();
  let tokens = new Map<string, SessionToken>();
  let seen = new Map<string, string>();
  let clock = createPastClock();
  let texts = new WeakMap<Event, string>();

  const count = (type: string, by: number): void => void counts.set(type, (counts.get(type) ?? 0) + by);

  const note = (event: Event): void => {
    const claims = event['claims'];
    if (event.type === 'token' && isRecord(claims)) {
      const { sid, iat, exp, jti } = claims;
      if (typeof jti === 'string') see(jti, event);
      if (event['kind'] !== 'access' || typeof sid !== 'string') return;
      const age = clock.ageAt(event);
      const endsAt =
        age === undefined || typeof exp !== 'number' || typeof iat !== 'number' ? undefined : age + (exp - iat) * 1000;
      tokens.set(sid, { claims, issuedAt: event.at, endsAt });
    }
    if (typeof event['challengeId'] === 'string') see(event['challengeId'], event);
  };
  const see = (id: string, { at }: Event): void => {
    if (!seen.has(id)) seen.set(id, at);
  };

  return {
    add(event) {
      events.push(event);
      count(event.type, 1);
      clock.take(event);
      note(event);
      // A thousand more may gather, so that most events cost no copy.
      if (events.length < KEPT_EVENTS + 1000) return;
      for (const { type } of events.slice(0, -KEPT_EVENTS)) count(type, -1);
      events = events.slice(-KEPT_EVENTS);
      const oldest = events[0]?.at ?? '';
      for (const [id, at] of seen) if (at < oldest) seen.delete(id);
      for (const [sid, { issuedAt }] of tokens) if (issuedAt < oldest) tokens.delete(sid);
    },
    clear() {
      events = [];
      counts = new Map();
      tokens = new Map();
      seen = new Map();
      clock = createPastClock();
      texts = new WeakMap();
    },
    get events() {
      return events;
    },
    get counts() {
      return counts;
    },
    tokenOf: (sessionId) => tokens.get(sessionId),
    seenAt: (id) => seen.get(id),
    textOf(event) {
      const text = texts.get(event) ?? JSON.stringify(event).toLowerCase();
      texts.set(event, text);
      return text;
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
