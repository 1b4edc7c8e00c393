/** Users and the identifiers by which they are found. */
import { endRecord, keyOf, type TenantPlace } from '../tenant-place.js';
import { newId } from './randomness.js';
import { canonicalIdentifier, type Identifier } from './wire.js';

export interface User {
  id: string;
  identifiers: Identifier[];
  profile: { [key: string]: unknown };
  /** Real time, milliseconds. */
  createdAt: number;
}

interface Owner {
  userId: string;
}

/** A user by id. */
export async function findUser(place: TenantPlace, id: string): Promise<User | undefined> {
  return (await place.services.state.get<User>(keyOf(place, 'prelude-user', id)))?.value;
}

/** The user who has this identifier; a new one when nobody has. `canonical` is the identifier's looked-up form. */
export async function userOf(place: TenantPlace, identifier: Identifier, canonical: string): Promise<User> {
  for (;;) {
    const owner = await ownerOf(place, canonical);
    if (owner) return owner;
    const made = await createUser(place, { identifiers: [identifier] });
    if (made) return made;
  }
}

/** The user who has the identifier of this looked-up form. */
export async function ownerOf(place: TenantPlace, canonical: string): Promise<User | undefined> {
  const key = keyOf(place, 'prelude-identifier', canonical);
  const kept = await place.services.state.get<Owner>(key);
  const owner = kept && (await findUser(place, kept.value.userId));
  // Whoever had it is gone: one of the oldest, where there are too many.
  if (kept && !owner) await endRecord(place, key, kept);
  return owner;
}

/** Makes a user, or returns undefined when the id or an identifier is taken. Identifiers have been checked. */
export async function createUser(
  place: TenantPlace,
  wish: { identifiers: Identifier[]; id?: string | undefined; profile?: Record<string, unknown> | undefined },
): Promise<User | undefined> {
  const { services } = place;
  const id = wish.id ?? newId('usr', services.randomBytes);
  const user: User = {
    id,
    identifiers: wish.identifiers,
    profile: wish.profile ?? {},
    createdAt: services.clock.now(),
  };
  // The user comes first, so that whoever finds the identifier finds its owner as well.
  if (!(await services.state.putIfAbsent(keyOf(place, 'prelude-user', id), user))) return undefined;
  const claimed: string[] = [];
  for (const identifier of wish.identifiers) {
    const canonical = canonicalIdentifier(identifier) ?? '';
    if (!(await services.state.putIfAbsent<Owner>(keyOf(place, 'prelude-identifier', canonical), { userId: id }))) {
      await release(place, claimed);
      await services.state.delete(keyOf(place, 'prelude-user', id));
      return undefined;
    }
    claimed.push(canonical);
  }
  return user;
}

/** All users, oldest first. */
export async function listUsers(place: TenantPlace): Promise<User[]> {
  return (await place.services.state.list<User>(place.tenant.id, 'prelude-user')).map(({ value }) => value);
}

/** Changes a user. Undefined when there is none: a change never brings one back. */
export async function amendUser(
  place: TenantPlace,
  id: string,
  change: (user: User) => User,
): Promise<User | undefined> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-user', id);
  for (;;) {
    const kept = await state.get<User>(key);
    if (!kept) return undefined;
    const next = change(kept.value);
    if (await state.update(key, kept.version, next)) return next;
  }
}

/** Gives a user an identifier, which has been checked. `own`: it is the user's already; `taken`: somebody else's. */
export async function addIdentifier(
  place: TenantPlace,
  userId: string,
  identifier: Identifier,
): Promise<'added' | 'own' | 'taken'> {
  const { state } = place.services;
  const canonical = canonicalIdentifier(identifier) ?? '';
  const key = keyOf(place, 'prelude-identifier', canonical);
  if (!(await state.putIfAbsent<Owner>(key, { userId }))) {
    return (await state.get<Owner>(key))?.value.userId === userId ? 'own' : 'taken';
  }
  const user = await amendUser(place, userId, (kept) => ({ ...kept, identifiers: [...kept.identifiers, identifier] }));
  if (user) return 'added';
  await release(place, [canonical]);
  return 'taken';
}

/** Removes a user and frees the identifiers. False when there is none. */
export async function deleteUser(place: TenantPlace, id: string): Promise<boolean> {
  const user = await place.services.state.takeOnce<User>(keyOf(place, 'prelude-user', id));
  if (!user) return false;
  await release(
    place,
    user.identifiers.map((identifier) => canonicalIdentifier(identifier) ?? ''),
  );
  return true;
}

async function release(place: TenantPlace, canonicals: string[]): Promise<void> {
  for (const canonical of canonicals) {
    await place.services.state.delete(keyOf(place, 'prelude-identifier', canonical));
  }
}
