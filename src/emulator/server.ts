/** Starts the emulator with every service that it has. */
import { createDynamic } from './dynamic/app.js';
import type { RunningEmulator, StartOptions } from './emulator.js';
import { openHouse, type World } from './house.js';
import { createPrelude } from './prelude/app.js';
import { folderKeys } from './key-store.js';
import { loadKeys } from './prelude/keys.js';

/**
 * Starts an emulator: listeners, state, control API and the emulated services. It answers when this resolves. Throws FailedError:
 * PORT_IN_USE, LISTEN_FAILED, FILE_UNREADABLE, FILE_UNWRITABLE, STORE_AWAY, SEED_INVALID, STATE_INVALID, and UsageError URL_INVALID, FLAG_CONFLICT; nothing is left running then. Several may run in one process.
 */
export async function startEmulator(options: StartOptions, world: World): Promise<RunningEmulator> {
  // Making keys takes longest, and runs off the main thread: it goes on while the certificate is made.
  const early = options.store === undefined ? loadKeys(folderKeys(options.folder)) : undefined;
  const settled = early?.then(
    () => undefined,
    () => undefined, // thrown where they are awaited; the house may fail before
  );
  try {
    return await openHouse(options, world, async (services) => [
      createPrelude(services, await (early ?? loadKeys(services.keys))),
      await createDynamic(services),
    ]);
  } catch (error) {
    // Nothing is written any more once this has failed.
    await settled;
    throw error;
  }
}
