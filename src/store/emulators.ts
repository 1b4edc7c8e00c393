/** `emulators/PORT.json`: what each running emulator said when it was ready, readable by the owner only. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Ready } from '../emulator/emulator.js';
import { processRuns } from '../system.js';
import { parseDocument } from './document.js';
import { hasCode, unreadable } from './failures.js';
import { FailedError } from '../errors.js';
import { makeOwnFolder, readOwnFile, removeFile, removeLeftovers, writeOwnFile } from './file.js';

/** The ready object with the process that serves it. */
export type ReadyEntry = Ready & { pid: number };

// Loose: an emulator of a later release says more, and its readers may use it.
const pidSchema = v.looseObject({ pid: v.pipe(v.number(), v.integer(), v.minValue(1)) });

const readySchema = v.looseObject({
  type: v.literal('ready'),
  url: v.string(),
  httpsUrl: v.string(),
  caCert: v.string(),
  controlUrl: v.string(),
  controlToken: v.string(),
  prelude: v.looseObject({
    appId: v.string(),
    sessionDomain: v.string(),
    managementUrl: v.string(),
    managementKey: v.string(),
    issuer: v.string(),
    jwksUrl: v.string(),
  }),
  dynamic: v.looseObject({
    environmentId: v.string(),
    apiBaseUrl: v.string(),
    issuer: v.string(),
    jwksUrl: v.string(),
  }),
  ...pidSchema.entries,
}) satisfies v.GenericSchema<unknown, ReadyEntry>;

/** Keeps what an emulator said, under its http port. Throws FailedError STORE_UNWRITABLE. */
export async function writeReady(folder: string, port: number, entry: ReadyEntry): Promise<void> {
  const file = readyPath(folder, port);
  await makeOwnFolder(folder);
  await makeOwnFolder(join(folder, 'emulators'));
  await removeLeftovers(file);
  await writeOwnFile(file, `${JSON.stringify(entry)}\n`);
}

/** Forgets the emulator of a port; one that is not there is no error. Throws FailedError STORE_UNWRITABLE. */
export async function removeReady(folder: string, port: number): Promise<void> {
  await removeFile(readyPath(folder, port));
}

/**
 * The emulators that run now, by port. Files whose process is gone are removed. Throws FailedError STORE_UNREADABLE, and
 * STORE_CORRUPTED for a file that no emulator wrote.
 */
export async function listReady(folder: string): Promise<ReadyEntry[]> {
  const running: ReadyEntry[] = [];
  for (const port of await ports(join(folder, 'emulators'))) {
    const file = readyPath(folder, port);
    const text = await readOwnFile(file);
    if (text === undefined) continue;
    // Whose process is gone needs no look at the rest: another version may have written it.
    const { pid } = parseDocument(file, text, pidSchema);
    if (processRuns(pid)) running.push(parseDocument(file, text, readySchema));
    else await removeAbandoned(file, text);
  }
  return running;
}

function readyPath(folder: string, port: number): string {
  return join(folder, 'emulators', `${port}.json`);
}

async function ports(folder: string): Promise<number[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw unreadable(folder, error);
  }
}

/** A new emulator may have taken the port since the file was read: only the file that was read is removed. */
async function removeAbandoned(file: string, text: string): Promise<void> {
  if ((await readOwnFile(file)) !== text) return;
  try {
    await removeFile(file);
  } catch (error) {
    // Ignoring it is what counts; a store that may only be read stays readable.
    if (!(error instanceof FailedError && error.code === 'STORE_UNWRITABLE')) throw error;
  }
}
