/** `client.fetch`: the API's answer as a Response. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { RefusedError, UnreachableError, UsageError } from '../errors.js';
import { parseElevatedHeader } from '../resource/authorization.js';
import { checkedUrl, type ApiRequest, type ApiResponse } from '../resource/call.js';
import type { ClientRequestInit } from './types.js';

/** As many as browsers follow. */
const REDIRECTS = 20;

const WAYS: ClientRequestInit['redirect'][] = ['follow', 'manual', 'error'];
const REDIRECT = [301, 302, 303, 307, 308];

/** What the global fetch would send for these. Throws UsageError URL_INVALID and FLAG_INVALID. */
export async function requestOf(
  url: string | URL,
  { scope, redirect, elevatedHeader, signal: _signal, ...init }: ClientRequestInit,
  userAgent: string,
): Promise<ApiRequest> {
  const address = checkedUrl(String(url)).href;
  if (redirect !== undefined && !WAYS.includes(redirect)) {
    throw new UsageError('FLAG_INVALID', `redirect is ${WAYS.join(', ')}.`, { field: 'redirect' });
  }
  if (elevatedHeader !== undefined) parseElevatedHeader(elevatedHeader, 'elevatedHeader');
  const given = built(address, { ...init, headers: headersOf(init.headers), redirect: 'manual' });
  const headers = new Headers(given.headers);
  if (!headers.has('user-agent')) headers.set('user-agent', userAgent);
  const body = given.body ? Buffer.from(await given.arrayBuffer()) : undefined;
  return {
    method: given.method,
    url: given.url,
    headers,
    scopes: scopesOf(scope),
    redirects: redirect === undefined || redirect === 'follow' ? REDIRECTS : 0,
    ...(body === undefined ? {} : { body }),
  };
}

/** What is wrong is not said in fetch's words, which repeat the value: it may be a secret. Throws UsageError FLAG_INVALID. */
function headersOf(given: ClientRequestInit['headers']): Headers {
  try {
    return new Headers(given);
  } catch {
    throw new UsageError('FLAG_INVALID', 'A header has a name or a value that none can have.', { field: 'headers' });
  }
}

function built(address: string, init: RequestInit): Request {
  try {
    return new Request(address, init);
  } catch (cause) {
    throw new UsageError('FLAG_INVALID', cause instanceof Error ? cause.message : 'This is no request.', { cause });
  }
}

/** One or several, each once. */
export function scopesOf(scope: string | readonly string[] | undefined): string[] {
  return scope === undefined ? [] : [...new Set([scope].flat())];
}

/**
 * The answer to a request to `asked`, its body as it comes. Throws RefusedError REFUSED for a redirect where there may be none, and
 * UnreachableError ANSWER_MALFORMED for a status that no Response can have.
 */
export async function responseOf(
  answer: ApiResponse,
  asked: string,
  { redirect }: ClientRequestInit,
): Promise<Response> {
  const { status, statusText, headers, body, url, discard } = answer;
  if (redirect === 'error' && REDIRECT.includes(status)) {
    await discard();
    throw new RefusedError('REFUSED', 'The API redirects.', { status });
  }
  if (status < 200 || status > 599) {
    await discard();
    throw new UnreachableError('ANSWER_MALFORMED', `The API answered with the status ${status}, which there is not.`);
  }
  const empty = !body || [204, 205, 304].includes(status);
  if (empty) await discard();
  const stream = empty
    ? null
    : (Readable.toWeb(Readable.from(body, { objectMode: false })) as ReadableStream<Uint8Array>);
  return placed(new Response(stream, { status, statusText, headers }), url, url !== asked);
}

/** A Response that a program makes says of itself that it came from nowhere. */
function placed(response: Response, url: string, redirected: boolean): Response {
  const clone = (): Response => placed(Response.prototype.clone.call(response), url, redirected);
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    clone: { value: clone },
  });
}
