/** A session on its way from one machine to another: its record and where it belongs, in a file that only its owner can read. */
import { readFile, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import * as v from 'valibot';
import { FailedError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import { writeOwnFile } from '../store/file.js';
import type { CredentialKey, JsonObject, Store } from '../store/store.js';

/** How long another process may hold the session. Milliseconds. */
const WAIT_MS = 65_000;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fileSchema = v.object({
  type: v.literal('stepup-session'),
  version: v.literal(1),
  provider: v.picklist(['prelude', 'dynamic']),
  host: v.pipe(v.string(), v.nonEmpty()),
  application: v.pipe(v.string(), v.nonEmpty()),
  record: v.custom<JsonObject>(isObject),
});

export type SessionFile = v.InferOutput<typeof fileSchema>;

/** The file of a session, as text. */
function sessionText(key: CredentialKey, record: JsonObject): string {
  const { provider, host, application } = key;
  return `${JSON.stringify({ type: 'stepup-session', version: 1, provider, host, application, record }, null, 2)}\n`;
}

/** Reads one. Throws UsageError DOCUMENT_INVALID, never quoting it. */
export function parseSessionFile(text: string, field: string): SessionFile {
  const parsed = v.safeParse(fileSchema, jsonIn(text));
  if (parsed.success) return parsed.output;
  throw new UsageError('DOCUMENT_INVALID', `${field}: this is no session that stepup has exported.`, {
    field,
    hint: 'Make one with: stepup session export --out FILE',
  });
}

/**
 * Moves the session out of the store: the file is whole before the session is gone here, and a file that cannot be written leaves it
 * where it is. False when nobody was logged in. Throws UsageError FLAG_INVALID for a file of something else, FailedError FILE_UNWRITABLE
 * and those of the store.
 */
export async function moveOut(store: Store, key: CredentialKey, path: string): Promise<boolean> {
  // No refresh may be under way: its new token would be nowhere.
  return store.withSessionLock(key, WAIT_MS, async () => {
    const record = await store.session(key);
    if (record?.['session'] === undefined) return false;
    await refuseOther(path);
    try {
      await writeOwnFile(path, sessionText(key, record));
    } catch (error) {
      // The store's own words would speak of STEPUP_HOME.
      const cause = error instanceof FailedError ? error.cause : error;
      throw new FailedError('FILE_UNWRITABLE', `--out: cannot write ${path}: ${osReason(cause)}.`, {
        field: '--out',
        cause,
      });
    }
    await store.updateSession(key, () => undefined);
    return true;
  });
}

/** Throws UsageError FLAG_INVALID when there is a file that no export has written: a mistyped name must not cost it. */
async function refuseOther(path: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return; // not there, or not to be read: the write says why
  }
  if (text === '' || v.is(fileSchema, jsonIn(text))) return;
  throw new UsageError('FLAG_INVALID', `--out: ${path} is there already, and holds no session.`, {
    field: '--out',
    hint: 'Name another file; only that of an earlier export is written over.',
  });
}

/** Warns of a file that others can read: whoever has read it can be this user. */
export async function warnIfExposed(path: string, warn: (text: string) => void): Promise<void> {
  if (path === '-') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0 || platform() === 'win32') return;
  warn(`Other users of this machine can read the session in ${path}. Keep it to yourself: chmod 600 ${path}`);
}

/** Whether a record is one that its provider can read. */
export async function isReadable({ provider, record }: SessionFile): Promise<boolean> {
  const { recordSchema } =
    provider === 'prelude'
      ? await import('../providers/prelude/record.js')
      : await import('../providers/dynamic/record.js');
  return v.is(recordSchema, record) && record['session'] !== undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no session: the schema refuses it
  }
}
