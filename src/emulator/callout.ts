/** Calls a developer's backend: time limit, size limit, no redirect, no address that a service must not be led to. */
import { lookup } from 'node:dns';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addAddress('::', 'ipv6');

/** Why an address may not be called, in words; undefined when it may: https anywhere but link-local, http on loopback. */
export function targetFault(address: string): string | undefined {
  if (!URL.canParse(address)) return 'expected a URL, got something else';
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return 'expected a URL without user and password, got one with them';
  if (protocol !== 'https:' && protocol !== 'http:') return `expected an https URL, got ${protocol}//`;
  const host = bare(hostname);
  if (isIP(host) && listed(forbidden, host)) return 'expected an address that is not link-local, got one that is';
  const local = host === 'localhost' || host.endsWith('.localhost') || (isIP(host) > 0 && listed(loopback, host));
  return protocol === 'http:' && !local ? 'expected an https URL (http only on loopback), got http://' : undefined;
}

/** Calls the address. Never throws for what the other side does. */
export function callOut(address: string, options: CallOptions): Promise<CallResult> {
  const fault = targetFault(address);
  if (fault) return Promise.resolve({ outcome: 'failed', words: fault });
  const url = new URL(address);
  return new Promise((resolve) => {
    const { method, headers, body } = options;
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const request = send(url, { method, headers, agent: false, lookup: guardedLookup(url.protocol === 'http:') });
    const settle = (result: CallResult): void => {
      clearTimeout(timer);
      resolve(result);
      request.destroy();
    };
    const timer = setTimeout(() => {
      settle({ outcome: 'failed', words: `expected an answer within ${options.timeoutMs} ms, got none` });
    }, options.timeoutMs);
    request.on('error', (error: NodeJS.ErrnoException) => {
      settle({ outcome: 'failed', words: `expected a connection, got ${error.code ?? error.message}` });
    });
    request.on('response', (response) => collect(response, options.maxBytes, settle));
    request.end(body);
  });
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

/** Checks the address that is connected to, not only the name, so that a name cannot point somewhere forbidden. */
function guardedLookup(onlyLoopback: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const good = addresses.filter(
        ({ address }) => !listed(forbidden, address) && (!onlyLoopback || listed(loopback, address)),
      );
      const [first] = good;
      if (!first) return callback(Object.assign(new Error('forbidden address'), { code: 'FORBIDDEN_ADDRESS' }), '');
      if (options.all) return callback(null, good);
      return callback(null, first.address, first.family);
    });
  };
}

function listed(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
