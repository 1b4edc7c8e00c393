import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { Case } from '../../src/backend/case.js';
import { mustBeMended } from '../../src/backend/case.js';
import type { Wanted } from '../../src/backend/jwks-cases.js';
import { testJwks } from '../../src/backend/jwks-test.js';
import { createSigningKey } from '../../src/backend/keys.js';
import { keyPair } from '../support/key-pair.js';

const first = await createSigningKey(2048, 'a');
const second = await createSigningKey(2048, 'b');
const leaked = first.privateKey.export({ format: 'jwk' });

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Handler = (response: ServerResponse, call: number) => void;

async function serve(handler: Handler): Promise<string> {
  let calls = 0;
  const server = createServer((_, response) => handler(response, (calls += 1)));
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
}

const answer =
  (content: unknown, headers: Record<string, string> = {}, status = 200): Handler =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=600', ...headers });
    response.end(typeof content === 'string' ? content : JSON.stringify(content));
  };

/** A time limit that is over once `until` resolves; without it, it never is. */
function world(until?: Promise<void>) {
  const sleep = async (_: number, signal?: AbortSignal): Promise<void> =>
    until ??
    new Promise((_done, fail) =>
      signal?.addEventListener('abort', () => fail(new Error('the timer was stopped')), { once: true }),
    );
  return { fetch, now: () => 0, sleep, signal: new AbortController().signal, limitMs: 5000 };
}

async function judge(handler: Handler, wanted: Wanted = {}, until?: Promise<void>): Promise<Case[]> {
  return testJwks(await serve(handler), wanted, world(until));
}

const faults = (cases: Case[]): string[][] => cases.filter(mustBeMended).map(({ name, got }) => [name, got]);

test('a good set holds in every case, and ours is in it', async () => {
  const cases = await judge(answer({ keys: [first.jwk, second.jwk] }), { kid: 'b', key: first.jwk });
  expect(cases.map(({ name, holds, got }) => [holds, name, got])).toEqual([
    [true, 'the address is https', 'http, for the emulator only'],
    [true, 'it answers in time', '0 ms'],
    [true, 'it does not redirect', 'no redirect'],
    [true, 'its status is 200', '200'],
    [true, 'its size is sane', expect.stringMatching(/^\d+ bytes$/)],
    [true, 'its content is JSON', 'JSON'],
    [true, 'its Content-Type is JSON', 'application/json'],
    [true, 'it has keys', '2 keys'],
    [true, 'no private key is published', 'public members only'],
    [true, 'every key is RSA of at least 2048 bits', 'all 2 keys do'],
    [true, 'every key has kid, use and alg', 'all 2 keys do'],
    [true, 'no two keys have one kid', 'each kid once'],
    [true, 'the wanted kid is published', 'b'],
    [true, 'our key is published', 'it is there'],
    [true, 'it answers 10 at once', '10 of 10'],
    [true, 'its caching is short', 'max-age=600'],
  ]);
});

