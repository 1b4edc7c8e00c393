/** An SGR sequence of ECMA-48 (§8.3.117), or a control character that is neither line end nor tab. */
const COLOUR_OR_CONTROL = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m|[^\\P{Cc}\\n\\t]`, 'gu');

/** A text that comes from somebody else (a service, a hook, a token): no control character of it may reach the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** Text on its way to a terminal: only line ends, tabs and the colours that we gave it may steer it, whoever else wrote in it. */
export function steered(text: string): string {
  return text.replace(COLOUR_OR_CONTROL, (found) => (found.length > 1 ? found : '?'));
}

/** JSON with the controls escaped that `JSON.stringify` leaves as they are: DEL and C1, among them the one-byte CSI. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f]/g, (found) => `\\u00${found.charCodeAt(0).toString(16)}`);
}
