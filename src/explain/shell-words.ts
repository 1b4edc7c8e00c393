/** A command line as a shell splits it into words: of POSIX shells, of Windows' cmd, of PowerShell. Nothing is run or expanded. */

import { PERCENT, splitCmd } from './cmd-words.js';

export type Shell = 'sh' | 'cmd' | 'powershell';

export interface Word {
  text: string;
  /** Names of variables and substitutions that the shell would have replaced: their values are not in the text. */
  unexpanded: string[];
  /** Names of variables in single quotes: the shell leaves those as they are, and the program gets the name. */
  literal: string[];
}

export interface Words {
  shell: Shell;
  words: Word[];
  /** Whether a quotation has no end. */
  open: boolean;
  /** Where the command ends in the line. */
  end: number;
}

/** The shell for which a command line is written, by what only it has. */
export function shellOf(line: string): Shell {
  if (/\^\r?\n|\^["&<>|%^]/.test(line)) return 'cmd';
  if (/`\r?\n|`"|\$env:\w/i.test(line) || /^\s*PS [^>\n]*>/.test(line)) return 'powershell';
  // cmd has no single quotes, and doubles or escapes those within its own.
  return new RegExp(PERCENT, 'i').test(line) && !line.includes("'") ? 'cmd' : 'sh';
}

/** Splits the first command of a line; what is behind `|`, `;`, `&` or a redirection is left out. */
export function splitWords(line: string, shell: Shell = shellOf(line)): Words {
  if (shell === 'cmd') return splitCmd(line);
  return new Splitter(line, shell).split();
}

/** Longer substitutions are taken for text: an open one must not be looked for to the end, time and again. */
const VARIABLE = /\$(?:env:(\w{1,200})|\{(?:env:)?(\w{1,200})[^}]{0,200}\}|([A-Za-z_]\w{0,200})|\([^)]{0,200}\))/iy;

class Splitter {
  private at = 0;
  private readonly words: Word[] = [];
  private word: Word | undefined;
  private open = false;

  constructor(
    private readonly line: string,
    private readonly shell: 'sh' | 'powershell',
  ) {}

  split(): Words {
    while (this.at < this.line.length && this.step());
    this.end();
    return { shell: this.shell, words: this.words, open: this.open, end: this.at };
  }

  /** Takes one character or quotation outside of any. False where the command ends. */
  private step(): boolean {
    const character = this.line[this.at]!;
    const escape = this.shell === 'sh' ? '\\' : '`';
    if (character === escape) return this.escaped();
    if (character === "'") return this.single();
    if (character === '"') return this.double();
    if (this.shell === 'sh' && this.line.startsWith("$'", this.at)) return this.ansi();
    if (character === '$' && this.variable()) return true;
    if (this.shell === 'sh' && character === '`') return this.backticks();
    if (/[ \t]/.test(character)) this.end();
    else if (/[\r\n]/.test(character)) {
      this.end();
      if (this.words.length > 0) return false;
    } else if (/[|;&<>]/.test(character)) {
      // `2>&1`: the number is of the redirection.
      if (/[<>]/.test(character) && /^\d$/.test(this.word?.text ?? '')) this.word = undefined;
      return false;
    } else this.add(character);
    this.at += 1;
    return true;
  }

  private escaped(): boolean {
    const next = /^(?:\r\n|[^])/u.exec(this.line.slice(this.at + 1, this.at + 3))?.[0] ?? '';
    if (!/[\r\n]/.test(next)) this.add(next);
    this.at += 1 + next.length;
    return true;
  }

  private single(): boolean {
    let text = '';
    for (let from = this.at + 1; ;) {
      const end = this.line.indexOf("'", from);
      text += this.line.slice(from, end < 0 ? undefined : end);
      this.at = end < 0 ? this.line.length : end + 1;
      this.open ||= end < 0;
      // PowerShell: two of them are one.
      if (end < 0 || this.shell === 'sh' || this.line[end + 1] !== "'") break;
      text += "'";
      from = end + 2;
    }
    this.add(text);
    for (const [, env, braced, name] of text.matchAll(new RegExp(VARIABLE, 'gi'))) {
      const found = env ?? braced ?? name;
      if (found !== undefined) this.word!.literal.push(found);
    }
    return true;
  }

  private double(): boolean {
    this.add('');
    this.at += 1;
    const escape = this.shell === 'sh' ? '\\' : '`';
    for (;;) {
      const character = this.line[this.at];
      if (character === undefined) {
        this.open = true;
        return true;
      }
      const next = this.line[this.at + 1];
      if (character === '"' && !(this.shell === 'powershell' && next === '"')) {
        this.at += 1;
        return true;
      }
      if (character === escape && next !== undefined && (this.shell === 'powershell' || /[$`"\\\n]/.test(next))) {
        if (next !== '\n') this.add(this.shell === 'powershell' ? (BACKTICKED[next] ?? next) : next);
        this.at += 2;
      } else if (character === '"') {
        this.add('"');
        this.at += 2;
      } else if (character === '$' && this.variable()) {
        continue;
      } else if (character === '`' && this.shell === 'sh') {
        this.backticks();
      } else {
        this.add(character);
        this.at += 1;
      }
    }
  }

  /** `$'…'`, as browsers copy a request for bash. */
  private ansi(): boolean {
    const quoted = /\$'((?:[^'\\]|\\[^])*)('?)/y;
    quoted.lastIndex = this.at;
    const [whole = '', text = '', end] = quoted.exec(this.line) ?? [];
    this.open ||= end === '';
    this.at += whole.length;
    this.add(
      text.replace(/\\(?:u([\da-fA-F]{1,4})|x([\da-fA-F]{1,2})|([0-7]{1,3})|([^]))/g, (_all, u, x, octal, other) => {
        if (u !== undefined || x !== undefined) return String.fromCharCode(Number.parseInt((u ?? x) as string, 16));
        return octal === undefined
          ? (ANSI[other as string] ?? (other as string))
          : String.fromCharCode(Number.parseInt(octal as string, 8));
      }),
    );
    return true;
  }

  private variable(): boolean {
    VARIABLE.lastIndex = this.at;
    const [whole, env, braced, name] = VARIABLE.exec(this.line) ?? [];
    if (whole === undefined) return false;
    this.add(whole);
    this.word!.unexpanded.push(env ?? braced ?? name ?? 'a command');
    this.at += whole.length;
    return true;
  }

  private backticks(): boolean {
    const end = this.line.indexOf('`', this.at + 1);
    const to = end < 0 ? this.line.length : end + 1;
    this.add(this.line.slice(this.at, to));
    this.word!.unexpanded.push('a command');
    this.open ||= end < 0;
    this.at = to;
    return true;
  }

  private add(text: string): void {
    this.word ??= { text: '', unexpanded: [], literal: [] };
    this.word.text += text;
  }

  private end(): void {
    if (this.word) this.words.push(this.word);
    this.word = undefined;
  }
}

const ANSI: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0', a: '\u0007', b: '\b', e: '\u001b', f: '\f' };
const BACKTICKED: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0' };
