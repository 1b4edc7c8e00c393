/** Instants in tokens (RFC 7519 §4.1, NumericDate) against the clock by which they are judged. */
import { RANKS, type Finding } from './check.js';
import type { Claims } from './jws.js';
import { shown } from './shown.js';
import { judgedAt, type World } from './world.js';

/** Seconds that two clocks may differ by: what backends allow a token, and what a service allows a proof. */
const LEEWAY = 15;
const PROOF_WINDOW = 60;

/** The last instant that a date can be, in seconds. */
const LAST = 8_640_000_000_000;

/** By how much the clocks differ. `makesTimes`: what is explained has instants that this machine's clock has made. */
export function clockFinding({ offsetSeconds: offset, at }: World, makesTimes: boolean): Finding {
  const check = 'clock';
  const expected = `within ${LEEWAY} s of the service's`;
  if (offset === undefined) {
    return { check, ok: null, expected, actual: 'unknown: the service has not told its time' };
  }
  const actual = Math.abs(offset) <= 1 ? 'the same' : `${span(Math.abs(offset))} ${offset > 0 ? 'behind' : 'ahead'}`;
  const matters = makesTimes && at === undefined && Math.abs(offset) > PROOF_WINDOW;
  return {
    check,
    ok: Math.abs(offset) <= LEEWAY,
    expected,
    actual,
    cause: `This machine's clock is ${actual}${offset > 0 ? '' : ' of'} the service's: what it signs is taken for ${offset > 0 ? 'stale' : 'not yet made'}.`,
    hint: 'Set the clock by the network (NTP).',
    rank: matters ? RANKS.clock : RANKS.style,
  };
}

/** When a token begins and ends. `sentAt`: when a proof that goes along was made, milliseconds. */
export function lifeFindings(
  claims: Claims,
  world: World,
  {
    what,
    prefix,
    leeway = LEEWAY,
    sentAt,
  }: { what: string; prefix: string; leeway?: number; sentAt?: number | undefined },
): Finding[] {
  const at = judgedAt(world);
  return [
    expFinding(claims['exp'], { at, sentAt, given: world.at !== undefined, what, prefix, leeway }),
    ...(['nbf', 'iat'] as const).flatMap((name) =>
      claims[name] === undefined ? [] : [startFinding(name, claims[name], { at, what, prefix, leeway })],
    ),
  ];
}

interface Judged {
  at: number;
  what: string;
  prefix: string;
  leeway: number;
}

function expFinding(
  exp: unknown,
  { at, sentAt, given, what, prefix, leeway }: Judged & { sentAt: number | undefined; given: boolean },
): Finding {
  const finding = { check: `${prefix}exp`, expected: 'an instant to come', rank: RANKS.claim };
  const instant = instantOf(exp);
  if (typeof instant === 'string') {
    return { ...finding, ok: false, actual: instant, cause: `The ${what} has an exp that is none: ${instant}.` };
  }
  const actual = inWords(instant, at);
  if (instant + leeway * 1000 > at) return { ...finding, ok: true, actual };
  const before = sentAt ?? (given ? at : undefined);
  const wasOver = before !== undefined && instant + leeway * 1000 <= before;
  const ago = span((at - instant) / 1000);
  return {
    ...finding,
    ok: false,
    actual,
    rank: wasOver ? RANKS.time : RANKS.stale,
    cause: wasOver
      ? `The ${what} had expired ${span((before - instant) / 1000)} before it was sent.`
      : `The ${what} has expired: it ended ${ago} ago.`,
    hint: wasOver
      ? 'Get a fresh one: stepup token'
      : 'Get a fresh one. If it was sent while it was good, say when: --at TIME',
  };
}

function startFinding(name: 'nbf' | 'iat', value: unknown, { at, what, prefix, leeway }: Judged): Finding {
  const finding = { check: `${prefix}${name}`, expected: 'an instant that has passed', rank: RANKS.time };
  const instant = instantOf(value);
  if (typeof instant === 'string') {
    return { ...finding, ok: false, actual: instant, cause: `The ${what} has an ${name} that is none: ${instant}.` };
  }
  const actual = inWords(instant, at);
  if (instant - leeway * 1000 <= at) return { ...finding, ok: true, actual };
  return {
    ...finding,
    ok: false,
    actual,
    cause: `The ${what} is not good yet: its ${name} is ${span((instant - at) / 1000)} ahead.`,
    hint: 'The clock of whoever checks it is behind, or that of whoever signed it is ahead.',
  };
}

/** When a proof was made: it is good for about a minute, either way. */
export function proofTimeFinding(iat: unknown, world: World, prefix: string): Finding {
  const at = judgedAt(world);
  const finding = { check: `${prefix}iat`, expected: `within ${PROOF_WINDOW} s of when it was sent`, rank: RANKS.time };
  const instant = instantOf(iat);
  if (typeof instant === 'string') {
    return { ...finding, ok: false, actual: instant, cause: `The proof has an iat that is none: ${instant}.` };
  }
  const actual = inWords(instant, at);
  const off = (instant - at) / 1000;
  if (Math.abs(off) <= PROOF_WINDOW) return { ...finding, ok: true, actual };
  if (off > 0) {
    const cause = `The proof is from the future: its iat is ${span(off)} ahead of the server's clock.`;
    return { ...finding, ok: false, actual, cause, hint: 'Set the clock of the machine that made it by the network.' };
  }
  const given = world.at !== undefined;
  return {
    ...finding,
    ok: false,
    actual,
    rank: given ? RANKS.time : RANKS.stale,
    cause: given
      ? `The proof was ${span(-off)} old when it was sent: it is good for about a minute.`
      : `The proof is ${span(-off)} old: it is good for about a minute.`,
    hint: given
      ? 'Make a new proof for each request; or the clock of the machine that made it is behind.'
      : 'Make a new proof for each request. If it was sent at once, say when: --at TIME',
  };
}

/** When a proof says that it was made, in milliseconds; undefined where that cannot be: by then nobody could have sent it. */
export function madeAt(iat: unknown, world: World): number | undefined {
  const instant = instantOf(iat);
  return typeof instant === 'number' && instant <= judgedAt(world) + PROOF_WINDOW * 1000 ? instant : undefined;
}

/** Milliseconds of a NumericDate, or what is wrong with it. */
function instantOf(value: unknown): number | string {
  if (typeof value !== 'number') return shown(value);
  if (!Number.isFinite(value) || Math.abs(value) > LAST) return 'a number that is no instant';
  // Seconds of the year 5138 are more likely milliseconds of ours.
  if (value > 100_000_000_000) return 'in milliseconds instead of seconds';
  return value * 1000;
}

/** `2026-03-01T12:00:00.000Z, 5 s ago`. */
function inWords(instant: number, at: number): string {
  const off = Math.round((instant - at) / 1000);
  const when = off === 0 ? 'now' : `${span(Math.abs(off))} ${off > 0 ? 'ahead' : 'ago'}`;
  return `${new Date(instant).toISOString()}, ${when}`;
}

const UNITS: [size: number, name: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** Seconds in at most two units. */
function span(seconds: number): string {
  let left = Math.max(1, Math.round(seconds));
  const first = UNITS.findIndex(([size]) => left >= size);
  const parts = UNITS.slice(first, first + 2).map(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? '' : `${count} ${name}`;
  });
  return parts.filter(Boolean).join(' ');
}
