/** A request as the checks see it, whichever framework it came by. */
import { isLoopback } from '../address.js';
import type { FetchRequest, NodeRequest } from './types.js';

/** Addresses of a socket whose other end is on this machine, too. */
const HERE = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;

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
    header: (name) => {
      const text = headers.get(name) ?? undefined;
      return text?.includes(',') ? { several: true } : single(text);
    },
    // By which socket it came, it does not tell: that it is of this machine would be the caller's word.
    address: called && publicUrl !== undefined ? `${publicUrl}${called.pathname}` : undefined,
  };
}

function ofNode(request: NodeRequest, publicUrl: string | undefined): Incoming {
  const { method = '', url = '', originalUrl = url, headers, rawHeaders = [] } = request;
  // The target of a request by proxy is a whole address (RFC 9112 §3.2.2).
  const path =
    /^https?:\/\//i.test(originalUrl) && URL.canParse(originalUrl) ? new URL(originalUrl).pathname : originalUrl;
  const base = publicUrl ?? loopbackOrigin(request);
  const whole =
    base !== undefined && path.startsWith('/') && URL.canParse(`${base}${path}`)
      ? new URL(`${base}${path}`)
      : undefined;
  return {
    method,
    header(name) {
      // Node keeps the first of several `Authorization` and joins others: only the raw ones tell.
      const times = rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === name).length;
      const value = headers[name];
      return times > 1 || Array.isArray(value) ? { several: true } : single(value);
    },
    address: whole && `${whole.origin}${whole.pathname}`,
  };
}

function single(text: string | undefined): Sent {
  return text === undefined ? undefined : { text };
}

/** What this machine calls the backend by: its own `Host`, where the socket says that both ends are here, at this port. */
function loopbackOrigin({ headers, socket }: NodeRequest): string | undefined {
  const { encrypted, localAddress, localPort } = (socket ?? {}) as Record<string, unknown>;
  const host = headers['host'] ?? headers[':authority'];
  const origin = `${encrypted === true ? 'https' : 'http'}://${typeof host === 'string' ? host : ''}`;
  if (typeof localAddress !== 'string' || !HERE.test(localAddress) || !URL.canParse(origin)) return undefined;
  const { hostname, port, protocol, origin: plain } = new URL(origin);
  const called = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  return plain === origin.toLowerCase() && isLoopback(hostname) && called === localPort ? plain : undefined;
}
