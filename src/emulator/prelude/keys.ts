/** The keys of the emulated service. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keepKey, newPem, signingKeyOf, type KeyType, type SigningKey } from '../key-files.js';
import { makeOwnFolder } from '../own-folder.js';

export interface Keys {
  /** RSA-2048: access tokens (RS256) and hook signatures (RSASSA-PSS). */
  access: SigningKey;
  /** P-256: challenge tokens (ES256). */
  challenge: SigningKey;
  /** Secret behind DPoP nonces. */
  nonceSecret: Buffer;
}

/**
 * Reads the keys of `folder`, or makes them, all at once and off the main thread.
 * Throws FailedError FILE_UNREADABLE for a file that is no key, FILE_UNWRITABLE when the folder takes none.
 */
export async function loadKeys(folder: string): Promise<Keys> {
  await makeOwnFolder(folder);
  const [access, challenge, nonceSecret] = await Promise.all([
    load(join(folder, 'prelude-access.pem'), 'rsa'),
    load(join(folder, 'prelude-challenge.pem'), 'ec'),
    keepKey(join(folder, 'prelude-nonce.key'), async () => randomBytes(32).toString('base64url')),
  ]);
  return { access, challenge, nonceSecret: Buffer.from(nonceSecret, 'base64url') };
}

async function load(path: string, type: KeyType): Promise<SigningKey> {
  return signingKeyOf(path, await keepKey(path, () => newPem(type)), type);
}
