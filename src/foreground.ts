/** Runs a child in our place for `System.exec`; loaded when one is run. Part of the outside world, as `system.ts` is. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { FailedError } from './errors.js';
import { osReason } from './os-reason.js';
import type { ChildEnd, ExecOptions } from './system.js';

/** Takes over the signals that come to this process, each once; the returned function gives them back. */
export type TakeSignals = (taker: (name: NodeJS.Signals) => void) => () => void;

/** What a child has printed before its end may still be on its way; what it has started may print for ever. Milliseconds. */
const DRAIN_MS = 500;
const LOOK_MS = 50;

/** As `System.exec` says. */
export async function runInForeground(
  [command = '', ...args]: readonly string[],
  { env, through, onStart }: ExecOptions,
  takeSignals: TakeSignals,
): Promise<ChildEnd> {
  const ours = [process.stdout, process.stderr];
  const [out, err] = ours.map(({ isTTY }): 'pipe' | 'inherit' => (through && !isTTY ? 'pipe' : 'inherit'));
  const child = await spawned(command, args, { env, stdio: ['inherit', out, err] });
  child.once('spawn', () => onStart?.());
  const filters: Duplex[] = [];
  const piped = [child.stdout, child.stderr].flatMap((stream, at) => {
    if (!stream || !through) return [];
    const filter = through();
    filters.push(filter);
    // Where our reader is gone the child's pipe is closed with ours, which tells the child; there is nobody else to tell.
    return [pipeline(stream, filter, ours[at]!, { end: false }).catch(() => undefined)];
  });
  let toldToEnd = false;
  const kill = (): void => void child.kill('SIGKILL');
  const release = takeSignals((name) => {
    // Whoever says it twice means it. A SIGHUP may tell it to read its settings anew, as often as anybody likes.
    if (name === 'SIGTERM' && toldToEnd) kill();
    else if (!reachesChild(name)) child.kill(name);
    toldToEnd ||= name === 'SIGTERM';
  });
  // Whatever ends this process: the child does not outlive it.
  process.on('exit', kill);
  try {
    const end = await ended(child, command);
    const done = new AbortController();
    // One whose reader is gone keeps what it holds for ever.
    const held = (): number =>
      filters.reduce((sum, each) => sum + (each.destroyed ? 0 : each.readableLength + each.writableLength), 0);
    const passed = (): number =>
      held() === 0 ? [child.stdout, child.stderr].reduce((sum, stream) => sum + bytesOf(stream), 0) : -1;
    await Promise.race([Promise.all(piped), untilStill(passed, done.signal)]);
    done.abort();
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    return end;
  } finally {
    process.off('exit', kill);
    release();
  }
}

/** Resolves when the number has been the same, and not below zero, for `DRAIN_MS`: a reader of ours may take its time. */
async function untilStill(passed: () => number, signal: AbortSignal): Promise<void> {
  let [before, still] = [-1, 0];
  while (still < DRAIN_MS && !signal.aborted) {
    await setTimeoutPromise(LOOK_MS, undefined, { ref: false });
    const now = passed();
    still = now >= 0 && now === before ? still + LOOK_MS : 0;
    before = now;
  }
}

function bytesOf(stream: Readable | null): number {
  return stream && 'bytesRead' in stream && typeof stream.bytesRead === 'number' ? stream.bytesRead : 0;
}

/** On Windows most commands (npm, npx) are scripts that only a shell can start; cross-spawn knows how to hand arguments to one. */
async function spawned(command: string, args: string[], options: SpawnOptions): Promise<ChildProcess> {
  if (process.platform !== 'win32') return startOrThrow(() => spawn(command, args, options), command);
  const { default: crossSpawn } = await import('cross-spawn');
  return startOrThrow(() => crossSpawn(command, args, options), command);
}

/** Some failures are thrown at once: an empty name, arguments that are too long. */
function startOrThrow(start: () => ChildProcess, command: string): ChildProcess {
  try {
    return start();
  } catch (error) {
    throw notStarted(command, error);
  }
}

function ended(child: ChildProcess, command: string): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    // What it has started may hold its streams for longer: only its own end counts.
    child.once('exit', (status, signal) => resolve(signal === null ? { status: status ?? 1 } : { signal }));
    child.on('error', (error) => {
      if (child.pid === undefined) reject(notStarted(command, error));
    });
  });
}

function notStarted(command: string, error: unknown): FailedError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'there is no such command'
      : code === 'E2BIG'
        ? 'its words and its environment, the token among them, are too long for this system'
        : osReason(error);
  return new FailedError('COMMAND_NOT_STARTED', `"${command}" cannot be started: ${why}.`, {
    field: 'COMMAND',
    hint: code === 'E2BIG' ? undefined : 'A command line of the shell is run with: sh -c "…"',
    cause: error,
  });
}

/**
 * Whether a signal that came to us has come to the child, too. What the terminal sends (Ctrl-C, Ctrl-\, its own end) goes to its whole
 * foreground process group, the child included; on Windows to the whole console.
 */
function reachesChild(name: NodeJS.Signals): boolean {
  if (process.platform === 'win32') return true;
  return ['SIGINT', 'SIGQUIT', 'SIGHUP'].includes(name) && inForeground();
}

function inForeground(): boolean {
  if (process.platform === 'linux') {
    // proc_pid_stat(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr, tpgid.
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return terminal !== '0' && group === foreground;
  }
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}
