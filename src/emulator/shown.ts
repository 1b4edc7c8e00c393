/** What came instead of what was expected, in words for the event log. */

const MAX_SHOWN = 100;
const PLAIN = /^[\w .:/@+~%*,{}?=&-]+$/;
/** Three parts of base64url: a JWT, which is a secret. */
const TOKEN = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/;
const DIGITS = /^\d{4,8}$/;

/** A name, id or address as it came; only its kind for what could hold a token or a code, or is long. */
export function shown(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return `a value of type ${typeof value}`;
  if (value === '') return 'an empty text';
  if (value.length > MAX_SHOWN) return `${value.length} characters`;
  return !PLAIN.test(value) || TOKEN.test(value) || DIGITS.test(value) ? 'something else' : value;
}

/** How long ago `then` was, both in milliseconds of one clock. */
export function ago(now: number, then: number): string {
  return `${Math.max(0, Math.floor((now - then) / 1000))} s ago`;
}

/** How far a time in seconds is from another: `74 s old`, or `5 s ahead`. */
export function offBy(seconds: number): string {
  return seconds <= 0 ? `${Math.round(-seconds)} s old` : `${Math.round(seconds)} s ahead`;
}
