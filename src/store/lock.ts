/** Locks across processes, on proper-lockfile. */
import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError } from '../errors.js';
import { hasCode, locked, unwritable } from './failures.js';
import { makeOwnFolder } from './file.js';
import { ABANDONED, lockFolder, plainFileSystem } from './lock-folder.js';

/** A lock that was not renewed for this long is abandoned: its holder was killed. Milliseconds. */
const STALE_MS = 15_000;
const RENEW_MS = 1000;
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 32;

export interface LockOptions {
  /** The lock's own path. Its folder is made when it is missing. */
  path: string;
  /** What the lock is for, as the message of STORE_LOCKED names it. */
  file: string;
  /** Milliseconds to wait for another holder. */
  waitMs: number;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
}

/** A lock in our hands. */
export interface Held {
  /** Fires when it is no longer ours: this process slept longer than a lock is good for. */
  readonly lost: AbortSignal;
  /** Looks at the disk whether it is still ours. */
  isOurs(): Promise<boolean>;
}

interface Taken extends Held {
  release(): Promise<void>;
}

/**
 * Holds the lock while `work` runs. Throws FailedError STORE_LOCKED when `waitMs` is over, STORE_UNWRITABLE when no lock can be
 * made, InterruptedError when the signal fires during the wait, and whatever `work` throws.
 */
export async function withLock<T>(options: LockOptions, work: (held: Held) => Promise<T>): Promise<T> {
  await makeOwnFolder(dirname(options.path));
  const taken = await take(options);
  let result: T;
  try {
    result = await work(taken);
  } catch (error) {
    await taken.release();
    throw error;
  }
  await taken.release();
  return result;
}

async function take({ path, file, waitMs, signal }: LockOptions): Promise<Taken> {
  const deadline = AbortSignal.timeout(waitMs);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const taken = await tryOnce(path);
    if (taken) return taken;
    if (deadline.aborted) throw locked(file, path);
    try {
      await sleep(pause, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? new InterruptedError() : error;
    }
  }
}

/** Undefined when somebody else holds it. */
async function tryOnce(path: string): Promise<Taken | undefined> {
  const { default: lockfile } = await import('proper-lockfile');
  const folder = lockFolder();
  const lost = new AbortController();
  try {
    const release = await lockfile.lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: RENEW_MS,
      fs: folder.fileSystem,
      onCompromised: (error) => lost.abort(error),
    });
    return {
      lost: lost.signal,
      isOurs: async () => !lost.signal.aborted && (await folder.isOurs(path)),
      release: async () => {
        if (!lost.signal.aborted) await release();
      },
    };
  } catch (error) {
    if (hasCode(error, ABANDONED)) await passOver(path, folder.seen());
    else if (!hasCode(error, 'ELOCKED')) throw unwritable(path, error);
    return undefined;
  }
}

/** Removes an abandoned lock if it is still the very one that was seen. Only one process at a time may look and remove. */
async function passOver(path: string, seen: number | undefined): Promise<void> {
  const { default: lockfile } = await import('proper-lockfile');
  const guard = `${path}.passing`;
  try {
    const release = await lockfile.lock(guard, {
      lockfilePath: guard,
      realpath: false,
      stale: STALE_MS,
      fs: plainFileSystem,
      // Looking and removing takes no time: there is nothing to stop when the guard is lost meanwhile.
      onCompromised: () => undefined,
    });
    try {
      if ((await stat(path)).mtimeMs === seen) await rmdir(path);
    } finally {
      await release();
    }
  } catch (error) {
    if (!hasCode(error, 'ELOCKED', 'ENOENT')) throw unwritable(path, error);
  }
}
