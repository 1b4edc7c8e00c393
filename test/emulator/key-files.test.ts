import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadKeys as loadDynamicKeys } from '../../src/emulator/dynamic/keys.js';
import { folderKeys } from '../../src/emulator/key-store.js';
import { keepKey, newPem, signingKeyOf } from '../../src/emulator/key-files.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-key-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('keeps what was made first, for its owner only, and leaves no draft', async () => {
  const path = join(folder, 'a.key');
  const kept = await Promise.all(['one', 'two', 'three'].map((text) => keepKey(path, () => Promise.resolve(text))));
  expect(new Set(kept).size).toBe(1);
  expect(await keepKey(path, () => Promise.reject(new Error('made again')))).toBe(kept[0]);
  expect(await readdir(folder)).toEqual(['a.key']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('names the file that it cannot write or read', async () => {
  const missing = join(folder, 'missing', 'a.key');
  await expect(keepKey(missing, () => Promise.resolve('x'))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(missing) as string,
  });
  await expect(keepKey(folder, () => Promise.resolve('x'))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining(folder) as string,
  });
});

describe.each([
  ['rsa', 'RS256', 'RSA'],
  ['ec', 'ES256', 'EC'],
] as const)('a key of type %s', (type, alg, kty) => {
  it('has an RFC 7638 thumbprint, with jose as the oracle', async () => {
    const key = signingKeyOf('a.pem', await newPem(type), type);
    expect(key).toMatchObject({ alg, kid: await calculateJwkThumbprint(key.jwk as JWK) });
    expect(key.jwk).toMatchObject({ kty, alg, use: 'sig', kid: key.kid });
    expect(Object.keys(key.jwk)).not.toContain('d');
  });

  it('is refused when damaged or of another type, and the file named', async () => {
    const other = await newPem(type === 'rsa' ? 'ec' : 'rsa');
    for (const text of ['no key', '', other]) {
      expect(() => signingKeyOf('a.pem', text, type)).toThrow('The signing key a.pem is damaged.');
    }
  });
});

it('the secret of the recovery codes is that of the file', async () => {
  const pem = await newPem('rsa');
  await writeFile(join(folder, 'dynamic-access.pem'), pem);
  const [one, again] = [await loadDynamicKeys(folderKeys(folder)), await loadDynamicKeys(folderKeys(folder))];
  expect(again.secret.equals(one.secret)).toBe(true);
  expect(one.secret).toHaveLength(32);
  await rm(join(folder, 'dynamic-access.pem'));
  expect((await loadDynamicKeys(folderKeys(folder))).secret.equals(one.secret)).toBe(false);
});
