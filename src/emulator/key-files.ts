/** Secret keys of the emulated services: files of their owner only, made on first use and used again after a restart. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { FailedError } from '../errors.js';
import { osCode } from '../os-reason.js';

const generate = promisify(generateKeyPair);

/** A public key as JWKS publishes it (RFC 7517). */
export type PublicJwk = Record<string, string>;

/** RSA-2048, which signs RS256, or P-256, which signs ES256. */
export type KeyType = 'rsa' | 'ec';

export interface SigningKey {
  alg: 'RS256' | 'ES256';
  /** RFC 7638 thumbprint of the public half. */
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** The public half. */
  jwk: PublicJwk;
}

/** A new private key in PEM (PKCS #8), made off the main thread. */
export async function newPem(type: KeyType): Promise<string> {
  const { privateKey } =
    type === 'rsa' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The signing key in the text of a file. Throws FailedError FILE_UNREADABLE with the file's path when there is no such key in it. */
export function signingKeyOf(path: string, text: string, type: KeyType): SigningKey {
  try {
    const privateKey = createPrivateKey(text);
    if (privateKey.asymmetricKeyType !== type) throw new TypeError(`expected a key of type ${type}`);
    const publicKey = createPublicKey(privateKey);
    const { kty, crv, n, e, x, y } = publicKey.export({ format: 'jwk' });
    const members = type === 'rsa' ? { e, kty, n } : { crv, kty, x, y };
    const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
    const alg = type === 'rsa' ? 'RS256' : 'ES256';
    return { alg, kid, privateKey, publicKey, jwk: { ...(members as PublicJwk), kid, use: 'sig', alg } };
  } catch (cause) {
    throw new FailedError('FILE_UNREADABLE', `The signing key ${path} is damaged.`, {
      hint: 'Remove the file; the emulator makes a new key.',
      cause,
    });
  }
}

/**
 * The file's text, or that of `make` kept there (mode 0600). Of two emulators that start at once, both use the key that came first.
 * Throws FailedError FILE_UNREADABLE, FILE_UNWRITABLE with the path.
 */
export async function keepKey(path: string, make: () => Promise<string>): Promise<string> {
  const kept = await readIfThere(path);
  if (kept !== undefined) return kept;
  const made = await make();
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, made, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
    return made;
  } catch (cause) {
    const first = osCode(cause) === 'EEXIST' ? await readIfThere(path) : undefined;
    if (first !== undefined) return first;
    throw new FailedError('FILE_UNWRITABLE', `The signing key cannot be written to ${path}.`, { cause });
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (osCode(error) !== 'ENOENT') throw error;
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (osCode(cause) === 'ENOENT') return undefined;
    throw new FailedError('FILE_UNREADABLE', `The signing key ${path} cannot be read.`, { cause });
  }
}
