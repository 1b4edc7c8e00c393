/** `client.fetch`: the API's answer as a Response. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { UsageError } from '../errors.js';
import type { ApiRequest, ApiResponse } from '../resource/call.js';
import type { ClientRequestInit } from './types.js';

/** As many as browsers follow. */
const REDIRECTS = 20;

/** What the global fetch would send for these. Throws UsageError URL_INVALID and FLAG_INVALID. */
export async function requestOf(
  url: string | URL,
  { scope, redirect, elevatedHeader: _header, ...init }: ClientRequestInit,
  userAgent: string,
): Promise<ApiRequest> {
  if (!URL.canParse(String(url))) {
    throw new UsageError('URL_INVALID', 'This is no http or https address.', { field: 'url' });
  }
  let given: Request;
  try {
    given = new Request(url, { ...init, redirect: 'manual' });
  } catch (cause) {
    throw new UsageError('FLAG_INVALID', cause instanceof Error ? cause.message : 'This is no request.', { cause });
  }
  const headers = new Headers(given.headers);
  if (!headers.has('user-agent')) headers.set('user-agent', userAgent);
  const body = given.body ? Buffer.from(await given.arrayBuffer()) : undefined;
  return {
    method: given.method,
    url: given.url,
    headers,
    scopes: scopesOf(scope),
    redirects: redirect === 'manual' ? 0 : REDIRECTS,
    ...(body === undefined ? {} : { body }),
  };
}

/** One or several, each once. */
export function scopesOf(scope: string | readonly string[] | undefined): string[] {
  return scope === undefined ? [] : [...new Set([scope].flat())];
}

/** The answer, its body as it comes. */
export function responseOf({ status, statusText, headers, body, url }: ApiResponse): Response {
  const empty = !body || [204, 205, 304].includes(status);
  const stream = empty
    ? null
    : (Readable.toWeb(Readable.from(body, { objectMode: false })) as ReadableStream<Uint8Array>);
  const response = new Response(stream, { status, statusText, headers });
  return Object.defineProperty(response, 'url', { value: url });
}
