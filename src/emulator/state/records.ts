/** The records of one kind in memory, with their indexes. Knows nothing of expiry. */

export interface Entry {
  id: string;
  /** The value as JSON. */
  text: string;
  version: number;
  /** Place in the order of creation. */
  order: number;
  /** Milliseconds on the tenant's age clock. */
  expiresAt: number | undefined;
  index: Record<string, string>;
}

export interface Table {
  get(id: string): Entry | undefined;
  insert(entry: Entry): void;
  /** Writes over an entry, which keeps its place in the order of creation. Returns the new version. */
  replace(entry: Entry, change: Pick<Entry, 'text' | 'expiresAt' | 'index'>): number;
  drop(entry: Entry): void;
  all(): Entry[];
  /** Entries whose index `name` has this value. */
  byIndex(name: string, value: string): Entry[];
  size(): number;
}

/** An empty table. */
export function createTable(): Table {
  const entries = new Map<string, Entry>();
  const ids = new Map<string, Set<string>>();

  const enter = ({ id, index }: Entry): void => {
    for (const [name, value] of Object.entries(index)) {
      entryOf(ids, indexKey(name, value), () => new Set<string>()).add(id);
    }
  };
  const leave = ({ id, index }: Entry): void => {
    for (const [name, value] of Object.entries(index)) {
      const key = indexKey(name, value);
      ids.get(key)?.delete(id);
      if (ids.get(key)?.size === 0) ids.delete(key);
    }
  };

  return {
    get: (id) => entries.get(id),
    insert(entry) {
      entries.set(entry.id, entry);
      enter(entry);
    },
    replace(entry, change) {
      leave(entry);
      Object.assign(entry, change, { version: entry.version + 1 });
      enter(entry);
      return entry.version;
    },
    drop(entry) {
      entries.delete(entry.id);
      leave(entry);
    },
    all: () => [...entries.values()],
    byIndex: (name, value) => [...(ids.get(indexKey(name, value)) ?? [])].flatMap((id) => entries.get(id) ?? []),
    size: () => entries.size,
  };
}

/** The map's value of a name, made when there is none. */
export function entryOf<V>(map: Map<string, V>, name: string, make: () => V): V {
  const found = map.get(name);
  if (found !== undefined) return found;
  const made = make();
  map.set(name, made);
  return made;
}

function indexKey(name: string, value: string): string {
  return JSON.stringify([name, value]);
}
