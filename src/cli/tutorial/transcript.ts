/** What the tutorial shows: each step as the command to type and what it answered. */
import type { ErrorDocument } from '../errors.js';
import type { Terminal } from '../terminal/terminal.js';
import { commandLine } from './inner.js';

export interface Claims {
  [name: string]: unknown;
}

export interface Answer {
  title: string;
  argv: string[];
  text?: string;
  result?: unknown;
  status?: number;
  error?: ErrorDocument['error'] | undefined;
}

export interface Transcript {
  /** A heading in words, before a step. */
  explain(title: string, why: string): void;
  /** The command that runs now. */
  command(argv: string[]): void;
  /** What it answered. With `--json` the whole step is one line; `status` and `error` only where it was to be refused. */
  answer(step: Answer): void;
  /** The claims of the access token before and after, side by side in time, `scope` marked. */
  claims(before: Claims, after: Claims): void;
}

/** Writes the transcript to standard output: text for a person, or one JSON object a line. */
export function createTranscript(terminal: Terminal): Transcript {
  const { out, json } = terminal;
  const print = (text: string): void => {
    if (!json) terminal.result({}, () => text);
  };
  let count = 0;
  return {
    explain(title, why) {
      count += 1;
      print(`\n${out.bold(`${count}. ${title}`)}\n${out.dim(why)}`);
    },
    command(argv) {
      print(`  ${out.mark('$')} ${commandLine(argv)}`);
    },
    answer({ title, argv, text, result, status, error }) {
      if (json) terminal.event({ type: 'step', title, command: commandLine(argv), status, result, error });
      else if (text) print(text.replace(/^(?=.)/gm, '    '));
    },
    claims(before, after) {
      if (json) {
        terminal.event({ type: 'claims', before, after });
        return;
      }
      print(`\n${out.bold('The access token before')}\n${claimLines(before, out.mark)}`);
      print(`\n${out.bold('The access token after')}\n${claimLines(after, out.mark)}\n`);
    },
  };
}

/** Claims that are read as an instant, RFC 7519 §4.1. */
const instants = new Set(['iat', 'nbf', 'exp']);

function claimLines(claims: Claims, mark: (text: string) => string): string {
  const shown = { scope: '', ...claims };
  const width = Math.max(...Object.keys(shown).map((name) => name.length));
  return Object.entries(shown)
    .map(([name, value]) => {
      const text = instants.has(name) ? new Date(Number(value) * 1000).toISOString() : JSON.stringify(value);
      const line = `${name.padEnd(width)}  ${text}`;
      return name === 'scope' ? mark(`> ${line}   <- the scope`) : `  ${line}`;
    })
    .join('\n');
}
