/** The emulator's memory in Redis or Valkey, shared by every emulator of the store. Each call is one script, thus one step. */
import type { Json, Key, State, Versioned } from '../interface.js';
import { DEFAULT_MAX_RECORDS, isBounded } from '../shared.js';
import { readSnapshot, SNAPSHOT_VERSION, type Snapshot } from '../snapshot.js';
import { parseStoreAddress } from './address.js';
import { ConnectionBrokeError, createConnection, ScriptError } from './connection.js';
import {
  entryOf,
  idOf,
  indexesOf,
  nameOf,
  NO_EXPIRY,
  parse,
  placed,
  recordOf,
  sequenceOf,
  serialize,
  type StreamEntry,
} from './format.js';
import * as scripts from './scripts.js';
import { createTail } from './tail.js';

export interface RedisOptions {
  /** Milliseconds on the tenant's age clock, which decides what has expired. */
  ageNow(tenant: string): number;
  /** Records of one kind that a tenant holds. Default: `DEFAULT_MAX_RECORDS`. */
  maxRecords?: number | undefined;
}

type Args = (string | number)[];

/** An export or a part of an import may take this long; whatever else comes waits for it. */
const BULK_MS = 15_000;
/** Records that one step loads or cleans. */
const CHUNK = 500;
const KEEP = '=';
const UNLIMITED = 0;

/**
 * Opens the state at a `redis://` or `rediss://` URL. Throws UsageError URL_INVALID, StoreAwayError when it cannot be reached; each
 * call of the state throws StoreAwayError while it is away, and works again once it is back.
 */
