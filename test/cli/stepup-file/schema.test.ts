import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseStepUpFile } from '../../../src/cli/stepup-file/read.js';
import { UsageError } from '../../../src/errors.js';
import { isValid } from '../../support/json-schema.js';
import { GOOD, WHOLE } from './examples.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../schema/stepup.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** What no JSON Schema can say: that two places of a file do not fit each other. */
const BEYOND = /is there twice|is neither in step_keys|that no user reaches|is a second default/;

/** Whether the program takes a file; undefined when what it refuses is beyond a schema. */
function taken(file: unknown): boolean | undefined {
  try {
    parseStepUpFile(JSON.stringify(file), 'stepup.json');
    return true;
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'DOCUMENT_INVALID') throw error;
    return BEYOND.test(error.message) ? undefined : false;
  }
}

type Path = (string | number)[];

function* placesOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    yield* placesOf(inner, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

/** A copy of `file` in which one place is another value; undefined takes the place away. */
function changed(file: unknown, path: Path, value: unknown): unknown {
  const copy: unknown = structuredClone(file);
  if (path.length === 0) return value;
  let holder = copy as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) holder = holder[name] as typeof holder;
  const last = path.at(-1)!;
  if (value !== undefined) holder[last] = value;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

const GROUPS: unknown[][] = [
  [undefined, null, true, 0, 1, -1, 1.5, 3, 9, 86_400, 86_401, 999_999_999, 1_000_000_000, 2 ** 53],
  ['', 'a', 'a b', 'sms', 'email', 'review', 'block', 'continue', 'single-use', 'profile-bound', 'email_address'],
  ['delegated', 'direct', 'managed', 'verify_sms', 'prld:email:register', 'http://example.com/x', 'ftp://a.example'],
  ['https://a.example/x', 'http://[::1]:3000', 'https://a.example/#x', 'https://u:p@a.example/', 'https://'],
  [[], {}, ['a', 'a'], ['a', 'b'], [{}]],
];
const VALUES = GROUPS.flat();

describe('the published JSON Schema', () => {
  it('is of draft 2020-12', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  test.each(GOOD.map((file) => [JSON.stringify(file).slice(0, 60), file]))(
    'takes %s…, as the program does',
    (_, file) => {
      expect([taken(file), isValid(schema, file)]).toEqual([true, true]);
    },
  );

  it('agrees with the program wherever one thing of a good file is another', () => {
    const disagreements: object[] = [];
    let refused = 0;
    for (const file of GOOD) {
      for (const path of placesOf(file)) {
        const others = VALUES.map((value) => changed(file, path, value));
        const strangers = ['mood', 'constructor', '__proto__'].flatMap((name) => withStranger(file, path, name));
        for (const other of [...others, ...strangers]) {
          if (other === undefined) continue;
          const program = taken(other);
          if (program === undefined) continue;
          const published = isValid(schema, other);
          if (!program) refused += 1;
          if (program !== published) disagreements.push({ path, program, published, file: JSON.stringify(other) });
        }
      }
    }
    expect(disagreements).toEqual([]);
    expect(refused).toBeGreaterThan(2000);
  });

  it('has a description of what is not plain by its name', () => {
    expect(JSON.stringify(schema)).toContain('Nanoseconds: 60000000000 is a minute.');
    expect(Object.keys(schema['properties'] as object)).toEqual(Object.keys(WHOLE));
  });
});

/** A copy with one more field, where the place is an object. */
function withStranger(file: unknown, path: Path, name: string): unknown[] {
  const copy: unknown = structuredClone(file);
  let at = copy;
  for (const each of path) at = (at as Record<string | number, unknown>)[each];
  if (typeof at !== 'object' || at === null || Array.isArray(at)) return [];
  Object.defineProperty(at, name, { value: 1, enumerable: true });
  return [copy];
}
