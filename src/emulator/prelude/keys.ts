/** The keys of the emulated service: made once, kept owner-only in the emulator's folder, used again after a restart. */
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

/** A public key as JWKS publishes it (RFC 7517). */
export type PublicJwk = Record<string, string>;

export interface SigningKey {
  /** RFC 7638 thumbprint of the public half. */
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  jwk: PublicJwk;
}

export interface Keys {
  /** RSA-2048: access tokens (RS256) and hook signatures (RSASSA-PSS). */
  access: SigningKey;
  /** P-256: challenge tokens (ES256). */
  challenge: SigningKey;
  /** Secret behind DPoP nonces. */
  nonceSecret: Buffer;
}

/**
 * Reads the keys of `folder`, or makes them, both at once and off the main thread.
 * Throws FailedError FILE_UNREADABLE for a file that is no key, FILE_UNWRITABLE when the folder takes none.
 */
export async function loadKeys(folder: string): Promise<Keys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [access, challenge, nonceSecret] = await Promise.all([
    keep(join(folder, 'prelude-access.pem'), async () =>
      pem((await generate('rsa', { modulusLength: 2048 })).privateKey),
    ),
    keep(join(folder, 'prelude-challenge.pem'), async () =>
      pem((await generate('ec', { namedCurve: 'P-256' })).privateKey),
    ),
    keep(join(folder, 'prelude-nonce.key'), async () => randomBytes(32).toString('base64url')),
  ]);
  return {
    access: signingKey(folder, access, 'rsa', 'RS256'),
    challenge: signingKey(folder, challenge, 'ec', 'ES256'),
    nonceSecret: Buffer.from(nonceSecret, 'base64url'),
  };
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function signingKey(folder: string, text: string, type: 'rsa' | 'ec', alg: string): SigningKey {
  try {
    const privateKey = createPrivateKey(text);
    if (privateKey.asymmetricKeyType !== type) throw new TypeError(`expected a key of type ${type}`);
    const publicKey = createPublicKey(privateKey);
    const { kty, crv, n, e, x, y } = publicKey.export({ format: 'jwk' });
    const members = type === 'rsa' ? { e, kty, n } : { crv, kty, x, y };
    const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
    return { kid, privateKey, publicKey, jwk: { ...(members as PublicJwk), kid, use: 'sig', alg } };
  } catch (cause) {
    throw new FailedError('FILE_UNREADABLE', `A signing key in ${folder} is damaged.`, {
      hint: 'Remove the folder; the emulator makes new keys.',
      cause,
    });
  }
}

/** The file's text, or that of `make` kept there. Of two emulators that start at once, both use the key that came first. */
async function keep(path: string, make: () => Promise<string>): Promise<string> {
  const kept = await readIfThere(path);
  if (kept !== undefined) return kept;
  const made = await make();
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, made, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
    return made;
  } catch (cause) {
    const first = codeOf(cause) === 'EEXIST' ? await readIfThere(path) : undefined;
    if (first !== undefined) return first;
    throw new FailedError('FILE_UNWRITABLE', `The signing keys cannot be written to ${path}.`, { cause });
  } finally {
    await unlink(draft).catch(ignoreMissing);
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

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
