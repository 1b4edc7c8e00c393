/** Our emulator in this process, on free ports, with a folder of its own that is removed on stop. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEmulator } from '../../../src/emulator/emulator.js';
import { startEmulator } from '../../../src/emulator/server.js';

export interface JudgedEmulator extends RunningEmulator {
  /** Holds the certificate of the https listener with its key. */
  folder: string;
}

export async function runEmulator(): Promise<JudgedEmulator> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-judge-emulator-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const options = { host: '127.0.0.1', port: 0, httpsPort: 0, folder };
    const { ready, port, stop } = await startEmulator(options, { now: () => Date.now(), randomBytes });
    return { ready, port, folder, stop: () => stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
