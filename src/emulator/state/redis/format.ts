/** How records and logs are named and written in the store. */
import type { Json, Key, PutOptions } from '../interface.js';
import type { SnapshotRecord } from '../snapshot.js';

/** An entry of a Redis stream. */
export type StreamEntry = [id: string, fields: [name: string, text: string]];

/** In place of an expiry: never. */
export const NO_EXPIRY = '-';

/** A record's name in its tenant. JSON, so that no kind and no id can be taken for another. */
export function nameOf({ kind, id }: Key): string {
  return JSON.stringify([kind, id]);
}

/** The id in a record's name. */
export function idOf(name: string): string {
  return parse<[string, string]>(name)[1];
}

/** Expiry and indexes, as a script takes them. */
export function placed({ kind }: { kind: string }, { expiresAt, index = {} }: PutOptions): [string, string] {
  return [expiresAt === undefined ? NO_EXPIRY : String(expiresAt), indexesOf(kind, index)];
}

/** A JSON list of indexes, each JSON itself: that of the kind as a whole, then those of the record. */
export function indexesOf(kind: string, index: Record<string, string>): string {
  const own = Object.entries(index).map(([name, value]) => JSON.stringify([kind, name, value]));
  return JSON.stringify([JSON.stringify([kind]), ...own]);
}

/** A record as it is exported, from its name and the string that keeps it. */
export function recordOf(name: string, raw: string): SnapshotRecord {
  const [kind, id] = parse<[string, string]>(name);
  const end = raw.indexOf('\n');
  const [version, , expires, ...rest] = raw.slice(0, end).split(' ');
  const [, ...own] = parse<string[]>(rest.join(' '));
  const index = Object.fromEntries(own.map((one) => parse<[string, string, string]>(one).slice(1) as [string, string]));
  const value = parse<Json>(raw.slice(end + 1));
  const expiresAt = expires === NO_EXPIRY ? undefined : Number(expires);
  return { kind, id, value, version: Number(version), index, expiresAt };
}

/** An entry of a log, from that of its stream. */
export function entryOf<T>([id, [, text]]: StreamEntry): { seq: number; value: T } {
  return { seq: sequenceOf(id), value: parse<T>(text) };
}

/** The number of a log's entry, which is its stream's id up to the hyphen. */
export function sequenceOf(streamId: string): number {
  return Number.parseInt(streamId, 10);
}

/** A value as JSON. Throws TypeError when it has no such form. */
export function serialize(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('The value has no JSON form.');
  return text;
}

/** The value of a JSON text that `serialize` made. */
export function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}
