/** Reads a request's JSON body within limits, before any of it is looked at. */
import type { Context } from 'hono';
import * as v from 'valibot';
import type { Env } from './errors.js';

const MAX_BODY = 64 * 1024;
const MAX_DEPTH = 16;

/** A body that cannot be taken; its message names the field and never repeats a value. */
export class BodyError extends Error {
  constructor(field: string, expected: string, got: string) {
    super(`${field || 'body'}: expected ${expected}, got ${got}`);
    this.name = 'BodyError';
  }
}

/** Parses the body by a schema. An empty body counts as `{}`. Throws BodyError. */
export async function readBody<S extends v.GenericSchema>(c: Context<Env>, schema: S): Promise<v.InferOutput<S>> {
  const value = parse(await readText(c));
  if (Array.isArray(value)) throw new BodyError('', 'an object', 'an array');
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const expected = issue.message.startsWith('Invalid ') ? (issue.expected ?? 'another value') : issue.message;
  throw new BodyError(v.getDotPath(issue) ?? '', expected, kindOf(issue.input));
}

async function readText(c: Context<Env>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY) throw new BodyError('', `at most ${MAX_BODY} bytes`, 'more');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BodyError('', 'UTF-8', 'other bytes');
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') return {};
  if (isDeep(text)) throw new BodyError('', `at most ${MAX_DEPTH} levels`, 'more');
  try {
    return JSON.parse(text);
  } catch {
    throw new BodyError('', 'JSON', 'something else');
  }
}

/** True when brackets outside strings nest too deep; counted before a parser has to recurse. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'string' ? `a string of ${value.length} characters` : `a value of type ${typeof value}`;
}
