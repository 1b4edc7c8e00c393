/** JSON bodies of requests, read within limits before any of them is looked at. */
import { depthOf } from '../json-depth.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const MAX_BODY = 64 * 1024;
const MAX_DEPTH = 16;

/** A body that cannot be taken; no word of it repeats a value. `field` is the path of what is wrong, empty for the body as a whole. */
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

/** The body of a call to a service as a JSON value that is no list; `{}` for an empty one. Throws BodyError. */
export async function readJson(request: Request): Promise<unknown> {
  const bytes = await readBytes(request, MAX_BODY);
  if (!bytes) throw new BodyError('', `at most ${MAX_BODY} bytes`, 'more');
  const text = decode(bytes);
  if (depthOf(text) > MAX_DEPTH) throw new BodyError('', `at most ${MAX_DEPTH} levels`, 'more');
  const value = parse(text);
  if (Array.isArray(value)) throw new BodyError('', 'an object', 'an array');
  return value;
}

/** The bytes of a body; undefined when there are more than `maxBytes`. */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer | undefined> {
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > maxBytes) return undefined;
  if (length !== null) return Buffer.from(await request.arrayBuffer());
  const { body } = request;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BodyError('', 'UTF-8', 'other bytes');
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new BodyError('', 'JSON', 'something else');
  }
}
