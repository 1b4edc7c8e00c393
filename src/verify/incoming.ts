/** A request as the checks see it, whichever framework it came by. */
import { isLoopback } from './service.js';
import type { FetchRequest, NodeRequest } from './types.js';

/** A header as it was sent; `several` when it came more than once. */
export type Sent = { text: string; several?: false } | { several: true; text?: undefined } | undefined;

export interface Incoming {
  method: string;
  header(name: string): Sent;
  /** The address that the client called: no query, no fragment. Undefined where only the caller's word tells it. */
  address: string | undefined;
}

/** Reads a request. `publicUrl` ends without a slash. Throws nothing. */
export function incomingOf(request: FetchRequest | NodeRequest, publicUrl: string | undefined): Incoming {
  return isFetch(request) ? ofFetch(request, publicUrl) : ofNode(request, publicUrl);
}

function isFetch(request: FetchRequest | NodeRequest): request is FetchRequest {
  return typeof request.headers.get === 'function';
}

function ofFetch({ method, url, headers }: FetchRequest, publicUrl: string | undefined): Incoming {
  const called = URL.canParse(url) ? new URL(url) : undefined;
  return {
    method,
    // Several of one name are one text here, with commas between: no token and no proof has one.
    header: (name) => single(headers.get(name) ?? undefined),
    address: called && (publicUrl === undefined ? onLoopback(called) : `${publicUrl}${called.pathname}`),
  };
}

function ofNode(request: NodeRequest, publicUrl: string | undefined): Incoming {
  const { method = '', url = '', originalUrl = url, headers, rawHeaders = [], socket } = request;
  const isSecure = socket !== null && socket !== undefined && 'encrypted' in socket && socket.encrypted === true;
  const host = headers['host'] ?? headers[':authority'];
  // The target of a request by proxy is a whole address (RFC 9112 §3.2.2).
  const path =
    /^https?:\/\//i.test(originalUrl) && URL.canParse(originalUrl) ? new URL(originalUrl).pathname : originalUrl;
  const base = publicUrl ?? `${isSecure ? 'https' : 'http'}://${typeof host === 'string' ? host : ''}`;
  const whole = path.startsWith('/') && URL.canParse(`${base}${path}`) ? new URL(`${base}${path}`) : undefined;
  return {
    method,
    header(name) {
      // Node keeps the first of several `Authorization` and joins others: only the raw ones tell.
      const times = rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === name).length;
      const value = headers[name];
      return times > 1 || Array.isArray(value) ? { several: true } : single(value);
    },
    address: whole && (publicUrl === undefined ? onLoopback(whole) : `${whole.origin}${whole.pathname}`),
  };
}

function single(text: string | undefined): Sent {
  return text === undefined ? undefined : { text };
}

function onLoopback({ hostname, origin, pathname }: URL): string | undefined {
  return isLoopback(hostname) ? `${origin}${pathname}` : undefined;
}
