import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { FailedError } from '../../src/errors.js';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';
import { temporaryFolder } from './child.js';
import { anotherKey, key } from './examples.js';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'home');
  file = join(folder, 'credentials.json');
  store = createStore(folder);
});

async function given(text: string): Promise<void> {
  await mkdir(folder);
  await writeFile(file, text);
}

async function failure(work: Promise<unknown>): Promise<FailedError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FailedError);
  return error as FailedError;
}

const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('reading an absent store finds nothing and makes nothing', async () => {
  expect(await store.session(key)).toBeUndefined();
  expect(await store.managementKey(key)).toBeUndefined();
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('the file has the documented shape, under readable names', async () => {
  await store.updateSession(key, () => ({ userId: 'usr_1' }));
  await store.updateSession({ provider: 'prelude', host: 'a#b%c', application: 'x#y' }, () => ({ userId: 'usr_2' }));
  await store.saveManagementKey(anotherKey, 'sk_test');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    version: 1,
    sealed: false,
    sessions: {
      'prelude://54e9ujn.session.prelude.dev#demo': { userId: 'usr_1' },
      'prelude://a%23b%25c#x#y': { userId: 'usr_2' },
    },
    managementKeys: { 'prelude://127.0.0.1:4780/t/two#demo': 'sk_test' },
  });
});

test('a session is updated, returned and removed; others stay', async () => {
  await store.updateSession(anotherKey, () => ({ n: 7 }));
  expect(await store.updateSession(key, () => ({ n: 1 }))).toEqual({ n: 1 });
  expect(await store.updateSession(key, (session) => ({ ...session, m: 2 }))).toEqual({ n: 1, m: 2 });
  expect(await createStore(folder).session(key)).toEqual({ n: 1, m: 2 });
  expect(await store.updateSession(key, () => undefined)).toBeUndefined();
  expect(await store.session(key)).toBeUndefined();
  expect(await store.session(anotherKey)).toEqual({ n: 7 });
});

test('a management key is saved, replaced and removed', async () => {
  await store.saveManagementKey(key, 'sk_1');
  await store.saveManagementKey(key, 'sk_2');
  expect(await store.managementKey(key)).toBe('sk_2');
  await store.saveManagementKey(key, undefined);
  expect(await store.managementKey(key)).toBeUndefined();
});

