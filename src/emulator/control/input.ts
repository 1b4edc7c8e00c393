/** Parses what comes into the control API: query and JSON body, with limits, and names what is wrong. */
import type { Context } from 'hono';
import * as v from 'valibot';
import { depthOf } from '../../json-depth.js';
import { readBytes } from '../json-body.js';
import { Problem } from './problem.js';

const MAX_DEPTH = 64;
/** Characters of a wrong value that an answer repeats. */
const MAX_QUOTED = 40;
const MAX_BODY = 1024 * 1024;

/**
 * The JSON body as a schema's value. `maxBytes` defaults to 1 MB. Throws Problem: 413 for a larger body, 400 for one that is empty, no
 * JSON, nested deeper than 64, or not what the schema says.
 */
export async function readBody<S extends v.GenericSchema>(
  c: Context,
  schema: S,
  maxBytes: number = MAX_BODY,
): Promise<v.InferOutput<S>> {
  const bytes = await readBytes(c.req.raw, maxBytes);
  if (!bytes) throw new Problem(413, `The body has more than ${maxBytes} bytes.`);
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new Problem(400, 'This call takes a JSON body.');
  if (depthOf(text) > MAX_DEPTH) throw new Problem(400, `The body is nested deeper than ${MAX_DEPTH} levels.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the body.
    throw new Problem(400, 'The body is not valid JSON.');
  }
  if (Array.isArray(value)) throw new Problem(400, 'The body: expected an object, got a list.');
  return check(schema, value);
}

/** The query as a schema's value; `tenant` belongs to every call and is left out. Throws Problem 400 that names the parameter. */
export function readQuery<S extends v.GenericSchema>(c: Context, schema: S): v.InferOutput<S> {
  const { tenant: _, ...query } = c.req.query();
  return check(schema, query);
}

/** A value as the schema's. Throws Problem 400 that names the first field that is wrong; `at` is the path of the value itself. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, at = ''): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = [at, v.getDotPath(issue) ?? ''].filter(Boolean).join('.');
  if (issue.type === 'strict_object' && issue.expected === 'never')
    throw new Problem(400, `Unknown: "${field}".`, field);
  const given = describe(issue.received);
  const message = issue.expected === null ? issue.message : `expected ${issue.expected}, got ${given}`;
  throw new Problem(400, field ? `"${field}": ${message}.` : `The body: ${message}.`, field || undefined);
}

function describe(received: string): string {
  if (received === 'undefined') return 'nothing';
  return received.length > MAX_QUOTED ? `${received.slice(0, MAX_QUOTED)}…` : received;
}
