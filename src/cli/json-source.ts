/** JSON that a person wrote: what is wrong with it is said by line and column, and each value knows where it stands. */

/** Line and column, both from 1. */
export interface Position {
  line: number;
  column: number;
}

/** What is no JSON, and where. */
export class JsonProblem extends Error {
  constructor(
    readonly position: Position,
    message: string,
  ) {
    super(message);
  }
}

export interface JsonSource {
  value: unknown;
  /** Where the value of a path stands (a member: where its name does), or the nearest one around it that is there. */
  positionOf(path: readonly (string | number)[]): Position;
}

/** Deeper than any document of ours. */
const MAX_DEPTH = 50;

/**
 * Reads a JSON text (RFC 8259); a byte order mark before it is skipped, as §8.1 allows. Throws JsonProblem for what is no JSON, in
 * particular for comments, a comma after the last entry, and a name that one object has twice (§4: their meaning is open).
 */
export function readJson(text: string): JsonSource {
  const places = new Map<string, number>();
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  scan(json, places);
  return {
    value: JSON.parse(json),
    positionOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = places.get(JSON.stringify(path.slice(0, length)));
        if (place !== undefined) return positionAt(json, place);
      }
      return positionAt(json, places.get('[]') ?? 0);
    },
  };
}

function positionAt(text: string, place: number): Position {
  const before = text.slice(0, place).split(/\r\n|\r|\n/);
  return { line: before.length, column: Array.from(before.at(-1) ?? '').length + 1 };
}

/** Walks the text and notes where each value stands. */
function scan(text: string, places: Map<string, number>): void {
  let at = 0;

  const fail = (message: string, place = at): never => {
    throw new JsonProblem(positionAt(text, place), message);
  };
  const shown = (): string => {
    const [character] = text.slice(at, at + 2);
    if (character === undefined) return 'the end';
    return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u.test(character) ? 'a character that is none of JSON' : character;
  };

  function skipBlanks(): void {
    at += sticky(/[ \t\r\n]*/y, text, at)?.length ?? 0;
    if (text[at] === '/' || text[at] === '#') fail('a comment, which JSON does not have');
  }

  function value(path: (string | number)[], place = at): void {
    if (path.length > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels within each other`);
    places.set(JSON.stringify(path), place);
    const first = text[at];
    if (first === '{') members(path);
    else if (first === '[') entries(path);
    else if (first === '"') string();
    else if (first !== undefined && /[-\d]/.test(first)) number();
    else word();
  }

  function members(path: (string | number)[]): void {
    const seen = new Set<string>();
    list('}', () => {
      const place = at;
      if (text[at] !== '"') fail(`expected a name in double quotes, got ${shown()}`);
      const name = string();
      if (seen.has(name)) fail(`"${name}" is there twice`, place);
      seen.add(name);
      skipBlanks();
      if (text[at] !== ':') fail(`expected : after "${name}", got ${shown()}`);
      at += 1;
      skipBlanks();
      value([...path, name], place);
    });
  }

  function entries(path: (string | number)[]): void {
    let index = 0;
    list(']', () => {
      value([...path, index]);
      index += 1;
    });
  }

  function list(end: ']' | '}', entry: () => void): void {
    at += 1;
    skipBlanks();
    if (text[at] === end) {
      at += 1;
      return;
    }
    for (;;) {
      entry();
      skipBlanks();
      if (text[at] === end) break;
      if (text[at] !== ',') fail(`expected , or ${end}, got ${shown()}`);
      const comma = at;
      at += 1;
      skipBlanks();
      if (text[at] === end) fail(`a comma after the last entry, before ${end}`, comma);
    }
    at += 1;
  }

  function string(): string {
    const match = sticky(/"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy, text, at);
    if (match === undefined)
      return fail('a text that does not end, or has a character or \\ sequence that JSON has not');
    at += match.length;
    return JSON.parse(match) as string;
  }

  function number(): void {
    const match = sticky(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y, text, at);
    if (match === undefined || /[\w.]/.test(text[at + match.length] ?? ''))
      return fail('a number that is none of JSON');
    at += match.length;
  }

  function word(): void {
    const match = sticky(/(?:true|false|null)\b/y, text, at);
    if (match === undefined) fail(text[at] === "'" ? 'a text in single quotes' : `expected a value, got ${shown()}`);
    else at += match.length;
  }

  skipBlanks();
  value([]);
  skipBlanks();
  if (at < text.length) fail(`expected the end, got ${shown()}`);
}

function sticky(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
