/** Reads a stepup.json; every error says the line. */
import * as v from 'valibot';
import { UsageError } from '../../errors.js';
import { problemOf } from '../../providers/prelude/config.js';
import type { System } from '../../system.js';
import { JsonProblem, readJson, type JsonSource, type Position } from '../json-source.js';
import { readInput } from '../secrets.js';
import { stepUpFileSchema, type StepUpFile } from './document.js';
import { faultsOf, type Fault } from './faults.js';

/** How many faults are told beside the first. */
const MAX_OTHERS = 9;

/**
 * The file of `--file`, or standard input for `-`. Throws UsageError FILE_UNREADABLE, FLAG_INVALID (over 1 MB), DOCUMENT_INVALID with
 * line and column and the path of the field, and InputNeededError for `-` on a terminal.
 */
export async function readStepUpFile(system: Pick<System, 'stdin'>, path: string): Promise<StepUpFile> {
  const text = await readInput(system, path, '--file');
  return parseStepUpFile(text, path === '-' ? 'standard input' : path);
}

/** The file in a text; `name` is what errors call it. Throws UsageError DOCUMENT_INVALID. */
export function parseStepUpFile(text: string, name: string): StepUpFile {
  if (text.replace('\uFEFF', '').trim() === '') throw invalid(`${name} is empty.`, '--file');
  const source = sourceOf(text, name);
  if (Array.isArray(source.value)) throw faulty(source, [{ path: [], problem: 'is a list and no object' }], name);
  const parsed = v.safeParse(stepUpFileSchema, source.value);
  if (!parsed.success) throw faulty(source, parsed.issues.map(faultOf), name);
  const faults = faultsOf(parsed.output);
  if (faults.length > 0) throw faulty(source, faults, name);
  return parsed.output;
}

function sourceOf(text: string, name: string): JsonSource {
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    throw invalid(`${name} is no JSON: ${error.message} (${inWords(error.position)}).`, '--file');
  }
}

function faultOf(issue: v.BaseIssue<unknown>): Fault {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return { path, problem: 'is no field that is known' };
  return { path, problem: problemOf(issue) };
}

function faulty(source: JsonSource, faults: Fault[], name: string): UsageError {
  const placed = faults
    .map((fault) => ({ ...fault, position: source.positionOf(fault.path) }))
    .sort((one, other) => one.position.line - other.position.line || one.position.column - other.position.column);
  const [first, ...others] = placed.map(({ path, problem, position }) => {
    const field = path.join('.');
    const what = field === '' ? 'the document' : field;
    const words = /^(is|has|says|names|cannot) /.test(problem) ? `${what} ${problem}` : `${what}: ${problem}`;
    return { field, line: `${inWords(position)}: ${words}` };
  }) as [{ field: string; line: string }, ...{ field: string; line: string }[]];
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  // An unknown field is often why another one is missing, so the others are told too.
  const told = others.slice(0, MAX_OTHERS).map(({ line }) => `Also ${line}.`);
  return invalid(`${name}, ${first.line}${more}.`, first.field === '' ? '--file' : first.field, told);
}

function inWords({ line, column }: Position): string {
  return `line ${line}, column ${column}`;
}

function invalid(message: string, field: string, also: string[] = []): UsageError {
  return new UsageError('DOCUMENT_INVALID', message, {
    field,
    hint: [...also, 'See how such a file looks with: stepup config export'].join('\n'),
  });
}
