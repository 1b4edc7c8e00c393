/** Tests a developer's JWKS endpoint: what must hold for the service to check verification tokens with it. */
import { withoutIdleHints, type Case } from './case.js';
import { keyCases, privateParts, published, type FoundKey, type Wanted } from './jwks-cases.js';
import { msInWords } from './hook-words.js';
import { fetchJwks, MAX_BODY, type Fetched, type FetchParts } from './jwks-fetch.js';

type Answer = Extract<Fetched, { outcome: 'answered' }>;

/** How many calls are made at once. */
const AT_ONCE = 10;
/** A cache that keeps the set for longer hides a new key for longer. Seconds. */
const LONG_SECONDS = 3600;

/**
 * Calls the endpoint eleven times and judges what it answers. A case that could not be looked at, because an earlier one does not hold,
 * is left out. An http address beyond this machine is not called at all. Throws InterruptedError.
 */
export async function testJwks(url: string, wanted: Wanted, parts: FetchParts): Promise<Case[]> {
  return withoutIdleHints(await allCases(url, wanted, parts));
}

async function allCases(url: string, wanted: Wanted, parts: FetchParts): Promise<Case[]> {
  const address = https(url);
  if (!address.holds) return [address];
  const first = await fetchJwks(url, parts);
  const time = inTime(first, parts.limitMs);
  if (first.outcome !== 'answered') return [address, time];
  const status = statusCases(first);
  const cases = [address, time, ...status];
  if (status.some(({ holds }) => !holds)) return cases;
  const content = contentCases(first, wanted);
  // Ten that are too large cannot be held against each other.
  if (first.body === undefined) return [...cases, ...content, caching(first)];
  return [...cases, ...content, await tenAtOnce(url, first, parts), caching(first)];
}

function https(url: string): Case {
  const { protocol, hostname } = new URL(url);
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  return {
    name: 'the address is https',
    holds: protocol === 'https:' || (protocol === 'http:' && local),
    expected: 'https; http on this machine only',
    got: protocol === 'https:' ? 'https' : local ? 'http, for the emulator only' : 'http',
    hint: 'The service calls https addresses only, so nothing was sent.',
  };
}

function inTime(fetched: Fetched, limitMs: number): Case {
  const expected = `a whole answer within ${secondsInWords(limitMs)}`;
  const name = 'it answers in time';
  if (fetched.outcome === 'failed') {
    return { name, holds: false, expected, got: fetched.words, hint: fetched.hint };
  }
  if (fetched.outcome === 'late') {
    return {
      name,
      holds: false,
      expected,
      got: `none after ${secondsInWords(limitMs)}`,
      hint: 'Serve the set from memory or as a file: it changes seldom. An answer has to come to an end, too.',
    };
  }
  return { name, holds: true, expected, got: msInWords(fetched.ms) };
}

function secondsInWords(ms: number): string {
  return `${ms / 1000} s`;
}

function statusCases({ status, headers }: Answer): Case[] {
  const redirects = status >= 300 && status < 400;
  const location = (headers.get('location') ?? 'nowhere').slice(0, 200);
  return [
    {
      name: 'it does not redirect',
      holds: !redirects,
      expected: 'no redirect',
      got: redirects ? `${status} to ${location}` : 'no redirect',
      hint: 'A redirect is not followed: configure the address that it leads to as jwks_url.',
    },
    ...(redirects
      ? []
      : [
          {
            name: 'its status is 200',
            holds: status === 200,
            expected: '200',
            got: String(status),
            hint: 'The set is public: it must be there without any login or header.',
          },
        ]),
  ];
}

