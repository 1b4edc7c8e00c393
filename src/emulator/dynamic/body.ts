/** Checks a request's JSON body by a schema. */
import type { Context } from 'hono';
import * as v from 'valibot';
import { BodyError, readJson } from '../json-body.js';
import type { Env } from './errors.js';

/** Parses the body by a schema. An empty body counts as `{}`. Throws BodyError that names the first field that is wrong. */
export async function readBody<S extends v.GenericSchema>(c: Context<Env>, schema: S): Promise<v.InferOutput<S>> {
  const result = v.safeParse(schema, await readJson(c.req.raw), { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const expected = issue.message.startsWith('Invalid ') ? (issue.expected ?? 'another value') : issue.message;
  throw new BodyError(v.getDotPath(issue) ?? '', expected, kindOf(issue.input));
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'string' ? `a string of ${value.length} characters` : `a value of type ${typeof value}`;
}
