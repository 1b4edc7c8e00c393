/** A session's record in the store: read, changed, cleared. Each provider says what is in its own. */
import * as v from 'valibot';
import { FailedError, SessionError } from '../errors.js';
import type { CredentialKey, JsonObject, Store } from '../store/store.js';

/** What every provider's record has. */
export interface BaseRecord<Session extends { sessionId: string }> {
  version: 1;
  session?: Session | undefined;
}

export interface Records<Session extends { sessionId: string }, Kept extends BaseRecord<Session>> {
  /** The record; an empty one when there is none. Throws FailedError. */
  read(): Promise<Kept>;
  /** The session. Throws SessionError NOT_LOGGED_IN. */
  session(): Promise<Session>;
  /** Changes the record as one step across processes. Answers with what is there afterwards. */
  update(change: (record: Kept) => Kept): Promise<Kept>;
  /** Changes the session with this id, and no other that may have taken its place. */
  updateSession(sessionId: string, change: (session: Session) => Session): Promise<void>;
  /** Replaces the whole record, also one that cannot be read. */
  replace(record: Kept): Promise<void>;
}

export interface RecordsOptions<Kept> {
  store: Store;
  key: CredentialKey;
  schema: v.GenericSchema<unknown, Kept>;
  /** Whether a record without a session is worth keeping. */
  outlives(record: Kept): boolean;
}

/** Binds a store to one key. The key's host names the session in errors. */
export function createRecords<Session extends { sessionId: string }, Kept extends BaseRecord<Session>>({
  store,
  key,
  schema,
  outlives,
}: RecordsOptions<Kept>): Records<Session, Kept> {
  const parse = (json: JsonObject | undefined): Kept => readRecord(json ?? { version: 1 }, schema, key.host);
  const write = (record: Kept): JsonObject | undefined =>
    record.session || outlives(record) ? (JSON.parse(JSON.stringify(record)) as JsonObject) : undefined;
  const read = async (): Promise<Kept> => parse(await store.session(key));

  async function update(change: (record: Kept) => Kept): Promise<Kept> {
    let changed: Kept | undefined;
    await store.updateSession(key, (json) => {
      changed = change(parse(json));
      return write(changed);
    });
    if (changed === undefined) throw new TypeError('the store has changed nothing');
    return changed;
  }

  return {
    read,
    async session() {
      const { session } = await read();
      if (!session) throw notLoggedIn();
      return session;
    },
    update,
    async updateSession(sessionId, change) {
      await update((record) =>
        record.session?.sessionId === sessionId ? { ...record, session: change(record.session) } : record,
      );
    },
    async replace(record) {
      await store.updateSession(key, () => write(record));
    },
  };
}

/** What the store has, as a record. Throws FailedError STORE_NEWER or STORE_CORRUPTED; `host` names the session in it. */
function readRecord<Kept>(json: JsonObject, schema: v.GenericSchema<unknown, Kept>, host: string): Kept {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  if (typeof json['version'] === 'number' && json['version'] > 1) {
    throw new FailedError('STORE_NEWER', `The stored session at ${host} was written by a newer version of stepup.`, {
      hint: 'Update stepup, or set STEPUP_HOME to another folder.',
    });
  }
  throw new FailedError('STORE_CORRUPTED', `The stored session at ${host} cannot be read.`, {
    hint: 'Replace it by logging in again: stepup login',
  });
}

/** SessionError NOT_LOGGED_IN. */
function notLoggedIn(): SessionError {
  return new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
}
