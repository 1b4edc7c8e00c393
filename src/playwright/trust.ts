/** How a browser trusts the emulator's certificate, and no other that it would not trust anyway. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/**
 * Chromium's switch that takes this certificate: `--ignore-certificate-errors-spki-list` has the SHA-256 of its public key, so that any
 * other bad certificate stays an error. Throws the error of the operating system when the file cannot be read.
 */
export async function trustSwitch(certificate: string): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const digest = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return `--ignore-certificate-errors-spki-list=${digest.digest('base64')}`;
}
