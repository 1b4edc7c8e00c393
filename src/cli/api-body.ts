/** The body of a call of the developer's API: bytes, from the argument, a file or standard input. */
import type { System } from '../system.js';
import { readBytes } from './input-bytes.js';

/** It is held in memory: the call may have to be made again after a step-up. Bytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * As curl takes it: the text itself, `@FILE`, `@-`, and `-` for the latter; bytes as they are. Throws UsageError FILE_UNREADABLE and
 * FLAG_INVALID, InputNeededError for standard input that is the terminal, InterruptedError.
 */
export async function readBody(system: Pick<System, 'stdin' | 'signal'>, data: string): Promise<Buffer> {
  if (data !== '-' && !data.startsWith('@')) return Buffer.from(data);
  return readBytes(system, data.replace(/^@/, ''), '--data', MAX_BYTES);
}

const FORM = 'application/x-www-form-urlencoded';

/** What a body is said to be where the user does not say: JSON where it is an object or an array of JSON, else what curl says. */
export function contentTypeOf(body: Buffer): string {
  const first = body.subarray(0, 1000).toString('utf8').trimStart()[0];
  if (first !== '{' && first !== '[') return FORM;
  try {
    JSON.parse(body.toString('utf8'));
    return 'application/json';
  } catch {
    return FORM; // no JSON, so nothing that we know better than curl
  }
}
