/** Starts the emulator with every service that it has. */
import { createDynamic } from './dynamic/app.js';
import type { RunningEmulator, StartOptions } from './emulator.js';
import { openHouse, type World } from './house.js';
import { createPrelude } from './prelude/app.js';
import { loadKeys } from './prelude/keys.js';

/**
 * Starts an emulator: listeners, state, control API and the emulated services. It answers when this resolves. Throws FailedError:
 * PORT_IN_USE, LISTEN_FAILED, FILE_UNREADABLE, FILE_UNWRITABLE; nothing is left running then. Several may run in one process.
 */
export function startEmulator(options: StartOptions, world: World): Promise<RunningEmulator> {
  // Making keys takes longest, and runs off the main thread: it goes on while the certificate is made.
  const keys = loadKeys(options.folder);
  keys.catch(() => undefined); // thrown where they are awaited; the house may fail before
  return openHouse(options, world, async (services) => [
    createPrelude(services, await keys),
    await createDynamic(services),
  ]);
}
