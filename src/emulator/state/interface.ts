/**
 * The emulator's memory: JSON records under tenant / kind / id, each with an optional expiry. Asynchronous, so that the same
 * rules run on Redis. Whatever must happen once is one call here; rules never read, then write. A tenant's kind holds a limited number of
 * records: where one more is written the oldest go (in the order of creation), so a rule takes none for granted.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

export interface Key {
  tenant: string;
  /** Kind of record, e.g. `session`, `challenge`, `jti`. */
  kind: string;
  id: string;
}

export interface PutOptions {
  /**
   * Milliseconds since the epoch on the tenant's *age* clock (`clock.ageNow(tenant)`); never on the wire. Absent: for ever.
   */
  expiresAt?: number | undefined;
  /** Names under which `listByIndex` finds the record, e.g. `{ user: 'usr_1' }`. */
  index?: Record<string, string> | undefined;
}

export interface Versioned<T> {
  id: string;
  value: T;
  /** Grows by one with each write. */
  version: number;
}

export interface State {
  get<T>(key: Key): Promise<Versioned<T> | undefined>;
  /** Writes, whether the record exists or not. Returns the new version. */
  put<T>(key: Key, value: T, options?: PutOptions): Promise<number>;
  /** Writes only if nothing unexpired is there. One of many at once gets true. */
  putIfAbsent<T>(key: Key, value: T, options?: PutOptions): Promise<boolean>;
  /** Reads and deletes in one step: one of many at once gets the value. */
  takeOnce<T>(key: Key): Promise<T | undefined>;
  /** Adds one to a counter unless it has reached `limit`. `allowed` is false for the calls after the limit. */
  increment(key: Key, options: { limit: number } & PutOptions): Promise<{ count: number; allowed: boolean }>;
  /** Replaces the value if its version is still `expectedVersion`. Options not given keep what the record had. */
  update<T>(key: Key, expectedVersion: number, value: T, options?: PutOptions): Promise<boolean>;
  delete(key: Key): Promise<boolean>;
  /** Unexpired records of a kind whose index has this value, in the order of their creation. */
  listByIndex<T>(tenant: string, kind: string, index: string, value: string): Promise<Versioned<T>[]>;
  /** All unexpired records of a kind, in the order of their creation. */
  list<T>(tenant: string, kind: string): Promise<Versioned<T>[]>;
  /** Adds to the end of a log (messages, events); returns its sequence number, from 1. Keeps the newest `keep`. */
  append<T>(tenant: string, log: string, value: T, keep: number): Promise<number>;
  /** Entries after a sequence number, oldest first. */
  read<T>(tenant: string, log: string, after: number): Promise<{ seq: number; value: T }[]>;
  /** Resolves when something is appended after `after`, or when the signal fires (then without an entry). */
  wait(tenant: string, log: string, after: number, signal: AbortSignal): Promise<void>;

  /** Everything of one tenant, as one JSON document. */
  export(tenant: string): Promise<Json>;
  /** Replaces everything of one tenant. Throws TypeError for a document that is not an export. */
  import(tenant: string, document: Json): Promise<void>;
  clear(tenant: string): Promise<void>;
  close(): Promise<void>;
}
