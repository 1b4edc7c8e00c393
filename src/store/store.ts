/**
 * What the tool keeps between commands, under one folder. `config.json` has the profiles and no secret; `credentials.json`
 * has the secrets, readable by the owner only: `{"version":1,"sealed":false,"sessions":{…},"managementKeys":{…}}`.
 * The store knows nothing of services: a session is a JSON object that its provider parses.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Names a session or a management key: by service, host and application, never by profile, so that a rename keeps it. */
export interface CredentialKey {
  provider: string;
  /** Host with port and path, as in `54e9ujn.session.prelude.dev` or `127.0.0.1:4780`. */
  host: string;
  application: string;
}

/** Addresses and ids of an application. No secret. */
export interface Profile {
  provider: 'prelude' | 'dynamic';
  /** Application id. */
  appId: string;
  /** Base of the frontend API, without `/v1/session`. */
  frontendUrl: string;
  managementUrl: string;
  /** Default hook of `scope add --mode delegated`. */
  hookUrl?: string | undefined;
}

/**
 * Every call throws FailedError: STORE_UNREADABLE, STORE_UNWRITABLE, STORE_CORRUPTED, STORE_NEWER, STORE_LOCKED, each with
 * the file's path in its message. Nothing is overwritten that could not be read.
 */
export interface Store {
  readonly folder: string;

  profiles(): Promise<Record<string, Profile>>;
  currentProfile(): Promise<string | undefined>;
  saveProfile(name: string, profile: Profile): Promise<void>;
  useProfile(name: string): Promise<void>;
  /** Removes the profile, not the session. Unsets `current` when it was this one. */
  removeProfile(name: string): Promise<void>;

  session(key: CredentialKey): Promise<JsonObject | undefined>;
  /**
   * Reads, lets `change` make the new session (undefined removes it), and writes, as one step under the file's lock across
   * processes. `change` must be quick and synchronous: no network under this lock. Returns what was written.
   */
  updateSession(
    key: CredentialKey,
    change: (session: JsonObject | undefined) => JsonObject | undefined,
  ): Promise<JsonObject | undefined>;
  /**
   * Holds this session's own lock across processes while `work` runs, network included (a refresh). Waits at most
   * `waitMs`; throws FailedError STORE_LOCKED then. A holder that was killed is passed over after 15 s.
   */
  withSessionLock<T>(key: CredentialKey, waitMs: number, work: () => Promise<T>): Promise<T>;

  managementKey(key: CredentialKey): Promise<string | undefined>;
  saveManagementKey(key: CredentialKey, value: string | undefined): Promise<void>;
}
