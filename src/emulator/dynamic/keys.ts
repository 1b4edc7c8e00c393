/** The key of the emulated service: made on first use, kept owner-only in the emulator's folder, used again after a restart. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FailedError } from '../../errors.js';

const generate = promisify(generateKeyPair);

/** RSA-2048 for RS256. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public half. */
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** The public half as JWKS publishes it (RFC 7517). */
  jwk: Record<string, string>;
  /** Secret derived from the private half, for recovery codes. */
  secret: Buffer;
}

/**
 * Reads the key of `folder`, or makes it off the main thread. Throws FailedError FILE_UNREADABLE for a file that is no key,
 * FILE_UNWRITABLE when the folder takes none.
 */
export async function loadKey(folder: string): Promise<SigningKey> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'dynamic-access.pem');
  return signingKey(path, (await readIfThere(path)) ?? (await make(path)));
}

function signingKey(path: string, text: string): SigningKey {
  try {
    const privateKey = createPrivateKey(text);
    if (privateKey.asymmetricKeyType !== 'rsa') throw new TypeError('expected an RSA key');
    const publicKey = createPublicKey(privateKey);
    const { e = '', n = '' } = publicKey.export({ format: 'jwk' });
    const members = { e, kty: 'RSA', n };
    const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
    const secret = createHash('sha256').update('recovery codes').update(text).digest();
    return { kid, privateKey, publicKey, jwk: { ...members, kid, use: 'sig', alg: 'RS256' }, secret };
  } catch (cause) {
    throw new FailedError('FILE_UNREADABLE', `The signing key ${path} is damaged.`, {
      hint: 'Remove the file; the emulator makes a new key.',
      cause,
    });
  }
}

/** A new key, kept in the file. Of two emulators that make one at once, both use the key that came first. */
async function make(path: string): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
    return text;
  } catch (cause) {
    const first = codeOf(cause) === 'EEXIST' ? await readIfThere(path) : undefined;
    if (first !== undefined) return first;
    throw new FailedError('FILE_UNWRITABLE', `The signing key cannot be written to ${path}.`, { cause });
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new FailedError('FILE_UNREADABLE', `The signing key ${path} cannot be read.`, { cause });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
