import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { listReady, removeReady, writeReady } from '../../src/store/emulators.js';
import { temporaryFolder } from './child.js';
import { readyEntry } from './examples.js';

let folder: string;

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'home');
});

const here = { ...readyEntry, pid: process.pid };

async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

test('without any, the list is empty and nothing is made', async () => {
  expect(await listReady(folder)).toEqual([]);
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('what was written is listed by port until it is removed', async () => {
  await writeReady(folder, 14780, { ...here, url: 'http://127.0.0.1:14780' });
  await writeReady(folder, 4780, here);
  await writeReady(folder, 4780, here);
  expect(JSON.parse(await readFile(join(folder, 'emulators', '4780.json'), 'utf8'))).toEqual(here);
  expect((await listReady(folder)).map(({ url }) => url)).toEqual(['http://127.0.0.1:4780', 'http://127.0.0.1:14780']);
  await removeReady(folder, 14780);
  await removeReady(folder, 14780);
  expect(await listReady(folder)).toEqual([here]);
});

test('what a later release says more is kept', async () => {
  const more = { ...here, another: { id: 'e' } };
  await writeReady(folder, 4780, more);
  expect(await listReady(folder)).toEqual([more]);
});

test('a file of another version whose process is gone is removed too', async () => {
  await writeReady(folder, 4780, here);
  const file = join(folder, 'emulators', '4780.json');
  await writeFile(file, JSON.stringify({ pid: await pidOfTheDead(), older: true }));
  expect(await listReady(folder)).toEqual([]);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test('a file whose process is gone is ignored and removed, with what it left', async () => {
  await writeReady(folder, 4780, { ...here, pid: await pidOfTheDead() });
  await writeReady(folder, 4781, here);
  expect(await listReady(folder)).toEqual([here]);
  expect(await readdir(join(folder, 'emulators'))).toEqual(['4781.json']);
  await writeFile(join(folder, 'emulators', '4781.json.123'), 'x');
  await writeReady(folder, 4781, here);
  expect(await readdir(join(folder, 'emulators'))).toEqual(['4781.json']);
});

test.each([
  ['no JSON', 'control-token', 'it is not JSON'],
  ['no pid', JSON.stringify({ ...here, pid: undefined }), '"pid" is missing or wrong'],
  ['a pid that would mean a group', JSON.stringify({ ...here, pid: 0 }), '"pid" is missing or wrong'],
  [
    'wrong dynamic',
    JSON.stringify({ ...here, dynamic: { environmentId: 3 } }),
    '"dynamic.environmentId" is missing or wrong',
  ],
  ['wrong prelude', JSON.stringify({ ...here, prelude: { appId: 3 } }), '"prelude.appId" is missing or wrong'],
])('%s: refused with the name of the file', async (_, text, words) => {
  const file = join(folder, 'emulators', '4780.json');
  await mkdir(join(folder, 'emulators'), { recursive: true });
  await writeFile(file, text);
  const error = await listReady(folder).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'STORE_CORRUPTED' });
  expect((error as Error).message).toContain(`${file} is damaged: ${words}`);
  expect(String((error as Error).stack)).not.toContain('control-token');
});

test('other files in the folder are none of ours', async () => {
  await writeReady(folder, 4780, here);
  await writeFile(join(folder, 'emulators', 'notes.txt'), 'x');
  expect(await listReady(folder)).toEqual([here]);
});

test('a symbolic link is refused', async () => {
  await mkdir(join(folder, 'emulators'), { recursive: true });
  await symlink('/dev/null', join(folder, 'emulators', '4780.json'));
  await expect(listReady(folder)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
});

test('a folder that cannot be made is unwritable', async () => {
  await writeFile(folder, '');
  await expect(writeReady(folder, 4780, here)).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' });
});
