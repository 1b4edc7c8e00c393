/** Nonces for wallet messages and device signatures: each good once, for a day. */
import { age, keyOf, type Place } from './parts.js';
import { newNonce } from './randomness.js';

const LIFETIME_MS = 86_400_000;
const KIND = 'dynamic-nonce';

export async function issueNonce(place: Place): Promise<string> {
  const nonce = newNonce(place.services.randomBytes);
  await place.services.state.put(keyOf(place, KIND, nonce), true, { expiresAt: age(place) + LIFETIME_MS });
  return nonce;
}

/** Uses a nonce up. Of several at once, one gets true. */
export async function burnNonce(place: Place, nonce: string): Promise<boolean> {
  return (await place.services.state.takeOnce<boolean>(keyOf(place, KIND, nonce))) === true;
}
