import { constants, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMAIL, SCOPE, startApplication, type Application } from '../../support/application.js';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { plain, stepup, type Outcome, type RunOptions } from '../../support/stepup.js';
import { keyPair } from '../../support/key-pair.js';

let app: Application;
let env: Environment;
beforeAll(async () => {
  [app, env] = await Promise.all([startApplication(), startEnvironment()]);
});
beforeEach(async () => {
  await app.allow({});
  await app.login();
});
afterEach(() => Promise.all([app.reset(), env.reset()]));
afterAll(() => Promise.all([app.close(), env.close()]));

interface Explained {
  kind: string;
  cause: string;
  todo?: string;
  checks: { check: string; ok: boolean | null; expected: string; actual: string; hint?: string }[];
}

async function explain(text: string, args: string[] = [], options: Partial<RunOptions> = {}): Promise<Outcome> {
  return app.run(['explain', '-', ...args], { stdin: text, ...options });
}

/** A token of the emulator with one defect. */
async function minted(defect: string, at: Application | Environment = app): Promise<string> {
  const provider = at === env ? 'dynamic' : 'prelude';
  const response = await at.control.call('POST', '/tokens', { provider, defect, claims: { scope: SCOPE } });
  const { token } = (await response.json()) as { token: string };
  return token;
}

const failed = ({ checks }: Explained): string[] => checks.filter(({ ok }) => ok === false).map(({ check }) => check);

