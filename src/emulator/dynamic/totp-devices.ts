/** A user's TOTP device: made, confirmed by its first code, used, removed. */
import { newUuid } from '../randomness.js';
import { DynamicError } from './errors.js';
import { attempt } from './mfa-attempts.js';
import type { Place } from './parts.js';
import { matchStep, toBase32 } from './totp.js';
import { amendUser, type TotpDevice, type User } from './users.js';

const SECRET_BYTES = 20;

/**
 * Makes an unverified device, in place of one that was never confirmed. Throws DynamicError `totp_already_registered`.
 */
export async function registerTotp(place: Place, userId: string): Promise<TotpDevice> {
  const { clock, randomBytes } = place.services;
  const device: TotpDevice = {
    id: newUuid(randomBytes),
    alias: 'Authenticator app',
    secret: toBase32(randomBytes(SECRET_BYTES)),
    createdAt: clock.now(),
    verifiedAt: null,
    lastStep: -1,
  };
  await amendUser(place, userId, (user) => {
    if (user.totp === null || user.totp.verifiedAt === null) return { ...user, totp: device };
    throw new DynamicError(
      'totp_already_registered',
      'user: expected one without a verified TOTP device, got one with it',
    );
  });
  return device;
}

/**
 * Takes a code of the user's device; the first one confirms it. Of several at once, one is taken. Throws DynamicError
 * `mfa_device_not_found`, `mfa_invalid_code`, `mfa_rate_limited`.
 */
export function spendTotp(
  place: Place,
  userId: string,
  { code, id }: { code: string; id?: string | undefined },
): Promise<{ user: User; device: TotpDevice }> {
  return attempt(place, userId, async () => {
    const now = place.services.clock.now();
    const user = await amendUser(place, userId, (kept) => {
      const device = requireDevice(kept, id);
      const lastStep = matchStep(device.secret, code, now, device.lastStep);
      if (lastStep === undefined)
        throw new DynamicError('mfa_invalid_code', 'code: expected a fresh one of the device, got another');
      return { ...kept, totp: { ...device, lastStep, verifiedAt: device.verifiedAt ?? now } };
    });
    return { user, device: requireDevice(user, id) };
  });
}

/** Removes the user's device of this id. Throws DynamicError `mfa_device_not_found`. */
export async function removeTotp(place: Place, userId: string, id: string): Promise<void> {
  await amendUser(place, userId, (user) => {
    requireDevice(user, id);
    return { ...user, totp: null, defaultMfaId: user.defaultMfaId === id ? null : user.defaultMfaId };
  });
}

/** Dynamic: MFADevice. */
export function showDevice(user: User, device: TotpDevice): Record<string, unknown> {
  const { id, alias, createdAt, verifiedAt } = device;
  return {
    id,
    type: 'totp',
    verified: verifiedAt !== null,
    default: user.defaultMfaId === null ? user.passkeys.length === 0 : user.defaultMfaId === id,
    createdAt: new Date(createdAt).toISOString(),
    verifiedAt: verifiedAt === null ? null : new Date(verifiedAt).toISOString(),
    alias,
  };
}

/** The user's device; with an id, only when it is of that id. Throws DynamicError `mfa_device_not_found`. */
export function requireDevice({ totp }: User, id: string | undefined): TotpDevice {
  if (totp && (id === undefined || id === totp.id)) return totp;
  throw new DynamicError('mfa_device_not_found', "device: expected the user's own, got none of that id");
}
