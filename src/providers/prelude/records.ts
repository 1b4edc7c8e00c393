/** This application's session record in the store: read, changed, cleared. */
import type { Store, CredentialKey } from '../../store/store.js';
import { notLoggedIn } from './errors.js';
import type { Prover } from './frontend.js';
import { readRecord, writeRecord, type Session, type SessionRecord } from './record.js';

export interface Records {
  /** The record; an empty one when there is none. Throws FailedError. */
  read(): Promise<SessionRecord>;
  /** The session. Throws SessionError NOT_LOGGED_IN. */
  session(): Promise<Session>;
  /** Changes the record as one step across processes. Answers with what is there afterwards. */
  update(change: (record: SessionRecord) => SessionRecord): Promise<SessionRecord>;
  /** Changes the session with this id, and no other that may have taken its place. */
  updateSession(sessionId: string, change: (session: Session) => Session): Promise<void>;
  /** Replaces the whole record, also one that cannot be read. */
  replace(record: SessionRecord): Promise<void>;
}

/** Binds a store to one key. `host` names the session in errors. */
export function createRecords(store: Store, key: CredentialKey, host: string): Records {
  async function update(change: (record: SessionRecord) => SessionRecord): Promise<SessionRecord> {
    let changed: SessionRecord = { version: 1 };
    await store.updateSession(key, (json) => {
      changed = change(readRecord(json, host));
      return writeRecord(changed);
    });
    return changed;
  }

  const read = async (): Promise<SessionRecord> => readRecord(await store.session(key), host);

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
      await store.updateSession(key, () => writeRecord(record));
    },
  };
}

/** The prover of a session's key. What it learns has to be put back with `learnt`. */
export function proverOf({ key, nonce, skewSeconds }: Session): Prover {
  return { key, nonce, skewSeconds };
}

/** What a prover has learnt, as fields of the session. */
export function learnt({ nonce, skewSeconds }: Prover): Pick<Session, 'nonce' | 'skewSeconds'> {
  return { nonce, skewSeconds };
}
