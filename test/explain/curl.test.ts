import { describe, expect, test } from 'vitest';
import { looksLikeCurl, readCurl } from '../../src/explain/curl.js';
import { shellOf, splitWords } from '../../src/explain/shell-words.js';
import { cpuSeconds } from '../support/cpu-seconds.js';

const words = (line: string): string[] => splitWords(line).words.map(({ text }) => text);

describe('words of sh', () => {
  test.each([
    [`curl 'a b' "c d" e\\ f`, ['curl', 'a b', 'c d', 'e f']],
    [`curl 'it'\\''s' "say \\"hi\\" \\n \\\\ \\$x"`, ['curl', "it's", 'say "hi" \\n \\ $x']],
    ['curl a \\\n  b \\\r\n  c', ['curl', 'a', 'b', 'c']],
    ["curl $'a\\'b\\u0041\\x42\\n'", ['curl', "a'bAB\n"]],
    ['curl a"b"\'c\'d', ['curl', 'abcd']],
    ['curl \'\' ""', ['curl', '', '']],
    ['curl a | jq .', ['curl', 'a']],
    ['curl a > file', ['curl', 'a']],
    ['curl a 2>&1', ['curl', 'a']],
    ['curl a; rm b', ['curl', 'a']],
    ['curl a && b', ['curl', 'a']],
    ['curl a\ncurl b', ['curl', 'a']],
    ['  \n curl a', ['curl', 'a']],
    ['curl "a\nb"', ['curl', 'a\nb']],
  ])('%j', (line, expected) => expect(words(line)).toEqual(expected));

  test('variables are named and not expanded', () => {
    const { words: found } = splitWords('curl "$URL/x" -H "A: ${TOKEN}" -H \'B: $OTHER\' $(cat f) `date` "\\$no"');
    expect(found.map(({ unexpanded, literal }) => [unexpanded, literal])).toEqual([
      [[], []],
      [['URL'], []],
      [[], []],
      [['TOKEN'], []],
      [[], []],
      [[], ['OTHER']],
      [['a command'], []],
      [['a command'], []],
      [[], []],
    ]);
  });

  test.each(["curl 'a", 'curl "a', "curl $'a", 'curl `a'])('a quotation without an end: %j', (line) => {
    expect(splitWords(line).open).toBe(true);
  });
});

describe('words of cmd', () => {
  test.each([
    ['curl "a b" -H "x: \\"y\\""', ['curl', 'a b', '-H', 'x: "y"']],
    ['curl ^"https://a/?b=1^&c=2^" ^\r\n  -H ^"x: y^"', ['curl', 'https://a/?b=1&c=2', '-H', 'x: y']],
    ['curl ^"a^" --data-raw ^"^{^\\^"b^\\^": 1^}^"', ['curl', 'a', '--data-raw', '{"b": 1}']],
    ['curl ^"a^" ^\n -d "say ""hi"""', ['curl', 'a', '-d', 'say "hi"']],
    ['curl ^"a^" b | more', ['curl', 'a', 'b']],
    ['curl ^"c:\\\\dir^" d', ['curl', 'c:\\\\dir', 'd']],
    // A caret at a line's end takes the meaning of the next character, a line end included.
    ['curl ^"a^" --data-raw ^"one^\n\ntwo^" ^\n  b', ['curl', 'a', '--data-raw', 'one\ntwo', 'b']],
    ['curl ^"a^" --data-raw ^"one^\r\n\r\ntwo^" ^\r\n  b', ['curl', 'a', '--data-raw', 'one\ntwo', 'b']],
    ['curl ^"a^" -d "one"^\n\n"two"', ['curl', 'a', '-d', 'one\ntwo']],
    ['curl ^"a^" ^\n\nb\nc', ['curl', 'a', 'b']],
  ])('%j', (line, expected) => expect(splitWords(line, 'cmd').words.map(({ text }) => text)).toEqual(expected));

  test('is known by its carets, or a variable without single quotes', () => {
    expect(shellOf('curl ^"https://a^"')).toBe('cmd');
    expect(shellOf('curl "https://a" ^\r\n -X POST')).toBe('cmd');
    expect(shellOf('curl -H "Authorization: Bearer %TOKEN%" https://a')).toBe('cmd');
    expect(shellOf("curl -d 'a=%20b%20' https://a")).toBe('sh');
    expect(splitWords('curl -H "A: %TOKEN%" b').words[2]).toEqual({
      text: 'A: %TOKEN%',
      unexpanded: ['TOKEN'],
      literal: [],
    });
  });
});

