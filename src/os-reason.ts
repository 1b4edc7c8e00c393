/** Why the operating system did not do something with a file, in words. */

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk has a fault',
  EBUSY: 'it is in use',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  ENAMETOOLONG: 'its path is too long',
  EEXIST: 'a file stands where a folder should be',
  EISDIR: 'it is a folder',
  ELOOP: 'its path has a loop of symbolic links',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** The code of an error of the operating system, e.g. `EACCES`; undefined for any other error. */
export function osCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** The reason in words, or the bare code where we have none; for what the system did not say, `it failed`. */
export function osReason(error: unknown): string {
  const code = osCode(error);
  return code === undefined ? 'it failed' : (REASONS[code] ?? code);
}
