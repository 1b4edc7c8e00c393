/// <reference lib="esnext.disposable" preserve="true" />
/** What the library's users see: an emulator, a tenant of it, and all that steers them. */
import type { DynamicReady, EmulatorEvent, Message, PreludeReady, Ready } from '../emulator/emulator.js';
import type { DynamicSettings, Settings } from '../emulator/services.js';
import type { Duration } from './duration.js';

export type { Duration, DynamicReady, DynamicSettings, EmulatorEvent, Message, PreludeReady, Ready, Settings };

/** Which side of the emulator: the Prelude application or the Dynamic environment. */
export type Provider = Message['provider'];

/** Which messages; what is absent does not narrow. */
export interface MessageQuery {
  /** A phone number in E.164, or an address. */
  to?: string | undefined;
  channel?: Message['channel'] | undefined;
  purpose?: Message['purpose'] | undefined;
  /** Id of the challenge that the message is for. */
  challenge?: string | undefined;
  /** Only newer ones than this message (its id), or sent at this instant or later. */
  after?: string | Date | undefined;
  signal?: AbortSignal | undefined;
}

export interface WaitingQuery extends MessageQuery {
  /** How long to wait for a first one. Default: 5 seconds. */
  wait?: Duration | undefined;
}

/** What was "sent". */
export interface Inbox {
  /** The messages that fit, oldest first; with `wait` as soon as there is one, an empty list when none came. */
  messages(query?: WaitingQuery): Promise<Message[]>;
  /**
   * The newest message that fits, once there is one. A suppressed message never arrives, as with the service: it is not given. Throws
   * EmulatorError when none came in time; it says so when there is a suppressed one, with its reason.
   */
  message(query?: WaitingQuery): Promise<Message>;
  /** The code of `message`. With several codes to one recipient, `challenge` or `after` says which is meant. */
  code(query?: WaitingQuery): Promise<string>;
}

/** Where a tenant's clock stands. */
export interface ClockState {
  /** Real time, ISO 8601: what is on the wire. */
  now: string;
  /** The clock's own time, ISO 8601: what ages codes, challenges, grants, sessions and tokens. */
  ageNow: string;
  /** Seconds that it is ahead of real time. */
  offset: number;
  frozen: boolean;
}

/** Moves the age at which the emulator treats things as expired. Times on the wire stay real. */
export interface Clock {
  get(): Promise<ClockState>;
  /** Moves it ahead: `clock.advance('6m')`. */
  advance(by: Duration): Promise<ClockState>;
  /** Sets how far it is ahead of real time, or behind with a negative duration; `offset(0)` is real time. */
  offset(to: Duration): Promise<ClockState>;
  freeze(): Promise<ClockState>;
  resume(): Promise<ClockState>;
}

/** What a fault does to a request; one of these. */
export type FaultAction =
  | { status: number; body?: unknown; headers?: Record<string, string> | undefined }
  | { latencyMs: number }
  /** `before`: the request is lost. `after`: the work is done, the answer is lost. */
  | { drop: 'before' | 'after' }
  | { requireNonce: true }
  | { skewDateSeconds: number }
  | { truncate: number }
  | { rotateKey: true }
  | { hookTimeout: true };

export interface NewFault {
  match?:
    | {
        method?: string | undefined;
        /** Path without query; `*` stands for any run of characters. */
        path?: string | undefined;
        /** A phone number or address in the request, or the id of a user or session. */
        identity?: string | undefined;
      }
    | undefined;
  /** How often it happens before it is used up. Absent: for ever. */
  times?: number | undefined;
  /** It happens to every Nth request that it matches. Absent: to each. */
  everyNth?: number | undefined;
  do: FaultAction;
}

/** A fault, with how many requests it has met and to how many it has happened. */
export interface Fault extends NewFault {
  id: string;
  matched: number;
  happened: number;
}

export interface Faults {
  add(fault: NewFault): Promise<Fault>;
  list(): Promise<Fault[]>;
  /** Removes one by its id, or all. */
  clear(id?: string): Promise<void>;
}

/** A change of settings: what is not named stays. */
export type SettingsPatch = Partial<Omit<Settings, 'dynamic'>> & {
  dynamic?: (Partial<Omit<DynamicSettings, 'enforce'>> & { enforce?: Partial<DynamicSettings['enforce']> }) | undefined;
};

