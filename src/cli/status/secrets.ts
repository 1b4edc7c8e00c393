/** Where the secrets are kept. */
import { lstat } from 'node:fs/promises';
import { platform } from 'node:os';
import { credentialsPath } from '../../store/credentials.js';

export interface SecretsPlace {
  /** `file`: in a file that its owner alone can read. */
  kind: 'file';
  path: string;
  /** Others can read it: somebody has changed its mode. The next command that writes it changes it back. */
  openToOthers?: true | undefined;
}

/** Where a store of this folder keeps sessions, keys and grants. */
export async function secretsPlace(folder: string): Promise<SecretsPlace> {
  const path = credentialsPath(folder);
  const found = await lstat(path).catch(() => undefined); // one that is not there is nobody's
  const isOpen = found !== undefined && platform() !== 'win32' && (found.mode & 0o077) !== 0;
  return { kind: 'file', path, ...(isOpen ? { openToOthers: true } : {}) };
}
