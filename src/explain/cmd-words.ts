/** A command line as Windows' cmd and the program that it starts split it into words. */
import type { Word, Words } from './shell-words.js';

/** A variable of cmd. Not the percent-encoding of an address: `%20b%20c`, `%C3%A9`. */
export const PERCENT = /%(?!\d|[\da-f]{2}\w*%[\da-f]{2})(\w+)%/iy;

/** cmd takes its carets away first; what is left the program splits by the rules of Microsoft's C runtime. */
export function splitCmd(line: string): Words {
  const { left, variables, end } = withoutCarets(line);
  const words: Word[] = [];
  let open = false;
  for (let at = 0; at < left.length;) {
    if (/[\s\0]/.test(left[at]!)) {
      at += 1;
      continue;
    }
    let text = '';
    let quoted = false;
    const unexpanded: string[] = [];
    for (; at < left.length; at += 1) {
      const character = left[at]!;
      const variable = variables.get(at);
      if (variable !== undefined) unexpanded.push(variable);
      const slashes = /^\\+(?=")/.exec(left.slice(at, at + 64))?.[0].length ?? 0;
      if (slashes > 0) {
        // Backslashes count only before a quotation mark: each two are one, an odd one makes it a plain mark.
        text += '\\'.repeat(Math.floor(slashes / 2));
        at += slashes - 1;
        if (slashes % 2 === 1) {
          text += '"';
          at += 1;
        }
      } else if (character === '"') {
        if (quoted && left[at + 1] === '"') {
          text += '"';
          at += 1;
        } else quoted = !quoted;
      } else if (!quoted && /[ \t\0]/.test(character)) break;
      else text += character;
    }
    open ||= quoted;
    words.push({ text, unexpanded, literal: [] });
  }
  return { shell: 'cmd', words, open, end };
}

interface Uncareted {
  left: string;
  /** Names of its variables, by where they begin in what is left. */
  variables: Map<number, string>;
  /** Where the command ends in the line. */
  end: number;
}

/**
 * The command without its carets, up to where another one begins. A caret at a line's end joins it with the next, and takes the meaning
 * of that one's first character, also where it is a line end itself. Variables are looked for before: a caret within makes one none.
 */
function withoutCarets(line: string): Uncareted {
  const variables = new Map<number, string>();
  let left = '';
  let quoted = false;
  let at = 0;
  const lineEnd = (): number => /^(?:\r\n|[\r\n])/.exec(line.slice(at, at + 2))?.[0].length ?? 0;
  while (at < line.length) {
    const escaped = line[at] === '^' && !quoted;
    if (escaped) {
      at += 1;
      at += lineEnd();
    }
    const character = line[at] ?? '';
    PERCENT.lastIndex = at;
    const [variable, name] = PERCENT.exec(line) ?? [];
    if (variable !== undefined) {
      variables.set(left.length, name!);
      left += variable;
      at += variable.length;
      continue;
    }
    if (escaped && lineEnd() > 0) {
      at += lineEnd();
      left += '\n';
      continue;
    }
    if (!escaped && character === '"') quoted = !quoted;
    if (!escaped && !quoted && /[\r\n&|<>]/.test(character) && left.trim() !== '') break;
    left += character;
    at += 1;
  }
  return { left, variables, end: at };
}
