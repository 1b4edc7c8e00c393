/** Secrets and documents that come from a file or from standard input, never as plain flags. */
import { readFile } from 'node:fs/promises';
import { InputNeededError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import type { System } from '../system.js';

const MAX_BYTES = 1024 * 1024;

/**
 * The text of a file, or of standard input for `-`. Throws UsageError FILE_UNREADABLE (its field is the flag), and
 * InputNeededError for `-` on a terminal.
 */
export async function readInput(system: Pick<System, 'stdin'>, path: string, flag: string): Promise<string> {
  if (path === '-') return readStandardInput(system, flag);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError('FILE_UNREADABLE', `${flag}: cannot read ${path}: ${osReason(cause)}.`, {
      field: flag,
      cause,
    });
  }
  return withinLimit(text, flag);
}

/** One secret from a file or standard input, without the line end around it. Throws as `readInput`, and when it is empty. */
export async function readSecret(system: Pick<System, 'stdin'>, path: string, flag: string): Promise<string> {
  const secret = (await readInput(system, path, flag)).trim();
  if (secret === '')
    throw new UsageError('FLAG_INVALID', `${flag}: nothing is in ${path === '-' ? 'standard input' : path}.`, {
      field: flag,
    });
  return secret;
}

async function readStandardInput({ stdin }: Pick<System, 'stdin'>, flag: string): Promise<string> {
  if (stdin.isTTY) {
    throw new InputNeededError('INPUT_NEEDED', `${flag} - reads standard input, but that is the terminal.`, {
      field: flag,
    });
  }
  let text = '';
  for await (const chunk of stdin) text = withinLimit(text + String(chunk), flag);
  return text;
}

function withinLimit(text: string, flag: string): string {
  if (text.length > MAX_BYTES)
    throw new UsageError('FLAG_INVALID', `${flag}: more than 1 MB was given.`, { field: flag });
  return text;
}
