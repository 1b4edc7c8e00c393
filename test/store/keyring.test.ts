import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';
import { temporaryFolder } from './child.js';
import { key } from './examples.js';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'home');
  file = join(folder, 'credentials.json');
  store = createStore(folder);
});

test('reading an absent store finds nothing and makes nothing', async () => {
  expect(await store.keyring('wallets')).toEqual({});
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('entries of each kind are apart, oldest first, in a file for the owner alone', async () => {
  await store.updateKeyring('wallets', (kept) => void kept.set('second', { n: 2 }));
  await store.updateKeyring('wallets', (kept) => void kept.set('first', { n: 1 }));
  await store.updateKeyring('passkeys', (kept) => void kept.set('second', { n: 3 }));
  expect(Object.entries(await store.keyring('wallets'))).toEqual([
    ['second', { n: 2 }],
    ['first', { n: 1 }],
  ]);
  expect(await store.keyring('passkeys')).toEqual({ second: { n: 3 } });
  expect(await store.keyring('totp')).toEqual({});
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('an entry is taken out; the other kinds, sessions and keys stay', async () => {
  await store.updateSession(key, () => ({ userId: 'usr_1' }));
  await store.updateKeyring('totp', (kept) => void kept.set('one', { n: 1 }).set('two', { n: 2 }));
  await store.updateKeyring('totp', (kept) => void kept.delete('one'));
  expect(await store.keyring('totp')).toEqual({ two: { n: 2 } });
  expect(await store.session(key)).toEqual({ userId: 'usr_1' });
});

test('nothing is written when the change throws, and its error comes through', async () => {
  await store.updateKeyring('totp', (kept) => void kept.set('one', { n: 1 }));
  const work = store.updateKeyring('totp', (kept) => {
    kept.set('two', { n: 2 });
    throw new Error('no');
  });
  await expect(work).rejects.toThrow('no');
  expect(await store.keyring('totp')).toEqual({ one: { n: 1 } });
});

test('fifty at once lose nothing', async () => {
  const names = Array.from({ length: 50 }, (_, at) => `wallet${at}`);
  await Promise.all(names.map((name) => store.updateKeyring('wallets', (kept) => void kept.set(name, { name }))));
  expect(Object.keys(await store.keyring('wallets')).toSorted()).toEqual(names.toSorted());
});

test('what was read cannot change what is kept', async () => {
  await store.updateKeyring('wallets', (kept) => void kept.set('main', { n: 1 }));
  const read = await store.keyring('wallets');
  delete read['main'];
  expect(await store.keyring('wallets')).toEqual({ main: { n: 1 } });
});

test.each([
  ['a number', '{"version":1,"keyrings":{"wallets":7}}'],
  ['a text', '{"version":1,"keyrings":"wallets"}'],
  ['an entry that is no object', '{"version":1,"keyrings":{"wallets":{"main":"secret"}}}'],
])('keyrings that are %s: the file is corrupted, and stays as it is', async (_, text) => {
  await mkdir(folder);
  await writeFile(file, text);
  const reading = store.keyring('wallets');
  await expect(reading).rejects.toMatchObject({ code: 'STORE_CORRUPTED', message: expect.stringContaining(file) });
  await expect(store.updateKeyring('wallets', () => undefined)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('a file of before there were keyrings is read, and keeps what it has', async () => {
  await mkdir(folder);
  await writeFile(file, '{"version":1,"sealed":false,"sessions":{},"managementKeys":{"prelude://a#b":"k"}}');
  expect(await store.keyring('passkeys')).toEqual({});
  await store.updateKeyring('passkeys', (kept) => void kept.set('id', { n: 1 }));
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    managementKeys: { 'prelude://a#b': 'k' },
    keyrings: { passkeys: { id: { n: 1 } } },
  });
});