describe('percent signs of cmd', () => {
  test.each([
    ['^"https://a/?q=a^%^20b^%^20c^"', 'https://a/?q=a%20b%20c', []],
    ['"https://a/?q=%20b%20c" ^', 'https://a/?q=%20b%20c', []],
    ['"https://a/?q=%C3%A9%C3%B6d%20e" ^', 'https://a/?q=%C3%A9%C3%B6d%20e', []],
    ['"https://a/%USER%/%20x%20y" ^', 'https://a/%USER%/%20x%20y', ['USER']],
    ['^"https://%BASE%/x^"', 'https://%BASE%/x', ['BASE']],
    ['^"https://^%BASE^%/x^"', 'https://%BASE%/x', []],
  ])('%s', (word, text, unexpanded) => {
    expect(splitWords(`curl ${word}\r\n`, 'cmd').words[1]).toEqual({ text, unexpanded, literal: [] });
  });

  test('those of an address alone make no command one of cmd', () => {
    expect(shellOf('curl "https://a/?q=a%20b%20c" -H "Authorization: Bearer $TOKEN"')).toBe('sh');
  });

  test('an address that Chrome has copied is known', () => {
    const { url, notes } = readCurl('curl ^"https://a.example/x?q=a^%^20b^%^20c^" ^\n  -H ^"accept: */*^"')!;
    expect([url, notes]).toEqual(['https://a.example/x?q=a%20b%20c', []]);
  });
});

describe('words of PowerShell', () => {
  test.each([
    ['curl.exe `\r\n -H "a: `"b`"" c', ['curl.exe', '-H', 'a: "b"', 'c']],
    ["PS C:\\> curl.exe 'it''s'", ['PS', 'C:\\>', 'curl.exe', "it's"]],
    ['curl.exe `\n "say ""hi"""', ['curl.exe', 'say "hi"']],
  ])('%j', (line, expected) => {
    const { words: found, shell } = splitWords(line);
    expect(shell).toBe('powershell');
    // The prompt is none of its words: a `>` would end the command.
    expect(found.map(({ text }) => text)).toEqual(expected[0] === 'PS' ? ['PS', 'C:\\'] : expected);
  });

  test('variables of the environment are named', () => {
    const { words: found } = splitWords('curl.exe -H "Authorization: Bearer $env:TOKEN" \'$env:NO\'');
    expect(found[2]?.unexpanded).toEqual(['TOKEN']);
    expect(found[3]?.literal).toEqual(['NO']);
  });
});

