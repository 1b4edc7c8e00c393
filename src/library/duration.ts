/** Spans of time as a test writes them. */

/** Seconds, or a number with a unit: `90`, `'500ms'`, `'90s'`, `'6m'`, `'2h'`, `'7d'`, `'1h 30m'`; negative ones with a sign in front. */
export type Duration = number | string;

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };
const PART = String.raw`\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)`;

/** A duration in seconds. Throws TypeError for what is none. */
export function secondsOf(duration: Duration): number {
  if (typeof duration === 'number' && Number.isFinite(duration)) return duration;
  const text = String(duration).trim();
  if (!new RegExp(`^[+-]?\\s*${PART}(?:\\s*${PART})*$`).test(text)) {
    throw new TypeError(
      `A duration is a number of seconds, or text such as '6m' or '1h 30m', not ${JSON.stringify(duration)}.`,
    );
  }
  const parts = text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g);
  const seconds = [...parts].reduce((sum, [, count, unit = 's']) => sum + Number(count) * (SECONDS[unit] ?? 1), 0);
  return text.startsWith('-') ? -seconds : seconds;
}
