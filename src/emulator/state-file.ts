/** A file that holds everything of an emulator: what `--import` reads and `--export-on-exit` writes. It holds secrets. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { FailedError } from '../errors.js';
import { osReason } from '../os-reason.js';
import { depthOf } from '../json-depth.js';
import { STATE_FILE_TYPE } from './mark.js';
import type { Tenant } from './services.js';
import { TenantDocument } from './tenant-document.js';

/** Grows when the file's shape changes. */
const VERSION = 1;
/** An emulator whose memory is full has less. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_DEPTH = 64;

const ids = v.object({ appId: v.string(), managementKey: v.string(), environmentId: v.string() });

const wholeFile = v.object({
  type: v.literal(STATE_FILE_TYPE),
  version: v.literal(VERSION),
  tenants: v.pipe(v.array(v.object({ id: v.string(), ids, document: TenantDocument })), v.minLength(1)),
});

/** By what a tenant is known to its clients. */
export type TenantIds = v.InferOutput<typeof ids>;

/** A tenant of the file. `ids` is absent where only the default tenant's document was kept, as `GET /state` gives it. */
export interface KeptTenant {
  id: string;
  ids?: TenantIds | undefined;
  document: TenantDocument;
}

/** The tenants in a file: that of a whole emulator, or the document of one tenant. Throws FailedError FILE_UNREADABLE, STATE_INVALID. */
export async function readStateFile(path: string): Promise<KeptTenant[]> {
  const value = parse(path, await read(path));
  const whole = v.safeParse(wholeFile, value);
  if (whole.success) return whole.output.tenants;
  const single = v.safeParse(TenantDocument, value);
  if (single.success) return [{ id: 'default', document: single.output }];
  const isWhole = typeof value === 'object' && value !== null && 'type' in value;
  const [issue] = (isWhole ? whole : single).issues;
  const place = v.getDotPath(issue) ?? 'the document';
  throw invalid(path, `${place}: expected ${issue.expected ?? issue.message}`);
}

/** Refuses a place where no file could be written. Throws FailedError FILE_UNWRITABLE. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await access(dirname(resolve(path)), constants.W_OK);
    if (await isFolder(path)) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' });
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.isDirectory() === true;
}

/**
 * Writes everything in one step, readable by its owner only (mode 0600), whatever the umask and whatever the file's mode was. Throws
 * FailedError FILE_UNWRITABLE.
 */
export async function writeStateFile(
  path: string,
  tenants: { tenant: Tenant; document: TenantDocument }[],
): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  const document = {
    type: STATE_FILE_TYPE,
    version: VERSION,
    tenants: tenants.map(({ tenant: { id, prelude, dynamic }, document: kept }) => ({
      id,
      ids: { appId: prelude.appId, managementKey: prelude.managementKey, environmentId: dynamic.environmentId },
      document: kept,
    })),
  };
  try {
    await writeFileAtomic(path, `${JSON.stringify(document)}\n`, { mode: 0o600 });
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function read(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MAX_BYTES) throw invalid(path, `it has more than ${MAX_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof FailedError) throw error;
    throw new FailedError('FILE_UNREADABLE', `The state file ${path} cannot be read: ${osReason(error)}.`, {
      field: '--import',
      cause: error,
    });
  }
}

function parse(path: string, text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw invalid(path, 'it is nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file, which holds secrets.
    throw invalid(path, 'it is no JSON');
  }
}

/** What an import of the file is refused with. */
export function invalid(path: string, why: string): FailedError {
  return new FailedError('STATE_INVALID', `${path} is no state of an emulator: ${why}.`, {
    field: '--import',
    hint: 'Write one with --export-on-exit, or with: stepup emulator snapshot export FILE',
  });
}

function unwritable(path: string, cause: unknown): FailedError {
  return new FailedError('FILE_UNWRITABLE', `The state cannot be written to ${path}: ${osReason(cause)}.`, {
    field: '--export-on-exit',
    cause,
  });
}
