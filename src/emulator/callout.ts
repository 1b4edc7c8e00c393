/**
 * Calls a developer's backend: time limit, size limit, no redirect, and only where an emulator may call: loopback, and the hosts that
 * whoever started it has named. What counts is the address that is connected to, not only the name.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { UsageError } from '../errors.js';
import { isForbidden, isLoopbackAddress } from './callback-address.js';

export interface CallOptions {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: Buffer | undefined;
  timeoutMs: number;
  /** Bytes of an answer that are taken. */
  maxBytes: number;
}

/** An answer, or why there is none: `too_large`, or `failed` with words for the log. */
export type CallResult =
  | { outcome: 'answered'; status: number; contentType: string; body: Buffer }
  | { outcome: 'too_large'; status: number }
  | { outcome: 'failed'; words: string };

/** Calls an address. Never throws for what the other side does. */
export type CallOut = (address: string, options: CallOptions) => Promise<CallResult>;

/** Every address of a name, as the system's resolver gives them. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** Why an address cannot be configured, in words; undefined when it can: https anywhere but link-local, http on loopback. */
export function targetFault(address: string): string | undefined {
  if (!URL.canParse(address)) return 'expected a URL, got something else';
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return 'expected a URL without user and password, got one with them';
  if (protocol !== 'https:' && protocol !== 'http:') return `expected an https URL, got ${protocol}//`;
  const host = bare(hostname);
  if (isIP(host) && isForbidden(host)) return 'expected an address that is not link-local, got one that is';
  return protocol === 'http:' && !isLocalName(host)
    ? 'expected an https URL (http only on loopback), got http://'
    : undefined;
}

/**
 * What calls out for an emulator. `allowed`: `HOST:PORT` of each backend off this machine that may be called. Throws UsageError
 * FLAG_INVALID for one of another form, and for an address that nobody may call.
 */
export function createCallOut(allowed: readonly string[], resolve: Resolve = resolveAll): CallOut {
  const named = new Set(allowed.map(parseAllowed));

  /** The addresses that the host may be called at now, or why there is none. */
  const reachable = async (url: URL): Promise<LookupAddress[] | string> => {
    const host = bare(url.hostname);
    const place = `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
    const literal = isIP(host);
    let found: LookupAddress[];
    try {
      found = literal ? [{ address: host, family: literal }] : await resolve(host);
    } catch (error) {
      return `expected a host that is known, got ${(error as NodeJS.ErrnoException).code ?? 'another'}`;
    }
    const local = found.filter(({ address }) => isLoopbackAddress(address));
    if (local.length > 0) return local;
    if (url.protocol === 'http:' || isLocalName(host)) return 'expected an address on loopback, got another';
    if (!named.has(place)) {
      return `expected loopback or a host of --allow-callback, got ${place} (start with --allow-callback ${place} to let it be called)`;
    }
    const good = found.filter(({ address }) => !isForbidden(address));
    return good.length > 0 ? good : `expected ${place} to be at an address that may be called, got a forbidden one`;
  };

  return async (address, options) => {
    const fault = targetFault(address);
    if (fault) return { outcome: 'failed', words: fault };
    const url = new URL(address);
    return new Promise((answer) => {
      let request: ClientRequest | undefined;
      const settle = (result: CallResult): void => {
        clearTimeout(timer);
        answer(result);
        request?.destroy();
      };
      const fail = (words: string): void => settle({ outcome: 'failed', words });
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        fail(`expected an answer within ${options.timeoutMs} ms, got none`);
      }, options.timeoutMs);
      const call = async (): Promise<void> => {
        const found = await reachable(url);
        if (late) return;
        if (typeof found === 'string') return fail(found);
        request = connectTo(url, found, options);
        request.on('error', (error: NodeJS.ErrnoException) =>
          fail(`expected a connection, got ${error.code ?? error.message}`),
        );
        request.on('response', (response) => collect(response, options.maxBytes, settle));
        request.end(options.body);
      };
      void call();
    });
  };
}

/** Connects to one of the addresses and nowhere else: nothing is resolved again between check and connection. */
function connectTo(url: URL, addresses: LookupAddress[], { method, headers }: CallOptions): ClientRequest {
  const lookup: LookupFunction = (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (!first) return callback(new Error('no address'), '');
    if (all) return callback(null, addresses);
    return callback(null, first.address, first.family);
  };
  const start = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return start(url, { method, headers, agent: false, lookup });
}

function collect(response: IncomingMessage, maxBytes: number, settle: (result: CallResult) => void): void {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) settle({ outcome: 'too_large', status });
    else chunks.push(chunk);
  });
  response.on('end', () => {
    const contentType = response.headers['content-type'] ?? '';
    settle({ outcome: 'answered', status, contentType, body: Buffer.concat(chunks) });
  });
  response.on('error', (error) =>
    settle({ outcome: 'failed', words: `expected a whole answer, got ${error.message}` }),
  );
  response.on('aborted', () => settle({ outcome: 'failed', words: 'expected a whole answer, got a part of one' }));
}

function resolveAll(hostname: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** In one spelling, as a URL's parser gives it. */
function parseAllowed(text: string): string {
  const [, host = '', port = ''] = /^([^/@?#]+):(\d{1,5})$/.exec(text) ?? [];
  const url = URL.canParse(`ws://${host}:${port}`) ? new URL(`ws://${host}:${port}`) : undefined;
  const hint = 'For example: --allow-callback hooks.test.example.com:443';
  if (!url || Number(port) === 0) {
    throw new UsageError('FLAG_INVALID', `--allow-callback takes HOST:PORT, not "${text.slice(0, 200)}".`, {
      field: '--allow-callback',
      hint,
    });
  }
  if (isIP(bare(url.hostname)) && isForbidden(bare(url.hostname))) {
    throw new UsageError('FLAG_INVALID', `--allow-callback: ${text} may not be called in any case.`, {
      field: '--allow-callback',
      hint,
    });
  }
  return `${url.hostname}:${Number(port)}`;
}

function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) > 0 && isLoopbackAddress(host));
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
