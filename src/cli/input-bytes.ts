/** What was recorded elsewhere, byte for byte: text would lose what is no UTF-8. */
import { open } from 'node:fs/promises';
import { InputNeededError, InterruptedError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import type { System } from '../system.js';

/** Nothing that is only looked at is larger. Bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * The bytes of a file, or of standard input for `-`; `flag` names it in errors. Throws UsageError FILE_UNREADABLE, and FLAG_INVALID for
 * more than `maxBytes` (1 MB); InputNeededError for `-` on a terminal, InterruptedError.
 */
export async function readBytes(
  { stdin, signal }: Pick<System, 'stdin' | 'signal'>,
  path: string,
  flag: string,
  maxBytes = MAX_BYTES,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) {
      const limit = `${maxBytes / 1024 / 1024} MB`;
      throw new UsageError('FLAG_INVALID', `${flag}: more than ${limit} was given.`, { field: flag });
    }
    chunks.push(chunk);
  };
  if (path === '-') {
    if (stdin.isTTY) {
      throw new InputNeededError('INPUT_NEEDED', `${flag} - reads standard input, but that is the terminal.`, {
        field: flag,
      });
    }
    await readUntil(stdin, signal, take);
    return Buffer.concat(chunks);
  }
  try {
    const file = await open(path, 'r');
    for await (const chunk of file.createReadStream()) take(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError('FILE_UNREADABLE', `${flag}: cannot read ${path}: ${osReason(cause)}.`, {
      field: flag,
      cause,
    });
  }
}

/** An input that never ends can be left by Ctrl-C. */
async function readUntil(stdin: System['stdin'], signal: AbortSignal, take: (chunk: Buffer) => void): Promise<void> {
  const leave = (): void => void stdin.destroy();
  signal.addEventListener('abort', leave, { once: true });
  try {
    for await (const chunk of stdin) take(Buffer.from(chunk as Buffer | string));
  } catch (error) {
    throw signal.aborted ? new InterruptedError() : error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
  if (signal.aborted) throw new InterruptedError();
}
