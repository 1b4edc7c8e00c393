/** A text that comes from somebody else (a service, a hook, a token): no control character of it may reach the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
