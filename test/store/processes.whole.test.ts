/** The store between real processes. */
import { mkdir, readdir, rm, stat, utimes, writeFile, chmod, chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';
import { bundle, start, temporaryFolder, type Child } from './child.js';
import { anotherKey, key } from './examples.js';

let worker: string;
let folder: string;
let store: Store;
let children: Child[] = [];

beforeAll(async () => {
  worker = await bundle('worker.ts');
});

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'home');
  store = createStore(folder);
});

afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map(({ end }) => end));
  children = [];
});

function run(job: string, count = 0, options = {}): Child {
  const child = start(worker, [folder, job, String(count)], options);
  children.push(child);
  return child;
}

async function lockOf(prefix: string): Promise<string> {
  const names = await readdir(join(folder, 'locks'));
  return join(
    folder,
    'locks',
    names.find((name) => name.startsWith(prefix))!,
  );
}

async function age(path: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(path, then, then);
}

const clean = { status: 0, signal: null, stdout: '', stderr: '' };

test('twenty processes that update one session twenty times each lose nothing', { timeout: 30_000 }, async () => {
  await store.updateSession(anotherKey, () => ({ untouched: true }));
  const ends = await Promise.all(Array.from({ length: 20 }, () => run('count', 20).end));
  expect(ends).toEqual(Array.from({ length: 20 }, () => clean));
  expect(await store.session(key)).toEqual({ count: 400 });
  expect(await store.session(anotherKey)).toEqual({ untouched: true });
  expect((await readdir(folder)).sort()).toEqual(['credentials.json', 'locks']);
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('processes that make the same folder at once all succeed', async () => {
  folder = join(folder, 'with', 'parents');
  const ends = await Promise.all(Array.from({ length: 4 }, () => run('count', 1).end));
  expect(ends).toEqual(Array.from({ length: 4 }, () => clean));
  expect(await createStore(folder).session(key)).toEqual({ count: 4 });
});

test.skipIf(process.platform !== 'linux')(
  'a home below /proc fails at once and by its name',
  { timeout: 5000 },
  async () => {
    folder = '/proc/nope/x';
    const ends = await Promise.all(['write-session', 'write-profile', 'write-all', 'hold'].map((job) => run(job).end));
    const words = 'STORE_UNWRITABLE /proc/nope/x cannot be written: it does not exist.\n';
    expect(ends).toEqual(ends.map(() => ({ ...clean, status: 3, stdout: words })));
  },
);

test('a reader never sees half a write', async () => {
  const reader = run('read');
  await reader.line;
  for (let turn = 1; turn <= 40; turn += 1) {
    const length = (turn % 2) * 200_000 + turn;
    await store.updateSession(key, () => ({ length, text: 'x'.repeat(length) }));
  }
  reader.process.stdin!.end();
  const { status, stdout } = await reader.end;
  expect(stdout).toMatch(/^reading\nreads \d{2,}\n$/);
  expect(status).toBe(0);
});

test('one process at a time holds the lock of a session', { timeout: 30_000 }, async () => {
  await mkdir(folder);
  const ends = await Promise.all(Array.from({ length: 5 }, () => run('alone', 20).end));
  expect(ends).toEqual(Array.from({ length: 5 }, () => clean));
});

test('a session lock keeps others out until it is released, and no other session', async () => {
  const holder = run('hold');
  expect(await holder.line).toBe('held');
  await expect(store.withSessionLock(key, 60, async () => 'in')).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: `Another stepup is at work on ${join(folder, 'credentials.json')}.`,
  });
  expect(await store.withSessionLock(anotherKey, 60, async () => 'in')).toBe('in');
  await store.updateSession(key, () => ({ written: 'meanwhile' }));
  const waiting = store.withSessionLock(key, 10_000, async () => 'in');
  holder.process.stdin!.end();
  expect(await waiting).toBe('in');
});

