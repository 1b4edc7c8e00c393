/** The outside world as one object: only this module and `bin/` touch `process`, the clock, randomness and global fetch. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type Env = Readonly<Record<string, string | undefined>>;
/** A stream that knows whether a person is at its other end. */
export type Input = Readable & { isTTY?: boolean | undefined };
export type Output = Writable & { isTTY?: boolean | undefined; columns?: number | undefined };

export interface RunOptions {
  /** The child's whole environment. */
  env: Env;
  /** Milliseconds after which the child is ended. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** How a child ended. `status` is null when a signal or the time limit ended it. */
export interface Exit {
  status: number | null;
  stdout: string;
  timedOut: boolean;
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
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs one shell command line; its standard error goes to ours, its standard output is returned. */
  run(commandLine: string, options: RunOptions): Promise<Exit>;
  /** Fires on Ctrl-C (SIGINT), SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
}

const MAX_CHILD_OUTPUT = 64 * 1024;

/** The world of a real process. Installs the signal handlers; call it once. */
export async function realSystem(): Promise<System> {
  const env = process.env;
  return {
    argv: process.argv.slice(2),
    env,
    stdin: process.stdin,
    stdout: quietOnBrokenPipe(process.stdout),
    stderr: quietOnBrokenPipe(process.stderr),
    home: await homeFolder(env),
    temporary: tmpdir(),
    pid: process.pid,
    fetch: usesProxy(env) ? proxiedFetch : (input, init) => fetch(input, init),
    now: () => Date.now(),
    randomBytes: (size) => randomBytes(size),
    sleep,
    run: runShell,
    signal: interruption(),
  };
}

async function homeFolder(env: Env): Promise<string> {
  if (env.STEPUP_HOME) return resolve(env.STEPUP_HOME);
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'stepup');
  const { default: envPaths } = await import('env-paths');
  return envPaths('stepup', { suffix: '' }).config;
}

/** Node 20's fetch ignores the proxy variables, so undici's own one serves where they are set; it is loaded only then. */
function usesProxy(env: Env): boolean {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => Boolean(env[name]));
}

const proxiedFetch: typeof fetch = async (input, init) => {
  const undici = await import('undici');
  const dispatcher = new undici.EnvHttpProxyAgent();
  return (await undici.fetch(input as string, { ...init, dispatcher } as never)) as never;
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    if (signal?.aborted) return fail(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function runShell(commandLine: string, options: RunOptions): Promise<Exit> {
  return new Promise((done, fail) => {
    const child = spawn(commandLine, { shell: true, env: { ...options.env }, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    let timedOut = false;
    const end = (): void => void child.kill('SIGTERM');
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, options.timeoutMs);
    options.signal.addEventListener('abort', end, { once: true });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (stdout.length < MAX_CHILD_OUTPUT) stdout += chunk;
    });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', end);
    };
    child.on('error', (error) => {
      settle();
      fail(error);
    });
    child.on('close', (status) => {
      settle();
      done({ status, stdout, timedOut });
    });
  });
}

/** A reader that went away (`stepup … | head`) is no failure of ours. */
function quietOnBrokenPipe(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return stream;
}

/** The first signal asks for an orderly end; a second one ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new DOMException(`Received ${name}.`, 'AbortError'));
    });
  }
  return controller.signal;
}
