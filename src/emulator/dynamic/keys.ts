/** The key of the emulated service. */
import { createHash } from 'node:crypto';
import { newPem, signingKeyOf, type SigningKey } from '../key-files.js';
import type { KeyStore } from '../key-store.js';

export interface Keys {
  /** RSA-2048: every token (RS256). */
  access: SigningKey;
  /** Secret derived from the private half, for recovery codes. */
  secret: Buffer;
}

/**
 * Reads the key, or makes it off the main thread. Throws FailedError FILE_UNREADABLE for what is no key, FILE_UNWRITABLE when the
 * folder takes none; StoreAwayError.
 */
export async function loadKeys(keys: KeyStore): Promise<Keys> {
  return keys.keep(
    'dynamic-access.pem',
    () => newPem('rsa'),
    (text, place) => ({
      access: signingKeyOf(place, text, 'rsa'),
      secret: createHash('sha256').update('recovery codes').update(text).digest(),
    }),
  );
}