export async function openRedisState(url: string, options: RedisOptions): Promise<State> {
  const address = parseStoreAddress(url);
  const connection = createConnection(address);
  const { redis } = connection;
  const tail = createTail(() => createConnection(address));
  // Messages pass between databases, so the channel says which one it is about.
  const channelsOf = (tenant: string): string => `${address.namespace}:${address.database}:${tenant}:`;
  // The braces keep a tenant's keys together in a cluster.
  const baseOf = (tenant: string): string => `${address.namespace}:1:{${tenant}}`;
  const closing = new AbortController();
  const limitOf = (tenant: string): number =>
    isBounded(tenant) ? (options.maxRecords ?? DEFAULT_MAX_RECORDS) : UNLIMITED;

  async function run<T>(script: scripts.Script, tenant: string, args: Args, limitMs?: number): Promise<T> {
    const base = baseOf(tenant);
    let known = true;
    for (;;) {
      await connection.ready();
      try {
        const answer = known ? redis.evalsha(script.sha, 1, base, ...args) : redis.eval(script.text, 1, base, ...args);
        return (await connection.answerOf(answer, limitMs)) as T;
      } catch (error) {
        if (error instanceof ScriptError && error.message.startsWith('NOSCRIPT')) known = false;
        else if (!(error instanceof ConnectionBrokeError && script.reads)) throw error;
      }
    }
  }

  const aged = <T>(script: scripts.Script, tenant: string, args: Args, limitMs?: number): Promise<T> =>
    run<T>(script, tenant, [String(options.ageNow(tenant)), ...args], limitMs);
  const ageless = <T>(script: scripts.Script, tenant: string, args: Args, limitMs?: number): Promise<T> =>
    run<T>(script, tenant, [NO_EXPIRY, ...args], limitMs);

  async function list<T>(tenant: string, index: string): Promise<Versioned<T>[]> {
    const found = await aged<(string | number)[]>(scripts.LIST, tenant, [index]);
    const all: Versioned<T>[] = [];
    for (let at = 0; at < found.length; at += 3) {
      const [name, version, text] = found.slice(at, at + 3);
      all.push({ id: idOf(String(name)), value: parse<T>(String(text)), version: Number(version) });
    }
    return all;
  }

  async function turnTo(tenant: string, generation: number, logs: Args): Promise<void> {
    await ageless(scripts.TURN, tenant, [generation, channelsOf(tenant), ...logs]);
    while ((await ageless<number>(scripts.CLEAN, tenant, [CHUNK])) === 0);
  }

  await connection.open();
  return {
    get: async <T>(key: Key) => {
      const found = await aged<[number, string] | null>(scripts.GET, key.tenant, [nameOf(key)]);
      return found ? { id: key.id, value: parse<T>(found[1]), version: found[0] } : undefined;
    },
    put: async (key, value, given = {}) => {
      const text = serialize(value);
      return aged<number>(scripts.PUT, key.tenant, [nameOf(key), ...placed(key, given), text, limitOf(key.tenant)]);
    },
    putIfAbsent: async (key, value, given = {}) => {
      const text = serialize(value);
      const args = [nameOf(key), ...placed(key, given), text, limitOf(key.tenant)];
      return (await aged(scripts.PUT_IF_ABSENT, key.tenant, args)) === 1;
    },
    takeOnce: async <T>(key: Key) => {
      const text = await aged<string | null>(scripts.TAKE, key.tenant, [nameOf(key)]);
      return text === null ? undefined : parse<T>(text);
    },
    increment: async (key, { limit, ...given }) => {
      const args = [nameOf(key), ...placed(key, given), limit, limitOf(key.tenant)];
      const counted = await aged<[number, number] | null>(scripts.INCREMENT, key.tenant, args);
      if (!counted) throw new TypeError(`The record "${key.kind}" is no counter.`);
      return { count: counted[0], allowed: counted[1] === 1 };
    },
    update: async (key, expectedVersion, value, { expiresAt, index } = {}) => {
      const text = serialize(value);
      const expires = expiresAt === undefined ? KEEP : String(expiresAt);
      const indexes = index === undefined ? KEEP : indexesOf(key.kind, index);
      const args = [nameOf(key), expectedVersion, expires, indexes, text];
      return (await aged(scripts.UPDATE, key.tenant, args)) === 1;
    },
    delete: async (key) => (await aged(scripts.TAKE, key.tenant, [nameOf(key)])) !== null,
    listByIndex: (tenant, kind, index, value) => list(tenant, JSON.stringify([kind, index, value])),
    list: (tenant, kind) => list(tenant, JSON.stringify([kind])),

    append: async (tenant, log, value, keep) =>
      ageless<number>(scripts.APPEND, tenant, [log, serialize(value), keep, channelsOf(tenant)]),
    read: async <T>(tenant: string, log: string, after: number) =>
      (await ageless<StreamEntry[]>(scripts.READ, tenant, [log, after + 1])).map((entry) => entryOf<T>(entry)),
    async wait(tenant, log, after, signal) {
      const channel = channelsOf(tenant) + log;
      while (!closing.signal.aborted && !signal.aborted) {
        const ear = createEar(signal);
        try {
          await tail.hear(channel, ear.hear);
          const newest = await ageless<string | null>(scripts.NEWEST, tenant, [log]);
          if (newest !== null && sequenceOf(newest) > after) return;
          if (Number(await ear.heard) > after) return;
        } finally {
          ear.close();
          tail.stop(channel, ear.hear);
        }
      }
    },

    export: async (tenant) => {
      const [records, logs] = await aged<[string[], (string | StreamEntry[])[]]>(scripts.EXPORT, tenant, [], BULK_MS);
      const document: Snapshot = { records: [], logs: {} };
      for (let at = 0; at < records.length; at += 2) {
        document.records.push(recordOf(records[at] ?? '', records[at + 1] ?? ''));
      }
      for (let at = 0; at < logs.length; at += 3) {
        const entries = logs[at + 2] as StreamEntry[];
        document.logs[String(logs[at])] = { last: Number(logs[at + 1]), entries: entries.map(entryOf<Json>) };
      }
      return parse<Json>(serialize({ version: SNAPSHOT_VERSION, ...document }));
    },
    import: async (tenant, document) => {
      const { records, logs } = readSnapshot(document);
      const generation = await ageless<number>(scripts.BEGIN, tenant, []);
      for (const part of chunks(records)) {
        const args = part.flatMap((record) => {
          const { kind, id, version, expiresAt, index, value } = record;
          return [nameOf({ tenant, kind, id }), version, ...placed(record, { expiresAt, index }), serialize(value)];
        });
        await ageless(scripts.LOAD, tenant, [generation, ...args], BULK_MS);
      }
      for (const [log, { entries }] of Object.entries(logs)) {
        for (const part of chunks(entries)) {
          const args = part.flatMap(({ seq, value }) => [seq, serialize(value)]);
          await ageless(scripts.LOAD_LOG, tenant, [generation, log, ...args], BULK_MS);
        }
      }
      const lasts = Object.entries(logs).flatMap(([log, { last }]) => [log, last]);
      await turnTo(tenant, generation, lasts);
    },
    clear: async (tenant) => turnTo(tenant, await ageless<number>(scripts.BEGIN, tenant, []), []),
    close: async () => {
      closing.abort();
      tail.close();
      connection.close();
    },
  };
}

/** A listener that resolves with the first message, and with an empty one when the signal fires. */
function createEar(signal: AbortSignal): { hear(message: string): void; heard: Promise<string>; close(): void } {
  let hear: (message: string) => void = () => undefined;
  const heard = new Promise<string>((resolve) => {
    hear = resolve;
  });
  const end = (): void => hear('');
  signal.addEventListener('abort', end, { once: true });
  return { hear: (message) => hear(message), heard, close: () => signal.removeEventListener('abort', end) };
}

function chunks<T>(all: readonly T[]): T[][] {
  const parts = Math.ceil(all.length / CHUNK);
  return Array.from({ length: parts }, (_, at) => all.slice(at * CHUNK, (at + 1) * CHUNK));
}