describe('explain', () => {
  test('of a good token is 0: the cause first, then the checks, in a pipe tab-separated', async () => {
    const { stdout: token } = await app.run('token');
    const json = await explain(token, ['--json']);
    expect(json.status).toBe(0);
    expect(json.json<Explained>()).toMatchObject({
      kind: 'token',
      cause: expect.stringMatching(/^Everything that could be checked holds;/),
      checks: expect.arrayContaining([
        { check: 'signature', ok: true, expected: expect.any(String), actual: expect.any(String) },
      ]),
    });
    const pipe = await explain(token);
    const lines = pipe.stdout.split('\n');
    expect(lines[0]).toBe(json.json<Explained>().cause);
    expect(lines[1]).toMatch(/^What to do: /);
    expect(lines.find((line) => line.startsWith('ok\tsignature\t'))).toBeDefined();
  });

  test.each([
    ['none', []],
    ['expired', ['exp']],
    ['not-yet-valid', ['nbf']],
    ['wrong-key', ['signature']],
    ['wrong-issuer', ['iss']],
    ['wrong-app', ['iss']],
    ['alg-none', ['alg', 'signature']],
    ['hs256-public-key', ['alg']],
    ['missing-scope', ['scope']],
    ['scope-substring', ['scope']],
    ['challenge-token', ['kind']],
  ])('finds the defect %s', async (defect, checks) => {
    const token = await minted(defect);
    const { status, json, stdout, stderr } = await explain(token, ['--scope', SCOPE, '--json']);
    expect(failed(json())).toEqual(checks);
    expect(status).toBe(defect === 'none' ? 0 : 3);
    const [, , signature] = token.split('.');
    expect(`${stdout}${stderr}`.includes(signature || token)).toBe(false);
  });

  test('of a request: proof, binding, scope, and a table on a terminal', async () => {
    const { stdout: token } = await app.run('token');
    const text = `curl https://api.example.com/x -H "Authorization: Bearer ${token.trim()}"`;
    const { status, stdout } = await explain(text, ['--scope', SCOPE], { tty: false });
    expect(status).toBe(3);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      `The access token does not hold ${SCOPE}.`,
      `What to do: Step up for it: stepup token --scope ${SCOPE}`,
    ]);
    await writeFile(join(app.home, 'request.txt'), text);
    const table = await app.run(['explain', join(app.home, 'request.txt'), '--scope', SCOPE], { tty: true });
    expect(table.status).toBe(3);
    expect(plain(table.stdout)).toMatch(/CHECK +EXPECTED +ACTUAL/);
    expect(plain(table.stdout)).toMatch(/FAULT +access token: scope +transfer:write +none/);
    expect(table.stdout).not.toContain(token.trim().split('.')[2]);
  });

  test('the clock of the service is told', async () => {
    const { stdout: token } = await app.run('token');
    const { json } = await explain(token, ['--json'], { now: () => Date.now() - 600_000 });
    const clock = json<Explained>().checks.find(({ check }) => check === 'clock');
    expect(clock).toMatchObject({
      ok: false,
      actual: expect.stringMatching(/^(10 min|9 min 59 s|10 min 1 s) behind$/),
    });
  });

  test('with --jwks URL the clock is that of whoever answers there, with or without an application', async () => {
    const { stdout: token } = await app.run('token');
    const keys = await (await fetch(`${app.url}/.well-known/jwks.json`)).text();
    const ahead = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();
    const server = createServer((request, response) => {
      const cached = request.url === '/cached';
      if (request.url === '/silent') response.sendDate = false;
      else response.setHeader('Date', ahead(cached ? -1800 : 600));
      if (cached) response.setHeader('Age', '1800');
      response.end(keys);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clock = (outcome: Outcome): string =>
      outcome.json<Explained>().checks.find(({ check }) => check === 'clock')!.actual;
    try {
      const alone = { home: join(app.home, 'empty'), stdin: token };
      expect(clock(await explain(token, ['--json', '--jwks', jwks]))).toMatch(
        /^(10 min|9 min 59 s|10 min 1 s) behind$/,
      );
      expect(clock(await stepup(`explain - --json --jwks ${jwks}`, alone))).toMatch(/ behind$/);
      expect(clock(await explain(token, ['--json', '--jwks', `${jwks}/cached`]))).toBe('the same');
      expect(clock(await explain(token, ['--json', '--jwks', `${jwks}/silent`]))).toMatch(/^unknown/);
      // A key set in a file has no clock: another issuer's is not that of the application.
      const file = join(app.home, 'jwks.json');
      await writeFile(file, keys);
      expect(clock(await explain(token, ['--json', '--jwks', file]))).toBe('the same');
      const other = ['--json', '--jwks', file, '--issuer', 'auth.example.com'];
      expect(clock(await explain(token, other))).toMatch(/^unknown/);
      // Its own backend publishes the keys of a verification token; the service is who judges it.
      await app.run('keys create');
      const { stdout: own } = await app.run('keys sign --user usr_01 --challenge chl_01 --step kyc_review');
      const { checks } = (await explain(own, ['--json', '--jwks', jwks])).json<Explained>();
      expect(checks.find(({ check }) => check === 'exp')?.actual).toMatch(/, [45] min.* ahead$/);
    } finally {
      server.close();
    }
  });

  test('a verification token is checked against the keys of the backend and the open challenge', async () => {
    await app.allow({ steps: ['kyc_review'] });
    await app.run('keys create');
    const id = (await app.run(`request ${SCOPE} --json --no-input`)).lines<{ challengeId: string }>()[0]!.challengeId;
    await writeFile(join(app.home, 'jwks.json'), (await app.run('keys jwks')).stdout);
    const signing = ['keys', 'sign', '--challenge', id];
    const { stdout: token } = await app.run(signing);
    const jwks = ['--jwks', join(app.home, 'jwks.json'), '--json'];
    const good = await explain(token, jwks);
    expect({ status: good.status, failed: failed(good.json()) }).toEqual({ status: 0, failed: [] });
    expect(good.json<Explained>().checks.find(({ check }) => check === 'key')?.ok).toBe(true);
    const { stdout: other } = await app.run([...signing, '--step', 'selfie']);
    expect((await explain(other, jwks)).json<Explained>().cause).toBe('The challenge has no step selfie.');
    const open = (await explain(token, ['--json'])).json<Explained>();
    expect(open.checks.find(({ check }) => check === 'signature')).toMatchObject({
      ok: null,
      hint: expect.stringContaining('--jwks'),
    });
  });

  test('a challenge token is checked against the keys of challenges', async () => {
    const token = await minted('challenge-token');
    const { checks } = (await explain(token, ['--json'])).json<Explained>();
    expect(checks.find(({ check }) => check === 'signature')?.ok).toBe(true);
  });

  test('without the network what needs it is left open; without an application too', async () => {
    const { stdout: token } = await app.run('token');
    const down: typeof fetch = () =>
      Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }));
    const sleep = (): Promise<void> => Promise.resolve();
    const offline = await explain(token, ['--json'], { fetch: down, sleep });
    expect(offline.status).toBe(0);
    expect(offline.json<Explained>().checks.find(({ check }) => check === 'signature')).toMatchObject({ ok: null });
    const alone = await stepup('explain - --json', { home: join(app.home, 'empty'), stdin: token, fetch: down });
    expect(alone.status).toBe(0);
    expect(alone.json<Explained>().checks.find(({ check }) => check === 'kid')?.actual).toBe(
      'not checked: no application is set up',
    );
    const named = await stepup('explain - --profile nobody --json', { home: join(app.home, 'empty'), stdin: token });
    expect([named.status, named.error().code]).toEqual([2, 'PROFILE_UNKNOWN']);
  });

  test('--jwks and --issuer go before the application', async () => {
    const { stdout: token } = await app.run('token');
    const { publicKey } = keyPair('rsa', { modulusLength: 2048 });
    const file = join(app.home, 'jwks.json');
    await writeFile(file, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'other' }] }));
    const other = await explain(token, ['--json', '--jwks', file, '--issuer', 'https://auth.example.com']);
    expect(failed(other.json())).toEqual(['kid', 'signature', 'iss']);
    const none = await explain(token, ['--json', '--jwks', `${app.url}/nowhere`]);
    expect(none.json<Explained>().checks.find(({ check }) => check === 'signature')?.ok).toBeNull();
  });

  test.each([
    ['hello', [], 'DOCUMENT_INVALID'],
    ['', [], 'DOCUMENT_INVALID'],
    ['HTTP/1.1 401 Unauthorized\r\n\r\n', [], 'DOCUMENT_INVALID'],
    ['hello', ['--as', 'request'], 'DOCUMENT_INVALID'],
    ['a.b.c', ['--at', 'yesterday'], 'FLAG_INVALID'],
    ['a.b.c', ['--url', 'api.example.com'], 'URL_INVALID'],
    ['a.b.c', ['--method', 'G E T'], 'FLAG_INVALID'],
    ['a.b.c', ['--jwks', '-'], 'FLAG_CONFLICT'],
    ['a.b.c', ['--as', 'cookie'], 'USAGE'],
  ])('what is nothing of the kind is 2: %.20j %j', async (text, args, code) => {
    const { status, stdout, error } = await explain(text, [...args, '--json']);
    expect([status, stdout, error().code]).toEqual([2, '', code]);
  });

  test('a token, a command or a file that is not there is never quoted from the argument list', async () => {
    const token = await minted('none');
    for (const argument of [token, `curl -H 'Authorization: Bearer ${token}' https://a`]) {
      const { status, stderr } = await app.run(['explain', argument]);
      expect(status).toBe(2);
      expect(stderr).not.toContain(token.split('.')[1]);
      expect(stderr).toContain('Pipe it in: stepup explain - < FILE');
    }
    expect((await app.run(['explain', '/nowhere/x', '--json'])).error().code).toBe('FILE_UNREADABLE');
    expect((await app.run(['explain', '-', '--json'], { tty: true })).status).toBe(5);
    const large = await explain('x'.repeat(1024 * 1024 + 1), ['--json']);
    expect([large.status, large.error().code]).toEqual([2, 'FLAG_INVALID']);
  });

  test('nothing is called but the key set', async () => {
    const called: string[] = [];
    const counting: typeof fetch = (input, init) => {
      called.push(`${init?.method ?? 'GET'} ${new URL(input instanceof Request ? input.url : input).pathname}`);
      return fetch(input, init);
    };
    await explain(`curl -X DELETE ${app.url}/v1/session/me -H 'Authorization: Bearer ${await minted('none')}'`, [], {
      fetch: counting,
    });
    expect(new Set(called)).toEqual(
      new Set(['GET /.well-known/jwks.json', 'GET /.well-known/oauth-authorization-server']),
    );
  });

  test('a call of a hook is looked at byte for byte', async () => {
    const { privateKey, publicKey } = keyPair('rsa', { modulusLength: 2048 });
    const file = join(app.home, 'jwks.json');
    await writeFile(file, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key-1' }] }));
    const body = '{"scope_requested":"a","user_id":"u","identifiers":[],"signals":{}}';
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const signature = sign('sha256', Buffer.from(body), { key: privateKey, ...padding }).toString('base64url');
    const head = `POST /hook HTTP/1.1\nX-Webhook-Signature: ${signature}\nX-Webhook-Signature-Key-Id: key-1\n\n`;
    const run = async (sent: string): Promise<Explained> =>
      (await explain(head + sent, ['--jwks', file, '--json'])).json();
    expect(await run(body)).toMatchObject({ kind: 'hook', cause: 'Everything that can be checked holds.' });
    expect((await run(body.replaceAll(':', ': '))).cause).toBe(
      'The signature is over other bytes: it fits the body as compact JSON.',
    );
  });
});

test('at Dynamic the pair of tokens is looked at', async () => {
  await env.login(EMAIL);
  const { grant } = (await env.run('request wallet:export --json --code-command phone', { run: env.shell }))
    .lines<{ type: string; grant: { token: string } }>()
    .find(({ type }) => type === 'granted')!;
  const { stdout } = await env.run('token');
  const request = `curl https://api.example.com/x -H "Authorization: Bearer ${stdout.trim()}"`;
  const pair = `${request} -H "x-dyn-elevated-access-token: ${grant.token}"`;
  const run = (text: string): Promise<Outcome> => env.run('explain - --scope wallet:export --json', { stdin: text });
  const good = await run(pair);
  expect({ status: good.status, failed: failed(good.json()) }).toEqual({ status: 0, failed: [] });
  const bad = await run(request);
  expect([bad.status, bad.json<Explained>().cause]).toEqual([
    3,
    'The request carries no elevated token: at Dynamic wallet:export is in a token of its own, in x-dyn-elevated-access-token.',
  ]);
});
