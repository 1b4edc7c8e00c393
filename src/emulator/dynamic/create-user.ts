/** A user made at once with all factors, as no call of the service itself does. */
import { newUuid } from '../randomness.js';
import { keyOf, type TenantPlace } from '../tenant-place.js';
import type { Identity } from './credentials.js';
import { identityKey, type Passkey, type TotpDevice, type User } from './users.js';

export interface NewUser {
  /** A UUID; a new one when absent. */
  id?: string | undefined;
  /** Each can be signed in with. */
  identities: Identity[];
  totp?: Pick<TotpDevice, 'secret' | 'alias'> | undefined;
  passkeys?: Omit<Passkey, 'id' | 'createdAt' | 'updatedAt' | 'userAgent'>[] | undefined;
  /** In the form in which they are compared. */
  recoveryCodes?: string[] | undefined;
  profile?: User['profile'] | undefined;
}

/** Makes the user, with verified factors. Undefined when the id, an identity or a passkey is somebody's already. */
export async function createUser(place: TenantPlace, wish: NewUser): Promise<User | undefined> {
  const { state, clock, randomBytes } = place.services;
  const now = clock.now();
  const fresh = (): string => newUuid(randomBytes);
  const user: User = {
    id: wish.id ?? fresh(),
    createdAt: now,
    lastVisit: now,
    credentials: wish.identities.map((identity) => ({
      ...identity,
      id: fresh(),
      signInEnabled: true,
      verifiedAt: now,
    })),
    totp: wish.totp ? { ...wish.totp, id: fresh(), createdAt: now, verifiedAt: now, lastStep: -1 } : null,
    passkeys: (wish.passkeys ?? []).map((one) => ({
      ...one,
      id: fresh(),
      userAgent: '',
      createdAt: now,
      updatedAt: now,
    })),
    defaultMfaId: null,
    recovery: wish.recoveryCodes ? { salt: '', spent: [], codes: wish.recoveryCodes } : null,
    profile: wish.profile ?? {},
  };
  // The user comes first, so that whoever finds an identity finds its owner as well.
  const claims: [key: ReturnType<typeof keyOf>, value: unknown][] = [
    [keyOf(place, 'dynamic-user', user.id), user],
    ...wish.identities.map((identity): [ReturnType<typeof keyOf>, unknown] => [
      identityKey(place, identity),
      { userId: user.id },
    ]),
    ...user.passkeys.map(({ credentialId }): [ReturnType<typeof keyOf>, unknown] => [
      keyOf(place, 'dynamic-passkey-owner', credentialId),
      user.id,
    ]),
  ];
  for (const [at, [key, value]] of claims.entries()) {
    if (await state.putIfAbsent(key, value)) continue;
    for (const [claimed] of claims.slice(0, at)) await state.delete(claimed);
    return undefined;
  }
  return user;
}

/** All users, oldest first. */
export async function listUsers({ services, tenant }: TenantPlace): Promise<User[]> {
  return (await services.state.list<User>(tenant.id, 'dynamic-user')).map(({ value }) => value);
}
