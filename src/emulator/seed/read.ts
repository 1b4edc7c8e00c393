/** Reads a seed whole, before anything starts; every error says file, line, field and what was expected. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { FailedError } from '../../errors.js';
import { osReason } from '../../os-reason.js';
import { conflictsOf, type Fault } from './conflicts.js';
import { seedSchema, type SeedFile } from './document.js';
import { readSource, SourceProblem, type Position, type Source } from './source.js';

/** A seed that was read, with the text that it came from. */
export interface Seed {
  file: SeedFile;
  text: string;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** The seed in a file, YAML or JSON. Throws FailedError FILE_UNREADABLE, SEED_INVALID. */
export async function readSeedFile(path: string): Promise<Seed> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new FailedError('FILE_UNREADABLE', `The seed file ${path} cannot be read: ${osReason(cause)}.`, {
      field: '--seed',
      cause,
    });
  }
  if (bytes.length > MAX_BYTES) throw invalid(`The seed file ${path} has more than ${MAX_BYTES} bytes.`, '--seed');
  return parseSeed(bytes.toString('utf8'), path);
}

/** The seed in a text; `name` is what errors call it. Throws FailedError SEED_INVALID. */
export function parseSeed(text: string, name: string): Seed {
  const source = sourceOf(text, name);
  return { file: check(source.value ?? {}, name, source), text };
}

/** A seed that a program gives as an object. Throws FailedError SEED_INVALID. */
export function parseSeedObject(value: unknown): Seed {
  return { file: check(value, 'seed', undefined), text: JSON.stringify(value) };
}

function sourceOf(text: string, name: string): Source {
  try {
    return readSource(text);
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    throw invalid(`${name}, ${inWords(error.position)}: no YAML or JSON: ${error.message}.`, '--seed');
  }
}

function check(value: unknown, name: string, source: Source | undefined): SeedFile {
  if (Array.isArray(value)) throw faulty([{ path: [], expected: 'an object', got: 'a list' }], name, source);
  const parsed = v.safeParse(seedSchema, value);
  if (!parsed.success) throw faulty(parsed.issues.flatMap(faultsOf), name, source);
  const faults = conflictsOf(parsed.output);
  if (faults.length > 0) throw faulty(faults, name, source);
  return parsed.output;
}

function faultsOf(issue: v.BaseIssue<unknown>): Fault[] {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return [{ path, expected: 'a field that is known', got: 'another' }];
  }
  return [{ path, expected: expectedBy(issue), got: kindOf(issue) }];
}

/** A message of our own is the phrase; of valibot's own, what it expected. */
function expectedBy({ message, expected }: v.BaseIssue<unknown>): string {
  if (message.startsWith('Invalid ')) return (expected ?? 'something else').replace(/^Object$/, 'an object');
  return message.replace(/^expected (.*), got .*$/, '$1');
}

/** What is there, without the value: it may be a secret. */
function kindOf({ input, kind, type }: v.BaseIssue<unknown>): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  const names: Record<string, string> = { string: 'text', number: 'number', boolean: 'flag' };
  const name = names[typeof input];
  if (name === undefined) return 'an object';
  const sameKind = kind === 'validation' || type === 'picklist' || type === 'literal';
  return `${sameKind ? 'another' : 'a'} ${name}`;
}

function faulty(faults: Fault[], name: string, source: Source | undefined): FailedError {
  const placed = faults.map((fault) => ({ ...fault, position: source?.positionOf(fault.path) }));
  if (source) placed.sort((one, other) => compare(one.position, other.position));
  const [{ path, expected, got, position }] = placed as [(typeof placed)[number]];
  const where = position ? `${name}, ${inWords(position)}` : name;
  const field = path.join('.');
  const more = placed.length > 1 ? ` (and ${placed.length - 1} more)` : '';
  return invalid(`${where}: ${field || 'the document'}: expected ${expected}, got ${got}${more}.`, field || '--seed');
}

function compare(one: Position | undefined, other: Position | undefined): number {
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0);
}

function inWords({ line, column }: Position): string {
  return `line ${line}, column ${column}`;
}

function invalid(message: string, field: string): FailedError {
  return new FailedError('SEED_INVALID', message, {
    field,
    hint: 'What a seed may say is in schema/emulator-seed.schema.json of the package.',
  });
}
