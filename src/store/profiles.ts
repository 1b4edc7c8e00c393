/** `config.json`, on conf: the profiles, which one is current, the default hooks, and the origins that tokens may go to. No secret. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type Conf from 'conf';
import * as v from 'valibot';
import { FORMAT_VERSION, parseVersioned } from './document.js';
import { hasCode, locked, unreadable, unwritable } from './failures.js';
import { makeOwnFolder, removeLeftovers, syncFolder } from './file.js';
import { withLock } from './lock.js';
import type { Profile } from './store.js';

/** Longer than the 15 s after which a killed holder is passed over. */
const WAIT_MS = 20_000;

const profileSchema = v.variant('provider', [
  v.looseObject({
    provider: v.literal('prelude'),
    appId: v.string(),
    frontendUrl: v.string(),
    managementUrl: v.string(),
  }),
  v.looseObject({
    provider: v.literal('dynamic'),
    environmentId: v.string(),
    apiUrl: v.string(),
    origin: v.string(),
  }),
]) satisfies v.GenericSchema<unknown, Profile>;

// Loose: what a later release adds under the same version is kept when this one writes.
const configSchema = v.looseObject({
  version: v.literal(FORMAT_VERSION),
  current: v.optional(v.string()),
  profiles: v.optional(v.record(v.string(), profileSchema), {}),
  hooks: v.optional(v.record(v.string(), v.string())),
  origins: v.optional(v.record(v.string(), v.array(v.string()))),
});

/** What the file holds, parsed. */
export interface Config {
  current?: string | undefined;
  /** Without a prototype. */
  profiles: Record<string, Profile>;
  /** Default hooks by application, under the names of `credentials.json`. */
  hooks: Record<string, string>;
  /** Allowed origins by application, under the same names. */
  origins: Record<string, string[]>;
}

type ConfigFile = v.InferOutput<typeof configSchema>;

/** Path of the file. */
function configPath(folder: string): string {
  return join(folder, 'config.json');
}

/** Reads the file; an absent one is empty. Throws FailedError STORE_UNREADABLE, STORE_CORRUPTED, STORE_NEWER. */
export async function readConfig(folder: string): Promise<Config> {
  // conf makes the folder of a file that is missing, and takes long to load.
  if (!(await exists(configPath(folder)))) return parsed(emptyFile());
  return parsed((await openConf(folder)).store);
}

/**
 * Reads, changes and writes the file as one step across processes. Nothing is written when `change` throws. Throws what
 * `readConfig` throws, and FailedError STORE_UNWRITABLE and STORE_LOCKED.
 */
export async function updateConfig(
  folder: string,
  signal: AbortSignal | undefined,
  change: (config: Config) => void,
): Promise<void> {
  const file = configPath(folder);
  const path = join(folder, 'locks', 'config.lock');
  await makeOwnFolder(folder);
  await withLock({ path, file, waitMs: WAIT_MS, signal }, async (held) => {
    const there = await exists(file);
    const conf = await openConf(folder);
    const before = there ? conf.store : emptyFile();
    const config = parsed(before);
    change(config);
    const { current: _current, hooks: _hooks, origins: _origins, ...rest } = before;
    const after = {
      ...rest,
      ...(config.current === undefined ? {} : { current: config.current }),
      ...(Object.keys(config.hooks).length === 0 ? {} : { hooks: config.hooks }),
      ...(Object.keys(config.origins).length === 0 ? {} : { origins: config.origins }),
    };
    await removeLeftovers(file);
    if (!(await held.isOurs())) throw locked(file, path);
    try {
      conf.store = { ...after, profiles: config.profiles as ConfigFile['profiles'] };
      await syncFolder(folder);
    } catch (error) {
      throw unwritable(file, error);
    }
  });
}

async function openConf(folder: string): Promise<Conf<ConfigFile>> {
  const file = configPath(folder);
  const { default: Conf } = await import('conf');
  try {
    return new Conf<ConfigFile>({
      cwd: folder,
      configName: 'config',
      configFileMode: 0o600,
      clearInvalidConfig: false,
      accessPropertiesByDotNotation: false,
      serialize: (value) => `${JSON.stringify(value, null, 2)}\n`,
      deserialize: (text) => parseVersioned(file, text, configSchema),
    });
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw unreadable(file, error);
  }
}

function emptyFile(): ConfigFile {
  return { version: FORMAT_VERSION, profiles: {} };
}

function parsed({ current, profiles, hooks, origins }: ConfigFile): Config {
  return {
    current,
    profiles: Object.assign(Object.create(null) as Record<string, Profile>, profiles),
    hooks: { ...hooks },
    origins: { ...origins },
  };
}
