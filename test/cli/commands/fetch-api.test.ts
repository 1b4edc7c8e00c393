import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../src/store/create.js';
import { startApi, type Api } from '../../support/api.js';
import { startApplication, type Application } from '../../support/application.js';
import type { Outcome, RunOptions } from '../../support/stepup.js';

let app: Application;
let api: Api;
let other: Api;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  const { jwksUrl, issuer } = app.ready.prelude;
  [api, other] = await Promise.all([startApi({ jwksUrl, issuer }), startApi({ jwksUrl, issuer })]);
  await app.addUser();
  await app.login();
});
afterEach(async () => {
  await Promise.all([api.close(), other.close()]);
  await app.reset();
});
afterAll(() => app.close());

const SCOPE = 'transfer:write';
const offline = { fetch: () => Promise.reject(new Error('the network was used')) };

/** `stepup fetch`, this API allowed, with codes as they come. */
function call(args: string | string[], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const [path = '', ...more] = typeof args === 'string' ? args.split(' ') : args;
  const url = path.startsWith('/') ? `${api.origin}${path}` : path;
  return app.run(['fetch', url, '--allow-origin', api.origin, ...more], { run: app.shell, ...options });
}
const CODES = ['--code-command', 'inbox'];

describe('a call of an API', () => {
  test('goes as the user who is logged in, and its answer comes out as it is', async () => {
    api.on('/bytes', (_, response) => response.end(Buffer.from('{"a": 1}\r\n\n')));
    const { status, stdout, stderr } = await call('/bytes?q=1');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{"a": 1}\r\n\n', stderr: '' });
    const me = await call('/me');
    expect(JSON.parse(me.stdout)).toMatchObject({ sub: expect.stringMatching(/^usr_/), method: 'GET' });
    expect(api.heard[0]).toMatchObject({
      url: '/bytes?q=1',
      headers: { 'accept-encoding': 'identity', accept: '*/*' },
    });
    expect(api.heard[0]?.headers['user-agent']).toMatch(/^stepup\//);
    expect(api.heard[1]?.headers.dpop).toBeUndefined();
  });

  test.each([
    [['-d', '{"amount":500}'], 'POST', 'application/json', '{"amount":500}'],
    [['-d', '[1]', '-X', 'put'], 'PUT', 'application/json', '[1]'],
    [['-d', 'a=1&b=2'], 'POST', 'application/x-www-form-urlencoded', 'a=1&b=2'],
    [['-d', '{cut off'], 'POST', 'application/x-www-form-urlencoded', '{cut off'],
    [['-d', '<a/>', '-H', 'Content-Type: text/xml'], 'POST', 'text/xml', '<a/>'],
    [['-d', '-'], 'POST', 'application/x-www-form-urlencoded', 'from stdin\n'],
    [['-d', '@-', '-X', 'PATCH'], 'PATCH', 'application/x-www-form-urlencoded', 'from stdin\n'],
    [['-d', ''], 'POST', 'application/x-www-form-urlencoded', ''],
    [['-X', 'DELETE'], 'DELETE', undefined, ''],
    [['-X', 'PURGE'], 'PURGE', undefined, ''],
    [['-X', 'OPTIONS'], 'OPTIONS', undefined, ''],
  ])('%j', async (args, method, type, body) => {
    const { status } = await call(['/me', ...args], { stdin: 'from stdin\n' });
    expect(status).toBe(0);
    expect(api.heard[0]).toMatchObject({ method });
    expect(api.heard[0]?.headers['content-type']).toBe(type);
    expect(api.heard[0]?.body.toString()).toBe(body);
  });

  test('bytes of a file go as they are', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128, 34]);
    await writeFile(join(app.home, 'body.bin'), bytes);
    await call(['/me', '-d', `@${join(app.home, 'body.bin')}`, '-H', 'X-One: 1', '-H', 'x-one: 2']);
    expect(api.heard[0]?.body).toEqual(bytes);
    expect(api.heard[0]?.headers['x-one']).toBe('1, 2');
  });

  test('-i prints the head, -o writes a file, -o - standard output', async () => {
    api.on('/plain', (_, response) => {
      response.writeHead(201, 'Made', { 'x-note': 'ok', 'set-cookie': ['a=1', 'b=2'] }).end('text');
    });
    const { stdout } = await call('/plain -i');
    expect(stdout.split('\r\n')[0]).toBe('HTTP/1.1 201 Made');
    expect(stdout).toContain('\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n');
    expect(stdout).toMatch(/\r\nx-note: ok\r\n\r\ntext$/);
    const file = join(app.home, 'out.txt');
    expect((await call(['/plain', '-o', file])).stdout).toBe('');
    expect(await readFile(file, 'utf8')).toBe('text');
    const { json } = await call(['/plain', '-o', file, '--json']);
    expect(json()).toMatchObject({ status: 201, body: null, output: file, bytes: 4 });
    expect((await call('/plain -o -')).stdout).toBe('text');
  });

  test('--json has status, headers, body, scopes and whether it stepped up', async () => {
    api.on('/text', (_, response) => response.end('hé'));
    api.on('/bytes', (_, response) => response.end(Buffer.from([255, 0])));
    api.on('/none', (_, response) => response.writeHead(204).end());
    api.on('/said', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{no'));
    expect((await call('/me --json')).json()).toEqual({
      status: 200,
      headers: expect.objectContaining({ 'content-type': 'application/json' }),
      body: { sub: expect.any(String), method: 'GET', body: '' },
      scopes: [],
      steppedUp: false,
    });
    expect((await call('/text --json')).json()).toMatchObject({ body: 'hé' });
    expect((await call('/bytes --json')).json()).toMatchObject({ body: null, bodyBase64: '/wA=' });
    expect((await call('/none --json')).json()).toMatchObject({ status: 204, body: null });
    expect((await call('/said --json')).json()).toMatchObject({ body: '{no' });
  });

  test('answers without a body: 204, 304, HEAD', async () => {
    api.on('/none', (_, response) => response.writeHead(204).end());
    api.on('/same', (_, response) => response.writeHead(304).end());
    api.on('/head', (_, response) =>
      response.writeHead(200, { 'content-length': '10', 'content-encoding': 'gzip' }).end(),
    );
    for (const path of ['/none', '/same']) expect(await call(path)).toMatchObject({ status: 0, stdout: '' });
    expect((await call('/head -X HEAD -i')).stdout).toMatch(/content-encoding: gzip\r\ncontent-length: 10\r\n/);
  });

  test('status 0 whatever the API answers; with --fail 3 for 400 and above, and no body', async () => {
    api.on('/broken', (_, response) => response.writeHead(500).end('trace'));
    expect(await call('/broken')).toMatchObject({ status: 0, stdout: 'trace' });
    const { status, stdout, stderr } = await call('/broken -f');
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('The API answered 500.');
    const json = await call('/broken --fail --json');
    expect([json.status, json.json(), json.error().code]).toMatchObject([3, { status: 500, body: 'trace' }, 'REFUSED']);
    expect((await call('/me --fail')).status).toBe(0);
  });

  test('a huge answer is passed on piece by piece', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    api.on('/huge', (_, response) => {
      let left = 200;
      const more = (): void => {
        while (left > 0) {
          left -= 1;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const before = process.memoryUsage().rss;
    const { json } = await call(['/huge', '-o', join(app.home, 'huge'), '--json']);
    expect(json()).toMatchObject({ bytes: 200 * 1024 * 1024 });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    const held = await call('/huge --json');
    expect([held.status, held.error().code]).toEqual([6, 'ANSWER_MALFORMED']);
  });

  test('an answer that cannot steer the terminal: controls are shown, bytes are not', async () => {
    api.on('/steer', (_, response) => response.end('a\u001b]0;evil\u0007b\u009b2J'));
    api.on('/bytes', (_, response) => response.end(Buffer.from([0x7f, 0x45, 0, 1])));
    const shown = await call('/steer -i', { tty: true });
    expect(shown.stdout).toMatch(/^HTTP\/1.1 200 OK\n/);
    expect(shown.stdout).toContain('a?]0;evil?b?2J');
    const { status, stderr } = await call('/bytes', { tty: true });
    expect([status, stderr]).toEqual([2, expect.stringContaining('-o FILE')]);
  });

  test('one that comes packed is unpacked, and its head says so', async () => {
    const { gzipSync } = await import('node:zlib');
    api.on('/packed', (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'));
    });
    const { stdout } = await call(['/packed', '-i', '-H', 'Accept-Encoding: gzip']);
    expect(stdout).toMatch(/\r\n\r\nplain$/);
    expect(stdout).not.toMatch(/content-encoding|content-length/);
    expect(api.heard[0]?.headers['accept-encoding']).toBe('gzip');
  });
});

describe('steps up when the API asks', () => {
  test('for a scope that was named, by itself; the second call holds it', async () => {
    await app.allow({});
    const { status, json } = await call([
      `/needs/${SCOPE}`,
      '--scope',
      SCOPE,
      '-d',
      '{"amount":5}',
      '--json',
      ...CODES,
    ]);
    expect(status).toBe(0);
    expect(json()).toMatchObject({ status: 200, body: { body: '{"amount":5}' }, scopes: [SCOPE], steppedUp: true });
    expect(api.heard.map(({ method, body }) => [method, body.toString()])).toEqual([
      ['POST', '{"amount":5}'],
      ['POST', '{"amount":5}'],
    ]);
    const again = await call([`/needs/${SCOPE}`, '--scope', SCOPE, '--json']);
    expect([again.status, again.json()]).toMatchObject([0, { status: 200, steppedUp: false }]);
    expect(api.heard).toHaveLength(3);
  });

  test('not for an API that asks for nothing', async () => {
    await app.allow({});
    expect((await call(['/me', '--scope', SCOPE])).status).toBe(0);
    expect(await app.control.messages()).toHaveLength(1); // the login's
  });

  test('RFC 9470: for the scope that was named, where the API names none', async () => {
    await app.allow({});
    const refusal = 'Bearer error="insufficient_user_authentication", acr_values="urn:mfa", max_age=60';
    let times = 0;
    api.on('/fresh', (_, response) => {
      times += 1;
      if (times === 1) response.writeHead(401, { 'www-authenticate': refusal }).end('no');
      else response.end('yes');
    });
    expect((await call(['/fresh', '--scope', SCOPE, ...CODES])).stdout).toBe('yes');
  });

  test('a class of authentication alone is reported, not guessed', async () => {
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="urn:mfa", max_age=60';
    api.on('/fresh', (_, response) => response.writeHead(401, { 'www-authenticate': challenge }).end('no'));
    const { status, stdout, stderr } = await call(['/fresh', ...CODES]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'no' });
    expect(stderr).toContain('(of the class urn:mfa, not older than 60 s)');
    expect(stderr).toContain('Name one with --scope.');
    expect(await app.control.messages()).toHaveLength(1);
  });

  test('another scope, that the API alone names, is 5 where nobody can be asked', async () => {
    await app.allow({});
    const { status, error, stdout } = await call([`/needs/${SCOPE}`, '--json', ...CODES]);
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(error()).toMatchObject({
      code: 'INPUT_NEEDED',
      field: '--scope',
      hint: expect.stringContaining(`--scope ${SCOPE}`),
    });
    const third = await call([`/needs/${SCOPE}`, '--scope', 'other:scope', ...CODES]);
    expect(third.status).toBe(5);
    expect(await app.control.messages()).toHaveLength(1);
  });

  test('in a terminal it asks for that; no leaves the API’s answer', async () => {
    await app.allow({});
    const asked: RunOptions['answers'] = [['The API wants transfer:write. Step up for it?', 'y\n']];
    const yes = await call([`/needs/${SCOPE}`, ...CODES], { answers: asked });
    expect([yes.status, JSON.parse(yes.stdout)]).toMatchObject([0, { method: 'GET' }]);
    await app.run('reset --grants');
    await app.run('logout');
    await app.login();
    const no = await call([`/needs/${SCOPE}`, ...CODES], { answers: [['Step up for it?', 'n\n']] });
    expect([no.status, no.stdout]).toEqual([0, '{"error":"refused"}']);
    expect(no.stderr).toContain('The API wants transfer:write.');
  });

  test('an API that asks again gets no third call', async () => {
    await app.allow({});
    const challenge = `Bearer error="insufficient_scope", scope="${SCOPE}"`;
    api.on('/never', (_, response) => response.writeHead(403, { 'www-authenticate': challenge }).end('never'));
    const { status, stdout, stderr } = await call(['/never', '--scope', SCOPE, ...CODES]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'never' });
    expect(stderr).toContain('The API refuses all the same after the step-up.');
    expect(api.heard).toHaveLength(2);
    expect((await call(['/never', '--scope', SCOPE, '--fail', ...CODES])).status).toBe(3);
  });

  test('nobody to give the code is 5, and the call is not made again', async () => {
    await app.allow({});
    const { status, error } = await call([`/needs/${SCOPE}`, '--scope', SCOPE, '--json']);
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--code']);
    expect(api.heard).toHaveLength(1);
    expect((await app.run('challenge list --json')).json()).toEqual({ challenges: [] });
  });

  test('a scope that the service does not grant is its refusal', async () => {
    await app.allow({});
    const { status, error } = await call(['/needs/other:scope', '--scope', 'other:scope', '--json', ...CODES]);
    expect([status, error().code]).toEqual([3, 'SCOPE_NOT_ALLOWED']);
    expect(api.heard).toHaveLength(1);
  });

  test.each([
    ['cut off', 'Bearer error="insufficient_scope", scope="transfer:write', 'cannot be read'],
    ['with two scopes', 'Bearer error="insufficient_scope", scope="a", scope="b"', 'cannot be read'],
    ['in another alphabet', 'Bearer error="insufficient_scope", scope="caf\u00e9"', 'no list of scopes'],
    [
      'that would be a command',
      'Bearer error="insufficient_scope", scope="$(reboot)"',
      'characters which no scope has',
    ],
    ['without a scope', 'Bearer error="insufficient_scope"', 'does not say which'],
    ['that demands a nonce of a token without a key', 'DPoP error="use_dpop_nonce"', 'nonce'],
  ])('a challenge %s is reported, and the answer stands', async (_, challenge, words) => {
    const status = challenge.includes('nonce') ? 401 : 403;
    api.on('/odd', (_request, response) => {
      response.writeHead(status, { 'www-authenticate': challenge, 'dpop-nonce': 'n' }).end('odd');
    });
    const outcome = await call(['/odd', ...CODES]);
    expect(outcome).toMatchObject({ status: 0, stdout: 'odd' });
    expect(outcome.stderr).toContain(words);
    expect(outcome.stderr).not.toContain('reboot');
    expect(api.heard).toHaveLength(1);
  });

  test('a plain 403 says how to step up beforehand', async () => {
    api.on('/plain', (_, response) => response.writeHead(403).end('no'));
    expect((await call(['/plain', '--scope', SCOPE])).stderr).toMatch(
      /Step up before with: stepup request transfer:write /,
    );
  });

  test('codes from standard input', async () => {
    await app.allow({});
    const { PassThrough } = await import('node:stream');
    const stdin = new PassThrough();
    const waiting = call([`/needs/${SCOPE}`, '--scope', SCOPE, '--code', '-'], { stdin });
    await expect.poll(async () => (await app.control.messages()).length).toBe(2);
    stdin.end(`${(await app.newest()).code}\n`);
    expect((await waiting).status).toBe(0);
  });
});

describe('a token for a single use', () => {
  beforeEach(async () => {
    await app.allow({ grantMode: 'single-use' });
    await app.run(['request', SCOPE, ...CODES], { run: app.shell });
  });
  const isHeld = async (): Promise<boolean> => (await app.run(`check ${SCOPE}`)).status === 0;

  test('is spent by the call, and the next one has none', async () => {
    const { status, stderr } = await call([`/needs/${SCOPE}`, '--scope', SCOPE]);
    expect(status).toBe(0);
    expect(stderr).toContain('for a single use: it is spent.');
    expect(await isHeld()).toBe(false);
    expect((await call([`/needs/${SCOPE}`, '--scope', SCOPE])).status).toBe(5);
  });

  test('does not go with a call that does not name it', async () => {
    const { json } = await call('/me --json');
    expect(json()).toMatchObject({ status: 200 });
    const [, token = ''] = (api.heard[0]?.headers.authorization ?? '').split(' ');
    expect(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())).toMatchObject({ scope: '' });
    expect(await isHeld()).toBe(true);
  });

  test('of two calls at once, one has it', async () => {
    const both = await Promise.all([1, 2].map(() => call([`/needs/${SCOPE}`, '--scope', SCOPE])));
    expect(both.map(({ status }) => status).toSorted()).toEqual([0, 5]);
    expect(await isHeld()).toBe(false);
  });

  test('is kept where nothing was sent, where the API was too busy, and where it is for another', async () => {
    const away = { ...other };
    await other.close();
    const dead = ['fetch', `${away.origin}/x`, '--allow-origin', away.origin, '--scope', SCOPE];
    expect((await app.run(dead)).status).toBe(6);
    expect(await isHeld()).toBe(true);
    api.on('/busy', (_, response) => response.writeHead(429).end());
    expect((await call(['/busy', '--scope', SCOPE])).status).toBe(0);
    expect(await isHeld()).toBe(true);
    expect((await call(['/needs/other:scope', '--scope', SCOPE])).status).toBe(5);
    expect(await isHeld()).toBe(true);
  });

  test('is gone where the answer was lost, which is said', async () => {
    api.on('/cut', (_, response) => response.socket?.destroy());
    const { status, stderr } = await call(['/cut', '--scope', SCOPE]);
    expect([status, stderr]).toEqual([6, expect.stringContaining('it is spent')]);
    expect(await isHeld()).toBe(false);
  });

  test('one that is held for what only the API names is taken after a yes, without a code', async () => {
    const { status } = await call([`/needs/${SCOPE}`], { answers: [['Step up for it?', 'y\n']] });
    expect(status).toBe(0);
    expect(await isHeld()).toBe(false);
    expect(await app.control.messages()).toHaveLength(2); // the login's and the request's
  });
});

