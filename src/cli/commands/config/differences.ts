/** Two configurations compared field by field. */
import { withoutTimes, type StepUpConfig } from '../../../providers/prelude/config.js';

export interface Difference {
  /** `allowed_scopes.transfer:write.mode`: list entries are named by their key or scope. */
  field: string;
  /** As JSON; undefined where the field is not there. */
  before: string | undefined;
  after: string | undefined;
}

/** The fields in which two configurations differ. The service's own times do not count, nor empty values against absent ones. */
export function differences(before: StepUpConfig, after: StepUpConfig): Difference[] {
  const [one, other] = [leaves(withoutTimes(before)), leaves(withoutTimes(after))];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((field) => one.get(field) !== other.get(field))
    .map((field) => ({ field, before: one.get(field), after: other.get(field) }));
}

/** One difference as a line: `jwks_url: "https://old" -> "https://new"`. */
export function inWords({ field, before = 'nothing', after = 'nothing' }: Difference): string {
  return `  ${field}: ${before} -> ${after}`;
}

function leaves(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === undefined || value === null || value === '') return into;
  if (typeof value !== 'object') return into.set(path, JSON.stringify(value));
  const names = Array.isArray(value) ? namesOf(value) : Object.keys(value);
  Object.values(value).forEach((inner, at) => leaves(inner, path === '' ? names[at] : `${path}.${names[at]}`, into));
  return into;
}

/** Entries of a list by their key or scope; the second of a scope is `scope#2`, since their order counts. */
function namesOf(list: unknown[]): string[] {
  const seen = new Map<string, number>();
  return list.map((entry, at) => {
    const name = nameOf(entry) ?? String(at + 1);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { scope, key }: { scope?: unknown; key?: unknown } = entry;
  const name = scope ?? key;
  return typeof name === 'string' ? name : undefined;
}