describe('curl', () => {
  test.each([
    'curl https://a',
    '$ curl https://a',
    '  curl.exe https://a',
    '/usr/bin/curl https://a',
    'PS C:\\Users\\me> curl.exe https://a',
    'C:\\Users\\me>curl https://a',
    'TOKEN=x curl https://a',
    'sudo curl https://a',
    '```sh\ncurl https://a\n```',
    '# curl https://a',
  ])('is seen in %j', (text) => {
    expect(looksLikeCurl(text)).toBe(true);
    expect(readCurl(text)).toMatchObject({ method: 'GET', url: 'https://a' });
  });

  test.each(['curly https://a', 'wget https://a', 'GET / HTTP/1.1', 'eyJhbGciOiJSUzI1NiJ9.e30.x', ''])(
    'is not seen in %j',
    (text) => {
      expect(looksLikeCurl(text)).toBe(false);
      expect(readCurl(text)).toBeUndefined();
    },
  );

  test.each([
    ['curl https://a', 'GET', ''],
    ['curl https://a -X DELETE', 'DELETE', ''],
    ['curl https://a -XPUT', 'PUT', ''],
    ['curl https://a --request=PATCH', 'PATCH', ''],
    ['curl https://a -I', 'HEAD', ''],
    ['curl https://a -d a=1 -d b=2', 'POST', 'a=1&b=2'],
    ['curl https://a --data-raw \'{"a":1}\'', 'POST', '{"a":1}'],
    ["curl https://a --data-raw '@file'", 'POST', '@file'],
    ["curl https://a --json '{' --json '}'", 'POST', '{}'],
    ['curl https://a -G -d a=1', 'GET', ''],
    ['curl https://a -sSLd a=1', 'POST', 'a=1'],
    ['curl -o out -m 5 --max-time 3 --url https://a', 'GET', ''],
  ])('%s', (text, method, body) => {
    const request = readCurl(text)!;
    expect({ method: request.method, url: request.url, body: request.body?.toString() }).toEqual({
      method,
      url: 'https://a',
      body,
    });
  });

  test.each([
    'curl https://a -d @body.json',
    'curl https://a -F a=@b',
    'curl https://a -T f',
    'curl https://a -d "$BODY"',
  ])('the body of %j is not known', (text) => {
    const { body, notes } = readCurl(text)!;
    expect(body).toBeUndefined();
    expect(notes.join()).toContain('not known here');
  });

  test('headers, credentials and cookies', () => {
    const { headers } = readCurl(
      `curl https://a -H 'Authorization: Bearer x.y.z' --header="X-A:  b " -H 'Gone:' -H 'Empty;' -u me:hunter2 -b 'sid=hunter2' -A me`,
    )!;
    expect(headers).toEqual([
      ['Authorization', 'Bearer x.y.z'],
      ['X-A', 'b'],
      ['Empty', ''],
      ['cookie', ''],
    ]);
    const { headers: basic } = readCurl('curl https://a -u me:hunter2')!;
    expect(JSON.stringify(basic)).not.toContain('hunter2');
    expect(basic).toEqual([['authorization', 'Basic (user and password)']]);
    expect(readCurl('curl https://a --oauth2-bearer tok')!.headers).toEqual([['Authorization', 'Bearer tok']]);
  });

  test('a value keeps what curl sends: blanks at its ends are none of it, a CR is', () => {
    expect(readCurl("curl https://a -H $'A: \\t b\\r' -H 'C : d '")!.headers).toEqual([
      ['A', 'b\r'],
      ['C ', 'd'],
    ]);
  });

  const answer = 'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer scope="a"\r\n\r\n{}';
  test.each([
    `curl -i https://a -H 'B: c'\n${answer}`,
    `$ curl -i https://a \\\n  -H 'B: c' | tee x\n\n${answer}`,
    `\`\`\`sh\ncurl https://a\n\`\`\`\n\`\`\`\n${answer}\n\`\`\``,
    `curl ^"https://a^" ^\r\n  -H ^"B: c^"\r\n\r\n${answer}`,
    `curl -v https://a\n* Connected\n> GET / HTTP/1.1\n>\n< HTTP/1.1 403 Forbidden\n< WWW-Authenticate: Bearer scope="a"\n<\n{}`,
    `curl -iL https://a\nHTTP/1.1 301 Moved\nLocation: /b\n\n${answer}`,
    `curl -i https://a\n${answer} say \`"hi\`"\n$ curl -i https://b\nHTTP/1.1 200 OK\n`,
  ])('the answer behind it is read: %j', (text) => {
    expect(readCurl(text)).toMatchObject({
      url: 'https://a',
      answer: { status: 403, headers: [['WWW-Authenticate', 'Bearer scope="a"']] },
    });
  });

  test.each([
    "curl https://a --data-raw '\nHTTP/1.1 403 Forbidden\n'",
    'curl https://a\ncurl -i https://b\nHTTP/1.1 403 Forbidden\n',
    'curl https://a\nsays HTTP/1.1 403 Forbidden\n',
  ])('what is none of its answer is not: %j', (text) => {
    expect(readCurl(text)!.answer).toBeUndefined();
  });

  test('what is not in the command is said', () => {
    const { url, notes, unexpanded, literal } = readCurl(
      `curl "$BASE/x" -H "Authorization: Bearer $TOKEN" -H 'DPoP: $PROOF' -H @headers.txt -K conf --next https://b`,
    )!;
    expect(url).toBeUndefined();
    expect(notes).toHaveLength(4);
    expect([...unexpanded]).toEqual([['authorization', 'TOKEN']]);
    expect([...literal]).toEqual([['dpop', 'PROOF']]);
  });

  test('an address without a scheme is called by http, as curl does', () => {
    expect(readCurl('curl localhost:3000/x')!.url).toBe('http://localhost:3000/x');
  });

  test('a megabyte of quotes and options is read at once', () => {
    const started = cpuSeconds();
    readCurl(`curl ${"'".repeat(500_000)} ${'-H a:b '.repeat(60_000)}`);
    readCurl(`curl ${'\\"'.repeat(500_000)}`);
    readCurl(`curl ^"${'\\'.repeat(900_000)}`);
    readCurl(`curl ${'$('.repeat(400_000)}`);
    readCurl(`curl ${'a '.repeat(500_000)}`);
    readCurl(`${'a=b '.repeat(250_000)}curl x`);
    readCurl(`curl x\n${' '.repeat(500_000)}y\n${'HTTP/1.1 301 \n'.repeat(30_000)}`);
    readCurl(`curl x\n${'HTTP/'.repeat(100_000)}`);
    readCurl(`curl ^"${'%a'.repeat(250_000)}`);
    expect(cpuSeconds() - started).toBeLessThan(5);
  });
});
