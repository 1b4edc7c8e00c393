/** Values of somebody else's as they may be shown: short, on one line, and never a credential. */

const LONGEST = 80;
/** Anything that looks like a JWS or JWE, whole or cut off. */
const TOKEN = /eyJ[\w-]{5,}(\.[\w+/=-]*)*/g;

/** A text without control characters, tokens and what is more than 80 characters of it. */
export function shownText(text: string): string {
  // Only the beginning is looked at: it may be a megabyte.
  const clean = text
    .slice(0, 4 * LONGEST)
    .replace(TOKEN, '(a token)')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  const letters = Array.from(clean);
  return letters.length > LONGEST || text.length > 4 * LONGEST ? `${letters.slice(0, LONGEST).join('')}…` : clean;
}

/** A claim's value: a text or number itself, else its kind. */
export function shown(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (typeof value === 'string') return value === '' ? 'an empty text' : shownText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? (value.length === 0 ? 'an empty list' : 'a list') : 'an object';
}

/** An address without user, password, query and fragment: each may have a secret. A text that is none is cut at its `?`. */
export function shownUrl(address: string): string {
  if (!URL.canParse(address)) return shownText(address.replace(/[?#][^]*$/, ''));
  const { protocol, host, pathname } = new URL(address);
  return shownText(`${protocol}//${host}${pathname}`);
}

/** Several words in a row, the first of many. */
export function shownList(words: readonly string[], most = 8): string {
  const first = words.slice(0, most).map(shownText);
  if (words.length > most) first.push(`${words.length - most} more`);
  return first.join(', ');
}
