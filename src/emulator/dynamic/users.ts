/** Users, and the identities by which they are found. */
import { endRecord, keyOf, type TenantPlace } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { canonicalOf, type Credential, type Identity } from './credentials.js';
import { DynamicError } from './errors.js';
import { settingsOf, type Place } from './parts.js';

/** Times in milliseconds, real time. */
export interface TotpDevice {
  id: string;
  alias: string;
  /** Base32 (RFC 4648 §6). */
  secret: string;
  createdAt: number;
  /** Null until a first code has been right. */
  verifiedAt: number | null;
  /** Time step of the last code that was taken (RFC 6238 §5.2). */
  lastStep: number;
}

/** Times in milliseconds, real time. */
export interface Passkey {
  id: string;
  alias: string;
  /** WebAuthn credential id, base64url. */
  credentialId: string;
  /** Coordinates of the P-256 public key, base64url. */
  publicKey: { x: string; y: string };
  counter: number;
  transports: string[];
  origin: string;
  rpId: string;
  userAgent: string;
  createdAt: number;
  updatedAt: number;
}

export interface User {
  id: string;
  /** Milliseconds, real time. */
  createdAt: number;
  lastVisit: number;
  credentials: Credential[];
  totp: TotpDevice | null;
  passkeys: Passkey[];
  /** The factor to offer first. */
  defaultMfaId: string | null;
  /** Recovery codes follow from the salt, unless a seed has given them; which ones are spent, by their place in the set. */
  recovery: { salt: string; spent: number[]; codes?: string[] | undefined } | null;
  /** What `PUT users` set. */
  profile: { [name: string]: unknown };
}

interface Owner {
  userId: string;
}

const KIND = 'dynamic-user';

/** A user by id. */
export async function findUser(place: TenantPlace, id: string): Promise<User | undefined> {
  return (await place.services.state.get<User>(keyOf(place, KIND, id)))?.value;
}

/** The user who has this identity. */
export async function ownerOf(place: Place, identity: Identity): Promise<User | undefined> {
  const key = identityKey(place, identity);
  const kept = await place.services.state.get<Owner>(key);
  const owner = kept && (await findUser(place, kept.value.userId));
  // Whoever had it is gone: one of the oldest, where there are too many.
  if (kept && !owner) await endRecord(place, key, kept);
  return owner;
}

/** A user's own credential of this identity. */
export function credentialOf(user: User, identity: Identity): Credential | undefined {
  const canonical = canonicalOf(identity);
  return user.credentials.find((credential) => canonicalOf(credential) === canonical);
}

/** The user who has this identity; a new one, with it as the only credential, when nobody has. */
export async function userOf(place: Place, identity: Identity): Promise<{ user: User; created: boolean }> {
  for (;;) {
    const owner = await ownerOf(place, identity);
    if (owner) return { user: owner, created: false };
    const user = await create(place, identity);
    if (user) return { user, created: true };
  }
}

async function create(place: Place, identity: Identity): Promise<User | undefined> {
  const { state, clock, randomBytes } = place.services;
  const now = clock.now();
  const user: User = {
    id: newUuid(randomBytes),
    createdAt: now,
    lastVisit: now,
    credentials: [{ ...identity, id: newUuid(randomBytes), signInEnabled: true, verifiedAt: now }],
    totp: null,
    passkeys: [],
    defaultMfaId: null,
    recovery: null,
    profile: {},
  };
  // The user comes first, so that whoever finds the identity finds its owner as well.
  await state.put(keyOf(place, KIND, user.id), user);
  if (await state.putIfAbsent<Owner>(identityKey(place, identity), { userId: user.id })) return user;
  await state.delete(keyOf(place, KIND, user.id));
  return undefined;
}

/**
 * Changes a user, however many do so at once: `change` sees what is really there, returns what shall be, or throws.
 * Throws DynamicError `unauthorized` when the user is gone.
 */
export async function amendUser(place: Place, id: string, change: (user: User) => User): Promise<User> {
  const { state } = place.services;
  const key = keyOf(place, KIND, id);
  for (;;) {
    const kept = await state.get<User>(key);
    if (!kept) throw new DynamicError('unauthorized', 'user: expected one that exists, got one that was deleted');
    const next = change(kept.value);
    if (await state.update(key, kept.version, next)) return next;
  }
}

/** Gives a user a further credential. Undefined when the identity is another user's. */
export async function linkCredential(
  place: Place,
  userId: string,
  identity: Identity,
): Promise<{ user: User; credential: Credential } | undefined> {
  const { state, clock, randomBytes } = place.services;
  const { multipleSignInCredentials } = await settingsOf(place);
  const claimed = await state.putIfAbsent<Owner>(identityKey(place, identity), { userId });
  if (!claimed && (await ownerOf(place, identity))?.id !== userId) return undefined;
  const id = newUuid(randomBytes);
  try {
    const user = await amendUser(place, userId, (kept) => {
      if (credentialOf(kept, identity)) return kept;
      const signInEnabled = multipleSignInCredentials || !kept.credentials.some((one) => one.signInEnabled);
      const added = { ...identity, id, signInEnabled, verifiedAt: clock.now() };
      return { ...kept, credentials: [...kept.credentials, added] };
    });
    const credential = credentialOf(user, identity);
    return credential && { user, credential };
  } catch (error) {
    // The user went meanwhile: an identity without an owner would be nobody's for ever.
    if (claimed) await state.delete(identityKey(place, identity));
    throw error;
  }
}

/**
 * Takes a credential away. Throws DynamicError `invalid_unlink_request` when the user has none of this id,
 * `cannot_delete_last_sign_in_verified_credential`.
 */
export async function unlinkCredential(place: Place, userId: string, id: string): Promise<User> {
  let gone: Credential | undefined;
  const user = await amendUser(place, userId, (kept) => {
    gone = kept.credentials.find((credential) => credential.id === id);
    if (!gone) throw new DynamicError('invalid_unlink_request', "credential: expected one of the user's, got another");
    const credentials = kept.credentials.filter((credential) => credential.id !== id);
    if (!credentials.some(({ signInEnabled }) => signInEnabled)) {
      throw new DynamicError(
        'cannot_delete_last_sign_in_verified_credential',
        'credential: expected one beside another that can sign in, got the last',
      );
    }
    return { ...kept, credentials };
  });
  if (gone) await place.services.state.delete(identityKey(place, gone));
  return user;
}

/** Removes a user with all that leads to them. False when there is none. */
export async function deleteUser(place: TenantPlace, id: string): Promise<boolean> {
  const { state } = place.services;
  const user = await state.takeOnce<User>(keyOf(place, KIND, id));
  for (const credential of user?.credentials ?? []) await state.delete(identityKey(place, credential));
  for (const { credentialId } of user?.passkeys ?? []) {
    await state.delete(keyOf(place, 'dynamic-passkey-owner', credentialId));
  }
  return user !== undefined;
}

/** Under which key the owner of an identity is kept. */
export function identityKey(place: TenantPlace, identity: Identity): { tenant: string; kind: string; id: string } {
  return keyOf(place, 'dynamic-identity', canonicalOf(identity));
}
