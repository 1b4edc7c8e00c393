/** The key of the emulated service. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { keepKey, newPem, signingKeyOf, type SigningKey } from '../key-files.js';
import { makeOwnFolder } from '../own-folder.js';

export interface Keys {
  /** RSA-2048: every token (RS256). */
  access: SigningKey;
  /** Secret derived from the private half, for recovery codes. */
  secret: Buffer;
}

/**
 * Reads the key of `folder`, or makes it off the main thread. Throws FailedError FILE_UNREADABLE for a file that is no key,
 * FILE_UNWRITABLE when the folder takes none.
 */
export async function loadKeys(folder: string): Promise<Keys> {
  await makeOwnFolder(folder);
  const path = join(folder, 'dynamic-access.pem');
  const text = await keepKey(path, () => newPem('rsa'));
  const secret = createHash('sha256').update('recovery codes').update(text).digest();
  return { access: signingKeyOf(path, text, 'rsa'), secret };
}
