/** Files that only their owner may read, and the folders that they lie in. Windows has no modes: there they change nothing. */
import { lstat, open, readdir, readFile, unlink } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FailedError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { hasCode, unreadable, unwritable } from './failures.js';

/**
 * Reads a whole file; undefined when it is not there. Throws FailedError STORE_UNREADABLE, also for a symbolic link and for
 * anything else that is no plain file.
 */
export async function readOwnFile(file: string): Promise<string | undefined> {
  try {
    const entry = await lstat(file);
    if (!entry.isFile()) {
      const what = entry.isSymbolicLink() ? 'a symbolic link' : entry.isDirectory() ? 'a folder' : 'no plain file';
      throw new FailedError('STORE_UNREADABLE', `${file} is ${what}. It must be a plain file of your own.`, {
        hint: 'Put the file itself there, or set STEPUP_HOME to the folder that it is in.',
      });
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unreadable(file, error);
  }
}

/**
 * Replaces a file in one step, readable and writable by its owner only, whatever the umask and whatever its mode was. It is on
 * the disk when this resolves. Throws FailedError STORE_UNWRITABLE.
 */
export async function writeOwnFile(file: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    await writeFileAtomic(file, text, { mode: 0o600 });
    await syncFolder(dirname(file));
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Makes a folder for its owner only, with its parents. One that is there is left as it is. Throws FailedError STORE_UNWRITABLE. */
export async function makeOwnFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * Removes what writers of this file left when they were killed: `FILE.123` of write-file-atomic and `FILE.tmp-123abc` of conf.
 * Call it only where nobody else can be writing the file. Throws FailedError STORE_UNWRITABLE.
 */
export async function removeLeftovers(file: string): Promise<void> {
  const prefix = `${basename(file)}.`;
  try {
    for (const name of await readdir(dirname(file))) {
      if (name.startsWith(prefix) && /^(\d+|tmp-[0-9a-f]+)$/.test(name.slice(prefix.length))) {
        await removeFile(join(dirname(file), name));
      }
    }
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Removes a file; one that is not there is no error. Throws FailedError STORE_UNWRITABLE. */
export async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw unwritable(file, error);
  }
}

/** Puts a rename on the disk, where the file system has that: Windows and some network file systems have not. */
export async function syncFolder(folder: string): Promise<void> {
  if (platform() === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error;
  } finally {
    await handle.close();
  }
}
