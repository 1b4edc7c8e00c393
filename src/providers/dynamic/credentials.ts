/** The user's verified credentials: as they are kept, shown and chosen from. */
import type { Keyring } from '../keyring.js';
import type { Credential } from './provider.js';
import type { Session, StoredCredential } from './record.js';
import type { WireCredential } from './wire.js';

/** A credential as the service sends it, in our form. */
export function credentialOf(wire: WireCredential): StoredCredential {
  const { id, format, email, phoneNumber, phoneCountryCode, isoCountryCode, address } = wire;
  const phone =
    phoneNumber && phoneCountryCode && isoCountryCode ? { phoneCountryCode, phoneNumber, isoCountryCode } : undefined;
  return {
    id,
    format,
    label: labelOf(wire),
    email: email ?? undefined,
    phone,
    address: address ?? undefined,
    // Dynamic: an absent field does not say that it can be used; the official UI takes those that say so.
    signInEnabled: wire.signInEnabled === true,
    embedded: wire.wallet_provider === 'embeddedWallet',
    verifiedAt: wire.verifiedAt ?? undefined,
  };
}

function labelOf({ email, phoneNumber, phoneCountryCode, address, ...wire }: WireCredential): string | undefined {
  if (phoneNumber && phoneCountryCode) return `+${phoneCountryCode}${phoneNumber}`;
  const social =
    wire.oauth_provider && `${wire.oauth_provider}: ${wire.oauth_display_name ?? wire.public_identifier ?? ''}`;
  return email ?? address ?? (social || undefined) ?? wire.public_identifier ?? undefined;
}

/** What the user is called by: the identity that opened the session. */
export function identifierOf(
  credentials: StoredCredential[],
  signInCredentialId: string | undefined,
): string | undefined {
  const opened = credentials.find(({ id }) => id === signInCredentialId);
  return opened?.label ?? credentials.find(({ signInEnabled }) => signInEnabled)?.label;
}

/** The credentials of a session for a person to read, each wallet with its name in the store. */
export async function shownCredentials(session: Session, keyring: Keyring): Promise<Credential[]> {
  const { sameAddress } = await import('../../authenticator/wallet.js');
  const wallets = [...(await keyring.wallets())];
  return session.credentials.map(({ id, format, label, signInEnabled, verifiedAt, embedded, address }) => ({
    id,
    format,
    label,
    signInEnabled,
    verifiedAt,
    embedded,
    openedSession: id === session.signInCredentialId,
    wallet: address === undefined ? undefined : wallets.find(([, each]) => sameAddress(each.address, address))?.[0],
  }));
}
