/** The certificate of the https listener: one self-signed leaf, made on first use. It can sign for nobody else. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { FailedError } from '../errors.js';
import { osCode, osReason } from '../os-reason.js';
import type { LeafOptions, Pair } from './leaf.js';

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

/** That world, and the names for which a certificate is wanted beside the loopback ones. */
interface Wish extends TlsWorld {
  names: NonNullable<LeafOptions['names']>;
}

const DAY_MS = 86_400_000;
const LIFETIME_MS = 365 * DAY_MS;
/** One that ends sooner than this is made anew, so that none ends while the emulator runs. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Begins in the past, for a client whose clock is behind. */
const BACKDATE_MS = DAY_MS;

/**
 * The certificate in `folder`, made when there is none that is good for another 30 days. Key and certificate lie together in `tls.pem`
 * (mode 0600), so that two starts at once cannot mix them; `cert.pem` is the certificate alone. `hostname` is a name beside the loopback
 * ones, an IPv6 address in brackets; such a certificate is kept by itself, as `tls-NAME.pem` and `cert-NAME.pem`. Throws FailedError
 * FILE_UNREADABLE or FILE_UNWRITABLE with the path.
 */
export async function loadCertificate(folder: string, given: TlsWorld, hostname?: string): Promise<Certificate> {
  const name = hostname?.replace(/^\[|\]$/g, '');
  const names = name === undefined ? [] : [{ type: isIP(name) ? 'ip' : 'dns', value: name } as const];
  const world = { ...given, names };
  const suffix = name === undefined ? '' : `-${name.replace(/[^a-z0-9.-]/g, '_')}`;
  const path = join(folder, `tls${suffix}.pem`);
  const kept = (await readPair(path, world)) ?? (await renewPair(path, world));
  const certPath = join(folder, `cert${suffix}.pem`);
  if ((await readText(certPath)) !== kept.cert) await replaceFile(certPath, kept.cert, 0o644);
  return { ...kept, certPath };
}

/**
 * Makes a pair and keeps it where no good one is. Of several starts at once, all use the one that came first: a link is made only where
 * there is nothing. Neither this nor `replaceFile` is left to a library: those listen to the process's signals, which is not ours alone.
 */
async function renewPair(path: string, world: Wish): Promise<Pair> {
  const made = await makePair(world);
  const draft = await writeDraft(path, made.key + made.cert, 0o600);
  try {
    for (;;) {
      if (await linked(draft, path)) return made;
      const first = await readPair(path, world);
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
async function moveAway(path: string, aside: string, world: Wish): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (osCode(error) !== 'ENOENT') throw error;
    return;
  }
  if (await readPair(aside, world)) await linked(aside, path);
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

async function readPair(path: string, wish: Wish): Promise<Pair | undefined> {
  const text = await readText(path);
  const [key] = text?.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/) ?? [];
  const [cert] = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/) ?? [];
  if (key === undefined || cert === undefined || !isGood({ key, cert }, wish)) return undefined;
  try {
    await chmod(path, 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
  return { key, cert };
}

function isGood({ key, cert }: Pair, wish: Wish): boolean {
  try {
    const now = wish.now();
    const leaf = new X509Certificate(cert);
    const isFor = ({ type, value }: Wish['names'][number]): boolean =>
      (type === 'ip' ? leaf.checkIP(value) : leaf.checkHost(value)) !== undefined;
    if (!wish.names.every(isFor)) return false;
    const from = Date.parse(leaf.validFrom);
    const to = Date.parse(leaf.validTo);
    return leaf.checkPrivateKey(createPrivateKey(key)) && from <= now && to - now > RENEW_BEFORE_MS;
  } catch {
    // A file that is no certificate is replaced by one that is.
    return false;
  }
}

async function makePair(world: Wish): Promise<Pair> {
  const { signLeaf } = await import('./leaf.js');
  const now = world.now();
  return signLeaf({
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + LIFETIME_MS),
    serial: world.randomBytes(16),
    names: world.names,
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
