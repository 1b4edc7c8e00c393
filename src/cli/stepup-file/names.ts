/** Entries of a list by what they are called. */

/** Each entry with its scope or key, else its place; the second of a name is `name#2`, since their order counts. */
export function named<Entry>(list: readonly Entry[]): [name: string, entry: Entry][] {
  const seen = new Map<string, number>();
  return list.map((entry, at) => {
    const name = nameOf(entry) ?? String(at + 1);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name}#${count}`, entry];
  });
}

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { scope, key }: { scope?: unknown; key?: unknown } = entry;
  const name = scope ?? key;
  return typeof name === 'string' ? name : undefined;
}
