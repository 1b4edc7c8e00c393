/** A call of the service's own API as a person types it: path, method, headers, body. Checked before anything is sent. */
import { UsageError } from '../errors.js';
import type { ApiCall } from '../providers/dynamic/provider.js';
import { depthOf } from '../json-depth.js';
import { ELEVATED_HEADER, OF_CONNECTION } from '../resource/authorization.js';
import { printable } from './terminal/printable.js';

const METHODS: readonly ApiCall['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const MAX_URL = 8192;
/** Deeper values than any service takes would overflow whoever walks them. */
const MAX_DEPTH = 100;

/** Headers that carry the tokens, which only the session and the grants give. */
const OUR_OWN = ['authorization', 'dpop', ELEVATED_HEADER];

/**
 * The path under the environment, with its query. `base` is the environment's own address; an address that is given whole must begin with
 * it. Throws UsageError URL_INVALID for every other: tokens go along with the call, and must not go anywhere else.
 */
export function parsePath(text: string, base: string): string {
  const refuse = (why: string): UsageError => {
    const shown = printable(text.length > 200 ? `${text.slice(0, 200)}…` : text);
    return new UsageError('URL_INVALID', `${why}: ${shown}`, {
      field: 'url',
      hint: `Give a path such as /users, or an address that begins with ${base}/`,
    });
  };
  if (text === '' || text === '/')
    throw new UsageError('URL_INVALID', 'The path is empty.', { field: 'url', hint: 'For example: /users' });
  if (text.length > MAX_URL) throw refuse(`The address has more than ${MAX_URL} characters`);
  // A URL parser drops some of these without a word.
  if (/[\s\p{Cc}\\]/u.test(text)) throw refuse('An address has no blanks, controls or backslashes');
  if (text.startsWith('//')) throw refuse('This names another host');
  const own = new URL(base);
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(text);
  const address = whole
    ? text
    : text.startsWith(`${own.pathname}/`)
      ? own.origin + text
      : `${base}${text.startsWith('/') ? '' : '/'}${text}`;
  if (!URL.canParse(address)) throw refuse('This is no address');
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') throw refuse('An address with a user or password is not taken');
  if (url.origin !== own.origin) throw refuse(`Tokens go to ${own.origin} alone`);
  if (url.hash !== '') throw refuse('The part after # would not be sent');
  if (!url.pathname.startsWith(`${own.pathname}/`)) throw refuse("This is not under the environment's own API");
  return url.pathname.slice(own.pathname.length) + url.search;
}

/** The method, in any case. Throws UsageError FLAG_INVALID. */
export function parseMethod(text: string): ApiCall['method'] {
  const found = METHODS.find((method) => method === text.toUpperCase());
  if (found) return found;
  throw new UsageError('FLAG_INVALID', `--request is one of ${METHODS.join(', ')}.`, { field: '--request' });
}

/**
 * Headers, each `Name: value`; of a name that is given twice both values go (RFC 9110 §5.3, cookies by RFC 6265 §5.4). `ours` are names
 * in lower case that carry a token beside those that always do. Throws UsageError FLAG_INVALID, which never quotes a value.
 */
export function parseHeaders(texts: string[], ours: readonly string[] = []): Record<string, string> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw invalid('takes "Name: value"');
    if (!/^[\t\x20-\x7e]*$/.test(value)) throw invalid(`${name} has characters that no header can carry`);
    if (OUR_OWN.includes(lower) || ours.includes(lower))
      throw invalid(`${name} is given by the session and the grants; see --scope`);
    if (OF_CONNECTION.test(lower)) throw invalid(`${name} cannot be chosen`);
    const before = headers.get(lower);
    headers.set(
      lower,
      before === undefined ? value.trim() : `${before}${lower === 'cookie' ? ';' : ','} ${value.trim()}`,
    );
  }
  return Object.fromEntries(headers);
}

function invalid(why: string): UsageError {
  return new UsageError('FLAG_INVALID', `--header: ${why}.`, {
    field: '--header',
    hint: 'For example: -H "Accept-Language: en"',
  });
}

/**
 * The whole address of a call of the developer's API. Throws UsageError URL_INVALID, which quotes no query and no password: they may be
 * secrets.
 */
export function parseApiUrl(text: string): string {
  const refuse = (why: string): UsageError =>
    new UsageError('URL_INVALID', `${why}: ${printable(text.replace(/[?#][^]*$/, '…').slice(0, 200))}`, {
      field: 'url',
      hint: 'Give the whole address, such as https://api.example.com/transfers',
    });
  if (text.length > MAX_URL) throw refuse(`The address has more than ${MAX_URL} characters`);
  // A URL parser drops some of these without a word.
  if (/[\s\p{Cc}\\]/u.test(text)) throw refuse('An address has no blanks, controls or backslashes');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.username !== '' || url.password !== '')) {
    throw new UsageError('URL_INVALID', 'An address with a user or password is not taken.', { field: 'url' });
  }
  if (!url || !/^https?:\/\//i.test(text) || url.hostname === '') throw refuse('This is no http or https address');
  url.hash = '';
  return url.href;
}

/** Any method of HTTP (RFC 9110 §9.1), as it was typed; a usual one in upper case. Throws UsageError FLAG_INVALID. */
export function parseApiMethod(text: string): string {
  const upper = text.toUpperCase();
  if (['CONNECT', 'TRACE', 'TRACK'].includes(upper)) throw noMethod(`--request ${upper} cannot be sent`);
  if (['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(upper)) return upper;
  if (/^[!#$%&'*+.^_`|~\w-]{1,64}$/.test(text)) return text;
  throw noMethod('--request takes the name of a method');
}

function noMethod(what: string): UsageError {
  return new UsageError('FLAG_INVALID', `${what}.`, { field: '--request', hint: 'For example: -X PUT' });
}

/** The body. Throws UsageError DOCUMENT_INVALID, which never quotes it: it may hold a secret. */
export function parseJson(text: string): unknown {
  const refuse = (what: string): UsageError =>
    new UsageError('DOCUMENT_INVALID', `--data ${what}.`, {
      field: '--data',
      hint: `For example: --data '{"scope":"wallet:export"}', or @FILE, or - for standard input`,
    });
  if (text.trim() === '') throw refuse('is empty');
  if (depthOf(text) > MAX_DEPTH) throw refuse(`nests deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('is no JSON');
  }
}
