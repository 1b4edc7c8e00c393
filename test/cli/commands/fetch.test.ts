import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, startEnvironment, type Environment } from '../../support/dynamic-application.js';

let env: Environment;
let api: string;
beforeAll(async () => {
  env = await startEnvironment();
  api = `${env.ready.dynamic.apiBaseUrl}/sdk/${env.ready.dynamic.environmentId}`;
});
afterEach(() => env.reset());
afterAll(() => env.close());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const EXPORT = ['fetch', '/waas/w1/privateKey/export', '-X', 'POST', '-d', '{}'];
const hold = async (scope: string): Promise<void> => {
  const { status } = await env.run(['request', scope, '--code-command', 'inbox'], { run: env.shell });
  expect(status).toBe(0);
};

/** A fetch that keeps what was sent. */
function spy(): { fetch: typeof fetch; sent: { url: string; method: string; headers: Headers; body: string }[] } {
  const sent: { url: string; method: string; headers: Headers; body: string }[] = [];
  return {
    sent,
    fetch: (input, init) => {
      const { url, method, headers } = new Request(input, { ...init, body: undefined as never });
      sent.push({ url, method, headers, body: typeof init?.body === 'string' ? init.body : '' });
      return fetch(input, init);
    },
  };
}

describe('fetch', () => {
  test('gets a path with the session, compact in a pipe and pretty on a terminal', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run('fetch /users');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ email: EMAIL });
    const shown = (await env.run('fetch /users', { tty: true, env: { NO_COLOR: '1' } })).stdout;
    expect(shown).toContain(`\n  "email": "${EMAIL}",\n`);
  });

  test('takes a path without a slash, one from the host’s root, and a whole address; the query goes along', async () => {
    await env.login();
    const { fetch: spied, sent } = spy();
    const root = new URL(api).pathname;
    for (const url of ['/users?a=1', 'users?a=1', `${root}/users?a=1`, `${api}/users?a=1`]) {
      expect((await env.run(['fetch', url], { fetch: spied })).status).toBe(0);
    }
    expect(sent.map(({ url }) => url)).toEqual(Array.from({ length: 4 }, () => `${api}/users?a=1`));
  });

  test('--json has status, headers and body', async () => {
    await env.login();
    const { status, json } = await env.run('fetch /users --json');
    expect(status).toBe(0);
    expect(json()).toEqual({
      status: 200,
      headers: expect.objectContaining({ 'content-type': expect.stringContaining('application/json') }),
      body: expect.objectContaining({ email: EMAIL }),
    });
  });

  test('-i prints status and headers before the body', async () => {
    await env.login();
    const { stdout } = await env.run('fetch /users -i');
    const [head = '', body = ''] = stdout.split('\n\n');
    expect(head).toMatch(/^HTTP 200\n/);
    expect(head).toContain('\ncontent-type: application/json');
    expect(JSON.parse(body)).toMatchObject({ email: EMAIL });
  });

  test('an answer without a body prints nothing; in --json it is null', async () => {
    await env.login();
    const { status, stdout } = await env.run('fetch /revoke -X post');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    await env.login();
    expect((await env.run('fetch /revoke -X POST --json')).json()).toMatchObject({ status: 204, body: null });
  });

  test('--data is the text, a file, or standard input, and makes it a POST', async () => {
    await env.login();
    const file = join(env.home, 'body.json');
    await writeFile(file, '{"scope":"wallet:export"}\n');
    const { fetch: spied, sent } = spy();
    for (const data of ['{"scope": "wallet:export"}', `@${file}`, '-', '@-']) {
      const { status, json } = await env.run(['fetch', '/stepUp/check', '-d', data], {
        fetch: spied,
        stdin: '{"scope":"wallet:export"}',
      });
      expect([status, json()]).toMatchObject([0, { isRequired: true }]);
    }
    expect(sent.map(({ method, body }) => [method, body])).toEqual(
      Array.from({ length: 4 }, () => ['POST', '{"scope":"wallet:export"}']),
    );
  });

  test('headers go along, those of a name that is given twice together', async () => {
    await env.login();
    const { fetch: spied, sent } = spy();
    const headers = [
      '-H',
      'X-One: 1',
      '-H',
      'x-one:2',
      '--header',
      'X-Empty:',
      '-H',
      'Cookie: a=1',
      '-H',
      'cookie: b=2',
    ];
    expect((await env.run(['fetch', '/users', ...headers], { fetch: spied })).status).toBe(0);
    expect(sent[0]?.headers.get('x-one')).toBe('1, 2');
    expect(sent[0]?.headers.get('cookie')).toBe('a=1; b=2');
    expect(sent[0]?.headers.get('x-empty')).toBe('');
    expect(sent[0]?.headers.get('authorization')).toMatch(/^Bearer eyJ/);
  });
});

