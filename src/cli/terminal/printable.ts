/**
 * What steers a terminal or cannot be seen: control characters, those that turn the direction of writing or have no width (Unicode's Cf),
 * and its line and paragraph separators. A reader would approve another text than the one that stands there.
 */
const UNSEEN = '\\p{Cc}\\p{Cf}\\u2028\\u2029';
const EACH_UNSEEN = new RegExp(`[${UNSEEN}]`, 'gu');
/** An SGR sequence of ECMA-48 (§8.3.117), or one of those that is neither line end nor tab. */
const COLOUR_OR_UNSEEN = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m|(?![\\n\\t])[${UNSEEN}]`, 'gu');

/** A text that comes from somebody else (a service, a hook, a token): nothing of it may steer the terminal, or hide in it. */
export function printable(text: string): string {
  return text.replace(EACH_UNSEEN, '?');
}

/** Text on its way to a terminal: only line ends, tabs and the colours that we gave it may steer it, whoever else wrote in it. */
export function steered(text: string): string {
  return text.replace(COLOUR_OR_UNSEEN, (found) => (found.startsWith('\u001b[') ? found : '?'));
}

/** JSON with all of these escaped that `JSON.stringify` leaves as they are, among them DEL and the one-byte CSI. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(EACH_UNSEEN, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
