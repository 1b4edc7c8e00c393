/** `credentials.json`: sessions and management keys, readable by their owner only. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { FORMAT_VERSION, parseVersioned } from './document.js';
import { locked } from './failures.js';
import { makeOwnFolder, readOwnFile, removeLeftovers, writeOwnFile } from './file.js';
import { withLock } from './lock.js';
import type { CredentialKey, JsonObject } from './store.js';

/** Longer than the 15 s after which a killed holder is passed over. */
const WAIT_MS = 20_000;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Loose: what a later release adds under the same version is kept when this one writes.
const credentialsSchema = v.looseObject({
  version: v.literal(FORMAT_VERSION),
  sealed: v.optional(v.literal(false), false),
  sessions: v.optional(v.record(v.string(), v.custom<JsonObject>(isObject)), {}),
  managementKeys: v.optional(v.record(v.string(), v.string()), {}),
  keyrings: v.optional(v.record(v.string(), v.record(v.string(), v.custom<JsonObject>(isObject)))),
});

/** What the file holds, parsed. */
export type Credentials = v.InferOutput<typeof credentialsSchema>;

/** Name of a key in the file: `PROVIDER://HOST#APPLICATION`. Two keys never share one. */
export function credentialName({ provider, host, application }: CredentialKey): string {
  return `${encodeURIComponent(provider)}://${host.replace(/[%#]/g, encodeURIComponent)}#${application}`;
}

/** Path of the lock of one session: its name's SHA-256, since a name may hold what a file name may not. */
export function sessionLockPath(folder: string, key: CredentialKey): string {
  return join(folder, 'locks', `session-${createHash('sha256').update(credentialName(key)).digest('hex')}.lock`);
}

/** Path of the file. */
export function credentialsPath(folder: string): string {
  return join(folder, 'credentials.json');
}

/** Reads the file; an absent one is empty. Throws FailedError STORE_UNREADABLE, STORE_CORRUPTED, STORE_NEWER. */
export async function readCredentials(folder: string): Promise<Credentials> {
  const file = credentialsPath(folder);
  const text = await readOwnFile(file);
  if (text === undefined) return { version: FORMAT_VERSION, sealed: false, sessions: {}, managementKeys: {} };
  return parseVersioned(file, text, credentialsSchema);
}

/**
 * Reads, changes and writes the file as one step across processes. Nothing is written when `change` returns false or throws.
 * Throws what `readCredentials` throws, and FailedError STORE_UNWRITABLE and STORE_LOCKED.
 */
export async function updateCredentials(folder: string, change: (credentials: Credentials) => boolean): Promise<void> {
  const file = credentialsPath(folder);
  const path = join(folder, 'locks', 'credentials.lock');
  await makeOwnFolder(folder);
  await withLock({ path, file, waitMs: WAIT_MS }, async (held) => {
    const credentials = await readCredentials(folder);
    if (!change(credentials)) return;
    await removeLeftovers(file);
    if (!(await held.isOurs())) throw locked(file, path);
    await writeOwnFile(file, `${JSON.stringify(credentials, null, 2)}\n`);
  });
}
