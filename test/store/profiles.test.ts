import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';
import { temporaryFolder } from './child.js';
import { anotherKey, key, profile } from './examples.js';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'home');
  file = join(folder, 'config.json');
  store = createStore(folder);
});

test('reading an absent store finds nothing and makes nothing', async () => {
  expect(await store.profiles()).toEqual({});
  expect(await store.currentProfile()).toBeUndefined();
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('a folder without the file is left as it is by a read', async () => {
  await mkdir(folder);
  expect(await store.profiles()).toEqual({});
  expect(await readdir(folder)).toEqual([]);
});

test('profiles are saved, used, replaced and removed', async () => {
  const other = { ...profile, hookUrl: 'https://example.com/hook' };
  await store.saveProfile('demo', profile);
  expect(await store.currentProfile()).toBeUndefined();
  await store.saveProfile('my.profile', other);
  await store.useProfile('my.profile');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    version: 1,
    current: 'my.profile',
    profiles: { demo: profile, 'my.profile': other },
  });
  await store.saveProfile('demo', other);
  expect(await createStore(folder).profiles()).toEqual({ demo: other, 'my.profile': other });
  await store.removeProfile('demo');
  expect(await store.currentProfile()).toBe('my.profile');
  await store.removeProfile('my.profile');
  expect(await store.currentProfile()).toBeUndefined();
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ version: 1, profiles: {} });
});

test("an application's hook is kept apart from the profiles, replaced and removed", async () => {
  await store.saveHookUrl(key, undefined);
  await expect(stat(folder)).rejects.toThrow('ENOENT');
  await store.saveHookUrl(key, 'https://example.com/a');
  await store.saveHookUrl(key, 'https://example.com/b');
  await store.saveHookUrl(anotherKey, 'https://example.com/c');
  await store.saveProfile('demo', profile);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    version: 1,
    hooks: {
      'prelude://54e9ujn.session.prelude.dev#demo': 'https://example.com/b',
      'prelude://127.0.0.1:4780/t/two#demo': 'https://example.com/c',
    },
    profiles: { demo: profile },
  });
  await store.saveHookUrl(key, undefined);
  expect(await store.hookUrl(key)).toBeUndefined();
  expect(await store.hookUrl(anotherKey)).toBe('https://example.com/c');
});

test('a name that every object inherits is a name like any other', async () => {
  expect((await store.profiles())['toString']).toBeUndefined();
  await expect(store.useProfile('toString')).rejects.toMatchObject({ code: 'PROFILE_UNKNOWN' });
  await store.saveProfile('toString', profile);
  await store.useProfile('toString');
  expect((await store.profiles())['toString']).toEqual(profile);
});

test.each(['__proto__', 'prototype', 'constructor'])('a profile called %s is refused', async (name) => {
  await expect(store.saveProfile(name, profile)).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('an unknown profile is neither used nor removed, and the known ones are named', async () => {
  await store.saveProfile('demo', profile);
  const refusal = { code: 'PROFILE_UNKNOWN', message: 'There is no profile "x".', hint: 'Known profiles: demo' };
  await expect(store.useProfile('x')).rejects.toMatchObject(refusal);
  await expect(store.removeProfile('x')).rejects.toMatchObject(refusal);
});

test('concurrent changes of one process lose nothing', async () => {
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => store.saveProfile(name, profile)));
  expect(Object.keys(await store.profiles()).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('fields of a later release under the same version are kept', async () => {
  await mkdir(folder);
  const old = { ...profile, later: 'x' };
  await writeFile(file, JSON.stringify({ version: 1, later: [1], current: 'old', profiles: { old } }));
  await store.saveProfile('demo', profile);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    version: 1,
    later: [1],
    current: 'old',
    profiles: { old, demo: profile },
  });
});

test.skipIf(process.platform === 'win32')(
  'a write closes the file to others and clears what killed ones left',
  async () => {
    await mkdir(folder);
    await writeFile(file, '{"version":1}');
    await chmod(file, 0o644);
    await writeFile(join(folder, 'config.json.tmp-1731868000a1b2c3'), 'x');
    await store.saveProfile('demo', profile);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'locks']);
  },
);

test.each([
  ['no JSON', '{', 'STORE_CORRUPTED', 'it is not JSON'],
  ['empty', '', 'STORE_CORRUPTED', 'it is empty'],
  ['a list', '[]', 'STORE_CORRUPTED', '"version"'],
  ['a text', '"abc"', 'STORE_CORRUPTED', '"version"'],
  ['no version', '{"profiles":{}}', 'STORE_CORRUPTED', '"version"'],
  ['wrong profile', '{"version":1,"profiles":{"a":{"provider":"x"}}}', 'STORE_CORRUPTED', '"profiles.a.provider"'],
  ['wrong current', '{"version":1,"current":3}', 'STORE_CORRUPTED', '"current"'],
  ['newer', '{"version":3,"profiles":4}', 'STORE_NEWER', 'its version is 3'],
])('%s: refused by name, for reads and writes, and left as it was', async (_, text, code, words) => {
  await mkdir(folder);
  await writeFile(file, text);
  for (const work of [
    () => store.profiles(),
    () => store.currentProfile(),
    () => store.saveProfile('demo', profile),
    () => store.useProfile('demo'),
  ]) {
    const error = await work().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'FailedError', code });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).toContain(words);
  }
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('a folder in the place of the file is unreadable', async () => {
  await mkdir(file, { recursive: true });
  await expect(store.profiles()).rejects.toMatchObject({
    code: 'STORE_UNREADABLE',
    message: `${file} cannot be read: it is a folder.`,
  });
});

test('a home below a file can be neither read nor written', async () => {
  await writeFile(folder, '');
  await expect(store.profiles()).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
  await expect(store.saveProfile('demo', profile)).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' });
});
