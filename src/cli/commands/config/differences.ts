/** Two configurations compared field by field. */
import { withoutTimes, type StepUpConfig } from '../../../providers/prelude/config.js';
import { named } from '../../stepup-file/names.js';

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
  const entries = Array.isArray(value) ? named<unknown>(value) : Object.entries(value);
  for (const [name, inner] of entries) leaves(inner, path === '' ? name : `${path}.${name}`, into);
  return into;
}
