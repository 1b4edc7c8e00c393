/** Reads a request's JSON body within limits, before any of it is looked at. */
import type { Context } from 'hono';
import * as v from 'valibot';
import type { Env } from './errors.js';

const MAX_BODY = 64 * 1024;
const MAX_DEPTH = 16;

/** A body that cannot be taken. `field` is the path of what is wrong, empty for the body as a whole. */
export class BodyError extends Error {
  constructor(
    readonly field: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`${field || 'body'}: expected ${expected}, got ${got}`);
    this.name = 'BodyError';
  }
}

/** Parses the body by a schema. An empty body counts as `{}`. Throws BodyError. */
export async function readBody<S extends v.GenericSchema>(c: Context<Env>, schema: S): Promise<v.InferOutput<S>> {
  const text = await readText(c);
  if (depthOf(text) > MAX_DEPTH) throw new BodyError('', `at most ${MAX_DEPTH} levels`, 'more');
  const value = parseJson(text);
  if (Array.isArray(value)) throw new BodyError('', 'an object', 'an array');
  return checkBody(schema, value);
}

/** Checks a JSON value by a schema. Throws BodyError that names the first field that is wrong, without its value. */
function checkBody<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const expected = expectationOf(issue);
  throw new BodyError(path.replace(/^\./, ''), expected, kindOf(issue.input));
}

/** A schema's own words; valibot's are replaced, as they repeat the value. */
function expectationOf({ message, expected }: v.BaseIssue<unknown>): string {
  if (!message.startsWith('Invalid ')) return message;
  return message.startsWith('Invalid key') || !expected ? 'a value' : expected;
}

async function readText(c: Context<Env>): Promise<string> {
  const tooLarge = new BodyError('', `at most ${MAX_BODY} bytes`, 'more');
  if (Number(c.req.header('content-length') ?? 0) > MAX_BODY) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY) throw tooLarge;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BodyError('', 'UTF-8', 'other bytes');
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new BodyError('', 'JSON', 'something else');
  }
}

/** Nesting of brackets outside strings, counted before the parser has to recurse. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `an ${typeof value}`;
}
