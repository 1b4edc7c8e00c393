/** The reserved scopes that add an identifier to a user: `prld:phone:register`, `prld:email:register`. */
import type { Verdict } from './hooks.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import type { Challenge } from './rules.js';
import { addIdentifier, ownerOf } from './users.js';
import { canonicalIdentifier, type Identifier, type IdentifierType } from './wire.js';

interface Registration {
  type: IdentifierType;
  /** The managed step that proves it. */
  key: 'verify_sms' | 'verify_email';
}

const REGISTRATIONS: Record<string, Registration> = {
  'prld:phone:register': { type: 'phone_number', key: 'verify_sms' },
  'prld:email:register': { type: 'email_address', key: 'verify_email' },
};

const STEP_SECONDS = 600;

/**
 * Prelude: the verdict of mode `managed`: a review with one step, and the identifier that it will add. The grant is for a single use
 * (not documented). Throws FrontendError `invalid_identifier`, `identifier_already_exists`.
 */
export async function managedVerdict(
  place: Place,
  scope: string,
  metadata: Record<string, string> | null,
): Promise<{ verdict: Verdict; registers: Identifier }> {
  const registration = REGISTRATIONS[scope];
  if (!registration) throw new TypeError(`the scope ${scope} cannot be managed`);
  const { type, key } = registration;
  const registers: Identifier = { type, value: metadata?.identifier ?? '' };
  const canonical = canonicalIdentifier(registers);
  if (canonical === undefined) {
    const expected = type === 'phone_number' ? 'an E.164 number' : 'an email address';
    throw new FrontendError('invalid_identifier', `metadata.identifier: expected ${expected}, got something else`);
  }
  if (await ownerOf(place, canonical)) throw taken();
  const steps = [{ order: 1, key, expiration_duration: STEP_SECONDS }];
  return { verdict: { status: 'review', grantMode: 'single-use', grantedFor: 0, steps }, registers };
}

/**
 * Adds what the challenge registers, now that its code was right; nothing for every other challenge. Emits `user.identifier.created`.
 * Throws FrontendError `identifier_already_exists` when somebody else was quicker.
 */
export async function attachIdentifier(place: Place, { userId, registers }: Challenge): Promise<void> {
  if (!registers) return;
  const outcome = await addIdentifier(place, userId, registers);
  if (outcome === 'taken') throw taken();
  if (outcome === 'own') return;
  await place.services.emit(place.tenant.id, 'user.identifier.created', { user_id: userId, identifier: registers });
}

function taken(): FrontendError {
  return new FrontendError('identifier_already_exists', 'metadata.identifier: expected a new one, got a taken one');
}