describe('a call that needs an elevated token', () => {
  test('without a grant is 3: the answer is printed, and what to do', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run(EXPORT);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: 'Elevated access token required' });
    expect(stderr).toMatch(/stepup request wallet:export /);
    const json = await env.run([...EXPORT, '--json']);
    expect(json.json()).toMatchObject({ status: 403, body: { code: 'elevated_access_token_required' } });
    expect(json.error()).toMatchObject({ code: 'ELEVATION_REQUIRED', serviceCode: 'elevated_access_token_required' });
  });

  test('takes the grant along; a single use is spent, and it says so', async () => {
    await env.login();
    await hold('wallet:export');
    const { status, json, stderr } = await env.run([...EXPORT, '--json']);
    expect([status, json()]).toMatchObject([
      0,
      { status: 200, body: { exported: true }, elevatedWith: 'wallet:export' },
    ]);
    expect(stderr).toBe('');
    const again = await env.run(EXPORT);
    expect(again.status).toBe(3);
    await hold('wallet:export');
    expect((await env.run(EXPORT)).stderr).toContain('The grant for wallet:export was for a single use: it is spent.');
    expect((await env.run('check wallet:export')).status).toBe(7);
  });

  test('of two at once with one single use, one is let through', async () => {
    await env.login();
    await hold('wallet:export');
    const outcomes = await Promise.all([env.run(EXPORT), env.run(EXPORT)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([0, 3]);
  });

  test('a grant for some time stays', async () => {
    await env.login();
    await hold('credential:link');
    const { status, json } = await env.run('fetch /users/mfa/register/totp --json');
    expect([status, json()]).toMatchObject([0, { elevatedWith: 'credential:link' }]);
    expect((await env.run('check credential:link')).status).toBe(0);
  });

  test('--scope says which grant goes along', async () => {
    await env.control.settings({
      dynamic: { enforce: { users: true }, actions: [{ action: 'user.update', required: true }] },
    });
    await env.login();
    const put = ['fetch', '/users', '-X', 'PUT', '-d', '{"firstName":"Ada"}'];
    const without = await env.run([...put, '--json']);
    expect([without.status, without.error().code]).toEqual([3, 'ELEVATION_REQUIRED']);
    expect(without.error().hint).toContain('stepup request SCOPE');
    const named = await env.run([...put, '--scope', 'user:update', '--json']);
    expect([named.status, named.error().hint]).toEqual([3, expect.stringContaining('stepup request user:update')]);
    await hold('user:update');
    expect((await env.run([...put, '--scope', 'user:update'])).status).toBe(0);
  });

  test('an answer that is lost tells of the grant that is gone with it', async () => {
    await env.login();
    await hold('wallet:export');
    await env.control.fault({ match: { path: '/*/privateKey/export' }, do: { status: 500, body: {} }, times: 1 });
    const { status, stderr } = await env.run(EXPORT);
    expect(status).toBe(6);
    expect(stderr).toContain('The grant for wallet:export went along, was for a single use, and is gone.');
  });
});

