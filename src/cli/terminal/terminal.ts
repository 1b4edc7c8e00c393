/** The only place that writes to the terminal: results to standard output, everything else to standard error. */
import { InterruptedError } from '../../errors.js';
import type { System } from '../../system.js';
import { withTarget } from '../hints.js';
import { askChoice, askText, askYesNo, cannotAsk, type Option, type Question } from './prompts.js';
import { printableJson, steered } from './printable.js';
import { styleFor, type Style } from './style.js';
import { aligned, tabbed, type Column } from './table.js';

export interface TerminalOptions {
  json: boolean;
  /** False with `--no-input`. */
  input: boolean;
}

export interface Terminal {
  readonly json: boolean;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  /** Whether standard output goes to a person. */
  readonly tty: boolean;
  /** Styles of standard output and of standard error. */
  readonly out: Style;
  readonly err: Style;
  /** The command's result: with `--json` the object, else its text (to a pipe `bare`, where there is one). */
  result<T extends object>(value: T, text: (value: T) => string, bare?: (value: T) => string): void;
  /** A list as the result: the object with `--json`, a table for a person, tab-separated rows for a pipe. */
  list<T extends object, Row>(value: T, rows: Row[], columns: Column<Row>[], none: string): Promise<void>;
  /** One event of a stream: a JSON line on standard output with `--json`, else a line for the person (none: silence). */
  event(value: { type: string; [field: string]: unknown }, text?: string): void;
  /**
   * Bytes of somebody else as the result, piece by piece: as they are to a pipe, to a person as text that cannot steer the terminal.
   * Waits until each is written.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** A line to the person, on standard error. Silent with `--json`. */
  note(text: string): void;
  /** A line that matters also to a script's log, on standard error, with and without `--json`. */
  warn(text: string): void;
  ask(question: Question): Promise<string>;
  choose(what: string, flag: string, options: Option[]): Promise<string>;
  /** Asks yes or no; without a terminal throws InputNeededError that names the flag. */
  confirm(message: string, flag: string, preset?: boolean): Promise<boolean>;
  /** Shows what it waits for while `work` runs. */
  progress<T>(label: string, work: () => Promise<T>): Promise<T>;
}

/** Builds the terminal of one command run. Loads colour, prompts, spinner and table only when they are used. */
export async function createTerminal(system: System, options: TerminalOptions): Promise<Terminal> {
  const { stdin, stdout, stderr, env } = system;
  const tty = stdout.isTTY === true;
  const interactive = options.input && stdin.isTTY === true && stderr.isTTY === true;
  const [out, err] = await Promise.all([styleFor(env, stdout), styleFor(env, stderr)]);
  const decoder = new TextDecoder();
  const say = (text: string): void => void stderr.write(`${steered(withTarget(text, system.argv))}\n`);
  const print = (text: string): void => void stdout.write(text === '' ? '' : `${steered(text)}\n`);
  const printJson = (value: object): void => void stdout.write(`${printableJson(value)}\n`);

  return {
    json: options.json,
    interactive,
    tty,
    out,
    err,
    result(value, text, bare) {
      if (options.json) printJson(value);
      else print(!tty && bare ? bare(value) : text(value));
    },
    async list(value, rows, columns, none) {
      if (options.json) printJson(value);
      else if (rows.length === 0) say(none);
      else print(tty ? await aligned(columns, rows, out.bold) : tabbed(columns, rows));
    },
    event(value, text) {
      if (options.json) printJson(value);
      else if (text !== undefined) say(text);
    },
    async write(bytes) {
      const piece = tty ? steered(decoder.decode(bytes, { stream: true })) : bytes;
      await new Promise<void>((done, fail) => {
        stdout.write(piece, (problem) => {
          if (!problem) done();
          // Whoever read it went away, or the disk is full: the stream itself says so, and ends us in order.
          else fail(new InterruptedError());
        });
      });
    },
    note(text) {
      if (!options.json) say(text);
    },
    warn: say,
    async ask(question) {
      if (!interactive) throw cannotAsk(question.message, question.flag);
      return askText(system, question);
    },
    async choose(what, flag, choices) {
      if (!interactive) throw cannotAsk(what, flag);
      return askChoice(system, what, choices);
    },
    async confirm(message, flag, preset = false) {
      if (!interactive) throw cannotAsk('Your consent', flag);
      return askYesNo(system, message, preset);
    },
    async progress(label, work) {
      // A terminal that does not know its width has 0 columns, in which a spinner would draw for ever.
      if (options.json || stderr.isTTY !== true || !stderr.columns || env.CI || env.TERM === 'dumb') return work();
      return spin(system, label, work);
    },
  };
}

/** A wait shorter than this shows nothing, so that a quick answer neither flickers nor loads the spinner. */
const SPIN_AFTER_MS = 300;

async function spin<T>(system: System, label: string, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const spinner = system.sleep(SPIN_AFTER_MS, done.signal).then(
    async () => {
      const { default: ora } = await import('ora');
      return ora({ text: label, stream: system.stderr as NodeJS.WriteStream, discardStdin: false }).start();
    },
    () => undefined, // the work was done before
  );
  try {
    return await work();
  } finally {
    done.abort();
    (await spinner)?.stop();
  }
}
