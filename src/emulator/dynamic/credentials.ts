/** Verified credentials: who a user has proved to be, and how the wire shows it. */

export type Identity =
  | { format: 'email'; email: string }
  | { format: 'phoneNumber'; phoneNumber: string; phoneCountryCode: string; isoCountryCode: string }
  | { format: 'blockchain'; address: string; walletName: string; walletProvider: string }
  | { format: 'externalUser'; subject: string };

/** Times in milliseconds, real time. */
export type Credential = Identity & { id: string; signInEnabled: boolean; verifiedAt: number };

/** Dynamic: kinds of wallets. */
export const WALLET_PROVIDERS = [
  'browserExtension',
  'custodialService',
  'walletConnect',
  'qrCode',
  'deepLink',
  'embeddedWallet',
  'smartContractWallet',
] as const;

/** What a user calls the credential: the address, the number, the id. */
export function aliasOf(identity: Identity): string {
  switch (identity.format) {
    case 'email':
      return identity.email;
    case 'phoneNumber':
      return `+${identity.phoneCountryCode}${identity.phoneNumber}`;
    case 'blockchain':
      return identity.address;
    case 'externalUser':
      return identity.subject;
  }
}

/** The form under which an identity is found; case does not count in addresses. */
export function canonicalOf(identity: Identity): string {
  const { format } = identity;
  const alias = aliasOf(identity);
  return `${format}:${format === 'email' || format === 'blockchain' ? alias.toLowerCase() : alias}`;
}

/** True for a wallet whose key the service itself holds: its signature proves nothing about the person. */
export function isEmbedded(identity: Identity): boolean {
  return identity.format === 'blockchain' && identity.walletProvider === 'embeddedWallet';
}

/** Dynamic: a verified credential; most names of several words are in snake case here. */
export function showCredential(credential: Credential): Record<string, unknown> {
  const { id, format, signInEnabled, verifiedAt } = credential;
  return {
    id,
    format,
    public_identifier: aliasOf(credential),
    signInEnabled,
    verifiedAt: new Date(verifiedAt).toISOString(),
    ...details(credential),
  };
}

function details(credential: Credential): Record<string, unknown> {
  switch (credential.format) {
    case 'email':
      return { email: credential.email };
    case 'phoneNumber': {
      const { phoneNumber, phoneCountryCode, isoCountryCode } = credential;
      return { phoneNumber, phoneCountryCode, isoCountryCode };
    }
    case 'blockchain':
      return {
        address: credential.address,
        chain: 'eip155',
        wallet_name: credential.walletName,
        wallet_provider: credential.walletProvider,
        wallet_properties: {},
        wallet_additional_addresses: [],
        name_service: {},
        lastSelectedAt: new Date(credential.verifiedAt).toISOString(),
      };
    case 'externalUser':
      return {};
  }
}
