import { mkdir, readdir, rmdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { lockFolder, type LockFolder } from '../../src/store/lock-folder.js';
import { withLock } from '../../src/store/lock.js';
import { temporaryFolder } from './child.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

/** A lock whose holder was killed 16 s ago. */
async function abandoned(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  const then = new Date(Date.now() - 16_000);
  await utimes(path, then, then);
  return path;
}

function remove({ fileSystem }: LockFolder, path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((done) => fileSystem.rmdir(path, done));
}

function make({ fileSystem }: LockFolder, path: string, changed: Date): Promise<void> {
  return new Promise((done, fail) =>
    fileSystem.mkdir(path, (error) =>
      error ? fail(error) : fileSystem.utimes(path, changed, changed, (failure) => (failure ? fail(failure) : done())),
    ),
  );
}

test('many that find the same abandoned lock hold it one after the other', { timeout: 30_000 }, async () => {
  const paths = await Promise.all(Array.from({ length: 30 }, (_, index) => abandoned(`${index}.lock`)));
  const inside = new Map(paths.map((path) => [path, 0]));
  let overlaps = 0;
  let turns = 0;
  const enter = (path: string): Promise<void> =>
    withLock({ path, file: 'x', waitMs: 20_000 }, async () => {
      inside.set(path, inside.get(path)! + 1);
      if (inside.get(path)! > 1) overlaps += 1;
      await stat(path);
      turns += 1;
      inside.set(path, inside.get(path)! - 1);
    });
  await Promise.all(paths.flatMap((path) => Array.from({ length: 8 }, () => enter(path))));
  expect({ overlaps, turns }).toEqual({ overlaps: 0, turns: 240 });
  expect(await readdir(folder)).toEqual([]);
});

test('a view never removes a lock that it did not make', async () => {
  const path = await abandoned('a.lock');
  const view = lockFolder();
  expect(await remove(view, path)).toMatchObject({ code: 'EABANDONED' });
  expect(view.seen()).toBeUndefined();
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('a view removes its own lock, but not that of its successor', async () => {
  const path = join(folder, 'a.lock');
  const sleeper = lockFolder();
  await make(sleeper, path, new Date(Date.now() - 20_000));
  expect(await sleeper.isOurs(path)).toBe(true);
  await rmdir(path);
  expect(await sleeper.isOurs(path)).toBe(false);
  const successor = lockFolder();
  await make(successor, path, new Date());
  expect(await sleeper.isOurs(path)).toBe(false);
  expect(await remove(sleeper, path)).toBeNull();
  sleeper.fileSystem.rmdirSync(path);
  expect(await successor.isOurs(path)).toBe(true);
  expect(await remove(successor, path)).toBeNull();
  await expect(stat(path)).rejects.toThrow('ENOENT');
  expect(await remove(successor, path)).toBeNull();
});

test('the lock is freed when work throws, and its error comes through', async () => {
  const options = { path: join(folder, 'locks', 'a.lock'), file: 'x', waitMs: 0 };
  await expect(withLock(options, () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
  expect(await withLock(options, async () => 'in')).toBe('in');
});

test('a lock in use is said to be in use, with what to do', async () => {
  const options = { path: join(folder, 'a.lock'), file: '/home/u/credentials.json', waitMs: 0 };
  await withLock(options, async () => {
    await expect(withLock(options, async () => 'in')).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: 'Another stepup is at work on /home/u/credentials.json.',
      hint: `Try again when it is done. If none is running, remove the folder ${options.path}`,
    });
  });
});
