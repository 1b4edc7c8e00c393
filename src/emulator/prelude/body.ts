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
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  throw new BodyError(path.replace(/^\./, ''), expectationOf(issue), kindOf(issue.input));
}

/** A schema's own words; valibot's are replaced, as they repeat the value. */
function expectationOf({ message, expected }: v.BaseIssue<unknown>): string {
  if (!message.startsWith('Invalid ')) return message;
  return message.startsWith('Invalid key') || !expected ? 'a value' : expected;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `an ${typeof value}`;
}
