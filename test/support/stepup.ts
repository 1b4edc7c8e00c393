/** Runs the program in this process, as a test types it: arrays and strings in, status and text out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { main } from '../../src/cli/program.js';
import type { Env, Input, Output, System } from '../../src/system.js';

export interface RunOptions {
  home: string;
  env?: Env;
  /** Text on standard input, which then ends. Absent: an input that never has anything and never ends, as a CI job's. */
  stdin?: string | Input;
  /** Makes all three streams a terminal. */
  tty?: boolean;
  /** Answers typed at prompts, each once the screen shows the text before it. Implies `tty`. */
  answers?: [shown: string | RegExp, typed: string | ((screen: string) => string | Promise<string>)][];
  now?: () => number;
  fetch?: typeof fetch;
  signal?: AbortSignal;
  run?: System['run'];
  exec?: System['exec'];
  sleep?: System['sleep'];
  onStdout?: (text: string) => void;
  onStderr?: (text: string) => void;
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** The last line of standard output, parsed. */
  json<T = Record<string, unknown>>(): T;
  /** Every line of standard output, parsed. */
  lines<T = Record<string, unknown>>(): T[];
  /** The error document on the last line of standard error. */
  error(): { code: string; message: string; hint?: string; field?: string; requestId?: string };
}

/** A folder for STEPUP_HOME, removed by the returned function. */
export async function temporaryHome(): Promise<{ home: string; remove(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'stepup-test-'));
  return { home, remove: () => rm(home, { recursive: true, force: true }) };
}

/** `stepup ARGS`. Arguments as a list, or as one string that is split at blanks. */
export async function stepup(args: string | string[], options: RunOptions): Promise<Outcome> {
  const typing = options.answers !== undefined;
  const tty = options.tty ?? typing;
  const stdin = inputOf(options, tty);
  const stdout = sink(tty, options.onStdout);
  const unused = [...(options.answers ?? [])];
  let seen = 0;
  const stderr = sink(tty, (text) => {
    options.onStderr?.(text);
    const next = unused[0];
    if (!next) return;
    const screen = plain(stderr.text()).slice(seen);
    const [shown, typed] = next;
    const found = typeof shown === 'string' ? screen.includes(shown) : shown.test(screen);
    if (!found) return;
    seen = plain(stderr.text()).length;
    unused.shift();
    setImmediate(async () => (stdin as PassThrough).write(typeof typed === 'string' ? typed : await typed(screen)));
  });
  const status = await main({
    argv: typeof args === 'string' ? args.split(' ').filter(Boolean) : args,
    env: options.env ?? {},
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    home: options.home,
    temporary: options.home,
    pid: process.pid,
    ownsProcess: false,
    fetch: options.fetch ?? fetch,
    now: options.now ?? Date.now,
    randomBytes: (size) => randomBytes(size),
    sleep: options.sleep ?? ((ms, signal) => abortableSleep(ms, signal)),
    run: options.run ?? (() => Promise.reject(new Error('this test runs no child process'))),
    exec: options.exec ?? (() => Promise.reject(new Error('this test runs no command'))),
    signal: options.signal ?? new AbortController().signal,
  });
  if (unused.length > 0) throw new Error(`never asked: ${String(unused[0]![0])}\n${plain(stderr.text())}`);
  return outcome(status, stdout.text(), plain(stderr.text()));
}

function outcome(status: number, stdout: string, stderr: string): Outcome {
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return {
    status,
    stdout,
    stderr,
    json: () => JSON.parse(lines(stdout).at(-1) ?? 'null'),
    lines: () => lines(stdout).map((line) => JSON.parse(line)),
    error: () => JSON.parse(lines(stderr).at(-1) ?? 'null').error,
  };
}

function inputOf(options: RunOptions, tty: boolean): Input {
  if (typeof options.stdin === 'object') return options.stdin;
  const stream: PassThrough & { isTTY?: boolean; setRawMode?: () => void } = new PassThrough();
  if (tty) {
    stream.isTTY = true;
    stream.setRawMode = () => undefined;
  }
  if (options.stdin !== undefined) stream.end(options.stdin);
  return stream;
}

/** What a spinner moves on a terminal. */
const cursor = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true };

function sink(tty: boolean, onWrite?: (text: string) => void): { stream: Output; text(): string } {
  let all = '';
  const stream: Output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      all += chunk.toString('utf8');
      onWrite?.(chunk.toString('utf8'));
      done();
    },
  });
  if (tty) Object.assign(stream, { isTTY: true, columns: 100, ...cursor });
  return { stream, text: () => all };
}

/** Terminal text without its control sequences. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}

function abortableSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    if (signal?.aborted) return fail(signal.reason);
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), fail(signal.reason)), { once: true });
  });
}
