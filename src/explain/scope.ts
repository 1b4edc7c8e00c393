/** Whether a token holds the scopes that are demanded, word for word. */
import { RANKS, type Finding } from './check.js';
import { scopesIn } from './kinds.js';
import { shownList, shownText } from './shown.js';

/** Checks the scopes. */
export function scopeFindings(
  claims: Record<string, unknown>,
  wanted: readonly string[],
  { what, prefix }: { what: string; prefix: string },
): Finding[] {
  const { words, odd } = scopesIn(claims);
  const check = `${prefix}scope`;
  const held = words.length === 0 ? 'none' : shownList(words);
  const actual = odd === undefined ? held : `${held}, as ${odd}`;
  if (odd !== undefined) {
    const cause = `The ${what} has its scopes as ${odd}, and they are one text with blanks between.`;
    return [{ check, ok: false, expected: 'one text with blanks between', actual, cause, rank: RANKS.scope }];
  }
  if (wanted.length === 0) {
    const hint = 'Say which scope the server demands: --scope SCOPE';
    return [{ check, ok: null, expected: 'not said', actual, hint }];
  }
  return wanted.map((scope) => {
    const finding = { check, expected: shownText(scope), actual, rank: RANKS.scope };
    if (words.includes(scope)) return { ...finding, ok: true };
    const alike = words.find((each) => isAlike(each, scope));
    return {
      ...finding,
      ok: false,
      cause:
        alike === undefined
          ? `The ${what} does not hold ${shownText(scope)}.`
          : `The ${what} holds ${shownText(alike)}, which is another scope than ${shownText(scope)}.`,
      hint:
        alike === undefined
          ? `Step up for it: stepup token --scope ${shownText(scope)}`
          : 'Scopes are compared word for word; ask for the one that the server demands.',
    };
  });
}

function isAlike(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || a.includes(b) || b.includes(a) || a.replace(/\W/g, '') === b.replace(/\W/g, '');
}