describe('what the service answers', () => {
  test('a refusal is 3, with the answer on standard output', async () => {
    await env.login();
    const { status, stdout, stderr, json } = await env.run('fetch /nothing');
    expect([status, json()]).toMatchObject([3, { code: 'not_found' }]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('not_found');
  });

  test('a session that is over is 4, and so is none', async () => {
    expect((await env.run('fetch /users --json')).error().code).toBe('NOT_LOGGED_IN');
    await env.login();
    await env.run('fetch /revoke -X POST');
    const { status, error } = await env.run('fetch /users --json');
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
  });

  test('a failing service and a limit are 6', async () => {
    await env.login();
    await env.control.fault({ match: { path: '/*/users' }, do: { status: 503, body: {} }, times: 1 });
    expect((await env.run('fetch /users --json')).error().code).toBe('SERVICE_FAILING');
    await env.control.fault({ match: { path: '/*/users' }, do: { status: 429, body: {} }, times: 1 });
    const { status, error } = await env.run('fetch /users --json');
    expect([status, error().code]).toEqual([6, 'RATE_LIMITED']);
  });

  test('control characters in an answer do not reach the terminal', async () => {
    await env.login();
    const body = { name: '\u009b2J\u007f' };
    await env.control.fault({ match: { path: '/*/users' }, do: { status: 403, body }, times: 3 });
    const piped = await env.run('fetch /users');
    expect(JSON.parse(piped.stdout)).toEqual(body);
    const shown = await env.run('fetch /users', { tty: true });
    expect(piped.stdout + shown.stdout).not.toMatch(/[\u007f-\u009f]/);
  });
});

describe('tokens go to the environment’s own API alone', () => {
  test.each([
    ['empty', () => ''],
    ['the root', () => '/'],
    ['another scheme', () => 'file:///etc/passwd'],
    ['a script', () => 'javascript:alert(1)'],
    ['a host without a scheme', () => '//evil.example/users'],
    ['another environment', () => `${api.slice(0, -1)}2/users`],
    ['another part of the host', () => `${new URL(api).origin}/v1/session`],
    ['up and out', () => '/../../../v1/session'],
    ['up and out, encoded', () => '/%2e%2e/%2E%2E/other/users'],
    ['up and out of a whole address', () => `${api}/../other/users`],
    ['a prefix of the name', () => `${api}users`],
    ['a user before the host', () => `${api.replace('//', '//evil@')}/users`],
    ['the base as a user', () => `${new URL(api).origin}@evil.example/users`],
    ['a backslash', () => '\\\\evil.example\\users'],
    ['a line end', () => '/users\r\nX-Evil: 1'],
    ['a tab', () => '/us\ters'],
    ['a control character', () => '/users\u0000'],
    ['a fragment', () => '/users#x'],
    ['huge', () => `/${'x'.repeat(100_000)}`],
  ])('%s is 2, and nothing is sent', async (_, url) => {
    await env.login();
    const { status, error } = await env.run(['fetch', url(), '--json'], offline);
    expect([status, error().code, error().field]).toEqual([2, 'URL_INVALID', 'url']);
    expect(error().message.length).toBeLessThan(400);
  });

  test.each([
    ['another host', () => 'https://evil.example/api/v0/users'],
    ['another port', () => `${api.replace(/:\d+/, ':1')}/users`],
  ])('%s is an API of the developer’s, which tokens go to when it is allowed', async (_, url) => {
    await env.login();
    const { status, error } = await env.run(['fetch', url(), '--json'], offline);
    expect([status, error().code, error().field]).toEqual([2, 'ORIGIN_NOT_ALLOWED', 'url']);
  });

  test('a redirect is not followed', async () => {
    const heard: string[] = [];
    const other = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const to = `http://127.0.0.1:${(other.address() as AddressInfo).port}/stolen`;
    await env.login();
    const redirected: typeof fetch = () =>
      Promise.resolve(new Response(null, { status: 307, headers: { location: to } }));
    const { status, error } = await env.run('fetch /users --json', { fetch: redirected });
    other.close();
    expect([status, error().code, heard]).toEqual([6, 'ANSWER_MALFORMED', []]);
  });
});

describe('bad input is 2 before anything is sent', () => {
  test.each([
    ['an unknown method', ['-X', 'BREW'], 'FLAG_INVALID', '--request'],
    ['an empty method', ['-X', ''], 'FLAG_INVALID', '--request'],
    ['HEAD', ['-X', 'HEAD'], 'FLAG_INVALID', '--request'],
    ['a body with GET', ['-X', 'GET', '-d', '{}'], 'FLAG_CONFLICT', '--data'],
    ['an empty body', ['-d', ''], 'DOCUMENT_INVALID', '--data'],
    ['a body that is no JSON', ['-d', '{secret: 1}'], 'DOCUMENT_INVALID', '--data'],
    ['a body cut off', ['-d', '{"secret":"hunter2'], 'DOCUMENT_INVALID', '--data'],
    ['a body that nests too deep', ['-d', '['.repeat(100_000)], 'DOCUMENT_INVALID', '--data'],
    ['a file that is not there', ['-d', '@/nowhere/body.json'], 'FILE_UNREADABLE', '--data'],
    ['a file without a name', ['-d', '@'], 'FILE_UNREADABLE', '--data'],
    ['a header without a colon', ['-H', 'X-One'], 'FLAG_INVALID', '--header'],
    ['an empty header', ['-H', ''], 'FLAG_INVALID', '--header'],
    ['a header without a name', ['-H', ': secret'], 'FLAG_INVALID', '--header'],
    ['a header name with a blank', ['-H', 'X One: secret'], 'FLAG_INVALID', '--header'],
    ['a second line in a header', ['-H', 'X-One: 1\r\nX-Two: secret'], 'FLAG_INVALID', '--header'],
    ['a header that is not Latin', ['-H', 'X-One: ключ'], 'FLAG_INVALID', '--header'],
    ['a token of one’s own', ['-H', 'AUTHORIZATION: Bearer secret'], 'FLAG_INVALID', '--header'],
    ['an elevated token of one’s own', ['-H', 'X-Dyn-Elevated-Access-Token: secret'], 'FLAG_INVALID', '--header'],
    ['another host', ['-H', 'Host: evil.example'], 'FLAG_INVALID', '--header'],
    ['a length', ['-H', 'Content-Length: 0'], 'FLAG_INVALID', '--header'],
    ['what is no scope', ['--scope', 'no scope'], 'SCOPE_INVALID', '--scope'],
    ['an empty scope', ['--scope', ''], 'SCOPE_INVALID', '--scope'],
    ['a proof of one’s own', ['-H', 'DPoP: secret'], 'FLAG_INVALID', '--header'],
    ['two scopes', ['--scope', 'a:b', '--scope', 'c:d'], 'FLAG_CONFLICT', '--scope'],
    ['a file for the answer', ['-o', 'x'], 'FLAG_CONFLICT', '--output'],
    ['redirects', ['-L'], 'FLAG_CONFLICT', '--location'],
    ['a way to step up', ['--code-command', 'secret'], 'FLAG_CONFLICT', '--code-command'],
    ['an unknown flag', ['--follow'], 'USAGE', undefined],
    ['two paths', ['/users'], 'USAGE', undefined],
  ])('%s', async (_, args, code, field) => {
    await env.login();
    const { status, error, stderr } = await env.run(['fetch', '/users', ...args, '--json'], offline);
    expect([status, error().code, error().field]).toEqual([2, code, field]);
    expect(stderr).not.toMatch(/secret|hunter2/);
  });

  test('no path at all', async () => {
    const { status, error } = await env.run('fetch --json', offline);
    expect([status, error().code]).toEqual([2, 'USAGE']);
  });

  test('-d - on a terminal is 5', async () => {
    await env.login();
    const { status, error } = await env.run('fetch /users -d - --json', { ...offline, tty: true });
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--data']);
  });
});
