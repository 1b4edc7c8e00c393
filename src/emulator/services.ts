/** What the emulated services get from the emulator that hosts them. */
import type { CallOut } from './callout.js';
import type { DynamicReady, EmulatorEvent, Message, PreludeReady } from './emulator.js';
import type { KeyStore } from './key-store.js';
import type { Scenario } from './scenarios.js';
import type { State } from './state/interface.js';

/** One Prelude application and one Dynamic environment, with users, inbox, clock, faults and settings of its own. */
export interface Tenant {
  /** `default` for the one that is always there. */
  id: string;
  prelude: PreludeReady;
  dynamic: DynamicReady;
}

export interface Clock {
  /** Real time in milliseconds: for everything on the wire, and for what a proof's `iat` is checked against. */
  now(): number;
  /** Milliseconds on the tenant's clock, which the control API moves: only for the age at which things expire. */
  ageNow(tenant: string): number;
}

/** Dynamic: what a step-up may be demanded for, under the name of its environment setting. */
export interface DynamicAction {
  action: 'wallet.waas.sign' | 'wallet.waas.export' | 'wallet.waas.reshare' | 'wallet.waas.refresh' | 'user.update';
  required: boolean;
  tokenBehavior?: 'single_use' | 'time_bound' | undefined;
  tokenExpirySeconds?: number | undefined;
}

/** Calls that can demand an elevated token, by path under the environment. */
export type GatedPath =
  | 'users/mfa/register/totp'
  | 'users/mfa/{mfaDeviceId}'
  | 'users/passkeys/register'
  | 'users/passkeys'
  | 'emailVerifications/verify'
  | 'smsVerifications/verify'
  | 'verify/link'
  | 'verify/unlink'
  | 'waas/{walletId}/privateKey/export'
  | 'users';

/** Switches of the emulated Dynamic environment. */
export interface DynamicSettings {
  /** Step-up is enforced from `2026_04_01` on. */
  minApiVersion: '2026_01_01' | '2026_04_01';
  /** Whether a call demands an elevated token for what the rules say is protected. */
  enforce: Record<GatedPath, boolean>;
  /** The environment's own list of actions. */
  actions: DynamicAction[];
  /** Origins that may use the environment, beside every loopback one. */
  allowedOrigins: string[];
  /** A credential that is linked later can be signed in with, too. */
  multipleSignInCredentials: boolean;
  /** Backend whose assertions sign in and elevate; null: off. */
  externalAuth: { jwksUrl: string; iss?: string | undefined; aud?: string | undefined } | null;
  sessionSeconds: number;
  /** Codes that one address may be sent in ten minutes. */
  otpSends: number;
  /** No code is sent without a captcha's token; whatever token comes is taken. */
  captcha: boolean;
  /** Access tokens travel in an httpOnly cookie instead of in answers' bodies. */
  cookieMode: boolean;
}

/** Switches that the reference leaves open, with limits of codes. Patched over the control API; one set a tenant. */
export interface Settings {
  /** Refuse a scope that is in the step-up configuration but not registered on the application. */
  strictScopes: boolean;
  /** Answer `continue` with a completed challenge token; otherwise without one. */
  continueWithToken: boolean;
  /** Demand a nonce in regular DPoP proofs. */
  requireNonce: boolean;
  /** A proof's `iat` may be this many seconds off, either way. */
  iatWindowSeconds: number;
  /** Send hook signatures with the `rsassa-pss-sha256=` prefix. */
  signaturePrefix: boolean;
  /** Wrong codes that an OTP takes before it is dead. */
  otpAttempts: number;
  otpLifetimeSeconds: number;
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
  /** The hook's time limit. The service's own is 5. */
  hookTimeoutSeconds: number;
  dynamic: DynamicSettings;
}

export interface Services {
  state: State;
  clock: Clock;
  /** Cryptographic randomness for ids, codes and tokens. */
  randomBytes(size: number): Uint8Array;
  /** Adds to the event log. No field may carry a code, a token or a key. */
  emit(tenant: string, type: string, fields: Record<string, unknown>): Promise<void>;
  /** Puts a message into the tenant's inbox and emits `message` (without the code). */
  deliver(tenant: string, message: Omit<Message, 'id' | 'createdAt'>): Promise<void>;
  settings(tenant: string): Promise<Settings>;
  /** What always happens to a phone number, an address or a user's id, as the seed says. */
  scenario(tenant: string, identity: string): Promise<Scenario>;
  /** With `--rng-seed`: the tenant's own stream of bytes, which goes before `randomBytes`. */
  randomOf?: ((tenant: string) => (size: number) => Uint8Array) | undefined;
  /** The tenant of a frontend path prefix (`default` for none), or undefined. */
  tenant(id: string): Promise<Tenant | undefined>;
  /** The tenant whose Prelude application has this id, or undefined. */
  tenantOfApp(appId: string): Promise<Tenant | undefined>;
  /** The tenant whose Dynamic environment has this id, or undefined. */
  tenantOfEnvironment(environmentId: string): Promise<Tenant | undefined>;
  /** Secrets that outlive a restart, and are those of every emulator of the store. */
  keys: KeyStore;
  /** Calls a developer's backend, where this emulator may. */
  callOut: CallOut;
}

/** What the server's own steps hand to the routes behind them, as Hono variables. */
export interface Variables {
  tenant: Tenant;
  /** A fault asks for a nonce on this request, whatever the settings say. */
  requireNonce?: boolean;
  /** A fault makes the hook call of this request time out. */
  hookTimeout?: boolean;
  /** A fault rotates the signing key of access tokens before this request. */
  rotateKey?: boolean;
  /** Why a request was refused, in words, for the event log; never on the service's own answer. */
  refusal?: string;
  /** The code that the answer gives. */
  refusalCode?: string;
}

export type { EmulatorEvent };
