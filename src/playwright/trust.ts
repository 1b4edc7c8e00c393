/** How a browser trusts certificates of ours, and no other that it would not trust anyway. */
import { createHash, X509Certificate } from 'node:crypto';

/**
 * Chromium's switch that takes these certificates (PEM): `--ignore-certificate-errors-spki-list` has the SHA-256 of their public keys, so
 * that any other bad certificate stays an error.
 */
export function trustSwitch(certificates: readonly string[]): string {
  const digests = certificates.map((certificate) => {
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(spki).digest('base64');
  });
  return `--ignore-certificate-errors-spki-list=${digests.join(',')}`;
}
