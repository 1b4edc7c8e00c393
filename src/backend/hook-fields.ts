/** The fields of a hook's answer in words, for whoever has to mend it. */

export type Fields = Record<string, unknown>;

/** Prelude: the longest time of a grant or a step. Seconds. */
export const MAX_SECONDS = 86_400;

/** Whole seconds within what Prelude takes for any time of a verdict. */
export function isSeconds(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SECONDS;
}

/** What a value is, short enough for a table: a text or number itself, else its kind. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') return `"${value.slice(0, 40)}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return 'an object';
}

/** Why a field is not what it should be, where that is plain: written in camel case, in capitals, or a number as text. */
export function misspelt(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'string' && /^\d+$/.test(value)) return `${name} is a number, not text.`;
  if (typeof value === 'string' && /[A-Z_ ]/.test(value))
    return `Values of ${name} are in small letters, with hyphens.`;
  const other = Object.keys(fields).find((key) => key !== name && bare(key) === bare(name));
  return value === undefined && other !== undefined ? `The field is called ${name}, not ${other}.` : undefined;
}

function bare(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}
