/** The keys of the emulated service. */
import { randomBytes } from 'node:crypto';
import { newPem, signingKeyOf, type KeyType, type SigningKey } from '../key-files.js';
import type { KeyStore } from '../key-store.js';

export interface Keys {
  /** RSA-2048: access tokens (RS256) and hook signatures (RSASSA-PSS). */
  access: SigningKey;
  /** P-256: challenge tokens (ES256). */
  challenge: SigningKey;
  /** Secret behind DPoP nonces. */
  nonceSecret: Buffer;
}

/**
 * Reads the keys, or makes them, all at once and off the main thread.
 * Throws FailedError FILE_UNREADABLE for what is no key, FILE_UNWRITABLE when the folder takes none; StoreAwayError.
 */
export async function loadKeys(keys: KeyStore): Promise<Keys> {
  const [access, challenge, nonceSecret] = await Promise.all([
    load(keys, 'prelude-access.pem', 'rsa'),
    load(keys, 'prelude-challenge.pem', 'ec'),
    keys.keep(
      'prelude-nonce.key',
      async () => randomBytes(32).toString('base64url'),
      (text) => Buffer.from(text, 'base64url'),
    ),
  ]);
  return { access, challenge, nonceSecret };
}

async function load(keys: KeyStore, name: string, type: KeyType): Promise<SigningKey> {
  return keys.keep(
    name,
    () => newPem(type),
    (text, place) => signingKeyOf(place, text, type),
  );
}
