/** The emulator's memory in this process. Records are kept as JSON text, so that no caller can change what is stored. */
import type { Json, Key, PutOptions, State, Versioned } from './interface.js';
import { createLog, type Log } from './log.js';
import { createTable, entryOf, type Entry, type Table } from './records.js';
import { readSnapshot, SNAPSHOT_VERSION, type Snapshot, type SnapshotRecord } from './snapshot.js';

export interface MemoryOptions {
  /** Milliseconds on the tenant's age clock, which decides what has expired. */
  ageNow(tenant: string): number;
  /** Records that all tenants together may hold; a write of one more throws. Default 200 000. */
  maxRecords?: number | undefined;
}

interface House {
  kinds: Map<string, Table>;
  logs: Map<string, Log>;
}

const DEFAULT_MAX_RECORDS = 200_000;
/** Records at which the first sweep for expired ones happens; later ones come when the number has doubled. */
const FIRST_SWEEP = 1024;

/** An empty memory state. A record has expired when `ageNow(tenant)` has reached its `expiresAt`. */
export function createMemoryState(options: MemoryOptions): State {
  const maxRecords = options.maxRecords ?? DEFAULT_MAX_RECORDS;
  const tenants = new Map<string, House>();
  let size = 0;
  let created = 0;
  let nextSweep = FIRST_SWEEP;

  function house(tenant: string): House {
    return entryOf(tenants, tenant, () => ({ kinds: new Map(), logs: new Map() }));
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
    drop(table, entry);
    return undefined;
  }

  function drop(table: Table, entry: Entry): void {
    table.drop(entry);
    size -= 1;
  }

  function sweep(): void {
    for (const [tenant, { kinds }] of tenants) {
      for (const table of kinds.values()) {
        for (const entry of table.all()) if (isOver(tenant, entry)) drop(table, entry);
      }
    }
    nextSweep = Math.max(FIRST_SWEEP, Math.min(size * 2, maxRecords));
  }

  function insert(tenant: string, kind: string, entry: Omit<Entry, 'order'>): void {
    if (size >= nextSweep) sweep();
    if (size >= maxRecords) throw new RangeError(`The emulator's memory is full: it holds ${size} records.`);
    tableOf(tenant, kind).insert({ ...entry, order: ++created });
    size += 1;
  }

  function write(key: Key, value: unknown, { expiresAt, index = {} }: PutOptions): number {
    const text = serialize(value);
    const entry = find(key);
    if (entry) return tableOf(key.tenant, key.kind).replace(entry, { text, expiresAt, index: { ...index } });
    insert(key.tenant, key.kind, { id: key.id, text, version: 1, expiresAt, index: { ...index } });
    return 1;
  }

  function unexpired(tenant: string, entries: Entry[]): Entry[] {
    return entries.filter((entry) => !isOver(tenant, entry)).sort((a, b) => a.order - b.order);
  }

  function clear(tenant: string): void {
    const found = tenants.get(tenant);
    if (!found) return;
    for (const table of found.kinds.values()) size -= table.size();
    found.kinds.clear();
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
      drop(tableOf(key.tenant, key.kind), entry);
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
      if (entry) drop(tableOf(key.tenant, key.kind), entry);
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
      const tables = [...(tenants.get(tenant)?.kinds.values() ?? [])];
      const others = tables.reduce((left, table) => left - table.size(), size);
      if (others + records.length > maxRecords) throw new RangeError('The document has too many records.');
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
      for (const { logs } of tenants.values()) for (const log of logs.values()) log.close();
      tenants.clear();
      size = 0;
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
