/** The document that a state exports and imports: the same for every implementation. */
import * as v from 'valibot';
import type { Json } from './interface.js';

/** Grows when the document's shape changes; an older reader refuses a newer one. */
export const SNAPSHOT_VERSION = 1;

export interface SnapshotRecord {
  kind: string;
  id: string;
  value: Json;
  version: number;
  index: Record<string, string>;
  /** Milliseconds on the tenant's age clock. */
  expiresAt?: number | undefined;
}

export interface SnapshotLog {
  /** The last sequence number that was given, also when its entry is gone. */
  last: number;
  entries: { seq: number; value: Json }[];
}

export interface Snapshot {
  /** In the order of their creation, by kind. */
  records: SnapshotRecord[];
  logs: Record<string, SnapshotLog>;
}

const json = v.custom<Json>((value) => value !== undefined);
const sequence = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const snapshot = v.object({
  version: v.literal(SNAPSHOT_VERSION),
  records: v.array(
    v.object({
      kind: v.string(),
      id: v.string(),
      value: json,
      version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      index: v.record(v.string(), v.string()),
      expiresAt: v.optional(v.number()),
    }),
  ),
  logs: v.record(v.string(), v.object({ last: sequence, entries: v.array(v.object({ seq: sequence, value: json })) })),
});

/**
 * Parses an exported document. Throws TypeError, which names the place, for one that is not an export, that has a record twice, or
 * whose log is out of order.
 */
export function readSnapshot(document: unknown): Snapshot {
  const parsed = v.safeParse(snapshot, document);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new TypeError(
      `The state document is no export: ${v.getDotPath(issue) ?? 'the document'}: ${issue.expected}.`,
    );
  }
  const seen = new Set<string>();
  for (const { kind, id } of parsed.output.records) {
    const name = JSON.stringify([kind, id]);
    if (seen.has(name)) throw new TypeError(`The state document has the record ${name} twice.`);
    seen.add(name);
  }
  for (const [name, { last, entries }] of Object.entries(parsed.output.logs)) {
    const ordered = entries.every(({ seq }, at) => seq <= last && seq > (entries[at - 1]?.seq ?? 0));
    if (!ordered) throw new TypeError(`The log "${name}" of the state document is out of order.`);
  }
  return parsed.output;
}
