import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newPem, signingKeyOf } from '../../src/emulator/key-files.js';
import { folderKeys, sharedKeys } from '../../src/emulator/key-store.js';
import type { State } from '../../src/emulator/state/interface.js';
import { createMemoryState } from '../../src/emulator/state/memory.js';

let folder: string;
let state: State;
const text = (found: string): string => found;
const never = () => Promise.reject(new Error('made again'));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-key-store-'));
  state = createMemoryState({ ageNow: () => 0 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('the first emulator of a store gives its key, and the others take it', async () => {
  const [one, other] = ['one', 'other'].map((name) => sharedKeys(state, folderKeys(join(folder, name))));
  expect(await one!.keep('a.key', async () => 'first', text)).toBe('first');
  expect(await other!.keep('a.key', never, text)).toBe('first');
  expect(await readFile(join(folder, 'one', 'a.key'), 'utf8')).toBe('first');
});

it('of several that start at once all have the same', async () => {
  const keys = [1, 2, 3, 4].map((at) => {
    const store = sharedKeys(state, folderKeys(join(folder, String(at))));
    return store.keep('a.key', async () => `key ${at}`, text);
  });
  expect(new Set(await Promise.all(keys)).size).toBe(1);
});

it('the key that a folder has is used when the store has none', async () => {
  await writeFile(join(folder, 'a.key'), 'from before');
  expect(await sharedKeys(state, folderKeys(folder)).keep('a.key', never, text)).toBe('from before');
});

it('a damaged key of a folder does not reach the store', async () => {
  await writeFile(join(folder, 'a.pem'), 'damaged');
  const read = (found: string, place: string) => signingKeyOf(place, found, 'ec');
  const keep = (path: string) => sharedKeys(state, folderKeys(path)).keep('a.pem', () => newPem('ec'), read);
  await expect(keep(folder)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining(join(folder, 'a.pem')) as string,
  });
  expect((await keep(join(folder, 'whole'))).alg).toBe('ES256');
});
