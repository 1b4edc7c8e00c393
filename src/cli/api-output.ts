/** The answer of the developer's API as curl's users expect it: bytes as they come, to standard output or a file. */
import { constants } from 'node:fs';
import { access, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FailedError, UnreachableError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import type { ApiResponse } from '../resource/call.js';
import type { Context } from './context.js';
import { printable } from './terminal/printable.js';

export interface OutputFlags {
  /** Prints status and headers before the body. */
  include?: boolean | undefined;
  /** A file for the body, `-` for standard output. */
  output?: string | undefined;
}

/** What `--json` holds of a body. */
export interface BodyDocument {
  /** Parsed JSON, a text, or null where there is none or it is bytes. */
  body: unknown;
  /** Bytes that are no text, in base64. */
  bodyBase64?: string;
  /** The file that has it instead, and its size in bytes. */
  output?: string;
  bytes?: number;
}

/** An answer that must be held whole has an end. Bytes. */
const MAX_HELD = 64 * 1024 * 1024;

/** Throws FailedError FILE_UNWRITABLE while nothing has been sent, where a file certainly cannot be written. */
export async function checkOutput(path: string | undefined): Promise<void> {
  if (path === undefined || path === '-') return;
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory())
    throw new FailedError('FILE_UNWRITABLE', `--output: ${path} is a folder.`, { field: '--output' });
  try {
    // A new one is made by whoever may write into its folder; one that is there (/dev/null) needs no more than itself.
    await access(there ? path : dirname(path), constants.W_OK);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Writes head and body as they come. Throws UnreachableError and InterruptedError of the body, FailedError FILE_UNWRITABLE, and
 * UsageError FLAG_INVALID for bytes that a terminal cannot show.
 */
export async function writeAnswer(context: Context, answer: ApiResponse, flags: OutputFlags): Promise<void> {
  const { terminal } = context;
  const { include = false, output } = flags;
  if (output !== undefined && output !== '-') {
    await toFile(output, answer, include);
    return;
  }
  if (include) await terminal.write(Buffer.from(headOf(answer, terminal.tty ? '\n' : '\r\n')));
  let first = true;
  for await (const piece of answer.body ?? []) {
    if (first && terminal.tty && output !== '-' && piece.includes(0)) {
      throw new UsageError('FLAG_INVALID', 'The answer is no text, which would mess up the terminal.', {
        field: '--output',
        hint: 'Write it into a file with -o FILE; -o - prints it all the same.',
      });
    }
    first = false;
    await terminal.write(piece);
  }
}

/** The body for `--json`. Throws as `writeAnswer`, and UnreachableError ANSWER_MALFORMED for one that is too large to be held. */
export async function bodyDocument(answer: ApiResponse, flags: OutputFlags): Promise<BodyDocument> {
  const { include = false, output } = flags;
  if (output !== undefined && output !== '-') {
    return { body: null, output, bytes: await toFile(output, answer, include) };
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body ?? []) {
    size += piece.length;
    if (size > MAX_HELD) {
      throw new UnreachableError('ANSWER_MALFORMED', `The answer has more than ${MAX_HELD / 1024 / 1024} MB.`, {
        hint: 'Write it into a file with -o FILE.',
      });
    }
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  if (bytes.length === 0) return { body: null };
  const text = textOf(bytes);
  if (text === undefined) return { body: null, bodyBase64: bytes.toString('base64') };
  const type = answer.headers.get('content-type') ?? '';
  return { body: /^[^;]*[/+]json\s*(;|$)/i.test(type) ? parsed(text) : text };
}

/** Headers as one object; values of a name that comes several times are joined, those of `set-cookie` with line ends. */
export function headerDocument(headers: Headers): Record<string, string> {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { 'set-cookie': cookies.join('\n') } : {}) };
}

/** Node's fetch speaks HTTP/1.1. */
function headOf({ status, statusText, headers }: ApiResponse, end: string): string {
  const lines = [`HTTP/1.1 ${status} ${statusText}`.trimEnd()];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return [...lines.map(printable), '', ''].join(end);
}

async function toFile(path: string, answer: ApiResponse, include: boolean): Promise<number> {
  let file: FileHandle;
  try {
    file = await open(path, 'w');
  } catch (cause) {
    await answer.discard();
    throw unwritable(path, cause);
  }
  let size = 0;
  try {
    if (include) await put(file, path, Buffer.from(headOf(answer, '\r\n')));
    for await (const piece of answer.body ?? []) {
      await put(file, path, piece);
      size += piece.length;
    }
  } finally {
    await file.close();
  }
  return size;
}

async function put(file: FileHandle, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await file.appendFile(bytes);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): FailedError {
  return new FailedError('FILE_UNWRITABLE', `--output: cannot write ${path}: ${osReason(cause)}.`, {
    field: '--output',
    cause,
  });
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // bytes
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // said to be JSON, and is none
  }
}
