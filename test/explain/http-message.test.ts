import { describe, expect, test } from 'vitest';
import { looksLikeAnswer, looksLikeMessage, readMessage } from '../../src/explain/http-message.js';
import { cpuSeconds } from '../support/cpu-seconds.js';

const read = (text: string): ReturnType<typeof readMessage> => readMessage(Buffer.from(text));

describe('a raw message', () => {
  test.each(['\r\n', '\n'])('with %j as line end', (end) => {
    const text = ['POST /a?b=c HTTP/1.1', 'Host: api.example.com', 'Authorization: Bearer x', '', '{"a":1}'].join(end);
    expect(read(text)).toMatchObject({
      method: 'POST',
      target: '/a?b=c',
      headers: [
        ['Host', 'api.example.com'],
        ['Authorization', 'Bearer x'],
      ],
      body: Buffer.from('{"a":1}'),
      received: true,
      notes: [],
    });
  });

  test('absolute-form, HTTP/2 and blank lines before it', () => {
    expect(read('\r\n\r\nGET https://a.example/x HTTP/1.1\r\n\r\n')).toMatchObject({
      method: 'GET',
      url: 'https://a.example/x',
    });
    expect(read(':method: GET\n:scheme: https\n:authority: a.example\n:path: /x\naccept: */*\n')).toMatchObject({
      method: 'GET',
      url: 'https://a.example/x',
      headers: [
        ['accept', '*/*'],
        ['host', 'a.example'],
      ],
    });
  });

  test('a folded header is one', () => {
    const { headers } = read('GET / HTTP/1.1\r\nDPoP: eyJ\r\n  abc\r\n\tdef\r\nHost: a\r\n\r\n')!;
    expect(headers).toEqual([
      ['DPoP', 'eyJ abc def'],
      ['Host', 'a'],
    ]);
  });

  test('a chunked body is put together, with extensions and trailers', () => {
    const chunked = '4;x=y\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nTrailer: a\r\n\r\n';
    const { body, notes } = read(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`)!;
    expect(body!.toString()).toBe('Wikipedia in \r\n\r\nchunks.');
    expect(notes).toEqual([]);
  });

  test.each(['zz\r\n', '5\r\nab', 'ffffff\r\nab\r\n0\r\n', ''])(
    'what only says that it is chunked stays as it is: %j',
    (body) => {
      const found = read(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)!;
      expect(found.body!.toString()).toBe(body);
      expect(found.notes[0]).toContain('chunked');
    },
  );

  test('Content-Length takes off a line end that an editor has added, and says what is missing', () => {
    const one = read('POST / HTTP/1.1\nContent-Length: 3\n\nabc\n')!;
    expect([one.body!.toString(), one.notes]).toEqual(['abc', [expect.stringContaining('left out')]]);
    const other = read('POST / HTTP/1.1\nContent-Length: 9\n\nabc')!;
    expect([other.body!.toString(), other.notes]).toEqual(['abc', [expect.stringContaining('3 bytes are here')]]);
  });

  test('bytes of the body stay as they are', () => {
    const bytes = Buffer.concat([Buffer.from('POST / HTTP/1.1\r\n\r\n'), Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a])]);
    expect(readMessage(bytes)!.body).toEqual(Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]));
  });

  test('header lines alone are a request whose address is not known', () => {
    expect(read('Authorization: Bearer x\nDPoP: y')).toMatchObject({ method: undefined, target: undefined });
    expect(looksLikeMessage(Buffer.from('authorization: Bearer x'))).toBe(true);
  });

  test.each(['', 'hello', 'hello: world', '{"a": "b",\n"c": "d"}', 'eyJhbGciOiJSUzI1NiJ9.e30.x', 'GET /', '\0\0\0'])(
    '%j is none',
    (text) => expect(looksLikeMessage(Buffer.from(text))).toBe(false),
  );

  test('an answer is none', () => {
    expect(looksLikeAnswer(Buffer.from('HTTP/1.1 401 Unauthorized\r\nDate: x\r\n\r\n'))).toBe(true);
    expect(looksLikeMessage(Buffer.from('HTTP/1.1 401 Unauthorized\r\nDate: x\r\n\r\n'))).toBe(false);
  });

  test('thousands of headers are cut, and a megabyte of lines takes no time', () => {
    const started = cpuSeconds();
    const { headers, notes } = read(`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(100_000)}\r\n`)!;
    expect([headers.length, notes.length]).toEqual([2000, 1]);
    read(`GET / HTTP/1.1\r\n${' a\r\n'.repeat(200_000)}`);
    read(`GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(100_000)}`);
    read('\n'.repeat(1_000_000));
    expect(cpuSeconds() - started).toBeLessThan(3);
  });
});

describe('an answer behind a request', () => {
  const ANSWER =
    'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error="insufficient_scope", scope="a"\r\n\r\n{"no":1}';
  const answer = { status: 403, headers: [['WWW-Authenticate', expect.stringContaining('insufficient_scope')]] };
  const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

  test.each([
    ['of none', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', ''],
    ['without an empty line between', 'GET / HTTP/1.1\r\nHost: a\r\n', ''],
    ['of a body with its length', `${POST}Content-Length: 2\r\n\r\n{}\r\n\r\n`, '{}'],
    ['on the line of the body', `${POST}Content-Length: 2\r\n\r\n{}`, '{}'],
    ['of a body with a line end of its own', `${POST}Content-Length: 3\r\n\r\n{}\n\n`, '{}\n'],
    ['of a body without a length', `${POST}\r\n{"a":1}\r\n\r\n`, '{"a":1}'],
    ['of a body with a status line in it', `${POST}Content-Length: 15\r\n\r\nHTTP/1.1 200 OK\n`, 'HTTP/1.1 200 OK'],
    ['of a chunked body', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '{}'],
    ['after an interim one', 'GET / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n', ''],
  ])('%s', (_what, request, body) => {
    const found = read(request + ANSWER)!;
    expect(found).toMatchObject({ answer, notes: [], headers: expect.arrayContaining([['Host', 'a']]) });
    expect(found.body!.toString()).toBe(body);
  });

  test('a length that does not fit is said of the body alone', () => {
    const { body, notes } = read(`${POST}Content-Length: 9\r\n\r\n{}\n${ANSWER}`)!;
    expect([body!.toString(), notes]).toEqual(['{}', [expect.stringContaining('2 bytes are here')]]);
  });

  test('of header lines alone, and of the first of several requests', () => {
    expect(read(`Authorization: Bearer x\nDPoP: y\n\n${ANSWER}`)).toMatchObject({ answer, body: undefined });
    const several = read(`GET /a HTTP/1.1\r\n\r\nHTTP/1.1 302 Found\r\n\r\nGET /b HTTP/1.1\r\n\r\n${ANSWER}`);
    expect(several).toMatchObject({
      target: '/a',
      answer: { status: 302 },
      notes: [expect.stringContaining('several requests')],
    });
  });

  test('a body that its length has whole is no answer', () => {
    const found = read(`${POST}Content-Length: 15\r\n\r\nHTTP/1.1 200 OK`)!;
    expect([found.answer, found.body!.toString()]).toEqual([undefined, 'HTTP/1.1 200 OK']);
  });
});

test('the output of curl -v has the request and its answer', () => {
  const found = read(`* Connected to api.example.com (203.0.113.1) port 443
* SSL connection using TLSv1.3
> POST /transfers HTTP/1.1
> Host: api.example.com
> Authorization: Bearer x
>
< HTTP/1.1 403 Forbidden
< WWW-Authenticate: Bearer error="insufficient_scope", scope="transfer:write"
<
{"error":"no"}
`);
  expect(found).toMatchObject({
    method: 'POST',
    url: 'https://api.example.com/transfers',
    body: undefined,
    received: false,
    answer: { status: 403, headers: [['WWW-Authenticate', expect.stringContaining('insufficient_scope')]] },
  });
});

test('of a redirect that curl -v shows the last request counts', () => {
  const found = read(
    '> GET /a HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 302 Found\n<\n> GET /b HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 401 No\n',
  );
  expect(found).toMatchObject({
    target: '/b',
    answer: { status: 401 },
    notes: [expect.stringContaining('several requests')],
  });
});

test.each([
  ['', undefined],
  ['* Connected to a (127.0.0.1) port 80 (#0)\n', 'http://a/b'],
  ['* Connected to a (127.0.0.1) port 443 (#0)\n', 'https://a/b'],
  ['* Connected to a (127.0.0.1) port 4433 (#0)\n', 'http://a/b'],
  ['* Connected to a (127.0.0.1) port 8443\n* SSL connection using TLSv1.3\n', 'https://a/b'],
])('of a transcript that begins with %j the address is %s', (said, url) => {
  expect(read(`${said}> GET /b HTTP/2\n> Host: a\n>\n`)?.url).toBe(url);
});