export interface SettingsControl {
  get(): Promise<Settings>;
  /** Changes what is named, and answers with all. */
  patch(patch: SettingsPatch): Promise<Settings>;
}

/** Everything of a tenant as one document. It holds codes and keys. */
export type StateDocument = Record<string, unknown>;

export interface StateControl {
  export(): Promise<StateDocument>;
  import(document: StateDocument): Promise<void>;
  /** Back to the start, as the seed says. Signing keys, listeners and event streams stay. */
  reset(): Promise<void>;
}

export interface Snapshot {
  name: string;
  /** ISO 8601, real time. */
  takenAt: string;
  bytes: number;
}

export interface Snapshots {
  take(name: string): Promise<Snapshot>;
  restore(name: string): Promise<void>;
}

export interface User {
  provider: Provider;
  id: string;
  /** Phone numbers, addresses and wallets. */
  identifiers: string[];
  /** ISO 8601. */
  createdAt: string;
}

/** A user as a seed file describes one; the JSON Schema of the seed says what `more` may be. */
export interface NewUser {
  provider: Provider;
  id?: string | undefined;
  identifiers?: string[] | undefined;
  [more: string]: unknown;
}

export interface Users {
  list(query?: { provider?: Provider | undefined }): Promise<User[]>;
  create(user: NewUser): Promise<User>;
  delete(id: string): Promise<void>;
}

/** What is wrong with a minted token; a backend's own checks are to find it. */
export type TokenDefect =
  | 'none'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-key'
  | 'wrong-issuer'
  | 'wrong-app'
  | 'alg-none'
  | 'hs256-public-key'
  | 'missing-scope'
  | 'scope-substring'
  | 'challenge-token'
  | 'revoked-session'
  | 'spent';

export interface MintOptions {
  provider: Provider;
  /** Claims over those that the emulator would give. */
  claims?: Record<string, unknown> | undefined;
  /** Default: `none`. */
  defect?: TokenDefect | undefined;
}

export interface MintedToken {
  token: string;
  [more: string]: unknown;
}

export interface Tokens {
  mint(options: MintOptions): Promise<MintedToken>;
}

export interface EventQuery {
  /** Only those after the event with this id. Default: from the oldest that is kept. */
  after?: number | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/** What steers one tenant. */
export interface TenantControl {
  inbox: Inbox;
  clock: Clock;
  faults: Faults;
  settings: SettingsControl;
  state: StateControl;
  snapshots: Snapshots;
  users: Users;
  tokens: Tokens;
  /** What happens, as it happens: `for await (const event of tenant.events())`. Ends with the loop, the signal or the emulator. */
  events(query?: EventQuery): AsyncIterable<EmulatorEvent>;
}

/** One Prelude application and one Dynamic environment with users, inbox, clock, faults and settings of their own. */
export interface Tenant extends TenantControl {
  id: string;
  prelude: PreludeReady;
  dynamic: DynamicReady;
  /** Removes it with everything that is its own. One that is gone is no error. */
  delete(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TenantInfo {
  id: string;
  prelude: PreludeReady;
  dynamic: DynamicReady;
}

export interface Tenants {
  list(): Promise<TenantInfo[]>;
  /** Makes one beside the default one. Without an id it gets a new one. */
  create(options?: { id?: string | undefined }): Promise<Tenant>;
  /** One that is gone is no error. */
  delete(id: string): Promise<void>;
}

/** An emulator with what steers its default tenant. */
export interface ConnectedEmulator extends TenantControl {
  /** `http://127.0.0.1:PORT`: both services and the control API. */
  url: string;
  /** `https://localhost:PORT`: the same; empty without an https listener, or when nobody has said where it is. */
  httpsUrl: string;
  /** Path of a file with the certificate of `httpsUrl`, for `NODE_EXTRA_CA_CERTS`; empty where there is none. */
  caCert: string;
  controlUrl: string;
  controlToken: string;
  tenants: Tenants;
}

/** An emulator of this process. */
export interface Emulator extends ConnectedEmulator {
  /** What `stepup emulator start --json` prints. */
  ready: Ready;
  /** The Prelude application of the default tenant. */
  prelude: PreludeReady;
  /** The Dynamic environment of the default tenant. */
  dynamic: DynamicReady;
  /** The variables by which another process finds it, as `stepup emulator exec` sets them. */
  env(): Record<string, string>;
  /** Finishes requests under way, then stops listening; a temporary folder is removed. A second call does nothing. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
