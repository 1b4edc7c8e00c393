/** Waiting for time to pass. */
import { setTimeout as timer } from 'node:timers/promises';

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it fires first. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await timer(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}
