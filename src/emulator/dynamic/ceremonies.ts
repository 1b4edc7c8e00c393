/** WebAuthn challenges: each for one ceremony of one user, good once, for a minute. */
import { keyOf as stateKey, age } from '../tenant-place.js';
import type { Place } from './parts.js';
import type { AllowedOrigin } from './origins.js';
import { CeremonyError, parseClientData, type Expected } from '../webauthn.js';

export type Kind = 'register' | 'authenticate' | 'signin';

interface Ceremony extends Expected {
  kind: Kind;
  /** Null: anybody's, for a sign-in. */
  userId: string | null;
  /** Null: any new one, for a registration that promised none. */
  passkeyId: string | null;
}

const LIFETIME_MS = 60_000;
const CHALLENGE_BYTES = 32;

/** What the browser may take, in milliseconds. */
export const TIMEOUT_MS = LIFETIME_MS;

/** Starts a ceremony; returns its challenge in base64url. */
export async function startCeremony(
  place: Place,
  kind: Kind,
  { userId, at, passkeyId = null }: { userId: string | null; at: AllowedOrigin; passkeyId?: string | null },
): Promise<string> {
  const challenge = Buffer.from(place.services.randomBytes(CHALLENGE_BYTES)).toString('base64url');
  const ceremony: Ceremony = { kind, userId, passkeyId, origin: at.origin, rpId: at.hostname };
  const options = { expiresAt: age(place) + LIFETIME_MS };
  await place.services.state.put(stateKey(place, 'dynamic-ceremony', challenge), ceremony, options);
  return challenge;
}

/** Uses up the ceremony that client data answer, whatever comes of it. Throws CeremonyError. */
export async function finishCeremony(
  place: Place,
  kind: Kind,
  { userId, clientDataJSON }: { userId: string | null; clientDataJSON: Buffer },
): Promise<Expected & { passkeyId: string | null }> {
  const { challenge } = parseClientData(clientDataJSON);
  const ceremony = await place.services.state.takeOnce<Ceremony>(stateKey(place, 'dynamic-ceremony', challenge));
  if (!ceremony) throw new CeremonyError('a challenge under way', 'an unknown, used or expired one');
  if (ceremony.kind !== kind) throw new CeremonyError(`a challenge to ${kind}`, `one to ${ceremony.kind}`);
  if (ceremony.userId !== userId) throw new CeremonyError("a challenge of the bearer's", "another user's");
  return { origin: ceremony.origin, rpId: ceremony.rpId, passkeyId: ceremony.passkeyId };
}