describe('tokens go to allowed origins alone', () => {
  const plain = (url: string, ...more: string[]): Promise<Outcome> => app.run(['fetch', url, ...more, '--json']);

  test('an origin is asked about once in a terminal, and kept for the application', async () => {
    const refused = await plain(`${api.origin}/me`);
    expect([refused.status, refused.error().code]).toEqual([2, 'ORIGIN_NOT_ALLOWED']);
    expect(refused.error().hint).toContain(`--allow-origin ${api.origin}`);
    const no = await app.run(['fetch', `${api.origin}/me`], { answers: [['Send your token to', 'n\n']] });
    expect(no.status).toBe(2);
    expect(api.heard).toEqual([]);
    const yes = await app.run(['fetch', `${api.origin}/me`], { answers: [['Send your token to', 'y\n']] });
    expect(yes.status).toBe(0);
    expect((await plain(`${api.origin}/me`)).status).toBe(0);
    expect((await plain(`${other.origin}/me`)).status).toBe(2);
    const key = { provider: 'prelude', host: new URL(app.url).host, application: app.ready.prelude.appId };
    expect(await createStore(app.home).allowedOrigins(key)).toEqual([api.origin]);
  });

  test('--allow-origin keeps those that it names, and no other', async () => {
    const both = ['--allow-origin', api.origin, '--allow-origin', 'https://api.example.com'];
    expect((await plain(`${api.origin}/me`, ...both)).status).toBe(0);
    expect((await plain(`${api.origin}/me`)).status).toBe(0);
    const elsewhere = await plain(`${other.origin}/me`, '--allow-origin', api.origin);
    expect([elsewhere.status, elsewhere.error().code]).toEqual([2, 'ORIGIN_NOT_ALLOWED']);
    expect(other.heard).toEqual([]);
  });

  test.each([
    'api.example.com',
    'https://api.example.com/v1',
    'https://u:p@api.example.com',
    'ftp://a',
    '*',
    'null',
    '',
  ])('--allow-origin %j is 2', async (text) => {
    const { status, error } = await plain(`${api.origin}/me`, '--allow-origin', text);
    expect([status, error().code, error().field]).toEqual([2, 'ORIGIN_INVALID', '--allow-origin']);
    expect(api.heard).toEqual([]);
  });

  test('plain http beyond this machine is refused without --insecure, allowed or not', async () => {
    const url = 'http://api.example.com/x';
    const args = ['fetch', url, '--allow-origin', 'http://api.example.com', '--json'];
    const { status, error } = await app.run(args, offline);
    expect([status, error().code, error().hint]).toEqual([
      2,
      'ORIGIN_NOT_ALLOWED',
      expect.stringContaining('--insecure'),
    ]);
    const asked: string[] = [];
    const insecure = await app.run([...args, '--insecure'], {
      fetch: (input, init) => {
        const { href } = new URL(input instanceof Request ? input.url : input);
        if (!href.startsWith('http://api.example.com/')) return fetch(input, init);
        asked.push(href);
        return Promise.resolve(new Response('ok'));
      },
    });
    expect([insecure.status, asked]).toEqual([0, [url]]);
  });

  test('a redirect to another origin is not followed, with -L neither', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const location = `${other.origin}/me?status=${status}`;
      api.on('/away', (_, response) => response.writeHead(status, { location }).end('moved'));
      for (const flags of [[], ['-L']]) {
        const outcome = await call(['/away', ...flags, '--allow-origin', other.origin]);
        expect(outcome).toMatchObject({ status: 0, stdout: 'moved' });
        expect(outcome.stderr).toContain(`another origin, which was not called: ${other.origin}`);
      }
    }
    expect(other.heard).toEqual([]);
  });

  test('one within the origin is shown, and followed with -L as curl does', async () => {
    api.on('/old', (_, response) => response.writeHead(302, { location: '/me' }).end('moved'));
    api.on('/kept', (_, response) => response.writeHead(307, { location: 'me' }).end('moved'));
    api.on('/round', (_, response) => response.writeHead(302, { location: '/round' }).end());
    expect((await call('/old')).stdout).toBe('moved');
    expect(api.heard.splice(0)).toHaveLength(1);
    await call('/old -L -d {"a":1}');
    await call('/kept --location -d {"a":1}');
    expect(api.heard.splice(0).map(({ method, url, body }) => [method, url, body.toString()])).toEqual([
      ['POST', '/old', '{"a":1}'],
      ['GET', '/me', ''],
      ['POST', '/kept', '{"a":1}'],
      ['POST', '/me', '{"a":1}'],
    ]);
    const round = await call('/round -L --json');
    expect([round.status, round.error().message]).toEqual([3, 'The API redirects more than 50 times.']);
    expect(api.heard).toHaveLength(51);
  });
});

