/** The emulator's memory in this process. Records are kept as JSON text, so that no caller can change what is stored. */
import type { Json, Key, PutOptions, State, Versioned } from './interface.js';
import { createLog, type Log } from './log.js';
import { createTable, entryOf, type Entry, type Table } from './records.js';
import { DEFAULT_MAX_RECORDS, isBounded } from './shared.js';
import { readSnapshot, SNAPSHOT_VERSION, type Snapshot, type SnapshotRecord } from './snapshot.js';

export interface MemoryOptions {
  /** Milliseconds on the tenant's age clock, which decides what has expired. */
  ageNow(tenant: string): number;
  /** Records of one kind that a tenant holds. Default: `DEFAULT_MAX_RECORDS`. */
  maxRecords?: number | undefined;
  /** Called when so many records have ended or were cleared that their room is worth having back. */
  onRelief?: (() => void) | undefined;
}

interface House {
  kinds: Map<string, Table>;
  logs: Map<string, Log>;
  /** Age at which expired records are looked for again. */
  sweepAt: number;
}

/** How often expired records that nobody reads are looked for, on the age clock. Milliseconds. */
const SWEEP_MS = 60_000;
/** Of a record without one: an object for each would take room. */
const NO_INDEX: Record<string, string> = Object.freeze({});
/** Records whose going is worth a look at the heap. */
const RELIEF = 10_000;
/** The oldest go some at a time, so that a full table is not walked for each new record. */
const EVICTED_AT_ONCE = 1 / 50;

