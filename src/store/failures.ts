/** What can go wrong with the store's files, in words. No message carries content of a file: it may be a secret. */
import { FailedError } from '../errors.js';
import { osCode, osReason } from '../os-reason.js';

/** Whether this is an error of the operating system with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = osCode(error);
  return code !== undefined && codes.includes(code);
}

/** STORE_UNREADABLE for an error of the operating system; anything else comes back as it was. */
export function unreadable(file: string, error: unknown): unknown {
  return told(
    'STORE_UNREADABLE',
    `${file} cannot be read`,
    'It must be readable by you. STEPUP_HOME names another folder.',
    error,
  );
}

/** STORE_UNWRITABLE for an error of the operating system; anything else comes back as it was. */
export function unwritable(file: string, error: unknown): unknown {
  const hint = 'Make its folder writable, or set STEPUP_HOME to a folder that is.';
  return told('STORE_UNWRITABLE', `${file} cannot be written`, hint, error);
}

/** STORE_CORRUPTED. `what` says what is wrong, without any content of the file. */
export function corrupted(file: string, what: string): FailedError {
  return new FailedError('STORE_CORRUPTED', `${file} is damaged: ${what}. Nothing was overwritten.`, {
    hint: `Mend it, or move it away and start anew: mv '${file}' '${file}.broken'`,
  });
}

/** STORE_NEWER. */
export function newer(file: string, what: string): FailedError {
  return new FailedError('STORE_NEWER', `${file} was written by a newer stepup (${what}). Nothing was overwritten.`, {
    hint: 'Update stepup, or set STEPUP_HOME to another folder.',
  });
}

/** STORE_LOCKED. */
export function locked(file: string, lock: string): FailedError {
  return new FailedError('STORE_LOCKED', `Another stepup is at work on ${file}.`, {
    hint: `Try again when it is done. If none is running, remove the folder ${lock}`,
  });
}

function told(code: 'STORE_UNREADABLE' | 'STORE_UNWRITABLE', what: string, hint: string, error: unknown): unknown {
  if (osCode(error) === undefined) return error;
  return new FailedError(code, `${what}: ${osReason(error)}.`, { hint, cause: error });
}
