/** Under which addresses an emulator is reached: by default those of this machine alone. */
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import type { StartOptions } from './emulator.js';

/** What was asked for, checked. */
export interface Reach {
  /** `--public-url`: the origin under which others reach it, perhaps through a proxy that ends TLS. */
  publicUrl: URL | undefined;
  /** Name or address for others, an IPv6 one in brackets; undefined: whoever calls is on this machine. */
  hostname: string | undefined;
  /** Names that a request may be for (`Host`, without port), beside the loopback ones. */
  hosts: string[];
}

/** The addresses that its documents name. */
export interface Addresses {
  url: string;
  /** Empty when nothing of it speaks https. */
  httpsUrl: string;
  /** Host and port that Prelude's official SDK takes as its domain, and the issuer of Prelude's tokens. */
  domain: string;
}

/**
 * How far it may be reached. Throws UsageError FLAG_INVALID for a host that others reach too, unless `allowRemote` says so, and
 * URL_INVALID for a `publicUrl` that is no origin.
 */
export function reachOf({
  host,
  publicUrl: given,
  allowRemote = false,
}: Pick<StartOptions, 'host' | 'publicUrl' | 'allowRemote'>): Reach {
  if (!allowRemote && !isOfThisMachine(host)) {
    throw new UsageError('FLAG_INVALID', `--host ${host} lets other machines in, which only --allow-remote allows.`, {
      field: '--host',
      hint: 'Leave --host out to stay on this machine, or add --allow-remote.',
    });
  }
  const publicUrl = given === undefined ? undefined : parseOrigin(given);
  const own = isEveryAddress(host) ? undefined : bracketed(host).toLowerCase();
  const hostname = publicUrl?.hostname ?? (isOfThisMachine(host) ? undefined : own);
  return { publicUrl, hostname, hosts: [own, hostname].filter((name) => name !== undefined) };
}

/** The addresses of listeners on these ports. */
export function addressesOf(
  { publicUrl, hostname }: Reach,
  { host, port, httpsPort }: { host: string; port: number; httpsPort: number | undefined },
): Addresses {
  const url = publicUrl?.origin ?? `http://${nameOf(host)}:${port}`;
  // A proxy that ends TLS has one address for all.
  if (publicUrl?.protocol === 'https:') return { url, httpsUrl: url, domain: publicUrl.host };
  const name = hostname ?? 'localhost';
  const httpsUrl = httpsPort === undefined ? '' : `https://${name}:${httpsPort}`;
  return { url, httpsUrl, domain: `${name}:${httpsPort ?? port}` };
}

/** Whether a host to listen on is reached from this machine alone. */
export function isOfThisMachine(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether a host to listen on stands for every address of this machine. */
function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || (isIP(host) === 6 && new URL(`http://[${host}]`).hostname === '[::]');
}

/** Under which name a client on this machine reaches what listens on `host`. */
function nameOf(host: string): string {
  if (isEveryAddress(host)) return isIP(host) === 4 ? '127.0.0.1' : '[::1]';
  return bracketed(host);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function parseOrigin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url && /^https?:$/.test(url.protocol) && url.hostname !== '' && url.href === `${url.origin}/`;
  if (url && isOrigin) return url;
  throw new UsageError('URL_INVALID', `--public-url takes scheme, host and port alone, not ${shown(text)}.`, {
    field: '--public-url',
    hint: 'For example: https://stepup.test.example.com',
  });
}

/** An address for an error: a password in it is left out. */
function shown(text: string): string {
  return `"${text.replace(/^([^/]*:\/\/)?[^/]*@/, '$1…@').slice(0, 200)}"`;
}
