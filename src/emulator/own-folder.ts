/** The emulator's folder: certificate and keys, for their owner only. */
import { FailedError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { osReason } from '../os-reason.js';

/** Makes the folder with its parents (mode 0700). One that is there is left as it is. Throws FailedError FILE_UNWRITABLE with the path. */
export async function makeOwnFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw new FailedError('FILE_UNWRITABLE', `The folder ${folder} cannot be made: ${osReason(error)}.`, {
      hint: 'Make the folder that it is in writable, or set STEPUP_HOME to another.',
      cause: error,
    });
  }
}
