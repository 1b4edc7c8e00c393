/** What is wrong with one step taken by itself. */
import { UsageError } from '../../errors.js';
import type { Underway } from './challenges.js';
import type { StoredCredential } from './record.js';

/** UsageError CODE_NOT_SENT. */
export function codeNotSent({ id, stored }: Underway): UsageError {
  return new UsageError('CODE_NOT_SENT', `No code was sent for ${stored.key} yet.`, {
    hint: `Have it sent with: stepup otp send --challenge ${id}`,
  });
}

/** Throws UsageError FLAG_CONFLICT when a challenge that has its scopes is to give others. */
export function refuseOtherScopes({ stored: { scopes } }: Underway, wanted: string[]): void {
  if (scopes.length === 0 || [...scopes].sort().join(' ') === [...wanted].sort().join(' ')) return;
  throw new UsageError('FLAG_CONFLICT', `The challenge is for ${scopes.join(' ')}; --scope names others.`, {
    field: '--scope',
    hint: 'Leave --scope out, or send a code of its own with: stepup otp send',
  });
}

/** UsageError STEP_UNSUPPORTED: the step is of another kind. */
export function noCodeStep({ id, stored }: Underway): UsageError {
  return new UsageError('STEP_UNSUPPORTED', `The current step is ${stored.key}, to which no code is sent.`, {
    hint: `Go on with: stepup challenge continue ${id}`,
  });
}

/** UsageError CREDENTIAL_UNKNOWN: no code can be sent to it. */
export function noSuchCredential(id: string | undefined, found: StoredCredential | undefined): UsageError {
  const message =
    id === undefined
      ? 'The user has no email address or phone number that is enabled for sign-in.'
      : found
        ? `No code can be sent to ${found.label ?? found.format}: it is no email address or phone number.`
        : `The user has no credential "${id}".`;
  return new UsageError('CREDENTIAL_UNKNOWN', message, {
    field: '--credential',
    hint: 'See them with: stepup credential list',
  });
}
