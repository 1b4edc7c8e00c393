/** Nonces for wallet messages and device signatures: each good once, for a day. */
import { age, keyOf } from '../tenant-place.js';
import type { Place } from './parts.js';

const LIFETIME_MS = 86_400_000;
const KIND = 'dynamic-nonce';
const NONCE_BYTES = 16;

/** A new nonce: 32 hexadecimal digits, as the grammar of EIP-4361 takes them. */
export async function issueNonce(place: Place): Promise<string> {
  const nonce = Buffer.from(place.services.randomBytes(NONCE_BYTES)).toString('hex');
  await place.services.state.put(keyOf(place, KIND, nonce), true, { expiresAt: age(place) + LIFETIME_MS });
  return nonce;
}

/** Uses a nonce up. Of several at once, one gets true. */
export async function burnNonce(place: Place, nonce: string): Promise<boolean> {
  return (await place.services.state.takeOnce<boolean>(keyOf(place, KIND, nonce))) === true;
}
