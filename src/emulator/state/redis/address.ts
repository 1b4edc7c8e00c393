/** Where a store is, as `--store` names it. */
import { UsageError } from '../../../errors.js';

export interface StoreAddress {
  host: string;
  port: number;
  /** TLS, with the certificate checked. */
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  /** Number of the database. */
  database: number;
  /** What every key begins with, so that several stores fit into one database. */
  namespace: string;
}

const DEFAULT_PORT = 6379;
const DEFAULT_NAMESPACE = 'stepup';
const DATABASE = /^\/?(\d{0,5})$/;
const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Parses `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?namespace=NAME]`, `rediss://` for TLS. Throws UsageError URL_INVALID, which
 * never repeats the text: there may be a password in it.
 */
export function parseStoreAddress(text: string): StoreAddress {
  if (!URL.canParse(text)) throw invalid('It is no URL.');
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw invalid('Its scheme is another one.');
  if (url.hostname === '') throw invalid('It names no host.');
  if (url.hash !== '') throw invalid('It has a fragment.');
  const database = DATABASE.exec(url.pathname)?.[1];
  if (database === undefined) throw invalid('Its path is not the number of a database.');
  const { namespace = DEFAULT_NAMESPACE, ...unknown } = Object.fromEntries(url.searchParams);
  if (Object.keys(unknown).length > 0) throw invalid('It has a parameter that is not "namespace".');
  if (!NAMESPACE.test(namespace))
    throw invalid('The namespace has characters other than letters, digits, ".", "_", "-".');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    tls: url.protocol === 'rediss:',
    username: decoded(url.username) || undefined,
    password: decoded(url.password) || undefined,
    database: Number(database),
    namespace,
  };
}

/** Host and port, for a message. */
export function placeOf({ host, port }: StoreAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('User or password has a "%" that begins no escape.');
  }
}

function invalid(why: string): UsageError {
  return new UsageError('URL_INVALID', `--store takes redis://HOST:PORT/DATABASE or rediss://…. ${why}`, {
    field: '--store',
    hint: 'For example: redis://127.0.0.1:6379, or rediss://:PASSWORD@cache.internal:6380/2?namespace=ci',
  });
}