const { jwk } = first;
const ec = keyPair('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const small = keyPair('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

test.each<[string, object[], Wanted, string[][]]>([
  [
    'a private key',
    [{ ...jwk, ...leaked }],
    {},
    [['no private key is published', 'A PRIVATE KEY IS PUBLISHED: a has d, p, q, dp, dq, qi']],
  ],
  ['two keys of one kid', [jwk, { ...second.jwk, kid: 'a' }], {}, [['no two keys have one kid', 'more than once: a']]],
  [
    'an EC key',
    [{ ...ec, kid: 'e', use: 'sig', alg: 'ES256' }],
    {},
    [
      ['every key is RSA of at least 2048 bits', 'e has kty EC'],
      ['every key has kid, use and alg', 'e has alg ES256'],
    ],
  ],
  [
    'a small key',
    [{ ...small, kid: 's', use: 'sig', alg: 'RS256' }],
    {},
    [['every key is RSA of at least 2048 bits', 's has 1024 bits']],
  ],
  [
    'a shared secret',
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'o', use: 'sig', alg: 'RS256' }],
    {},
    [
      ['no private key is published', 'A PRIVATE KEY IS PUBLISHED: o has k'],
      ['every key is RSA of at least 2048 bits', 'o has kty oct'],
    ],
  ],
  [
    'missing members',
    [
      { kty: 'RSA', n: jwk.n, e: jwk.e },
      { kty: 'RSA', kid: 'x', use: 'sig', alg: 'RS256', n: '+/==', e: 'AQAB' },
    ],
    {},
    [
      ['every key is RSA of at least 2048 bits', 'x has no n and e in base64url'],
      ['every key has kid, use and alg', 'key 1 has no kid, use (absent), alg (absent)'],
    ],
  ],
  ['no wanted kid', [jwk], { kid: 'z' }, [['the wanted kid is published', 'a']]],
  ['not our key', [second.jwk], { key: jwk }, [['our key is published', 'it is not there']]],
  [
    'our key under another kid',
    [{ ...jwk, kid: 'c' }],
    { key: jwk },
    [['our key is published', 'it is there under another kid: c']],
  ],
  [
    'another key under our kid',
    [{ ...second.jwk, kid: 'a' }],
    { key: jwk },
    [['our key is published', 'another key has its kid']],
  ],
])('%s: each fault is named', async (_, keys, wanted, expected) => {
  const cases = await judge(answer({ keys }), wanted);
  expect(faults(cases)).toEqual(expected);
  for (const secret of [leaked.d!, leaked.p!, 'c2VjcmV0']) expect(JSON.stringify(cases)).not.toContain(secret);
});

const pem = first.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

test.each<[string, Handler, string[][]]>([
  ['a web page', answer('<!doctype html><p>login'), [['its content is JSON', 'a web page']]],
  ['nothing', answer(''), [['its content is JSON', 'nothing']]],
  [
    'a PEM file',
    answer(pem),
    [
      ['no private key is published', 'A PRIVATE KEY IS PUBLISHED: the content is a PEM file with it'],
      ['its content is JSON', 'something else'],
    ],
  ],
  ['a list', answer([jwk]), [['it has keys', 'no JSON object']]],
  ['no keys', answer({}), [['it has keys', 'an object without keys']]],
  ['one key, no set', answer(jwk), [['it has keys', 'one key, and no set']]],
  [
    'one private key, no set',
    answer({ ...jwk, ...leaked }),
    [
      ['no private key is published', 'A PRIVATE KEY IS PUBLISHED: a has d, p, q, dp, dq, qi'],
      ['it has keys', 'one key, and no set'],
    ],
  ],
  ['an empty set', answer({ keys: [] }), [['it has keys', 'no key']]],
  ['keys of text', answer({ keys: ['a'] }), [['it has keys', 'keys of which one is no object']]],
  ['deep JSON', answer('['.repeat(60_000)), [['its content is JSON', 'something else']]],
  [
    'a redirect',
    answer('', { Location: 'https://example.com/jwks' }, 302),
    [['it does not redirect', '302 to https://example.com/jwks']],
  ],
  ['a 404', answer({ keys: [jwk] }, {}, 404), [['its status is 200', '404']]],
  ['a huge set', answer({ keys: [jwk], pad: 'x'.repeat(65_536) }), [['its size is sane', 'more than 64 KB']]],
  [
    'a bomb',
    (response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end(gzipSync(Buffer.alloc(10 * 1024 * 1024)));
    },
    [['its size is sane', 'more than 64 KB']],
  ],
  [
    'a stream that never ends',
    (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1024)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
    [['its size is sane', 'more than 64 KB']],
  ],
  [
    'an error page that never ends',
    (response) => {
      response.writeHead(500);
      response.write('x');
    },
    [['its status is 200', '500']],
  ],
  [
    'a closed connection',
    (response) => response.socket?.destroy(),
    [['it answers in time', expect.stringMatching(/closed the connection/) as string]],
  ],
])('%s: said in words', async (_, handler, expected) => {
  const cases = await judge(handler);
  expect(faults(cases)).toEqual(expected);
  expect(JSON.stringify(cases)).not.toContain(leaked.d);
});

