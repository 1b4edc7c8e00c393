/** Spans of time in words, for people. */

const UNITS: [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

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
