/** Files with keys: read only when others cannot read them, written for their owner only, never over another file unasked. */
import { lstat, open, unlink, type FileHandle } from 'node:fs/promises';
import { platform } from 'node:os';
import { FailedError, UsageError } from '../errors.js';
import { osCode, osReason } from '../os-reason.js';
import { writeOwnFile } from '../store/file.js';

/** A key of 16 384 bits has some 13 KB as PEM. */
const MAX_BYTES = 64 * 1024;

export interface KeyFile {
  text: string;
  /** Whether other users of this machine can read it. Windows has no modes: there it is false. */
  exposed: boolean;
}

/**
 * Reads a key file, at most 64 KB of it whatever is behind the path. Undefined when nothing is there. Throws UsageError FILE_UNREADABLE,
 * and KEY_INVALID for a larger one; their field is the flag.
 */
export async function readKeyFile(path: string, field: string): Promise<KeyFile | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const entry = await file.stat();
      const exposed = platform() !== 'win32' && entry.isFile() && (entry.mode & 0o044) !== 0;
      return { text: await readSome(file, path, field), exposed };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (osCode(cause) === 'ENOENT') return undefined;
    if (cause instanceof UsageError) throw cause;
    throw new UsageError('FILE_UNREADABLE', `${field}: cannot read ${path}: ${osReason(cause)}.`, { field, cause });
  }
}

/** Throws UsageError KEY_EXPOSED, with the command that mends it, when others can read a file with a private key. */
export function refuseExposed({ exposed }: Pick<KeyFile, 'exposed'>, path: string, field: string): void {
  if (!exposed) return;
  throw new UsageError('KEY_EXPOSED', `${field}: other users of this machine can read the private key in ${path}.`, {
    field,
    hint: `Keep it to yourself: chmod 600 ${quoted(path)}`,
  });
}

/**
 * Writes a key for its owner only (0600). Throws UsageError KEY_EXISTS when something is there and `force` is not set, FailedError
 * FILE_UNWRITABLE.
 */
export async function writeKeyFile(path: string, text: string, force: boolean, field: string): Promise<void> {
  try {
    if (force && (await isPlainFile(path))) await writeOwnFile(path, text);
    else await writeNew(path, text);
  } catch (cause) {
    if (osCode(cause) === 'EEXIST') throw fileExists(path, force, field);
    const reason = osReason(cause instanceof FailedError ? cause.cause : cause);
    throw new FailedError('FILE_UNWRITABLE', `${field}: cannot write ${path}: ${reason}.`, { field, cause });
  }
}

/** Throws UsageError KEY_EXISTS when something is at the path; so that no key is made in vain. */
export async function refuseExisting(path: string, field: string): Promise<void> {
  try {
    await lstat(path);
  } catch {
    return; // not there, or not to be seen: writing it says more
  }
  throw fileExists(path, false, field);
}

async function readSome(file: FileHandle, path: string, field: string): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, size, buffer.length - size);
    if (bytesRead === 0) return buffer.toString('utf8', 0, size);
    size += bytesRead;
    if (size > MAX_BYTES) {
      throw new UsageError(
        'KEY_INVALID',
        `${field}: ${path} has more than ${MAX_BYTES / 1024} KB: it is no key file.`,
        {
          field,
        },
      );
    }
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await file.close();
  }
}

async function isPlainFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    if (osCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function fileExists(path: string, force: boolean, field: string): UsageError {
  const [what, hint] = force
    ? ['is no plain file, so it is not replaced', undefined]
    : ['is there already', 'Choose another path, or replace it with --force.'];
  return new UsageError('KEY_EXISTS', `${field}: ${path} ${what}.`, { field, hint });
}

/** As a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
