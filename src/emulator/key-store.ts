/** Where the secrets of the emulated services are kept: in a folder, or in the store that several emulators share. */
import { join } from 'node:path';
import { keepKey } from './key-files.js';
import { makeOwnFolder } from './own-folder.js';
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';

export interface KeyStore {
  /**
   * The secret of a name, as `read` parses its text; `make` gives the text when there is none. Of several emulators that start at once,
   * all use the one that came first. `read` gets the place, for its error. Throws what `read` throws, and FailedError FILE_UNREADABLE,
   * FILE_UNWRITABLE with the path, StoreAwayError.
   */
  keep<T>(name: string, make: () => Promise<string>, read: (text: string, place: string) => T): Promise<T>;
}

/** Secrets in files of the folder (mode 0600), which is made when it is first needed. */
export function folderKeys(folder: string): KeyStore {
  let made: Promise<void> | undefined;
  return {
    async keep(name, make, read) {
      await (made ??= makeOwnFolder(folder));
      const path = join(folder, name);
      return read(await keepKey(path, make), path);
    },
  };
}

/** Secrets in a state, for every emulator that uses it. The first one gives its own, from `own`. */
export function sharedKeys(state: State, own: KeyStore): KeyStore {
  return {
    async keep(name, make, read) {
      const key = { tenant: SHARED, kind: 'secret', id: name };
      for (;;) {
        const kept = await state.get<string>(key);
        if (kept) return read(kept.value, `${name} of the store`);
        const text = await own.keep(name, make, (found, place) => {
          // A damaged one is refused here, before others get it.
          read(found, place);
          return found;
        });
        if (await state.putIfAbsent(key, text)) return read(text, name);
      }
    },
  };
}