test('a holder that was killed is passed over after 15 s, by one at a time', async () => {
  const holder = run('hold');
  await holder.line;
  holder.process.kill('SIGKILL');
  await holder.end;
  const lock = await lockOf('session-');
  await age(lock, 13);
  await expect(store.withSessionLock(key, 60, async () => 'in')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await age(lock, 16);
  let inside = 0;
  const turns = Array.from({ length: 8 }, () =>
    createStore(folder).withSessionLock(key, 10_000, async () => {
      expect((inside += 1)).toBe(1);
      await store.session(key);
      inside -= 1;
    }),
  );
  await Promise.all(turns);
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('processes that find the same abandoned lock do not take it twice', { timeout: 30_000 }, async () => {
  const holder = run('hold');
  await holder.line;
  holder.process.kill('SIGKILL');
  await holder.end;
  await age(await lockOf('session-'), 16);
  const ends = await Promise.all(Array.from({ length: 5 }, () => run('alone', 3).end));
  expect(ends).toEqual(Array.from({ length: 5 }, () => clean));
});

test('a writer that was killed in the middle is passed over, and the file is whole', async () => {
  await store.updateSession(key, () => ({ before: true }));
  const holder = run('hold-file');
  await holder.line;
  expect(await store.session(key)).toEqual({ before: true });
  holder.process.kill('SIGKILL');
  await holder.end;
  await age(await lockOf('credentials'), 16);
  expect(await store.updateSession(key, (session) => ({ ...session, after: true }))).toEqual({
    before: true,
    after: true,
  });
});

test('a holder that ends by a signal leaves no lock', async () => {
  const holder = run('hold');
  await holder.line;
  holder.process.kill('SIGTERM');
  expect((await holder.end).signal).toBe('SIGTERM');
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('work hears that its lock was taken, and leaves the new one alone', { timeout: 20_000 }, async () => {
  let heard = false;
  await store.withSessionLock(key, 1000, async (lost) => {
    const lock = await lockOf('session-');
    await rm(lock, { recursive: true });
    await mkdir(lock);
    await age(lock, -60);
    await new Promise((done) => lost.addEventListener('abort', done));
    heard = lost.aborted;
  });
  expect(heard).toBe(true);
  expect((await stat(await lockOf('session-'))).isDirectory()).toBe(true);
});

test('a signal ends the wait for a lock', async () => {
  await run('hold').line;
  const interruption = new AbortController();
  const waiting = createStore(folder, { signal: interruption.signal }).withSessionLock(key, 60_000, async () => 'in');
  interruption.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test.skipIf(process.platform === 'win32')('everything is for its owner only, whatever the umask', async () => {
  const holder = run('write-all');
  await holder.line;
  const modes: Record<string, string> = {};
  for (const name of ['', ...(await readdir(folder, { recursive: true }))]) {
    const { mode } = await stat(join(folder, name));
    modes[name.replace(/[0-9a-f]{64}/, 'HASH')] = (mode & 0o777).toString(8);
  }
  expect(modes).toEqual({
    '': '700',
    'config.json': '600',
    'credentials.json': '600',
    emulators: '700',
    'emulators/4780.json': '600',
    locks: '700',
    'locks/session-HASH.lock': '700',
  });
});

/** Root may read and write everything, so its tests use another user. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

/** A folder of an ordinary user with both files, with these modes at the end. */
async function ordinary(folderMode: number, fileMode: number): Promise<void> {
  await mkdir(join(folder, 'locks'), { recursive: true });
  await chmod(dirname(folder), 0o755);
  for (const name of ['credentials.json', 'config.json']) {
    await writeFile(join(folder, name), '{"version":1}');
    await chmod(join(folder, name), fileMode);
  }
  if (nobody) {
    for (const name of ['', 'locks', 'credentials.json', 'config.json']) {
      await chown(join(folder, name), nobody.uid, nobody.gid);
    }
  }
  await chmod(join(folder, 'locks'), folderMode);
  await chmod(folder, folderMode);
}

test.skipIf(process.platform === 'win32')('files without permission to read are said to be unreadable', async () => {
  await ordinary(0o700, 0o000);
  const jobs = ['read-session', 'read-profiles', 'write-session', 'write-profile'];
  const ends = await Promise.all(jobs.map((job) => run(job, 0, nobody ?? {}).end));
  const [credentials, config] = ['credentials.json', 'config.json'].map(
    (name) => `STORE_UNREADABLE ${join(folder, name)} cannot be read: permission denied.\n`,
  );
  expect(ends.map(({ stdout }) => stdout)).toEqual([credentials, config, credentials, config]);
});

test.skipIf(process.platform === 'win32')('a folder without permission to write can still be read', async () => {
  await ordinary(0o500, 0o400);
  const jobs = ['read-session', 'read-profiles', 'write-session', 'write-profile'];
  const ends = await Promise.all(jobs.map((job) => run(job, 0, nobody ?? {}).end));
  const lock = (name: string): string =>
    `STORE_UNWRITABLE ${join(folder, 'locks', name)} cannot be written: permission denied.\n`;
  expect(ends.map(({ stdout }) => stdout)).toEqual(['', '', lock('credentials.lock'), lock('config.lock')]);
  await chmod(folder, 0o700);
});
