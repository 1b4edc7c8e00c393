/** A user's passkeys: registered, used, renamed, removed. */
import { keyOf } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { DynamicError, type DynamicCode } from './errors.js';
import { finishCeremony } from './ceremonies.js';
import type { Place } from './parts.js';
import { amendUser, findUser, type Passkey, type User } from './users.js';
import { CeremonyError, checkAssertion, checkRegistration } from '../webauthn.js';
import type { AssertionBody, RegistrationBody } from './wire.js';

const MAX_PASSKEYS = 20;
const OWNER = 'dynamic-passkey-owner';

/**
 * Registers what the authenticator made; `promisedId` is the passkey's id as the options of the ceremony gave it, where they did. Throws
 * DynamicError `invalid_verification`, `max_passkeys_per_user`, `mfa_device_not_found` for an id that was not promised.
 */
export async function registerPasskey(
  place: Place,
  userId: string,
  { id, response }: RegistrationBody,
  { userAgent, promisedId }: { userAgent: string; promisedId?: string | undefined },
): Promise<{ user: User; passkey: Passkey }> {
  const { state, clock, randomBytes } = place.services;
  const clientDataJSON = decode(response.clientDataJSON ?? response.clientDataJson ?? '');
  const attestationObject = decode(response.attestationObject);
  const { expected, made } = await ceremony(async () => {
    const found = await finishCeremony(place, 'register', { userId, clientDataJSON });
    return { expected: found, made: await checkRegistration({ clientDataJSON, attestationObject }, found) };
  });
  const credentialId = made.credentialId.toString('base64url');
  if (credentialId !== id) throw refuse('invalid_verification', 'the id that the authenticator made', 'another');
  if (promisedId !== undefined && promisedId !== expected.passkeyId) {
    throw refuse('mfa_device_not_found', 'the id of the options', 'another');
  }
  const now = clock.now();
  const passkey: Passkey = {
    id: expected.passkeyId ?? newUuid(randomBytes),
    alias: `Passkey for ${expected.rpId}`,
    credentialId,
    publicKey: made.publicKey,
    counter: made.counter,
    transports: response.transports ?? [],
    origin: expected.origin,
    rpId: expected.rpId,
    userAgent: userAgent.slice(0, 200),
    createdAt: now,
    updatedAt: now,
  };
  const owner = keyOf(place, OWNER, credentialId);
  if (!(await state.putIfAbsent(owner, userId))) throw refuse('invalid_verification', 'a new passkey', 'a known one');
  try {
    const user = await amendUser(place, userId, (kept) => {
      if (kept.passkeys.length >= MAX_PASSKEYS)
        throw refuse('max_passkeys_per_user', `at most ${MAX_PASSKEYS}`, 'more');
      return { ...kept, passkeys: [...kept.passkeys, passkey] };
    });
    return { user, passkey };
  } catch (error) {
    await state.delete(owner);
    throw error;
  }
}

/**
 * Checks an assertion by one of the user's passkeys; by anybody's when `userId` is null. Throws DynamicError `passkey_not_found`,
 * `invalid_verification`.
 */
export async function usePasskey(
  place: Place,
  userId: string | null,
  { id, response }: AssertionBody,
): Promise<{ user: User; passkey: Passkey }> {
  const clientDataJSON = decode(response.clientDataJSON ?? response.clientDataJson ?? '');
  const kind = userId === null ? 'signin' : 'authenticate';
  const expected = await ceremony(() => finishCeremony(place, kind, { userId, clientDataJSON }));
  const owner = await place.services.state.get<string>(keyOf(place, OWNER, id));
  const found = owner && (userId === null || owner.value === userId) ? await findUser(place, owner.value) : undefined;
  const passkey = found?.passkeys.find(({ credentialId }) => credentialId === id);
  if (!found || !passkey) throw refuse('passkey_not_found', "one of the user's", 'another');
  if (response.userHandle && decode(response.userHandle).toString('utf8') !== found.id) {
    throw refuse('invalid_verification', "the owner's user handle", 'another');
  }
  const given = {
    clientDataJSON,
    authenticatorData: decode(response.authenticatorData),
    signature: decode(response.signature),
  };
  const updatedAt = place.services.clock.now();
  const counter = await ceremony(() => checkAssertion(given, passkey, expected));
  const user = await amendUser(place, found.id, (kept) => {
    const known = requirePasskey(kept, passkey.id);
    // Another assertion may have come between.
    if (counter > 0 && counter <= known.counter)
      throw refuse('invalid_verification', 'a counter that grows', 'an old one');
    return replace(kept, { ...known, counter, updatedAt });
  });
  return { user, passkey: requirePasskey(user, passkey.id) };
}

/** Renames the user's passkey. Throws DynamicError `passkey_not_found`. */
export async function renamePasskey(place: Place, userId: string, id: string, alias: string): Promise<Passkey> {
  const updatedAt = place.services.clock.now();
  const user = await amendUser(place, userId, (kept) =>
    replace(kept, { ...requirePasskey(kept, id), alias, updatedAt }),
  );
  return requirePasskey(user, id);
}

/** Removes the user's passkey. Throws DynamicError `passkey_not_found`. */
export async function removePasskey(place: Place, userId: string, id: string): Promise<void> {
  let credentialId = '';
  await amendUser(place, userId, (user) => {
    ({ credentialId } = requirePasskey(user, id));
    const passkeys = user.passkeys.filter((passkey) => passkey.id !== id);
    return { ...user, passkeys, defaultMfaId: user.defaultMfaId === id ? null : user.defaultMfaId };
  });
  await place.services.state.delete(keyOf(place, OWNER, credentialId));
}

/** Dynamic: UserPasskey. */
export function showPasskey(passkey: Passkey): Record<string, unknown> {
  const { id, alias, credentialId, origin, userAgent, createdAt, updatedAt } = passkey;
  return {
    id,
    alias,
    credentialId,
    origin,
    userAgent,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

function requirePasskey(user: User, id: string): Passkey {
  const passkey = user.passkeys.find((one) => one.id === id);
  if (!passkey) throw refuse('passkey_not_found', "one of the user's", 'another');
  return passkey;
}

function replace(user: User, passkey: Passkey): User {
  return { ...user, passkeys: user.passkeys.map((one) => (one.id === passkey.id ? passkey : one)) };
}

async function ceremony<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CeremonyError) throw new DynamicError('invalid_verification', error.message);
    throw error;
  }
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function refuse(code: DynamicCode, expected: string, got: string): DynamicError {
  return new DynamicError(code, `passkey: expected ${expected}, got ${got}`);
}
