/** The emulator of a test runner's worker. */
import { connectEmulator, placeOfVariables } from './connect.js';
import { startEmulator, type EmulatorOptions } from './start.js';
import type { ConnectedEmulator } from './types.js';

export interface WorkerEmulator {
  emulator: ConnectedEmulator;
  /** Stops it, unless it is somebody else's. */
  stop(): Promise<void>;
}

/** The emulator that this process's variables name, else one of the worker's own. Throws what `startEmulator` throws. */
export async function findOrStart(options: EmulatorOptions): Promise<WorkerEmulator> {
  const place = placeOfVariables();
  if (place) return { emulator: connectEmulator(place), stop: async () => undefined };
  const emulator = await startEmulator(options);
  return { emulator, stop: emulator.stop };
}
