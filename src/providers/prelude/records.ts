/** This application's session record in the store, and what a proof's maker has learnt. */
import type { CredentialKey, Store } from '../../store/store.js';
import { createRecords as bindRecords, type Records as BoundRecords } from '../records.js';
import type { Prover } from './frontend.js';
import { recordSchema, type Session, type SessionRecord } from './record.js';

export type Records = BoundRecords<Session, SessionRecord>;

/** Binds a store to one key. */
export function createRecords(store: Store, key: CredentialKey): Records {
  // The current dialect is what is tried first anyway.
  return bindRecords({ store, key, schema: recordSchema, outlives: ({ dialect }) => dialect === 'login-otp' });
}

/** The prover of a session's key. What it learns has to be put back with `learnt`. */
export function proverOf({ key, nonce, skewSeconds }: Session): Prover {
  return { key, nonce, skewSeconds };
}

/** What a prover has learnt, as fields of the session. */
export function learnt({ nonce, skewSeconds }: Prover): Pick<Session, 'nonce' | 'skewSeconds'> {
  return { nonce, skewSeconds };
}
