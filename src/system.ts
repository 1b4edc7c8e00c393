/** The outside world as one object: only this module and `bin/` touch `process`, the clock, randomness and global fetch. */
import { tmpdir } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import { InterruptedError, ReaderGoneError } from './errors.js';
import type { TakeSignals } from './foreground.js';
import { homeFolder } from './home.js';
import { fetchFor } from './proxy.js';
import { sleep } from './sleep.js';

export type Env = Readonly<Record<string, string | undefined>>;
/** A stream that knows whether a person is at its other end. */
export type Input = Readable & { isTTY?: boolean | undefined };
export type Output = Writable & { isTTY?: boolean | undefined; columns?: number | undefined };

export interface RunOptions {
  /** The child's whole environment. */
  env: Env;
  /** Milliseconds after which the child is ended, with everything that it started. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** How a child ended. `status` is null when a signal or the time limit ended it. */
export interface Exit {
  status: number | null;
  /** The first 64 KiB (as characters) of what it wrote. */
  stdout: string;
  timedOut: boolean;
}

/** How a child in the foreground ended: by itself, or by a signal. */
export type ChildEnd = { status: number } | { signal: NodeJS.Signals };

/** How a command runs in our place. */
export interface ExecOptions {
  env: Env;
  /** Makes the stream through which standard output goes, and one for standard error. */
  through?: (() => Duplex) | undefined;
  onStart?: (() => void) | undefined;
}

export interface System {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Env;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The folder of everything that the tool keeps: `STEPUP_HOME`, or the user's configuration folder. */
  readonly home: string;
  /** Where temporary folders are made. */
  readonly temporary: string;
  readonly pid: number;
  /** Whether nobody else runs in this process, so that its globals may be changed. */
  readonly ownsProcess: boolean;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Runs one shell command line; its standard error goes to ours, its standard output is returned. Rejects with the signal's
   * reason when it fires first; the child and everything that it started are ended then.
   */
  run(commandLine: string, options: RunOptions): Promise<Exit>;
  /**
   * Runs a command in our place: our streams are its own, and a signal that comes to us goes to it, once, however it came. One that is
   * told to end (SIGTERM) and does not is killed when it is told again. Only its own end counts, not that of what it has
   * started. With `through`, what it prints goes through such a stream where ours is no terminal. `onStart` is told once it runs. Rejects
   * with FailedError COMMAND_NOT_STARTED.
   */
  exec(command: readonly string[], options: ExecOptions): Promise<ChildEnd>;
  /** Fires with an InterruptedError on Ctrl-C (SIGINT), SIGTERM and SIGHUP, and when nobody reads standard output any more. */
  readonly signal: AbortSignal;
}

/** A signal that comes again within this time is the same one, sent twice (see `interruption`). Milliseconds. */
const SAME_SIGNAL_MS = 300;

/** The world of a real process. Installs the signal handlers; call it once. */
export async function realSystem(): Promise<System> {
  const env = process.env;
  const { interrupted, takeSignals } = interruption();
  endWithReader(process.stdout, interrupted);
  const stderr = onFirstUse(() => {
    // Whoever closed it wants no messages; the work goes on, and there is nobody to tell.
    return process.stderr.on('error', () => undefined);
  });
  return {
    argv: process.argv.slice(2),
    env,
    // Opened when they are first used: start-up time is a feature.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    get stderr() {
      return stderr();
    },
    home: await homeFolder(env),
    temporary: tmpdir(),
    pid: process.pid,
    ownsProcess: true,
    fetch: fetchFor(env, (input, init) => fetch(input, init)),
    now: () => Date.now(),
    randomBytes: pooledRandomness(),
    sleep,
    run: async (commandLine, options) => (await import('./shell.js')).runShell(commandLine, options),
    exec: async (command, options) => (await import('./foreground.js')).runInForeground(command, options, takeSignals),
    signal: interrupted.signal,
  };
}

function onFirstUse<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Whether a process with this id runs, whoever owns it. */
export function processRuns(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * A reader that went away (`stepup … | head`) asks for an orderly end, so that nothing under way is lost. Output that cannot
 * be written for another reason (a full disk) also makes the status 1, whatever the program answers.
 */
function endWithReader(stdout: NodeJS.WriteStream, interrupted: AbortController): void {
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (interrupted.signal.aborted) return;
    interrupted.abort(code === 'EPIPE' ? new ReaderGoneError() : new InterruptedError());
    if (code === 'EPIPE') return;
    process.stderr.write(`Error: standard output cannot be written (${code ?? 'closed'}).\n`);
    process.on('exit', () => void (process.exitCode = 1));
  });
}

interface Interruption {
  interrupted: AbortController;
  takeSignals: TakeSignals;
}

/**
 * The first signal asks for an orderly end; a second one ends at once. One Ctrl-C can arrive twice: npm passes on what the
 * terminal has sent to the whole group already, and libraries that clean up on exit raise it again. While a child is in the
 * foreground, signals are its own.
 */
function interruption(): Interruption {
  const interrupted = new AbortController();
  let first: number | undefined;
  let taker: ((name: NodeJS.Signals) => void) | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (taker) return taker(name);
      first ??= performance.now();
      if (performance.now() - first > SAME_SIGNAL_MS) process.exit(130);
      interrupted.abort(new InterruptedError());
    });
  }
  return {
    interrupted,
    takeSignals(given) {
      const last = new Map<NodeJS.Signals, number>();
      taker = (name) => {
        const now = performance.now();
        const isSame = now - (last.get(name) ?? -Infinity) < SAME_SIGNAL_MS;
        if (isSame) return;
        last.set(name, now);
        given(name);
      };
      // Not ours to end with, while the child may do otherwise.
      const others = process.platform === 'win32' ? [] : (['SIGQUIT', 'SIGUSR2'] as const);
      for (const name of others) process.on(name, taker);
      return () => {
        for (const name of others) if (taker) process.off(name, taker);
        taker = undefined;
      };
    },
  };
}

const POOL_BYTES = 4096;

/** Randomness drawn in larger pieces: each draw has its price, and ids and secrets are small. */
function pooledRandomness(): (size: number) => Uint8Array {
  let pool = new Uint8Array(0);
  return (size) => {
    if (size > POOL_BYTES / 4) return crypto.getRandomValues(new Uint8Array(size));
    if (size > pool.length) pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
    const drawn = pool.slice(0, size);
    pool.fill(0, 0, size);
    pool = pool.subarray(size);
    return drawn;
  };
}
