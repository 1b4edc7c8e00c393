/** From the text of a file to a typed value: JSON, version, shape. No error carries any of the text. */
import * as v from 'valibot';
import { corrupted, newer } from './failures.js';

/** Version of the format that this program reads and writes. */
export const FORMAT_VERSION = 1;

/**
 * Parses a file that carries `version`. Throws FailedError STORE_NEWER for a later version or a sealed file, and
 * STORE_CORRUPTED for anything else that this version would not have written.
 */
export function parseVersioned<S extends v.GenericSchema>(file: string, text: string, schema: S): v.InferOutput<S> {
  const document = parseJson(file, text);
  const head = v.safeParse(v.object({ version: v.pipe(v.number(), v.integer(), v.minValue(1)) }), document);
  if (!head.success) throw corrupted(file, '"version" is missing or wrong');
  if (head.output.version > FORMAT_VERSION) throw newer(file, `its version is ${head.output.version}`);
  if (v.is(v.object({ sealed: v.literal(true) }), document)) throw newer(file, 'it is sealed');
  return parseShape(file, document, schema);
}

/** Parses a file without a version. Throws FailedError STORE_CORRUPTED. */
export function parseDocument<S extends v.GenericSchema>(file: string, text: string, schema: S): v.InferOutput<S> {
  return parseShape(file, parseJson(file, text), schema);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the text.
    if (error instanceof SyntaxError) throw corrupted(file, text.trim() === '' ? 'it is empty' : 'it is not JSON');
    throw error;
  }
}

function parseShape<S extends v.GenericSchema>(file: string, document: unknown, schema: S): v.InferOutput<S> {
  const parsed = v.safeParse(schema, document);
  if (parsed.success) return parsed.output;
  const path = v.getDotPath(parsed.issues[0]);
  throw corrupted(file, path === null ? 'it is not an object' : `"${path}" is missing or wrong`);
}
