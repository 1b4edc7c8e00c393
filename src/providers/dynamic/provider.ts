/** What Dynamic has beside what every provider has: the environment, the user's credentials and factors, its own API. */
import type { Option, Provider, StepEvent } from '../provider.js';

/** What an environment's settings say. A field that the service leaves out is off, or unknown where it is optional. */
export interface Environment {
  environmentId: string;
  displayName?: string | undefined;
  /** `sandbox` or `live`. */
  name?: string | undefined;
  /** Least API version, e.g. `2026_04_01`. */
  minApiVersion?: string | undefined;
  /** Dynamic: from `2026_04_01` on the service demands elevated tokens. False also where the settings do not say the version. */
  stepUpEnforced: boolean;
  /** Ways to sign in that are on: `email`, `sms`, `passkey`, `wallet`, `jwt`, and names of social providers. */
  signIn: string[];
  mfa: { enabled: boolean; required: boolean; methods: string[] };
  /** Requirements by action, e.g. `wallet.waas.sign`. `expirySeconds` is the life of a token for it. */
  actions: { action: string; required: boolean; singleUse?: boolean | undefined; expirySeconds?: number | undefined }[];
  /** The captcha's provider, where one is demanded before a code is sent. */
  captcha?: string | undefined;
  /** Tokens travel in cookies that no terminal can have. */
  cookieMode: boolean;
  locked: boolean;
  deviceRegistration: boolean;
  /** Life of a session in seconds. */
  sessionSeconds?: number | undefined;
}

/** A proven identity of the user. */
export interface Credential {
  id: string;
  /** The service's word: `email`, `phoneNumber`, `blockchain`, `oauth`, `externalUser`, `passkey` … */
  format: string;
  /** Address, number, wallet or name; the user's own data. */
  label?: string | undefined;
  /** Whether it can be used to sign in, and so to step up. */
  signInEnabled: boolean;
  verifiedAt?: string | undefined;
  /** A wallet that the service keeps; it cannot step up. */
  embedded: boolean;
  /** Whether this session was opened with it. */
  openedSession: boolean;
  /** For a wallet: its name in the store, when its key is there. */
  wallet?: string | undefined;
}

/** A verified or pending method of MFA. */
export interface MfaMethod {
  id: string;
  /** `totp`, `passkey`, `email`. */
  type: string;
  name?: string | undefined;
  verified: boolean;
  default: boolean;
  createdAt?: string | undefined;
  /** Whether its secret or key is in the store, so that it can be used here. */
  keptHere: boolean;
  /** WebAuthn credential id of a passkey, base64url. */
  credentialId?: string | undefined;
}

/** A TOTP device that waits for its first code. The secret is the user's: it is shown on request only. */
export interface TotpEnrolment {
  id: string;
  /** Base32. */
  secret: string;
  /** `otpauth://totp/…` */
  uri: string;
}

/** A call of the service's own API. `path` is under the environment: `/users`, or whole: `/api/v0/sdk/…/users`. */
export interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  json?: unknown;
  headers?: Record<string, string> | undefined;
  /** The scope whose grant goes with it; without one, the scope that the service is known to demand there. */
  scope?: string | undefined;
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** Undefined when the body is empty. */
  json: unknown;
  /** The scope whose grant went with the call. */
  elevatedWith?: string | undefined;
  /** Whether that was for one use, and is gone now. */
  spent: boolean;
}

/**
 * Calls that need an elevated token take it from the grants, and throw RefusedError ELEVATION_REQUIRED where none is held and the
 * service demands one.
 */
export interface DynamicProvider extends Provider {
  /** Reads the environment's settings; nobody need be logged in. Throws RefusedError APPLICATION_UNKNOWN. */
  environment(): Promise<Environment>;
  credentials(): Promise<Credential[]>;
  /** Every MFA method: TOTP devices and passkeys, pending ones too. */
  mfaMethods(): Promise<MfaMethod[]>;
  /** The recovery codes; `fresh` makes new ones and ends the old. */
  recoveryCodes(options: { fresh: boolean }): Promise<string[]>;
  /** Starts to enrol a TOTP device (`credential:link`). Nothing is kept here until it is confirmed. */
  enrolTotp(): Promise<TotpEnrolment>;
  /**
   * Confirms it with its first code; without one, with a code that is computed here. Its secret is then kept in the store. Throws
   * RefusedError CODE_WRONG.
   */
  confirmTotp(enrolment: TotpEnrolment, code?: string): Promise<MfaMethod>;
  /** Throws UsageError CREDENTIAL_UNKNOWN. */
  makeDefaultMfa(id: string): Promise<MfaMethod>;
  /** Removes a TOTP device or a passkey (`credential:unlink`), here too. Throws UsageError CREDENTIAL_UNKNOWN. */
  removeMfa(id: string): Promise<MfaMethod>;
  /** Makes a passkey in the store and registers it (`credential:link`). */
  addPasskey(): Promise<MfaMethod>;
  /** Links a wallet of the store by its name (`credential:link`). Throws UsageError WALLET_UNKNOWN. */
  linkWallet(name: string): Promise<Credential>;
  /** Unlinks a wallet by credential id, address or name (`credential:unlink`). Throws UsageError CREDENTIAL_UNKNOWN. */
  unlinkWallet(which: string): Promise<Credential>;
  /** Sends a code to a credential before a scope is named (`sendOtp`); the challenge it opens is in the event. */
  openCode(credentialId?: string): Promise<Extract<StepEvent, { type: 'code-sent' }>>;
  call(request: ApiCall): Promise<ApiAnswer>;
}

/** The formats of credentials and devices as methods. */
export function methodOf(format: string): Option['method'] {
  switch (format) {
    case 'email':
      return 'email';
    case 'phoneNumber':
      return 'sms';
    case 'blockchain':
      return 'wallet';
    case 'oauth':
      return 'social';
    case 'passkey':
      return 'passkey';
    case 'totp':
      return 'totp';
    default:
      return 'other';
  }
}
