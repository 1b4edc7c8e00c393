import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from '../src/make-folder.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

it.skipIf(process.platform === 'win32')(
  'makes what is missing for its owner only, and leaves what is there',
  async () => {
    await mkdir(join(folder, 'there'), { mode: 0o755 });
    await makeFolder(join(folder, 'there', 'one', 'two'));
    await makeFolder(join(folder, 'there'));
    expect(await modeOf(join(folder, 'there'))).toBe('755');
    expect(await modeOf(join(folder, 'there', 'one'))).toBe('700');
    expect(await modeOf(join(folder, 'there', 'one', 'two'))).toBe('700');
  },
);

it('many at once make the same one', async () => {
  const path = join(folder, 'a', 'b', 'c', 'd');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
  expect(await readdir(join(folder, 'a', 'b', 'c'))).toEqual(['d']);
});

it('goes through a link to a folder', async () => {
  await symlink(folder, join(folder, 'link'));
  await makeFolder(join(folder, 'link', 'a', 'b'));
  expect(await readdir(join(folder, 'a'))).toEqual(['b']);
});

it.each([
  ['a file', 'file', 'EEXIST'],
  ['a link that leads nowhere', 'link', 'EEXIST'],
  ['a file as a parent', join('file', 'a'), 'ENOTDIR'],
  ['a file as a grandparent', join('file', 'a', 'b'), 'ENOTDIR'],
])('%s in the way is refused', async (_, path, code) => {
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'nowhere', 'at all'), join(folder, 'link'));
  await expect(makeFolder(join(folder, path))).rejects.toMatchObject({ code });
});

it.skipIf(process.platform !== 'linux').each(['/proc/nope', '/proc/nope/x', '/proc/nope/x/y/z'])(
  'fails at once below a folder that takes none: %s',
  { timeout: 2000 },
  async (path) => {
    await expect(makeFolder(path)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);