test.each<[string, Handler, string, string]>([
  ['a web page', answer('<p>login'), 'its content is JSON', 'A web page here is often a login'],
  ['a byte order mark', answer('\ufeff{"keys":[]}'), 'its content is JSON', 'without a byte order mark'],
  [
    'a small key',
    answer({ keys: [{ ...small, kid: 's', use: 'sig', alg: 'RS256' }] }),
    'every key is RSA of at least 2048 bits',
    'Make a new key and publish that',
  ],
  ['a good set', answer({ keys: [jwk] }), 'its content is JSON', 'nothing'],
])('%s: what to do about it', async (_, handler, name, hint) => {
  const found = (await judge(handler)).find((one) => one.name === name);
  expect(found?.hint ?? 'nothing').toContain(hint);
});

test('sets that are too large are not held against each other', async () => {
  let calls = 0;
  const cases = await judge((response, call) => answer(' '.repeat(65_537))(response, (calls = call)));
  expect([calls, cases.map(({ name }) => name)]).toEqual([1, expect.not.arrayContaining(['it answers 10 at once'])]);
});

test('an answer that does not come to an end in 5 s is late', async () => {
  let asked = (): void => undefined;
  const until = new Promise<void>((done) => (asked = done));
  const cases = await judge(
    (response) => {
      response.write('{');
      asked();
    },
    {},
    until,
  );
  expect(faults(cases)).toEqual([['it answers in time', 'none after 5 s']]);
});

test('the limit that is given is the one that counts and is told', async () => {
  const waited: number[] = [];
  const url = await serve(() => undefined);
  const sleep = async (ms: number): Promise<void> => void waited.push(ms);
  const cases = await testJwks(url, {}, { ...world(), sleep, limitMs: 3000 });
  expect(waited).toEqual([3000]);
  expect(faults(cases)).toEqual([['it answers in time', 'none after 3 s']]);
});

test('ten at once: refusals and another content are faults', async () => {
  const good = JSON.stringify({ keys: [jwk] });
  const limited = await judge((response, call) =>
    call > 4 ? answer('', {}, 429)(response, call) : answer(good)(response, call),
  );
  expect(faults(limited)).toEqual([['it answers 10 at once', '3 of 10 answered with 200']]);
  const torn = await judge((response, call) => answer(call === 5 ? { keys: [second.jwk] } : good)(response, call));
  expect(faults(torn)).toEqual([['it answers 10 at once', '1 of 10 answered with another content']]);
});

test.each([
  [{ 'Cache-Control': 'public, max-age=31536000' }, ['its caching is short']],
  [{ 'Cache-Control': 'private' }, ['its caching is short']],
  [{ 'Cache-Control': 'no-store' }, []],
  [{ 'Content-Type': 'text/plain; charset=utf-8' }, ['its Content-Type is JSON']],
  [{ 'Content-Type': 'application/jwk-set+json' }, []],
])('advice is no fault: %j', async (headers, expected) => {
  const cases = await judge(answer({ keys: [jwk] }, headers));
  expect(faults(cases)).toEqual([]);
  expect(cases.filter(({ holds }) => !holds).map(({ name }) => name)).toEqual(expected);
});

test('plain http beyond this machine is a fault, and is not called', async () => {
  const noCall = { ...world(), fetch: () => Promise.reject(new Error('called')) };
  const cases = await testJwks('http://api.example.com/jwks.json', {}, noCall);
  expect(faults(cases)).toEqual([['the address is https', 'http']]);
});

test('nobody there is a fault; Ctrl-C is none', async () => {
  const url = await serve(answer({ keys: [jwk] }));
  const signal = AbortSignal.abort();
  await expect(testJwks(url, {}, { ...world(), signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  servers.splice(0).forEach((server) => server.close());
  expect(faults(await testJwks(url, {}, world()))).toEqual([
    ['it answers in time', expect.stringMatching(/refused the connection/)],
  ]);
});
