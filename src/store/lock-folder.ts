/**
 * The file system as proper-lockfile sees it for one try at one lock. A lock is an empty folder whose time of change its
 * holder renews. This view makes it for its owner only, and removes it only while it is this holder's own: the library alone
 * would let two that find the same abandoned lock remove each other's, and one that slept remove its successor's.
 */
import fs from 'node:fs';

type Done = (error: NodeJS.ErrnoException | null) => void;

/** The part of `node:fs` that proper-lockfile uses. */
export interface LockFileSystem {
  mkdir(path: string, done: Done): void;
  stat(path: string, done: (error: NodeJS.ErrnoException | null, stats: fs.Stats) => void): void;
  utimes(path: string, accessed: Date, changed: Date, done: Done): void;
  rmdir(path: string, done: Done): void;
  rmdirSync(path: string): void;
}

export interface LockFolder {
  fileSystem: LockFileSystem;
  /** Time of change of a lock that stood in the way, milliseconds since the epoch. */
  seen(): number | undefined;
  /** Whether the folder is still the one that this holder made. */
  isOurs(path: string): Promise<boolean>;
}

/** Code of the error of a try that met an abandoned lock. */
export const ABANDONED = 'EABANDONED';

/** Coarsest time of change that a file system keeps (FAT), milliseconds. A successor's is at least 15 s later. */
const TIME_PRECISION_MS = 2000;

/** `node:fs` with folders for their owner only. */
export const plainFileSystem: LockFileSystem = {
  mkdir: (path, done) => fs.mkdir(path, { mode: 0o700 }, done),
  stat: fs.stat,
  utimes: fs.utimes,
  rmdir: fs.rmdir,
  rmdirSync: fs.rmdirSync,
};

/** A new view for one try at a lock. */
export function lockFolder(): LockFolder {
  let made = false;
  let seen: number | undefined;
  /** The last two times of change given: a release may overtake a renewal under way. */
  let given: number[] = [];
  const ours = (stats: fs.Stats | undefined): boolean =>
    stats !== undefined && given.some((time) => Math.abs(time - stats.mtimeMs) <= TIME_PRECISION_MS);

  const fileSystem: LockFileSystem = {
    mkdir: (path, done) =>
      plainFileSystem.mkdir(path, (error) => {
        made ||= error === null;
        done(error);
      }),
    stat: (path, done) =>
      fs.stat(path, (error, stats) => {
        if (error === null && !made) seen = stats.mtimeMs;
        done(error, stats);
      }),
    utimes: (path, accessed, changed, done) => {
      given = [...given.slice(-1), changed.getTime()];
      fs.utimes(path, accessed, changed, done);
    },
    rmdir: (path, done) => {
      if (!made) return done(Object.assign(new Error('The lock is abandoned.'), { code: ABANDONED }));
      fs.stat(path, (error, stats) => {
        if (error !== null || !ours(stats)) return done(error?.code === 'ENOENT' ? null : error);
        fs.rmdir(path, done);
      });
    },
    rmdirSync: (path) => {
      if (ours(fs.statSync(path, { throwIfNoEntry: false }))) fs.rmdirSync(path);
    },
  };

  return {
    fileSystem,
    seen: () => seen,
    isOurs: (path) => new Promise((done) => fs.stat(path, (error, stats) => done(error === null && ours(stats)))),
  };
}
