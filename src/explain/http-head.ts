/** The head of an HTTP message: its lines and its headers (RFC 9112 §5). */

const HEADER = /^(:?[!#$%&'*+.^`|~\w-]{1,200})[ \t]*:(.*)$/s;

/** More than this is no message of anybody. */
const MOST_HEADERS = 2000;

/** Whether a line is a header. */
export function isHeaderLine(line: string): boolean {
  return HEADER.test(line);
}

/** Values of a header, each as it stood there. */
export function valuesOf(headers: readonly [string, string][], name: string): string[] {
  return headers.filter(([each]) => each.trim().toLowerCase() === name).map(([, value]) => value);
}

/** Lines of a head; one that begins with a blank goes on with the line before it (RFC 9112 §5.2, obs-fold). */
export function unfolded(head: string): string[] {
  const lines: string[][] = [];
  for (const line of head.split(/\r?\n/)) {
    if (/^[ \t]/.test(line) && lines.length > 0) lines.at(-1)!.push(line.trim());
    else lines.push([line.trimEnd()]);
  }
  return lines.map((parts) => parts.join(' '));
}

/** The headers of a head. What is odd is put among the notes. Undefined for lines that begin as none. */
export function headersIn(lines: string[], notes: string[]): [string, string][] | undefined {
  const headers: [string, string][] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name === undefined) {
      if (headers.length === 0) return undefined;
      notes.push('A line among the headers is none, and is left out.');
      continue;
    }
    if (headers.length >= MOST_HEADERS) {
      notes.push(`There are more than ${MOST_HEADERS} headers; the others are left out.`);
      break;
    }
    headers.push([name, value.trim()]);
  }
  return headers;
}
