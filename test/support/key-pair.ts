import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/**
 * As `generateKeyPairSync`, but its keys come by way of their bytes. An export of a key that Node 20 has just made stops the process
 * for ever when garbage is collected meanwhile: what goes with the garbage waits for the lock that the export holds.
 */
export function keyPair(type: 'ec', options: { namedCurve: string }): KeyPair;
export function keyPair(type: 'rsa' | 'rsa-pss', options: { modulusLength: number }): KeyPair;
export function keyPair(type: string, options: object): KeyPair {
  const { privateKey: der } = generateKeyPairSync(type as 'rsa', {
    ...(options as { modulusLength: number }),
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const privateKey = createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
