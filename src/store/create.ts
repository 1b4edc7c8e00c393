/** The store of one folder. What writing needs (conf, the lock, the atomic write) is loaded by the first call that uses it. */
import { UsageError } from '../errors.js';
import {
  credentialName,
  credentialsPath,
  readCredentials,
  sessionLockPath,
  updateCredentials,
  type Credentials,
} from './credentials.js';
import { makeOwnFolder } from './file.js';
import { withLock } from './lock.js';
import { readConfig, updateConfig, type Config } from './profiles.js';
import type { JsonObject, Store } from './store.js';

export interface StoreOptions {
  /** Ends a wait for another process's lock with InterruptedError; never a write. */
  signal?: AbortSignal | undefined;
}

/** Names that a JSON object in memory cannot safely have. */
const IMPOSSIBLE_NAMES = ['__proto__', 'prototype', 'constructor'];

/** Opens the store in a folder, which the first write makes (mode 0700). Touches nothing by itself. */
export function createStore(folder: string, { signal }: StoreOptions = {}): Store {
  return {
    folder,

    profiles: async () => (await readConfig(folder)).profiles,
    currentProfile: async () => (await readConfig(folder)).current,
    async saveProfile(name, profile) {
      if (IMPOSSIBLE_NAMES.includes(name)) {
        throw new UsageError('PROFILE_INVALID', `A profile cannot be called "${name}".`);
      }
      await updateConfig(folder, signal, ({ profiles }) => {
        profiles[name] = profile;
      });
    },
    async useProfile(name) {
      await updateConfig(folder, signal, (config) => {
        mustHave(config, name);
        config.current = name;
      });
    },
    async removeProfile(name) {
      await updateConfig(folder, signal, (config) => {
        mustHave(config, name);
        delete config.profiles[name];
        if (config.current === name) config.current = undefined;
      });
    },

    hookUrl: async (key) => own((await readConfig(folder)).hooks, credentialName(key)),
    async saveHookUrl(key, url) {
      const name = credentialName(key);
      if (url === own((await readConfig(folder)).hooks, name)) return;
      await updateConfig(folder, signal, ({ hooks }) => void put(hooks, name, url));
    },

    allowedOrigins: async (key) => own((await readConfig(folder)).origins, credentialName(key)) ?? [],
    async allowOrigins(key, added) {
      const name = credentialName(key);
      await updateConfig(folder, signal, ({ origins }) => {
        origins[name] = [...new Set([...(own(origins, name) ?? []), ...added])];
      });
    },

    session: async (key) => own((await readCredentials(folder)).sessions, credentialName(key)),
    async updateSession(key, change) {
      const name = credentialName(key);
      let written: JsonObject | undefined;
      await updateCredentials(folder, ({ sessions }: Credentials) => {
        const before = own(sessions, name);
        written = change(before);
        return put(sessions, name, written) || before !== undefined;
      });
      return written;
    },
    async withSessionLock(key, waitMs, work) {
      await makeOwnFolder(folder);
      const options = { path: sessionLockPath(folder, key), file: credentialsPath(folder), waitMs, signal };
      return withLock(options, ({ lost }) => work(lost));
    },

    keyring: async (kind) => ({ ...(await readCredentials(folder)).keyrings?.[kind] }),
    async updateKeyring(kind, change) {
      await updateCredentials(folder, (credentials) => {
        const entries = new Map(Object.entries(credentials.keyrings?.[kind] ?? {}));
        change(entries);
        credentials.keyrings = { ...credentials.keyrings, [kind]: Object.fromEntries(entries) };
        return true;
      });
    },

    managementKey: async (key) => own((await readCredentials(folder)).managementKeys, credentialName(key)),
    async saveManagementKey(key, value) {
      const name = credentialName(key);
      await updateCredentials(folder, ({ managementKeys }) => {
        const before = own(managementKeys, name);
        return put(managementKeys, name, value) || before !== undefined;
      });
    },
  };
}

function mustHave({ profiles }: Config, name: string): void {
  if (profiles[name] !== undefined) return;
  const known = Object.keys(profiles);
  throw new UsageError('PROFILE_UNKNOWN', `There is no profile "${name}".`, {
    hint: known.length > 0 ? `Known profiles: ${known.join(', ')}` : 'Make one with: stepup init',
  });
}

function own<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Sets or removes; true when there is something to write. */
function put<T>(record: Record<string, T>, name: string, value: T | undefined): boolean {
  if (value === undefined) delete record[name];
  else record[name] = value;
  return value !== undefined;
}
