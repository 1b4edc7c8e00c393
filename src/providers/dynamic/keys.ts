/** The P-256 keys that the service knows this client by: the session's, and the device's that signs nonces. */
import type { DpopKey } from '../../http/dpop.js';

/** The public point in compressed form (SEC 1 §2.3.3), as 66 hex digits. Dynamic: `x-dyn-session-public-key`. */
export function compressed({ x, y }: DpopKey): string {
  const odd = (Buffer.from(y, 'base64url').at(-1) ?? 0) & 1;
  return `0${2 + odd}${Buffer.from(x, 'base64url').toString('hex').padStart(64, '0')}`;
}

/** ECDSA with SHA-256 over a text, `r || s` as 128 hex digits. Dynamic: `x-dynamic-device-signed-nonce`. */
export async function signText(key: DpopKey, text: string): Promise<string> {
  const { kty, crv, x, y, d } = key;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const signer = await crypto.subtle.importKey('jwk', { kty, crv, x, y, d }, algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    signer,
    new TextEncoder().encode(text),
  );
  return Buffer.from(signature).toString('hex');
}
