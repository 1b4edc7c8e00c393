/** An emulator in this process: what `stepup emulator start` gives, without a child process. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../version.js';
import type { StartOptions } from '../emulator/emulator.js';
import { emulatorVariables } from '../emulator/environment.js';
import { nodeWorld } from '../node-world.js';
import { connectEmulator, disposal } from './connect.js';
import type { Emulator } from './types.js';

/** The emulator's options, each with a default that suits a test. */
export interface EmulatorOptions extends Partial<Omit<StartOptions, 'port' | 'httpsPort' | 'folder' | 'version'>> {
  /** Default: 0, a free one. */
  port?: number | undefined;
  /** Default: 0, a free one. `false`: no https listener, which starts faster; Prelude's own SDK needs one. */
  httpsPort?: number | false | undefined;
  /** Folder of certificate and signing keys, kept for the next start. Default: a temporary one, removed at the end. */
  folder?: string | undefined;
}

/**
 * Starts an emulator on free ports of the loopback interface. It needs nothing but `stop()` (or `await using`) at its end. Throws
 * StepupError: PORT_IN_USE, LISTEN_FAILED, FILE_UNREADABLE, FILE_UNWRITABLE, SEED_INVALID, STATE_INVALID, STORE_AWAY, URL_INVALID; nothing is left running then.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { folder: kept, httpsPort = 0, ...given } = options;
  const folder = kept ?? (await mkdtemp(join(nodeWorld.temporary, 'stepup-emulator-')));
  // It has private keys, and a program can end without a word.
  const spare =
    kept === undefined ? nodeWorld.atExit(() => rmSync(folder, { recursive: true, force: true })) : undefined;
  const forget = async (): Promise<void> => {
    spare?.();
    if (kept === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const { startEmulator: start } = await import('../emulator/server.js');
    const running = await start(
      {
        host: '127.0.0.1',
        port: 0,
        onBug: (error) => nodeWorld.warn(`This is a bug in the emulator: ${error.stack ?? error.message}`),
        ...defined(given),
        httpsPort: httpsPort === false ? undefined : httpsPort,
        folder,
        version,
      },
      nodeWorld,
    );
    const { ready } = running;
    const { caCert, prelude, dynamic } = ready;
    let stopped: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      try {
        await running.stop();
      } finally {
        await forget();
      }
    };
    const stop = (): Promise<void> => (stopped ??= end());
    return {
      ...connectEmulator(ready),
      ready,
      prelude,
      dynamic,
      env: () => ({ ...emulatorVariables(ready), ...(caCert === '' ? {} : { NODE_EXTRA_CA_CERTS: caCert }) }),
      stop,
      [disposal]: stop,
    };
  } catch (error) {
    await forget();
    throw error;
  }
}

/** Without the options that are given as undefined: they stand for the default. */
function defined<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof T]: Exclude<T[Name], undefined> };
}
