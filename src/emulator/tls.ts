/** The certificate of the https listener: one self-signed leaf, made on first use. It can sign for nobody else. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailedError } from '../errors.js';
import { osCode, osReason } from '../os-reason.js';
import type { Pair } from './leaf.js';

export interface Certificate extends Pair {
  /** Where the certificate is, for `NODE_EXTRA_CA_CERTS`. */
  certPath: string;
}

/** The part of the outside world that a certificate needs. */
export interface TlsWorld {
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

const DAY_MS = 86_400_000;
const LIFETIME_MS = 365 * DAY_MS;
/** One that ends sooner than this is made anew, so that none ends while the emulator runs. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Begins in the past, for a client whose clock is behind. */
const BACKDATE_MS = DAY_MS;
const FILE = 'tls.pem';

/**
 * The certificate in `folder`, made when there is none that is good for another 30 days. Key and certificate lie together in `tls.pem`
 * (mode 0600), so that two starts at once cannot mix them; `cert.pem` is the certificate alone. Throws FailedError FILE_UNREADABLE or
 * FILE_UNWRITABLE with the path.
 */
export async function loadCertificate(folder: string, world: TlsWorld): Promise<Certificate> {
  const path = join(folder, FILE);
  const kept = (await readPair(path, world.now())) ?? (await renewPair(path, world));
  const certPath = join(folder, 'cert.pem');
  if ((await readText(certPath)) !== kept.cert) await replaceFile(certPath, kept.cert, 0o644);
  return { ...kept, certPath };
}

/**
 * Makes a pair and keeps it where no good one is. Of several starts at once, all use the one that came first: a link is made only where
 * there is nothing. Neither this nor `replaceFile` is left to a library: those listen to the process's signals, which is not ours alone.
 */
async function renewPair(path: string, world: TlsWorld): Promise<Pair> {
  const made = await makePair(world);
  const draft = await writeDraft(path, made.key + made.cert, 0o600);
  try {
    for (;;) {
      if (await linked(draft, path)) return made;
      const first = await readPair(path, world.now());
      if (first) return first;
      await moveAway(path, `${draft}.old`, world);
    }
  } catch (error) {
    throw error instanceof FailedError ? error : unwritable(path, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes a pair that is not good, unless another start has put a good one in its place since it was read. */
async function moveAway(path: string, aside: string, world: TlsWorld): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (osCode(error) !== 'ENOENT') throw error;
    return;
  }
  if (await readPair(aside, world.now())) await linked(aside, path);
  await rm(aside, { force: true });
}

/** False when there is something already. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (osCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readPair(path: string, now: number): Promise<Pair | undefined> {
  const text = await readText(path);
  const [key] = text?.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/) ?? [];
  const [cert] = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/) ?? [];
  if (key === undefined || cert === undefined || !isGood({ key, cert }, now)) return undefined;
  try {
    await chmod(path, 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
  return { key, cert };
}

function isGood({ key, cert }: Pair, now: number): boolean {
  try {
    const leaf = new X509Certificate(cert);
    const from = Date.parse(leaf.validFrom);
    const to = Date.parse(leaf.validTo);
    return leaf.checkPrivateKey(createPrivateKey(key)) && from <= now && to - now > RENEW_BEFORE_MS;
  } catch {
    // A file that is no certificate is replaced by one that is.
    return false;
  }
}

async function makePair(world: TlsWorld): Promise<Pair> {
  const { signLeaf } = await import('./leaf.js');
  const now = world.now();
  return signLeaf({
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + LIFETIME_MS),
    serial: world.randomBytes(16),
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FailedError('FILE_UNREADABLE', `${path} cannot be read: ${osReason(error)}.`, { cause: error });
  }
}

/** Writes beside the file and renames, so that a reader sees the old one or the new one, whole. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = await writeDraft(path, text, mode);
  try {
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw unwritable(path, error);
  }
}

/** A new file beside the path. Its mode is as given, whatever the umask. */
async function writeDraft(path: string, text: string, mode: number): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode, flag: 'wx' });
    await chmod(draft, mode);
    return draft;
  } catch (error) {
    await rm(draft, { force: true });
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): FailedError {
  return new FailedError('FILE_UNWRITABLE', `${path} cannot be written: ${osReason(error)}.`, { cause: error });
}