/** An empty memory state. A record has expired when `ageNow(tenant)` has reached its `expiresAt`. */
export function createMemoryState(options: MemoryOptions): State {
  const maxRecords = options.maxRecords ?? DEFAULT_MAX_RECORDS;
  const tenants = new Map<string, House>();
  let created = 0;
  let gone = 0;
  // What nobody writes to ages, too.
  const sweeping = setInterval(() => {
    for (const tenant of tenants.keys()) sweep(tenant);
  }, SWEEP_MS).unref();

  function house(tenant: string): House {
    return entryOf(tenants, tenant, () => ({
      kinds: new Map(),
      logs: new Map(),
      sweepAt: options.ageNow(tenant) + SWEEP_MS,
    }));
  }

  function tableOf(tenant: string, kind: string): Table {
    return entryOf(house(tenant).kinds, kind, createTable);
  }

  function logOf(tenant: string, log: string): Log {
    return entryOf(house(tenant).logs, log, createLog);
  }

  function isOver(tenant: string, entry: Entry): boolean {
    return entry.expiresAt !== undefined && options.ageNow(tenant) >= entry.expiresAt;
  }

  /** The unexpired record of a key; an expired one is dropped here. */
  function find(key: Key): Entry | undefined {
    const table = tenants.get(key.tenant)?.kinds.get(key.kind);
    const entry = table?.get(key.id);
    if (!table || !entry) return undefined;
    if (!isOver(key.tenant, entry)) return entry;
    table.drop(entry);
    return undefined;
  }

  /** Once in a while, and at once where the clock was moved. */
  function sweep(tenant: string): void {
    const now = options.ageNow(tenant);
    const here = house(tenant);
    if (now < here.sweepAt && here.sweepAt <= now + SWEEP_MS) return;
    here.sweepAt = now + SWEEP_MS;
    for (const table of here.kinds.values()) {
      for (const entry of table.all()) {
        if (entry.expiresAt === undefined || now < entry.expiresAt) continue;
        table.drop(entry);
        gone += 1;
      }
    }
    relieve();
  }

  function relieve(): void {
    if (gone < RELIEF) return;
    gone = 0;
    options.onRelief?.();
  }

  function insert(tenant: string, kind: string, { id, text, version, expiresAt, index }: Omit<Entry, 'order'>): void {
    sweep(tenant);
    const table = tableOf(tenant, kind);
    if (table.size() >= maxRecords && isBounded(tenant)) {
      for (const entry of table.oldest(Math.ceil(maxRecords * EVICTED_AT_ONCE))) table.drop(entry);
    }
    table.insert({ id, text, version, expiresAt, index, order: ++created });
  }

  function write(key: Key, value: unknown, { expiresAt, index = NO_INDEX }: PutOptions): number {
    const text = serialize(value);
    const entry = find(key);
    const own = index === NO_INDEX ? index : { ...index };
    if (entry) return tableOf(key.tenant, key.kind).replace(entry, { text, expiresAt, index: own });
    insert(key.tenant, key.kind, { id: key.id, text, version: 1, expiresAt, index: own });
    return 1;
  }

  function unexpired(tenant: string, entries: Entry[]): Entry[] {
    return entries.filter((entry) => !isOver(tenant, entry)).sort((a, b) => a.order - b.order);
  }

  function clear(tenant: string): void {
    const found = tenants.get(tenant);
    if (!found) return;
    for (const table of found.kinds.values()) gone += table.size();
    found.kinds.clear();
    relieve();
    for (const log of found.logs.values()) log.clear();
  }

  return {
    get: async <T>(key: Key) => {
      const entry = find(key);
      return entry && versioned<T>(entry);
    },
    put: async (key, value, given = {}) => write(key, value, given),
    putIfAbsent: async (key, value, given = {}) => {
      if (find(key)) return false;
      write(key, value, given);
      return true;
    },
    takeOnce: async <T>(key: Key) => {
      const entry = find(key);
      if (!entry) return undefined;
      tableOf(key.tenant, key.kind).drop(entry);
      return parse<T>(entry.text);
    },
    increment: async (key, { limit, ...given }) => {
      const entry = find(key);
      const count = entry ? parse<unknown>(entry.text) : 0;
      if (typeof count !== 'number') throw new TypeError(`The record "${key.kind}" is no counter.`);
      if (count >= limit) return { count, allowed: false };
      if (entry)
        tableOf(key.tenant, key.kind).replace(entry, {
          text: serialize(count + 1),
          expiresAt: entry.expiresAt,
          index: entry.index,
        });
      else write(key, 1, given);
      return { count: count + 1, allowed: true };
    },
    update: async (key, expectedVersion, value, given = {}) => {
      const text = serialize(value);
      const entry = find(key);
      if (!entry || entry.version !== expectedVersion) return false;
      tableOf(key.tenant, key.kind).replace(entry, {
        text,
        expiresAt: given.expiresAt ?? entry.expiresAt,
        index: given.index ? { ...given.index } : entry.index,
      });
      return true;
    },
    delete: async (key) => {
      const entry = find(key);
      if (entry) tableOf(key.tenant, key.kind).drop(entry);
      return entry !== undefined;
    },
    listByIndex: async <T>(tenant: string, kind: string, index: string, value: string) => {
      const entries = tenants.get(tenant)?.kinds.get(kind)?.byIndex(index, value) ?? [];
      return unexpired(tenant, entries).map((entry) => versioned<T>(entry));
    },
    list: async <T>(tenant: string, kind: string) => {
      const entries = tenants.get(tenant)?.kinds.get(kind)?.all() ?? [];
      return unexpired(tenant, entries).map((entry) => versioned<T>(entry));
    },
    append: async (tenant, log, value, keep) => logOf(tenant, log).append(serialize(value), keep),
    read: async <T>(tenant: string, log: string, after: number) =>
      logOf(tenant, log)
        .read(after)
        .map(({ seq, text }) => ({ seq, value: parse<T>(text) })),
    wait: (tenant, log, after, signal) => logOf(tenant, log).wait(after, signal),

    export: async (tenant) => {
      const records: SnapshotRecord[] = [];
      for (const [kind, table] of tenants.get(tenant)?.kinds ?? []) {
        for (const entry of unexpired(tenant, table.all())) {
          const { id, version, index, expiresAt } = entry;
          records.push({ kind, id, value: parse<Json>(entry.text), version, index, expiresAt });
        }
      }
      const logs: Snapshot['logs'] = {};
      for (const [name, log] of tenants.get(tenant)?.logs ?? []) {
        const entries = log.read(0).map(({ seq, text }) => ({ seq, value: parse<Json>(text) }));
        logs[name] = { last: log.last(), entries };
      }
      return JSON.parse(serialize({ version: SNAPSHOT_VERSION, records, logs })) as Json;
    },
    import: async (tenant, document) => {
      const { records, logs } = readSnapshot(document);
      clear(tenant);
      for (const { kind, id, value, version, expiresAt, index } of records) {
        insert(tenant, kind, { id, text: serialize(value), version, expiresAt, index });
      }
      for (const [name, { last, entries }] of Object.entries(logs)) {
        logOf(tenant, name).restore(
          last,
          entries.map(({ seq, value }) => ({ seq, text: serialize(value) })),
        );
      }
    },
    clear: async (tenant) => clear(tenant),
    close: async () => {
      clearInterval(sweeping);
      for (const { logs } of tenants.values()) for (const log of logs.values()) log.close();
      tenants.clear();
    },
  };
}

function versioned<T>({ id, text, version }: Entry): Versioned<T> {
  return { id, value: parse<T>(text), version };
}

function serialize(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('The value has no JSON form.');
  return text;
}

function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}