test('removing what is not there writes no file', async () => {
  await store.updateSession(key, () => undefined);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test('a change that throws writes nothing and frees the lock', async () => {
  await store.updateSession(key, () => ({ n: 1 }));
  const before = await readFile(file, 'utf8');
  const work = store.updateSession(key, () => {
    throw new RangeError('no');
  });
  await expect(work).rejects.toThrow(RangeError);
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('concurrent updates of one process lose nothing', async () => {
  const turns = Array.from({ length: 20 }, () =>
    store.updateSession(key, (session) => ({ count: Number(session?.count ?? 0) + 1 })),
  );
  await Promise.all(turns);
  expect(await store.session(key)).toEqual({ count: 20 });
});

test('fields of a later release under the same version are kept', async () => {
  await given('{"version":1,"later":{"a":1}}');
  await store.updateSession(key, () => ({}));
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1, sealed: false, later: { a: 1 } });
});

test.skipIf(process.platform === 'win32')('a file that others could read is closed to them by a write', async () => {
  await given('{"version":1,"sealed":false,"sessions":{}}');
  await chmod(file, 0o644);
  await store.session(key);
  expect(await mode(file)).toBe(0o644);
  await store.updateSession(key, () => ({}));
  expect(await mode(file)).toBe(0o600);
});

test('what killed writers left is removed, and nothing else', async () => {
  await given('{"version":1}');
  for (const name of ['credentials.json.3735928559', 'credentials.json.broken', 'credentials.json.1.bak', 'other.1']) {
    await writeFile(join(folder, name), 'x');
  }
  await store.updateSession(key, () => ({}));
  const left = ['credentials.json', 'credentials.json.1.bak', 'credentials.json.broken', 'locks', 'other.1'];
  expect((await readdir(folder)).sort()).toEqual(left);
});

const secret = 'sk_live_secret';
test.each([
  ['no JSON', secret, 'STORE_CORRUPTED', 'it is not JSON'],
  ['half a file', `{"version":1,"managementKeys":{"a":"${secret}`, 'STORE_CORRUPTED', 'it is not JSON'],
  ['empty', '', 'STORE_CORRUPTED', 'it is empty'],
  ['a list', '[]', 'STORE_CORRUPTED', '"version" is missing or wrong'],
  ['null', 'null', 'STORE_CORRUPTED', '"version" is missing or wrong'],
  ['no version', `{"sessions":{}}`, 'STORE_CORRUPTED', '"version" is missing or wrong'],
  ['version 0', `{"version":0}`, 'STORE_CORRUPTED', '"version" is missing or wrong'],
  ['wrong sessions', `{"version":1,"sessions":["${secret}"]}`, 'STORE_CORRUPTED', '"sessions'],
  [
    'wrong session',
    `{"version":1,"sessions":{"a":"${secret}"}}`,
    'STORE_CORRUPTED',
    '"sessions.a" is missing or wrong',
  ],
  ['wrong key', `{"version":1,"managementKeys":{"a":{"b":"${secret}"}}}`, 'STORE_CORRUPTED', '"managementKeys.a"'],
  ['newer', `{"version":2,"sessions":"${secret}"}`, 'STORE_NEWER', 'newer stepup (its version is 2)'],
  ['sealed', `{"version":1,"sealed":true,"sessions":"${secret}"}`, 'STORE_NEWER', 'newer stepup (it is sealed)'],
])('%s: refused by name, for reads and writes, and left as it was', async (_, text, code, words) => {
  await given(text);
  for (const work of [
    () => store.session(key),
    () => store.managementKey(key),
    () => store.updateSession(key, () => ({})),
    () => store.saveManagementKey(key, 'sk'),
  ]) {
    const error = await failure(work());
    expect(error.code).toBe(code);
    expect(error.message).toContain(file);
    expect(error.message).toContain(words);
    expect(error.hint).toBeTruthy();
    expect(`${error.stack}${error.hint}${String(error.cause)}`).not.toContain('sk_live');
  }
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('a symbolic link is refused and its target left alone', async () => {
  const target = join(await temporaryFolder(), 'target.json');
  await writeFile(target, '{"version":1}');
  await mkdir(folder);
  await symlink(target, file);
  for (const work of [() => store.session(key), () => store.updateSession(key, () => ({ a: 1 }))]) {
    const error = await failure(work());
    expect(error.code).toBe('STORE_UNREADABLE');
    expect(error.message).toBe(`${file} is a symbolic link. It must be a plain file of your own.`);
  }
  expect(await readFile(target, 'utf8')).toBe('{"version":1}');
});

test('a folder in the place of the file is refused', async () => {
  await mkdir(file, { recursive: true });
  const error = await failure(store.updateSession(key, () => ({})));
  expect(error.code).toBe('STORE_UNREADABLE');
  expect(error.message).toContain(`${file} is a folder`);
});

test('a home below a file can be neither read nor written', async () => {
  await writeFile(folder, '');
  const read = await failure(store.session(key));
  expect(read.code).toBe('STORE_UNREADABLE');
  expect(read.message).toBe(`${file} cannot be read: a part of its path is not a folder.`);
  const written = await failure(store.updateSession(key, () => ({})));
  expect(written.code).toBe('STORE_UNWRITABLE');
  expect(written.message).toBe(`${folder} cannot be written: a file stands where a folder should be.`);
  const below = await failure(createStore(join(folder, 'below')).updateSession(key, () => ({})));
  expect(below.code).toBe('STORE_UNWRITABLE');
  expect(below.message).toContain('a part of its path is not a folder');
});
