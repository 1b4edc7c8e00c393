import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKeyFile, refuseExisting, refuseExposed, writeKeyFile } from '../../src/backend/key-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-keys-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

test('a file is written for its owner only, and not over another one', async () => {
  await writeKeyFile(at('a.pem'), 'one', false, '--out');
  expect((await stat(at('a.pem'))).mode & 0o777).toBe(0o600);
  await expect(writeKeyFile(at('a.pem'), 'two', false, '--out')).rejects.toMatchObject({ code: 'KEY_EXISTS' });
  await expect(refuseExisting(at('a.pem'), '--out')).rejects.toMatchObject({ code: 'KEY_EXISTS', field: '--out' });
  await refuseExisting(at('b.pem'), '--out');
  expect(await readFile(at('a.pem'), 'utf8')).toBe('one');
});

test('with force it replaces a plain file, whatever its mode was, and nothing else', async () => {
  await writeFile(at('a.pem'), 'one', { mode: 0o644 });
  await writeKeyFile(at('a.pem'), 'two', true, '--out');
  expect([await readFile(at('a.pem'), 'utf8'), (await stat(at('a.pem'))).mode & 0o777]).toEqual(['two', 0o600]);
  await mkdir(at('folder'));
  await symlink(at('a.pem'), at('link'));
  for (const name of ['folder', 'link']) {
    await expect(writeKeyFile(at(name), 'x', true, '--out')).rejects.toMatchObject({
      code: 'KEY_EXISTS',
      message: expect.stringContaining('no plain file'),
    });
  }
  await writeKeyFile(at('new.pem'), 'three', true, '--out');
  expect((await stat(at('new.pem'))).mode & 0o777).toBe(0o600);
  await expect(writeKeyFile(at('none/a.pem'), 'x', false, '--out')).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: `--out: cannot write ${at('none/a.pem')}: it does not exist.`,
  });
});

test('a file that others can read is told apart, and refused with the command that mends it', async () => {
  await writeFile(at('my key'), 'text');
  for (const [mode, exposed] of [
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
  ] as const) {
    await chmod(at('my key'), mode);
    expect(await readKeyFile(at('my key'), '--key')).toEqual({ text: 'text', exposed });
  }
  expect(() => refuseExposed({ exposed: true }, at('my key'), '--key')).toThrow(
    expect.objectContaining({ code: 'KEY_EXPOSED', hint: `Keep it to yourself: chmod 600 '${at('my key')}'` }),
  );
});

test('what is no key file is refused without being read whole', async () => {
  expect(await readKeyFile(at('none'), '--key')).toBeUndefined();
  await expect(readKeyFile('/dev/zero', '--key')).rejects.toMatchObject({
    code: 'KEY_INVALID',
    message: expect.stringContaining('more than 64 KB'),
  });
  await expect(readKeyFile(folder, '--key')).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining('it is a folder'),
  });
});
