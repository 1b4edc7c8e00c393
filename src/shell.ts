/** Runs a shell command line for `System.run`; loaded when one is run. Part of the outside world, as `system.ts` is. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Exit, RunOptions } from './system.js';

const MAX_CHILD_OUTPUT = 64 * 1024;
/** A child that was asked to end has this long before it is killed. Milliseconds. */
const CHILD_GRACE_MS = 1000;

/** As `System.run` says. */
export async function runShell(commandLine: string, { env, timeoutMs, signal }: RunOptions): Promise<Exit> {
  signal.throwIfAborted();
  // On POSIX a process group of its own, so that what the shell started can be ended with it.
  const detached = process.platform !== 'win32';
  const child = spawn(commandLine, { shell: true, env, stdio: ['ignore', 'pipe', 'inherit'], detached });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk.slice(0, MAX_CHILD_OUTPUT - stdout.length);
  });
  let grace: NodeJS.Timeout | undefined;
  const kill = (): void => {
    endGroup(child, 'SIGKILL');
    child.stdout.destroy(); // who left the group may still hold the pipe
  };
  const end = (): void => {
    endGroup(child, 'SIGTERM');
    grace ??= setTimeout(kill, CHILD_GRACE_MS);
  };
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  process.on('exit', kill);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return { status: timedOut ? null : status, stdout, timedOut };
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    if (grace) kill(); // the shell may have ended before what it started
    signal.removeEventListener('abort', end);
    process.off('exit', kill);
  }
}

function endGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    return void spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody is left, as Linux says it and as macOS does.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