function contentCases({ headers, body }: Answer, wanted: Wanted): Case[] {
  const size: Case = {
    name: 'its size is sane',
    holds: body !== undefined,
    expected: `at most ${MAX_BODY / 1024} KB`,
    got: body === undefined ? `more than ${MAX_BODY / 1024} KB` : `${Buffer.byteLength(body)} bytes`,
    hint: 'A set has a few hundred bytes for each key: publish only those that sign now or will soon.',
  };
  if (body === undefined) return [size];
  const type = contentType(headers);
  const json = jsonOf(body);
  const isJson: Case = {
    name: 'its content is JSON',
    holds: json !== undefined,
    expected: 'JSON',
    got: json === undefined ? kindOf(body) : 'JSON',
    hint: isPage(body)
      ? 'A web page here is often a login, or the front page of an app that answers every path.'
      : 'Publish what stepup keys jwks prints, in UTF-8 and without a byte order mark.',
  };
  if (json === undefined) {
    const leak = body.includes('PRIVATE KEY-----') ? [published('the content is a PEM file with it')] : [];
    return [...leak, size, isJson];
  }
  const keys = keysOf(json);
  const set: Case = {
    name: 'it has keys',
    holds: keys.keys !== undefined,
    expected: '{"keys":[…]} with one key or more',
    got: keys.words,
    hint: 'Publish what stepup keys jwks prints.',
  };
  const cases = [size, isJson, type, set];
  if (keys.keys) return [...cases, ...keyCases(keys.keys, wanted)];
  // What is no set may all the same hold a private key: alone at the top, or among what is no key.
  const leak = [privateParts(keyLike(json))].filter(({ holds }) => !holds);
  return [...leak, ...cases];
}

function keyLike(json: unknown): FoundKey[] {
  const inner = isObject(json) && Array.isArray(json['keys']) ? json['keys'] : [];
  return [json, ...(Array.isArray(json) ? json : inner)].filter(isObject);
}

function contentType(headers: Headers): Case {
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  return {
    name: 'its Content-Type is JSON',
    holds: /^application\/(jwk-set\+)?json$/.test(type),
    expected: 'application/json',
    got: type === '' ? 'none' : type.slice(0, 64),
    hint: 'Some readers refuse a set of another type: send application/json or application/jwk-set+json.',
    advice: true,
  };
}

async function tenAtOnce(url: string, { body }: Answer, parts: FetchParts): Promise<Case> {
  const all = await Promise.all(Array.from({ length: AT_ONCE }, () => fetchJwks(url, parts)));
  const good = all.filter((one) => one.outcome === 'answered' && one.status === 200);
  const same = good.filter((one) => one.outcome === 'answered' && one.body === body);
  return {
    name: `it answers ${AT_ONCE} at once`,
    holds: same.length === AT_ONCE,
    expected: `the same set ${AT_ONCE} times in ${secondsInWords(parts.limitMs)}`,
    got:
      good.length < AT_ONCE
        ? `${good.length} of ${AT_ONCE} answered with 200`
        : same.length < AT_ONCE
          ? `${AT_ONCE - same.length} of ${AT_ONCE} answered with another content`
          : `${AT_ONCE} of ${AT_ONCE}`,
    hint: 'Each server behind the address must have the same keys, and no limit of calls may stand before it.',
  };
}

function caching({ headers }: Answer): Case {
  const value = headers.get('cache-control')?.toLowerCase() ?? '';
  const seconds = Number(/(?:^|[\s,])max-age=(\d{1,10})/.exec(value)?.[1] ?? Number.NaN);
  return {
    name: 'its caching is short',
    holds: /no-(store|cache)/.test(value) || seconds <= LONG_SECONDS,
    expected: `Cache-Control, max-age up to ${LONG_SECONDS}`,
    got: value === '' ? 'no Cache-Control' : value.slice(0, 100),
    hint: 'The service itself keeps the set for 10 minutes, e.g. max-age=600. A cache that keeps it for longer hides a new key: publish a key so long before it signs.',
    advice: true,
  };
}

function keysOf(json: unknown): { keys?: FoundKey[] | undefined; words: string } {
  if (!isObject(json)) return { words: 'no JSON object' };
  if (!('keys' in json)) return { words: 'kty' in json ? 'one key, and no set' : 'an object without keys' };
  const { keys } = json;
  if (!Array.isArray(keys)) return { words: 'keys, but no array' };
  if (keys.length === 0) return { words: 'no key' };
  if (!keys.every(isObject)) return { words: 'keys of which one is no object' };
  return { keys, words: keys.length === 1 ? '1 key' : `${keys.length} keys` };
}

function isObject(value: unknown): value is FoundKey {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(body: string): string {
  if (body.trim() === '') return 'nothing';
  if (isPage(body)) return 'a web page';
  return body.startsWith('\ufeff') ? 'a byte order mark' : 'something else';
}

function isPage(body: string): boolean {
  return /^\s*</.test(body);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON: the case says so
  }
}
