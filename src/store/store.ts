/**
 * What the tool keeps between commands, under one folder. `config.json` has the profiles and no secret; `credentials.json`
 * has the secrets, readable by the owner only: `{"version":1,"sealed":false,"sessions":{…},"managementKeys":{…},"keyrings":{…}}`.
 * The store knows nothing of services: a session is a JSON object that its provider parses.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * Names a session or a management key: by service, host and application, never by profile, so that a rename keeps it.
 * In the file it reads `PROVIDER://HOST#APPLICATION`, e.g. `prelude://54e9ujn.session.prelude.dev#demo` (a `%` or `#` of the
 * host percent-encoded). The parts are taken as they are: whoever makes a key spells a host in one way only.
 */
export interface CredentialKey {
  provider: string;
  /** Host with port and path, as in `54e9ujn.session.prelude.dev` or `127.0.0.1:4780`. */
  host: string;
  application: string;
}

/** Addresses and ids of an application at Prelude. No secret. */
export interface PreludeProfile {
  provider: 'prelude';
  /** Application id. */
  appId: string;
  /** Base of the frontend API, without `/v1/session`. */
  frontendUrl: string;
  managementUrl: string;
}

/** Address and id of an environment at Dynamic. No secret. */
export interface DynamicProfile {
  provider: 'dynamic';
  environmentId: string;
  /** Base of the API, with `/api/v0`. */
  apiUrl: string;
  /** Origin of the app: scheme, host and port, as the environment allows it. */
  origin: string;
}

/** What an application is under a name. */
export type Profile = PreludeProfile | DynamicProfile;

/** What a person would hold in their hands, or a developer's backend (`signing`), and not a session: it outlives every login. */
export type KeyringKind = 'passkeys' | 'wallets' | 'totp' | 'signing';

/**
 * Every call throws FailedError: STORE_UNREADABLE, STORE_UNWRITABLE, STORE_CORRUPTED, STORE_NEWER, STORE_LOCKED, each with
 * the file's path in its message. Nothing is overwritten that could not be read. Reading takes no lock and creates nothing.
 */
export interface Store {
  readonly folder: string;

  /** By name, without a prototype: a name that is not there is undefined, whatever it is. */
  profiles(): Promise<Record<string, Profile>>;
  currentProfile(): Promise<string | undefined>;
  /** Adds or replaces. Throws UsageError PROFILE_INVALID for `__proto__`, `prototype` and `constructor`. */
  saveProfile(name: string, profile: Profile): Promise<void>;
  /** Throws UsageError PROFILE_UNKNOWN. */
  useProfile(name: string): Promise<void>;
  /** Removes the profile, not the session. Unsets `current` when it was this one. Throws UsageError PROFILE_UNKNOWN. */
  removeProfile(name: string): Promise<void>;

  /**
   * The default hook of `scope add --mode delegated`. Kept by application, as a management key is, so that an application
   * that was named by flags or variables has one too.
   */
  hookUrl(key: CredentialKey): Promise<string | undefined>;
  /** Keeps the default hook of an application; undefined forgets it. */
  saveHookUrl(key: CredentialKey, url: string | undefined): Promise<void>;

  /** The origins of the developer's APIs that an application's tokens may go to, oldest first. Kept by application, as the hook is. */
  allowedOrigins(key: CredentialKey): Promise<string[]>;
  /** Adds origins to them. */
  allowOrigins(key: CredentialKey, origins: readonly string[]): Promise<void>;

  session(key: CredentialKey): Promise<JsonObject | undefined>;
  /**
   * Reads, lets `change` make the new session (undefined removes it), and writes, as one step under the file's lock across
   * processes. `change` must be quick and synchronous: no network under this lock. Returns what was written. When `change`
   * throws, nothing is written and its error comes through.
   */
  updateSession(
    key: CredentialKey,
    change: (session: JsonObject | undefined) => JsonObject | undefined,
  ): Promise<JsonObject | undefined>;
  /**
   * Holds this session's own lock across processes while `work` runs, network included (a refresh). Waits at most
   * `waitMs` milliseconds; throws FailedError STORE_LOCKED then. A holder that was killed is passed over after 15 s, so a
   * `waitMs` of 20 000 outlasts it. `work` may use every other call of the store, but not this one with the same key.
   * `lost` fires when this process slept so long that another one may have taken the lock: send nothing more then.
   */
  withSessionLock<T>(key: CredentialKey, waitMs: number, work: (lost: AbortSignal) => Promise<T>): Promise<T>;

  /** The software authenticators of a kind, by id, oldest first. The store knows nothing of what is in them. */
  keyring(kind: KeyringKind): Promise<Record<string, JsonObject>>;
  /**
   * Reads, lets `change` put in or take out entries, and writes, as one step under the file's lock across processes. When
   * `change` throws, nothing is written and its error comes through.
   */
  updateKeyring(kind: KeyringKind, change: (entries: Map<string, JsonObject>) => void): Promise<void>;

  managementKey(key: CredentialKey): Promise<string | undefined>;
  saveManagementKey(key: CredentialKey, value: string | undefined): Promise<void>;
}
