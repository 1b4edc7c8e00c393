/** Makes users as the seed and `POST /users` describe them. */
import { createUser as createDynamicUser } from '../dynamic/create-user.js';
import type { Identity } from '../dynamic/credentials.js';
import { plain } from '../dynamic/recovery-codes.js';
import type { User as DynamicUser } from '../dynamic/users.js';
import { keepPasskey } from '../prelude/passkeys.js';
import { setPassword } from '../prelude/passwords.js';
import { addUserScope } from '../prelude/user-scopes.js';
import { removeUser } from '../prelude/remove-user.js';
import { createUser as createPreludeUser, type User as PreludeUser } from '../prelude/users.js';
import type { TenantPlace } from '../tenant-place.js';
import type { DynamicSeedUser, PreludeSeedUser } from './user.js';

const NO_AAGUID = '00000000-0000-0000-0000-000000000000';

/** Makes a user of the Prelude application. Undefined when the id, an identifier or a passkey is somebody's already. */
export async function makePreludeUser(place: TenantPlace, wish: PreludeSeedUser): Promise<PreludeUser | undefined> {
  const { id, profile, password, scopes = [], passkeys = [] } = wish;
  const identifiers = wish.identifiers.map((value) => ({
    type: value.startsWith('+') ? ('phone_number' as const) : ('email_address' as const),
    value,
  }));
  const user = await createPreludeUser(place, { id, identifiers, profile });
  if (!user) return undefined;
  for (const { credentialId, publicKey, counter = 0, transports = [], nickname = '', aaguid = NO_AAGUID } of passkeys) {
    const known = { credentialId, publicKey, counter, transports, nickname, aaguid };
    if (await keepPasskey(place, { ...known, userId: user.id, createdAt: user.createdAt, lastUsedAt: null })) continue;
    await removeUser(place, user.id);
    return undefined;
  }
  if (password !== undefined) await setPassword(place, user.id, password);
  for (const scope of scopes) await addUserScope(place, user.id, scope);
  return user;
}

/** Makes a user of the Dynamic environment. Undefined when the id, an identity or a passkey is somebody's already. */
export async function makeDynamicUser(place: TenantPlace, wish: DynamicSeedUser): Promise<DynamicUser | undefined> {
  const { id, identifiers = [], wallets = [], totp, recoveryCodes, passkeys = [], profile } = wish;
  const identities: Identity[] = [
    ...(await Promise.all(identifiers.map(identityOf))),
    ...wallets.map(({ address, name = 'wallet', provider = 'browserExtension' as const }) => ({
      format: 'blockchain' as const,
      address,
      walletName: name,
      walletProvider: provider,
    })),
  ];
  return createDynamicUser(place, {
    id,
    identities,
    totp: totp && { secret: totp.secret, alias: totp.alias ?? 'Authenticator app' },
    recoveryCodes: recoveryCodes?.map(plain),
    passkeys: passkeys.map(({ rpId, alias, counter = 0, transports = [], ...known }) => {
      const domain = rpId ?? new URL(known.origin).hostname;
      return { ...known, rpId: domain, alias: alias ?? `Passkey for ${domain}`, counter, transports };
    }),
    profile,
  });
}

async function identityOf(identifier: string): Promise<Identity> {
  if (!identifier.startsWith('+')) return { format: 'email', email: identifier };
  // Loaded late: few seeds need it.
  const { parsePhoneNumber } = await import('awesome-phonenumber');
  const { countryCode, regionCode } = parsePhoneNumber(identifier);
  // A number that no country has is taken for one of the longest common code, so that a test may invent numbers.
  const phoneCountryCode = countryCode === undefined ? identifier.slice(1, 4) : String(countryCode);
  return {
    format: 'phoneNumber',
    phoneCountryCode,
    phoneNumber: identifier.slice(1 + phoneCountryCode.length),
    isoCountryCode: regionCode !== undefined && /^[A-Z]{2}$/.test(regionCode) ? regionCode : 'ZZ',
  };
}
