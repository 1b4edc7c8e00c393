/** Reads an answer's body within its limits and says what is wrong with it. */
import * as v from 'valibot';
import type { UnreachableError } from '../errors.js';
import { depthOf } from '../json-depth.js';
import { malformed, retryAfterSeconds, serviceFailure } from './failures.js';

/** Larger answers are refused. Bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A whole state of an emulator. */
const MAX_BULK_BYTES = 512 * 1024 * 1024;

export interface ReadAnswer {
  /** The parsed body; undefined when it is empty or no JSON. */
  json: unknown;
  /** Set when the answer cannot be used. */
  failure?: UnreachableError | undefined;
}

const errorBody = v.object({
  code: v.optional(v.fallback(v.optional(v.string()), undefined)),
  request_id: v.optional(v.fallback(v.optional(v.string()), undefined)),
});
/** RFC 9457 §3.1.4: words for people; those that can be shown safely. */
const problemBody = v.object({ detail: v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,300}$/)) });

/**
 * Reads the body. Sets `failure` for a redirect, 429, 5xx, and a body that is no JSON; throws UnreachableError
 * ANSWER_MALFORMED for one over the limit, which is 1 MB, or 512 MB for a `bulk` one. `now` is in milliseconds.
 */
export async function readAnswer(response: Response, host: string, now: number, bulk = false): Promise<ReadAnswer> {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return {
      json: undefined,
      failure: malformed(`${host} answered with a redirect, which is not followed.`, { status }),
    };
  }
  const text = await readText(response, host, bulk ? MAX_BULK_BYTES : MAX_ANSWER_BYTES);
  const json = parseJson(text);
  const said = v.safeParse(errorBody, json);
  const body = said.success ? said.output : {};
  const date = Date.parse(headers.get('date') ?? '');
  const page = json === undefined && text.trim() !== '';
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') === true;
  const problem = isProblem ? v.safeParse(problemBody, json) : undefined;
  const failure = serviceFailure(status, host, {
    page,
    words: problem?.success ? problem.output.detail : undefined,
    serviceCode: wireName(body.code),
    requestId: wireName(body.request_id) ?? wireName(headers.get('x-request-id')),
    retryAfter: retryAfterSeconds(headers.get('retry-after'), Number.isNaN(date) ? now : date),
  });
  if (failure) return { json, failure };
  if (page) {
    const kind =
      /html/i.test(headers.get('content-type') ?? '') || /^\s*</.test(text) ? 'a web page' : 'something else';
    return {
      json,
      failure: malformed(`${host} answered with ${kind} instead of JSON (status ${status}).`, {
        status,
        hint: 'Check the address; a proxy or a login page may stand in between.',
      }),
    };
  }
  return { json };
}

/** A name that a service gave (an error code, a request id), if it is one that can be shown safely. */
export function wireName(value: string | null | undefined): string | undefined {
  return value && /^[\w.:/-]{1,128}$/.test(value) ? value : undefined;
}

async function readText(response: Response, host: string, maxBytes: number): Promise<string> {
  const tooLarge = (): UnreachableError =>
    malformed(`${host} answered with more than ${maxBytes / 1024} KB.`, { status: response.status });
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Deeper values than any service sends would overflow whoever walks them. */
const MAX_DEPTH = 100;

function parseJson(text: string): unknown {
  try {
    return depthOf(text) > MAX_DEPTH ? undefined : JSON.parse(text);
  } catch {
    return undefined; // the caller says what this means for the status
  }
}
