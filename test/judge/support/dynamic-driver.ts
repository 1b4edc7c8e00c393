/**
 * The official client's calls that step-up needs, one thin method each. The same in Node and in a page. Its declarations do not
 * resolve in our way of modules, so what is used of them is written down here.
 */
import {
  authenticateMfaRecoveryCode,
  authenticatePasskeyMFA,
  authenticateTotpMfaDevice,
  checkStepUpAuth,
  connectAndVerifyWithWalletProvider,
  createNewMfaRecoveryCodes,
  deleteMfaDevice,
  deletePasskey,
  getElevatedAccessToken,
  getMfaDevices,
  getMfaMethods,
  getMfaRecoveryCodes,
  getPasskeys,
  getWalletAccounts,
  initializeClient,
  logout,
  refreshAuth,
  refreshUser,
  registerPasskey,
  registerTotpMfaDevice,
  removeWalletAccount,
  requestExternalAuthElevatedToken,
  sendEmailOTP,
  sendSmsOTP,
  setDefaultMfaDevice,
  signInWithExternalJwt,
  signInWithPasskey,
  verifyOTP,
  verifyWalletAccount,
} from '@dynamic-labs-sdk/client';

/** What the client shows of its state. */
export interface OfficialClient {
  readonly initStatus: 'uninitialized' | 'in-progress' | 'finished' | 'failed';
  readonly initError: Error | null;
  readonly projectSettings: Record<string, unknown> | null;
  readonly sessionExpiresAt: Date | null;
  readonly token: string | null;
  readonly user: User | null;
}

export interface User {
  id: string;
  sessionId: string;
  verifiedCredentials: { id: string; format: string; publicIdentifier: string; signInEnabled: boolean }[];
}

/** A code that was sent. */
export interface Verification {
  verificationUUID: string;
  email?: string;
  phoneNumber?: string;
  phoneCountryCode?: string;
  isoCountryCode?: string;
}

export interface StepUpCheck {
  isRequired: boolean;
  credentials: { id: string; format: string; type?: string; alias?: string }[];
  defaultCredentialId?: string;
}

interface Verified {
  user: User;
  elevatedAccessToken?: string | null;
}

interface MfaDevice {
  id: string;
  type: string;
  verified: boolean;
  _default: boolean;
}

interface Passkey {
  id: string;
  credentialId: string;
}

interface WalletAccount {
  address: string;
  verifiedCredentialId: string | null;
}

export type DynamicDriver = ReturnType<typeof drive>;

/** Methods of an initialised client. They throw what the client throws. */
export function drive(client: OfficialClient) {
  const wallet = (): WalletAccount => {
    const [account] = getWalletAccounts(client) as WalletAccount[];
    if (!account) throw new Error('The client has no wallet.');
    return account;
  };
  return {
    initialize: (): Promise<void> => initializeClient(client),
    token: (): string | null => client.token,
    user: (): User | null => client.user,

    sendEmail: (email: string): Promise<Verification> => sendEmailOTP({ email }, client),
    /** `isoCountryCode` names the country, e.g. `US`; the number comes without its code. */
    sendSms: (isoCountryCode: string, phoneNumber: string): Promise<Verification> =>
      sendSmsOTP({ isoCountryCode, phoneNumber }, client),
    /** Signs in when nobody is; then `scopes` are not sent. `linkFactor` asks for a token to enrol a first factor with. */
    verifyCode: (
      otpVerification: Verification,
      verificationToken: string,
      { scopes, linkFactor }: { scopes?: string[]; linkFactor?: boolean } = {},
    ): Promise<Verified> =>
      verifyOTP(
        {
          otpVerification,
          verificationToken,
          ...(scopes ? { requestedScopes: scopes } : {}),
          ...(linkFactor ? { allowNewMFALinking: true } : {}),
        },
        client,
      ),

    check: (scope: string): Promise<StepUpCheck> => checkStepUpAuth({ scope }, client),
    /** The elevated token at hand for a scope. */
    held: (scope: string): string | undefined => getElevatedAccessToken({ scope, consume: false }, client),
    /** The same, as an app takes it for a call of its own: a single use is gone from the client. */
    take: (scope: string): string | undefined => getElevatedAccessToken({ scope }, client),

    mfaMethods: (): Promise<{ devices: MfaDevice[]; passkeys: Passkey[]; userHasVerifiedMfaMethods: boolean }> =>
      getMfaMethods(client),
    mfaDevices: (): Promise<MfaDevice[]> => getMfaDevices(client),
    setDefaultMfaDevice: (deviceId: string): Promise<void> => setDefaultMfaDevice({ deviceId }, client),
    deleteMfaDevice: (deviceId: string): Promise<void> => deleteMfaDevice({ deviceId }, client),

    registerTotp: (): Promise<{ id: string; type: string; secret: string; uri: string }> =>
      registerTotpMfaDevice(client),
    /** The first code of a new device confirms it. */
    verifyTotp: (
      code: string,
      { scopes, deviceId }: { scopes?: string[]; deviceId?: string } = {},
    ): Promise<Verified> =>
      authenticateTotpMfaDevice(
        { code, ...(deviceId ? { deviceId } : {}), ...(scopes ? { requestedScopes: scopes } : {}) },
        client,
      ),

    recoveryCodes: async (): Promise<string[]> => (await getMfaRecoveryCodes(client)).recoveryCodes,
    newRecoveryCodes: async (): Promise<string[]> => (await createNewMfaRecoveryCodes(client)).recoveryCodes,
    verifyRecoveryCode: (code: string, scopes: string[]): Promise<Verified> =>
      authenticateMfaRecoveryCode({ code, requestedScopes: scopes }, client),

    passkeys: (): Promise<Passkey[]> => getPasskeys(client),
    registerPasskey: (): Promise<Verified> => registerPasskey({}, client),
    verifyPasskey: (scopes: string[]): Promise<Verified> => authenticatePasskeyMFA({ requestedScopes: scopes }, client),
    signInWithPasskey: (): Promise<Verified> => signInWithPasskey({}, client),
    deletePasskey: (passkeyId: string): Promise<void> => deletePasskey({ passkeyId }, client),

    /** Connects the wallet of that provider and signs in with it; when somebody is signed in, links it. */
    connectWallet: (walletProviderKey: string): Promise<WalletAccount> =>
      connectAndVerifyWithWalletProvider({ walletProviderKey }, client),
    /** Steps up by the first wallet. */
    verifyWallet: (scopes: string[]): Promise<WalletAccount> =>
      verifyWalletAccount({ walletAccount: wallet(), requestedScopes: scopes }, client),
    removeWallet: (): Promise<void> => removeWalletAccount({ walletAccount: wallet() }, client),

    signInWithAssertion: (externalJwt: string): Promise<Verified> => signInWithExternalJwt({ externalJwt }, client),
    elevateByAssertion: (externalJwt: string): Promise<{ elevatedAccessToken: string }> =>
      requestExternalAuthElevatedToken({ externalJwt }, client),

    refreshUser: (): Promise<User> => refreshUser(client),
    refreshAuth: (): Promise<Verified> => refreshAuth(client),
    logout: (): Promise<void> => logout(client),
  };
}
