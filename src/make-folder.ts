/** Folders for their owner only. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { osCode } from './os-reason.js';

/**
 * Makes a folder with the parents that are missing, each with mode 0700 whatever the umask; one that is there is left as it is. Several
 * may make the same one at once. Throws the error of the operating system.
 */
export async function makeFolder(folder: string): Promise<void> {
  // One by one: a recursive mkdir of Node 20 never ends below a folder that takes none, such as /proc.
  for (const path of await missingOf(folder)) {
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      if (osCode(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
      continue;
    }
    await chmod(path, 0o700);
  }
}

/** The folder and its parents as far as they are missing, the highest first. */
async function missingOf(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = folder; !(await isFolder(path)); path = dirname(path)) {
    // A file in the way counts as missing: making a folder there fails with the right error.
    missing.unshift(path);
    if (dirname(path) === path) break;
  }
  return missing;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (osCode(error) === 'ENOENT') return false;
    throw error;
  }
}
