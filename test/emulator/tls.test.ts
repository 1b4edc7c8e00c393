import { randomBytes, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCertificate } from '../../src/emulator/tls.js';

const DAY = 86_400_000;

describe('certificate', () => {
  let folder: string;
  let now: number;
  const world = { now: () => now, randomBytes: (size: number) => randomBytes(size) };

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 15);
    folder = await mkdtemp(join(tmpdir(), 'stepup-tls-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is a leaf for loopback names that can sign for nobody', async () => {
    const { cert, certPath } = await loadCertificate(folder, world);
    const leaf = new X509Certificate(cert);
    expect(leaf.ca).toBe(false);
    expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    // RFC 5280 §4.2.1.3: without keyCertSign it has issued nothing, not even itself.
    expect(leaf.checkIssued(leaf)).toBe(false);
    expect(leaf.verify(leaf.publicKey)).toBe(true);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certPath).toBe(join(folder, 'cert.pem'));
    expect(await readFile(certPath, 'utf8')).toBe(cert);
  });

  it('is kept, with its key readable by the owner only', async () => {
    const first = await loadCertificate(folder, world);
    await chmod(join(folder, 'tls.pem'), 0o644);
    expect(await loadCertificate(folder, world)).toEqual(first);
    expect((await stat(join(folder, 'tls.pem'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['ends within 30 days', 340 * DAY, 'renewed'],
    ['has long to go', 300 * DAY, 'kept'],
    ['is of the future', -10 * DAY, 'renewed'],
  ])('one that %s', async (_, later, expected) => {
    const first = await loadCertificate(folder, world);
    now += later;
    const second = await loadCertificate(folder, world);
    expect(second.cert === first.cert ? 'kept' : 'renewed').toBe(expected);
    expect(await readFile(second.certPath, 'utf8')).toBe(second.cert);
  });

  it('a torn or foreign file is replaced', async () => {
    const first = await loadCertificate(folder, world);
    await writeFile(join(folder, 'tls.pem'), first.key);
    const second = await loadCertificate(folder, world);
    expect(second.cert).not.toBe(first.cert);
    expect(await readFile(join(folder, 'cert.pem'), 'utf8')).toBe(second.cert);
  });

  it('two starts at once leave one whole pair and no other file', async () => {
    const loaded = await Promise.all([1, 2, 3, 4].map(() => loadCertificate(folder, world)));
    expect(new Set(loaded.map(({ cert, key }) => cert + key)).size).toBe(1);
    const { cert } = await loadCertificate(folder, world);
    expect(await readFile(join(folder, 'cert.pem'), 'utf8')).toBe(cert);
    expect((await readdir(folder)).sort()).toEqual(['cert.pem', 'tls.pem']);
  });

  it('a folder that is none is FILE_UNREADABLE with the path', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(loadCertificate(file, world)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(join(file, 'tls.pem')) as string,
    });
  });
});