describe('bad input is 2 before anything is sent', () => {
  test.each([
    ['no scheme', () => 'api.example.com/me', 'URL_INVALID', 'url'],
    ['a path alone', () => '/me', 'URL_INVALID', 'url'],
    ['a port for a scheme', () => 'localhost:3000/me', 'URL_INVALID', 'url'],
    ['a file', () => 'file:///etc/passwd', 'URL_INVALID', 'url'],
    ['a user', () => 'https://u:hunter2@api.example.com', 'URL_INVALID', 'url'],
    ['a line end', () => 'https://api.example.com/a\r\nX: y', 'URL_INVALID', 'url'],
    ['a backslash', () => 'https://api.example.com\\@evil.example', 'URL_INVALID', 'url'],
    ['no host', () => 'https:///x', 'ORIGIN_NOT_ALLOWED', 'url'],
    ['huge', () => `https://api.example.com/${'x'.repeat(100_000)}`, 'URL_INVALID', 'url'],
    ['empty', () => '', 'URL_INVALID', 'url'],
  ])('an address: %s', async (_, url, code, field) => {
    const { status, error, stderr } = await app.run(['fetch', url(), '--json'], offline);
    expect([status, error().code, error().field]).toEqual([2, code, field]);
    expect(stderr).not.toContain('hunter2');
    expect(stderr.length).toBeLessThan(1000);
  });

  test.each([
    ['a second line in a header', ['-H', 'X-One: 1\r\nX-Two: secret'], 'FLAG_INVALID', '--header'],
    ['a token of one’s own', ['-H', 'Authorization: Bearer secret'], 'FLAG_INVALID', '--header'],
    ['a proof of one’s own', ['-H', 'dpop: secret'], 'FLAG_INVALID', '--header'],
    [
      'the elevated header of one’s own',
      ['-H', 'X-El: secret', '--elevated-header', 'x-el'],
      'FLAG_INVALID',
      '--header',
    ],
    ['another host', ['-H', 'Host: evil.example'], 'FLAG_INVALID', '--header'],
    ['a length', ['-H', 'Content-Length: 0'], 'FLAG_INVALID', '--header'],
    ['an elevated header that is none', ['--elevated-header', 'a b'], 'FLAG_INVALID', '--elevated-header'],
    [
      'an elevated header in place of the token’s',
      ['--elevated-header', 'Authorization'],
      'FLAG_INVALID',
      '--elevated-header',
    ],
    ['a body with GET', ['-X', 'GET', '-d', 'x'], 'FLAG_CONFLICT', '--data'],
    ['CONNECT', ['-X', 'CONNECT'], 'FLAG_INVALID', '--request'],
    ['a method with a blank', ['-X', 'GET /x'], 'FLAG_INVALID', '--request'],
    ['a file that is not there', ['-d', '@/nowhere/x'], 'FILE_UNREADABLE', '--data'],
    ['two readers of standard input', ['-d', '-', '--code', '-'], 'FLAG_CONFLICT', '--code'],
    ['two sources of codes', ['--code', '1234', '--code-command', 'x'], 'FLAG_CONFLICT', '--code-command'],
    ['what is no scope', ['--scope', 'a b'], 'SCOPE_INVALID', 'scope'],
    ['an empty scope', ['--scope', ''], 'SCOPE_INVALID', 'scope'],
  ])('%s', async (_, args, code, field) => {
    const { status, error, stderr } = await call(['/me', ...args, '--json'], { ...offline, stdin: 'x' });
    expect([status, error().code, error().field]).toEqual([2, code, field]);
    expect(stderr).not.toContain('secret');
  });

  test('a file that cannot be written is 1, before the call', async () => {
    const folder = join(app.home, 'folder');
    await mkdir(folder);
    for (const path of ['/nowhere/out', folder]) {
      const { status, error } = await call(['/me', '-o', path, '--json']);
      expect([status, error().code, error().field]).toEqual([1, 'FILE_UNWRITABLE', '--output']);
    }
    expect(api.heard).toEqual([]);
  });

  test('nobody logged in is 4', async () => {
    await app.run('logout');
    expect((await call('/me')).status).toBe(4);
    expect(api.heard).toEqual([]);
  });
});

