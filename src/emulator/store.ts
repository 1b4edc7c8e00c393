/** What an emulator keeps things in: this process's memory, or a store that several emulators share. */
import { FailedError } from '../errors.js';
import { createClock, type MovableClock } from './clock.js';
import { collectGarbage, limitGrowth } from './heap.js';
import { folderKeys, sharedKeys, type KeyStore } from './key-store.js';
import { StoreAwayError } from './state/away.js';
import type { State } from './state/interface.js';
import { createMemoryState } from './state/memory.js';

export interface Store {
  /** What `/health` tells. */
  kind: 'memory' | 'redis';
  state: State;
  clock: MovableClock;
  /** Secrets of the services: of the folder, or of all emulators of the store. */
  keys: KeyStore;
}

export interface StoreOptions {
  /** `redis://…` or `rediss://…`; memory when absent. */
  url: string | undefined;
  /** Folder of the signing keys. */
  folder: string;
  /** Real time in milliseconds since the epoch. */
  now(): number;
  /** Records of one kind that a tenant holds; absent: `DEFAULT_MAX_RECORDS`. */
  maxRecords?: number | undefined;
  /** Whether nobody else runs in this process. */
  ownsProcess?: boolean | undefined;
}

/** Opens the store. Throws UsageError URL_INVALID, FailedError STORE_AWAY, which names host and port. */
export async function openStore({ url, folder, now, maxRecords, ownsProcess = false }: StoreOptions): Promise<Store> {
  const own = folderKeys(folder);
  if (url === undefined) {
    const clock = createClock(now);
    if (ownsProcess) limitGrowth();
    const onRelief = ownsProcess ? collectGarbage : undefined;
    const state = createMemoryState({ ageNow: clock.ageNow, maxRecords, onRelief });
    return { kind: 'memory', state, clock, keys: own };
  }
  // Loaded late: few need it.
  const { openRedisState } = await import('./state/redis/state.js');
  // The state ages by the clock, and the clock is kept in the state.
  const clock: MovableClock = createClock(now, () => state);
  const state = await openRedisState(url, { ageNow: clock.ageNow, maxRecords }).catch((error: unknown) => {
    throw startError(error);
  });
  return { kind: 'redis', state, clock, keys: sharedKeys(state, own) };
}

/** The same, as whoever starts the emulator is told: a store that is away becomes FailedError STORE_AWAY. */
export function startError(error: unknown): unknown {
  if (!(error instanceof StoreAwayError)) return error;
  return new FailedError('STORE_AWAY', `The store at ${error.place} cannot be used: ${error.reason}.`, {
    field: '--store',
    hint: 'Start it, or check address and password of --store.',
  });
}
