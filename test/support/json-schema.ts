/** As much of JSON Schema (draft 2020-12) as our own schema uses. An unknown keyword fails, so that none is overlooked. */

export type Schema = boolean | { [keyword: string]: unknown };
type Node = { [keyword: string]: unknown };

const ANNOTATIONS = new Set(['$schema', '$defs', 'title', 'description', 'default']);
const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
};

/** Whether a value is valid. */
export function isValid(root: Node, value: unknown, schema: Schema = root): boolean {
  if (typeof schema === 'boolean') return schema;
  return Object.keys(schema).every((keyword) => ANNOTATIONS.has(keyword) || holds(root, schema, keyword, value));
}

function holds(root: Node, schema: Node, keyword: string, value: unknown): boolean {
  const given = schema[keyword];
  const valid = (inner: unknown, of: unknown): boolean => isValid(root, of, inner as Schema);
  const each = given as Schema[];
  const limit = given as number;
  switch (keyword) {
    case '$ref':
      return valid((root['$defs'] as Node)[String(given).replace('#/$defs/', '')] ?? missing(given), value);
    case 'type':
      return TYPES[String(given)]!(value);
    case 'const':
      return value === given;
    case 'enum':
      return (given as unknown[]).includes(value);
    case 'allOf':
      return each.every((inner) => valid(inner, value));
    case 'anyOf':
      return each.some((inner) => valid(inner, value));
    case 'not':
      return !valid(given, value);
    case 'if':
      return valid(given, value) ? valid(schema['then'] ?? true, value) : true;
    case 'then':
      return true; // with `if`
    case 'required':
      return !isObject(value) || (given as string[]).every((name) => Object.hasOwn(value, name));
    case 'properties':
      return (
        !isObject(value) ||
        Object.entries(given as Node).every(
          ([name, inner]) => !Object.hasOwn(value, name) || valid(inner, (value as Node)[name]),
        )
      );
    case 'additionalProperties':
      return (
        !isObject(value) ||
        Object.keys(value).every((name) => Object.hasOwn((schema['properties'] ?? {}) as Node, name))
      );
    case 'items':
      return !Array.isArray(value) || value.every((entry) => valid(given, entry));
    case 'contains':
      return !Array.isArray(value) || value.some((entry) => valid(given, entry));
    case 'minItems':
      return !Array.isArray(value) || value.length >= limit;
    case 'maxItems':
      return !Array.isArray(value) || value.length <= limit;
    case 'uniqueItems':
      return !Array.isArray(value) || new Set(value).size === value.length;
    case 'minLength':
      return typeof value !== 'string' || value.length >= limit;
    case 'pattern':
      return typeof value !== 'string' || new RegExp(String(given), 'u').test(value);
    case 'minimum':
      return typeof value !== 'number' || value >= limit;
    case 'maximum':
      return typeof value !== 'number' || value <= limit;
    default:
      throw new Error(`the keyword ${keyword} is not known here`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(reference: unknown): never {
  throw new Error(`there is no ${String(reference)}`);
}
