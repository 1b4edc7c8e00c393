/** The header in which a server says how it wants to be asked (RFC 9110 §11.6.1). */

export interface AuthChallenge {
  /** In lower case. */
  scheme: string;
  token68?: string | undefined;
  /** By name in lower case; values without their quotes. */
  params: ReadonlyMap<string, string>;
}

export interface ReadChallenges {
  /** Those that are whole, in the order in which they stand. */
  challenges: AuthChallenge[];
  /** What is wrong with the first that is not, in words that quote nothing of it. What follows a syntax error is not read. */
  fault?: string | undefined;
}

/** Servers cut a head at 8 or 16 KiB (RFC 9110 §5.4); a longer one is not worth the time. Characters. */
const MAX_LENGTH = 65_536;

/** RFC 9110 §5.6.2. */
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
/** RFC 9110 §11.2, with what must follow it in a list of challenges. */
const TOKEN68 = /([-._~+/0-9A-Za-z]+=*)[ \t]*(?=,|$)/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const BLANKS = /[ \t]*/y;
/** Empty elements of a list count for nothing (RFC 9110 §5.6.1). */
const COMMAS = /[ \t]*(?:,[ \t]*)*/y;
/** RFC 9110 §5.6.4: `qdtext` and `quoted-pair`. */
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y;

class Unreadable extends Error {}

/**
 * Reads one `WWW-Authenticate` field, several lines of it joined with commas: challenges of several schemes, each with a token68 or with
 * parameters. Takes time in proportion to its length, whatever is in it. Throws nothing.
 */
export function readChallenges(field: string): ReadChallenges {
  if (field.length > MAX_LENGTH) return { challenges: [], fault: `it has more than ${MAX_LENGTH} characters` };
  const found: { challenge: AuthChallenge; params: Map<string, string>; whole: boolean }[] = [];
  let at = 0;
  let fault: string | undefined;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match) at = pattern.lastIndex;
    return match;
  };

  const readValue = (): string => {
    if (field[at] !== '"') {
      const token = take(TOKEN);
      if (!token) throw new Unreadable(`a parameter has no value (character ${at + 1})`);
      return token[0];
    }
    const quoted = take(QUOTED);
    if (!quoted) throw new Unreadable(`a quoted text has no end (character ${at + 1})`);
    return quoted[1]!.replace(/\\(.)/g, '$1');
  };

  const readParam = (name: string): void => {
    const last = found.at(-1);
    if (!last) throw new Unreadable('it begins with a parameter, before any scheme');
    if (last.challenge.token68 !== undefined) throw new Unreadable(`a scheme has both a token and parameters`);
    const value = readValue();
    const lower = name.toLowerCase();
    if (last.params.has(lower)) {
      last.whole = false;
      fault ??= `a scheme has the same parameter twice (character ${at + 1})`;
    } else last.params.set(lower, value);
  };

  const readScheme = (name: string): void => {
    const params = new Map<string, string>();
    const challenge: AuthChallenge = { scheme: name.toLowerCase(), params };
    found.push({ challenge, params, whole: true });
    if (take(BLANKS)![0] === '') return;
    const token68 = take(TOKEN68);
    if (token68) {
      challenge.token68 = token68[1];
      return;
    }
    const first = take(TOKEN);
    if (!first) return;
    if (!take(EQUALS)) throw new Unreadable(`a scheme is followed by no parameter (character ${at + 1})`);
    readParam(first[0]);
  };

  try {
    take(COMMAS);
    while (at < field.length) {
      const name = take(TOKEN);
      if (!name) throw new Unreadable(`there is neither a scheme nor a parameter at character ${at + 1}`);
      if (take(EQUALS)) readParam(name[0]);
      else readScheme(name[0]);
      take(BLANKS);
      if (at < field.length && field[at] !== ',') throw new Unreadable(`a comma is missing at character ${at + 1}`);
      take(COMMAS);
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    fault ??= error.message;
    const last = found.at(-1);
    if (last) last.whole = false;
  }
  return { challenges: found.filter(({ whole }) => whole).map(({ challenge }) => challenge), fault };
}
