import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it, test } from 'vitest';
import { seedSchema } from '../../../src/emulator/seed/document.js';
import { parseSeed } from '../../../src/emulator/seed/read.js';
import { isValid } from '../../support/json-schema.js';
import { GOOD, WHOLE } from './examples.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../schema/emulator-seed.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** What no JSON Schema can say of one value. */
const BEYOND = /a point of P-256|an origin/;

/** Whether the program takes the form of a seed; undefined when what it refuses is beyond a schema. */
function taken(file: unknown): boolean | undefined {
  if (Array.isArray(file)) return false;
  const parsed = v.safeParse(seedSchema, file);
  if (parsed.success) return true;
  return parsed.issues.every(({ message }) => BEYOND.test(message)) ? undefined : false;
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
  if (path.length === 0) return value;
  const copy: unknown = structuredClone(file);
  let holder = copy as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) holder = holder[name] as typeof holder;
  const last = path.at(-1)!;
  if (value !== undefined) holder[last] = value;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

const GROUPS: unknown[][] = [
  [undefined, null, true, 0, 1, -1, 1.5, 9, 400, 600, 601, 86_401, 600_001, 2 ** 53],
  ['', 'a', 'a b', 'sms', 'block', 'review', 'single-use', 'required', 'none', 'delegated', 'managed', 'default'],
  ['+33612345678', '33612345678', 'ada@example.com', 'ada@', '1234', '123456789', '2026_04_01', 'user.update'],
  ['0x52908400098527886E0F7030069857D2E4169EE7', 'GEZDGNBVGY3TQOJQ', 'POST', '/v1', 'https://a.example', 'Aa-0'],
  ['00000000-0000-4000-8000-000000000001', 'A'.repeat(43), 'x'.repeat(300), 'x'.repeat(9000)],
  [[], {}, ['a'], ['ada@example.com'], [{}], Array(21).fill('ada@example.com'), { a: 1 }],
];
const VALUES = GROUPS.flat();

describe('the published JSON Schema of a seed', () => {
  it('is of draft 2020-12', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  test.each(GOOD.map((file) => [JSON.stringify(file).slice(0, 40), file]))(
    'takes %s…, as the program does',
    (_, file) => {
      expect([parseSeed(JSON.stringify(file), 'seed').file, isValid(schema, file)]).toEqual([file, true]);
    },
  );

  it('agrees with the program wherever one thing of a good seed is another', () => {
    const disagreements: object[] = [];
    let refused = 0;
    for (const path of placesOf(WHOLE)) {
      const others = VALUES.map((value) => changed(WHOLE, path, value));
      for (const other of [...others, ...withStrangers(path)]) {
        if (other === undefined) continue;
        const program = taken(other);
        if (program === undefined) continue;
        const published = isValid(schema, other);
        if (!program) refused += 1;
        if (program !== published) disagreements.push({ path, program, published, at: valueAt(other, path) });
      }
    }
    expect(disagreements).toEqual([]);
    expect(refused).toBeGreaterThan(5000);
  });

  it('names every field that the program reads', () => {
    expect(Object.keys(schema['properties'] as object)).toEqual(Object.keys(seedSchema.entries));
  });
});

function valueAt(file: unknown, path: Path): unknown {
  let at = file;
  for (const each of path) at = (at as Record<string | number, unknown> | undefined)?.[each];
  return at;
}

/** Copies with one more field, where the place is an object of ours. */
function withStrangers(path: Path): unknown[] {
  const found = valueAt(WHOLE, path);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return [];
  return ['mood', 'constructor', '__proto__'].map((name) => {
    const copy: unknown = structuredClone(WHOLE);
    Object.defineProperty(valueAt(copy, path), name, { value: 1, enumerable: true });
    return copy;
  });
}