describe('an API that fails', () => {
  test('is 6 when nothing listens, when it does not speak HTTP, when it cuts the answer off', async () => {
    await other.close();
    const dead = await app.run(['fetch', `${other.origin}/x`, '--allow-origin', other.origin, '--json']);
    expect([dead.status, dead.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    api.on('/odd', (_, response) => void response.socket?.end('SSH-2.0-x\r\n'));
    expect((await call('/odd --json')).error().code).toBe('ANSWER_MALFORMED');
    api.on('/cut', (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('begun', () => response.socket?.destroy());
    });
    const cut = await call('/cut');
    expect([cut.status, cut.stdout]).toEqual([6, 'begun']);
  });

  test('is 6 after --timeout, for its head and for the next piece', async () => {
    api.on('/silent', () => undefined);
    api.on('/slow', (_, response) => void response.write('begun'));
    const silent = await call('/silent --timeout 0.2 --json');
    expect([silent.status, silent.error().code]).toEqual([6, 'TIMED_OUT']);
    const slow = await call('/slow --timeout 0.2');
    expect([slow.status, slow.stdout]).toEqual([6, 'begun']);
    expect(slow.stderr).toContain('--timeout');
  });

  test('Ctrl-C ends it with 130, while it is awaited and while it comes', async () => {
    for (const path of ['/silent', '/slow']) {
      const stop = new AbortController();
      api.on('/silent', () => stop.abort());
      api.on('/slow', (_, response) => void response.write('begun'));
      const outcome = await call(path, { signal: stop.signal, onStdout: () => stop.abort() });
      expect(outcome.status).toBe(130);
    }
  });

  test('--debug shows both heads, and no secret', async () => {
    const { stderr } = await call('/me?token=hunter2 --debug');
    expect(stderr).toContain('> authorization: [redacted]');
    expect(stderr).toContain(`> GET ${api.origin}/me?token=redacted`);
    expect(stderr).toMatch(/^< 200 \(/m);
    expect(stderr).not.toMatch(/eyJ|hunter2/);
  });
});
