/** Spans of time, in words for people and as people type them. */
import { UsageError } from './errors.js';

const UNITS: [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, min: 60, m: 60, s: 1, ms: 0.001 };
const PART = /(\d+(?:\.\d+)?)(d|h|min|ms|m|s)/g;

/**
 * Seconds of a span as a person types it: `6m`, `1h30m`, `2d`, `500ms`, or a number of seconds; below zero with a minus in front. Throws
 * UsageError FLAG_INVALID that names `field`.
 */
export function parseDuration(text: string, field: string): number {
  const [, minus, amount = ''] = /^(-?)(.*)$/.exec(text.replaceAll(' ', '')) ?? [];
  const sign = minus ? -1 : 1;
  if (/^\d+(\.\d+)?$/.test(amount)) return sign * Number(amount);
  const parts = [...amount.matchAll(PART)];
  if (amount !== '' && parts.map(([part]) => part).join('') === amount) {
    return sign * parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (SECONDS[unit] ?? 0), 0);
  }
  throw new UsageError('FLAG_INVALID', `${field} takes a span of time such as 90s, 6m or 1h30m, not "${text}".`, {
    field,
  });
}

/** Seconds in at most two units: `45 s`, `2 min 5 s`, `1 h`. Fractions are dropped; below zero counts as none. */
export function durationInWords(seconds: number): string {
  let left = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(' ') : '0 s';
}

/** How long it is until an ISO 8601 instant: `45 s left`, or `over`. `now` is in milliseconds. */
export function timeLeft(until: string, now: number): string {
  const seconds = (Date.parse(until) - now) / 1000;
  return seconds > 0 ? `${durationInWords(seconds)} left` : 'over';
}
