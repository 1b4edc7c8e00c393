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
  /** The first ones in the order of creation. */
  oldest(count: number): Entry[];
  /** Entries whose index `name` has this value. */
  byIndex(name: string, value: string): Entry[];
  size(): number;
}

/** An empty table. */
export function createTable(): Table {
  const entries = new Map<string, Entry>();
  /** Most names of an index have one record: a set for each would take more room than the records. */
  const ids = new Map<string, string | Set<string>>();

  const enter = ({ id, index }: Entry): void => {
    for (const [name, value] of Object.entries(index)) {
      const key = indexKey(name, value);
      const there = ids.get(key);
      if (there === undefined) ids.set(key, id);
      else if (typeof there !== 'string') there.add(id);
      else if (there !== id) ids.set(key, new Set([there, id]));
    }
  };
  const leave = ({ id, index }: Entry): void => {
    for (const [name, value] of Object.entries(index)) {
      const key = indexKey(name, value);
      const there = ids.get(key);
      if (there === id) ids.delete(key);
      else if (typeof there === 'object' && there.delete(id) && there.size === 0) ids.delete(key);
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
    oldest(count) {
      const first: Entry[] = [];
      for (const entry of entries.values()) {
        if (first.length >= count) break;
        first.push(entry);
      }
      return first;
    },
    byIndex(name, value) {
      const there = ids.get(indexKey(name, value)) ?? [];
      return (typeof there === 'string' ? [there] : [...there]).flatMap((id) => entries.get(id) ?? []);
    },
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

/** An index's name has no line end in it. */
function indexKey(name: string, value: string): string {
  return `${name}\n${value}`;
}
