/** Signs the emulator's leaf certificate. The only module that loads x509; loaded only when a certificate must be made. */
// x509's container does not load without it.
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key. */
export interface Pair {
  /** PEM. */
  cert: string;
  /** PEM, PKCS #8. */
  key: string;
}

export interface LeafOptions {
  notBefore: Date;
  notAfter: Date;
  /** Random bytes of the serial number. */
  serial: Uint8Array;
  /** Names beside the loopback ones. */
  names?: readonly { type: 'dns' | 'ip'; value: string }[];
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new P-256 key and a self-signed certificate for the loopback names and `names` that is no CA (RFC 5280 §4.2.1.9). */
export async function signLeaf({ notBefore, notAfter, serial, names = [] }: LeafOptions): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const leaf = await X509CertificateGenerator.createSelfSigned(
    {
      // RFC 5280 §4.1.2.2: the serial number is positive.
      serialNumber: `40${Buffer.from(serial).toString('hex')}`,
      name: 'CN=stepup emulator (localhost)',
      notBefore,
      notAfter,
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
          { type: 'ip', value: '::1' },
          ...names,
        ]),
      ],
    },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { cert: `${leaf.toString('pem').trimEnd()}\n`, key: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
}
