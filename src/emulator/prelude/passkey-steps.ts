/** `verify_passkey`: its options come with the answer that makes it the current step, its assertion goes to `/stepup/continue`. */
import { keyOf } from '../tenant-place.js';
import { CeremonyError } from '../webauthn.js';
import { FrontendError } from './errors.js';
import { requirePasskeyConfig } from './passkey-config.js';
import { newCeremonyChallenge, PasskeyFault, passkeysOf, requestOptions, usePasskey } from './passkeys.js';
import type { Place } from './parts.js';
import { currentStep, type Challenge } from './rules.js';
import type { PasskeyAssertion } from './passkey-wire.js';

/** Prelude: the answer of every call that moves a challenge on. */
export interface Advanced {
  challenge_token: string;
  public_key_credential_request_options?: Record<string, unknown>;
}

const KIND = 'prelude-passkey-step';
const STEP = 'verify_passkey';

/** Throws FrontendError `passkey_not_configured`, `passkey_step_unavailable` when the user could not pass such a step. */
export async function requirePasskeyStep(place: Place, userId: string): Promise<void> {
  await requirePasskeyConfig(place);
  if ((await passkeysOf(place, userId)).length > 0) return;
  throw new FrontendError('passkey_step_unavailable', `step ${STEP}: expected a user with a passkey, got one without`);
}

/** The answer with the challenge's next token, and with options where a passkey is to sign next. */
export async function advanced(place: Place, next: { token: string; challenge: Challenge }): Promise<Advanced> {
  const { token, challenge } = next;
  if (currentStep(challenge)?.key !== STEP) return { challenge_token: token };
  const config = await requirePasskeyConfig(place);
  const signed = newCeremonyChallenge(place);
  const options = { expiresAt: challenge.expiresAt };
  await place.services.state.put(keyOf(place, KIND, challenge.id), signed, options);
  const allowed = await passkeysOf(place, challenge.userId);
  return {
    challenge_token: token,
    public_key_credential_request_options: requestOptions(config, signed, allowed),
  };
}

/**
 * Checks the assertion of the current step; returns the step's key. A refused one costs nothing. Throws FrontendError `step_not_found`,
 * `step_bypassed`, `passkey_not_configured`, and `invalid_verification_token` (the code is not published) for a bad assertion.
 */
export async function checkPasskeyStep(
  place: Place,
  challenge: Challenge,
  assertion: PasskeyAssertion,
): Promise<string> {
  const current = currentStep(challenge)?.key ?? 'completed';
  if (!challenge.steps.some(({ key }) => key === STEP)) {
    throw new FrontendError('step_not_found', `passkey_assertion: expected a challenge with ${STEP}, got one without`);
  }
  if (current !== STEP) throw new FrontendError('step_bypassed', `passkey_assertion: expected ${current}, got ${STEP}`);
  const config = await requirePasskeyConfig(place);
  const kept = await place.services.state.get<string>(keyOf(place, KIND, challenge.id));
  if (!kept) throw new FrontendError('expired_challenge_token', 'passkey: expected a ceremony under way, got none');
  try {
    await usePasskey(place, config, assertion, { challenge: kept.value, userId: challenge.userId });
  } catch (error) {
    if (!(error instanceof PasskeyFault || error instanceof CeremonyError)) throw error;
    throw new FrontendError('invalid_verification_token', error.message);
  }
  return STEP;
}
