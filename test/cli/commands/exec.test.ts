import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as timer } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FailedError } from '../../../src/errors.js';
import type { Env } from '../../../src/system.js';
import { startApi, type Api } from '../../support/api.js';
import { startApplication, type Application } from '../../support/application.js';
import { startEnvironment } from '../../support/dynamic-application.js';
import type { Outcome, RunOptions } from '../../support/stepup.js';

const SCOPE = 'transfer:write';
const CODES = ['--code-command', 'inbox'];

let app: Application;
let api: Api;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  const { jwksUrl, issuer } = app.ready.prelude;
  api = await startApi({ jwksUrl, issuer });
  await app.addUser();
  await app.allow({ scope: SCOPE });
  await app.login();
});
afterEach(async () => {
  await api.close();
  await app.reset();
});
afterAll(() => app.close());

/** `stepup exec FLAGS -- a command`; `inside` is what the command does with its environment. */
function exec(
  flags: string[],
  inside: (env: Env, words: readonly string[]) => Promise<void> = () => Promise.resolve(),
  options: Partial<RunOptions> = {},
): Promise<Outcome> {
  const run: RunOptions['exec'] = async (words, { env, onStart }) => {
    onStart?.();
    await inside(env, words);
    return { status: 0 };
  };
  // The flag of the test's own emulator comes after the command's words.
  return app.run(['exec', `--emulator=${app.url}`, ...flags, '--', 'a', '--scope', 'b c'], {
    run: app.shell,
    exec: run,
    ...options,
  });
}
const proxied = (...more: string[]): string[] => ['--proxy', api.origin, '--allow-origin', api.origin, ...more];

interface Raw {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}
/** A call with exactly these headers; fetch would not send some of them. */
function call(url: string, headers: Record<string, string> = {}, { method = 'GET', body = '' } = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const going = request(url, { method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(pieces).toString(),
          headers: response.headers,
        }),
      );
    });
    going.on('error', reject);
    going.end(body);
  });
}

describe('the environment of the command', () => {
  test('has a token that holds the scope, its own words, and no management key', async () => {
    let seen: Env = {};
    let words: readonly string[] = [];
    const { status, stdout } = await exec(
      ['--scope', SCOPE, ...CODES],
      async (env, given) => {
        seen = env;
        words = given;
      },
      {
        env: {
          PATH: '/bin',
          STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_1',
          STEPUP_PROXY_URL: 'http://old',
          STEPUP_ACCESS_TOKEN: 'old',
        },
      },
    );
    expect([status, stdout]).toEqual([0, '']);
    expect(words.slice(0, 3)).toEqual(['a', '--scope', 'b c']);
    expect(Object.keys(seen).toSorted()).toEqual(['PATH', 'STEPUP_ACCESS_TOKEN']);
    const answer = await fetch(`${api.origin}/needs/${SCOPE}`, {
      headers: { authorization: `Bearer ${seen.STEPUP_ACCESS_TOKEN}` },
    });
    expect(answer.status).toBe(200);
  });

  test('without --scope it is the session’s own token', async () => {
    let token: string | undefined;
    await exec([], async (env) => void (token = env.STEPUP_ACCESS_TOKEN));
    expect((await fetch(`${api.origin}/me`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  test('at Dynamic the elevated token stands beside it, and is spent', async () => {
    const world = await startEnvironment();
    await world.login();
    let seen: Env = {};
    const run: RunOptions['exec'] = async (_, { env, onStart }) => {
      onStart?.();
      seen = env;
      return { status: 4 };
    };
    const flags = ['--scope', 'wallet:export', ...CODES];
    const { status, stderr } = await world.run(
      ['exec', '--provider', 'dynamic', `--emulator=${world.url}`, ...flags, '--', 'x'],
      {
        run: world.shell,
        exec: run,
      },
    );
    expect(status).toBe(4);
    expect(seen.STEPUP_ACCESS_TOKEN).toMatch(/^eyJ/);
    expect(seen.STEPUP_ELEVATED_ACCESS_TOKEN).toMatch(/^eyJ/);
    expect(seen.STEPUP_ELEVATED_ACCESS_TOKEN).not.toBe(seen.STEPUP_ACCESS_TOKEN);
    expect(stderr).toContain('single use: it is gone');
    expect((await world.run('check wallet:export')).status).toBe(7);
    await world.close();
  });
});

test('at Dynamic the proxy sends the elevated token beside the session’s, to the call that wants it', async () => {
  const world = await startEnvironment();
  await world.login();
  const elevatedHeader = 'x-dyn-elevated-access-token';
  const { jwksUrl, issuer } = world.ready.dynamic;
  const own = await startApi({ jwksUrl, issuer, elevatedHeader, once: true });
  const statuses: number[] = [];
  const run: RunOptions['exec'] = async (_, { env, onStart }) => {
    onStart?.();
    for (const path of ['/me', '/needs/wallet:export', '/me', '/needs/wallet:export']) {
      statuses.push((await call(`${env.STEPUP_PROXY_URL}${path}`)).status);
    }
    return { status: 0 };
  };
  const flags = ['--scope', 'wallet:export', ...CODES, '--proxy', own.origin, '--allow-origin', own.origin];
  await world.run(['exec', '--provider', 'dynamic', `--emulator=${world.url}`, ...flags, '--', 'x'], {
    run: world.shell,
    exec: run,
  });
  expect(statuses).toEqual([200, 200, 200, 200]);
  const sent = own.heard.map(({ url, headers }) => [url.split('/')[1], elevatedHeader in headers]);
  expect(sent).toEqual([
    ['me', false],
    ['needs', false],
    ['needs', true],
    ['me', false],
    ['needs', false],
    ['needs', true],
  ]);
  await own.close();
  await world.close();
});

describe('a grant for a single use', () => {
  beforeEach(() => app.allow({ scope: SCOPE, grantMode: 'single-use' }));

  test('is kept when the command cannot be started', async () => {
    const failing: RunOptions['exec'] = () => Promise.reject(new FailedError('COMMAND_NOT_STARTED', 'There is none.'));
    const { status } = await exec(['--scope', SCOPE, ...CODES], undefined, { exec: failing });
    expect(status).toBe(127);
    expect((await app.run(['check', SCOPE])).status).toBe(0);
  });

  test('goes to one of two commands at once; the other steps up for its own', async () => {
    const tokens: (string | undefined)[] = [];
    const one = (): Promise<Outcome> =>
      exec(['--scope', SCOPE, ...CODES], async (env) => void tokens.push(env.STEPUP_ACCESS_TOKEN));
    await app.run(['request', SCOPE, ...CODES], { run: app.shell });
    const outcomes = await Promise.all([one(), one()]);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0]);
    expect(new Set(tokens).size).toBe(2);
  });

  test('goes with no call through the proxy that does not want it', async () => {
    const statuses: number[] = [];
    api.on('/bare', ({ headers }, response) => {
      const held = String((decodeJwt(headers.authorization?.slice(7) ?? '') as { scope?: string }).scope);
      response.writeHead(held.includes(SCOPE) ? 200 : 403).end();
    });
    const flags = proxied('--scope', SCOPE, '--code-command', 'inbox');
    const { stderr } = await exec(flags, async (env) => {
      for (const path of ['/me', `/needs/${SCOPE}`, '/me', '/bare'])
        statuses.push((await call(`${env.STEPUP_PROXY_URL}${path}`)).status);
    });
    // A refusal without a word names nothing to step up for.
    expect(statuses).toEqual([200, 200, 200, 403]);
    expect(stderr.match(/Challenge \S+ for \S+ now verify_sms/g)).toHaveLength(1);
    const other = await exec(
      flags,
      async (env) => void statuses.push((await call(`${env.STEPUP_PROXY_URL}/bare`)).status),
    );
    expect([statuses.at(-1), other.status]).toEqual([200, 0]);
  });

  test('of calls at once each steps up for its own', async () => {
    let statuses: number[] = [];
    const { jwksUrl, issuer } = app.ready.prelude;
    await api.close();
    api = await startApi({ jwksUrl, issuer, once: true });
    await exec(proxied('--scope', SCOPE, ...CODES), async (env) => {
      const calls = Array.from({ length: 4 }, () => call(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`));
      statuses = (await Promise.all(calls)).map(({ status }) => status);
    });
    expect(statuses).toEqual([200, 200, 200, 200]);
  });

  test('that ends before a call needs it is not handed over', async () => {
    let ahead = 0;
    let status: number | undefined;
    const { stderr } = await exec(
      proxied('--scope', SCOPE, ...CODES),
      async (env) => {
        ahead = 700_000;
        await app.control.call('POST', '/clock', { advance: 700 });
        status = (await call(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`)).status;
      },
      { now: () => Date.now() + ahead },
    );
    expect(stderr.match(/Challenge \S+ for \S+ now verify_sms/g)).toHaveLength(2);
    expect(status).not.toBe(401);
  });

  test('serves the first call through the proxy; the next steps up', async () => {
    const statuses: number[] = [];
    await exec(proxied('--scope', SCOPE, ...CODES), async (env) => {
      for (let each = 0; each < 2; each += 1)
        statuses.push((await call(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`)).status);
    });
    expect(statuses).toEqual([200, 200]);
    // The session's own first, then the one at hand; the session's own again, then that of a step-up.
    const tokens = api.heard.map(({ headers }) => headers.authorization);
    expect([tokens.length, new Set(tokens).size]).toEqual([4, 3]);
  });
});

describe('CI services that mask', () => {
  test('are told of the tokens before the command runs, on standard error', async () => {
    let token = '';
    const { stdout, stderr } = await exec(
      ['--scope', SCOPE, ...CODES],
      async (env) => void (token = env.STEPUP_ACCESS_TOKEN ?? ''),
      { env: { GITHUB_ACTIONS: 'true' } },
    );
    expect(stderr).toContain(`::add-mask::${token}\n`);
    expect(stdout).toBe('');
  });

  test('are told of a token that a step-up in the proxy brings', async () => {
    const { stderr } = await exec(
      proxied('--scope', SCOPE, ...CODES),
      async (env) => {
        await app.run('reset --grants');
        api.on('/new', (_, response) => {
          const challenge = `Bearer error="insufficient_scope", scope="${SCOPE}"`;
          response.writeHead(api.heard.length > 1 ? 200 : 403, { 'www-authenticate': challenge }).end();
        });
        await call(`${env.STEPUP_PROXY_URL}/new`);
      },
      { env: { GITHUB_ACTIONS: 'true' } },
    );
    const [, last = ''] = /^Bearer (.+)$/.exec(api.heard.at(-1)?.headers.authorization ?? '') ?? [];
    expect(last).not.toBe('');
    expect(stderr).toContain(`::add-mask::${last}\n`);
  });
});

describe('the proxy', () => {
  test('adds the token to each call, and passes method, path, body, and answer', async () => {
    api.on('/echo', ({ method, url, headers, body }, response) => {
      response.writeHead(201, { 'x-note': 'ok', 'set-cookie': ['a=1', 'b=2'], 'access-control-allow-origin': '*' });
      response.end(JSON.stringify({ method, url, body: body.toString(), cookie: headers.cookie }));
    });
    let answer: Raw | undefined;
    const { status } = await exec(proxied(), async (env) => {
      const headers = { cookie: 'c=3', authorization: 'Bearer mine', 'x-dyn-elevated-access-token': 'x', dpop: 'y' };
      answer = await call(`${env.STEPUP_PROXY_URL}/echo?q=1&q=2`, headers, { method: 'PUT', body: 'text' });
    });
    expect(status).toBe(0);
    expect(answer?.status).toBe(201);
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      method: 'PUT',
      url: '/echo?q=1&q=2',
      body: 'text',
      cookie: 'c=3',
    });
    expect(answer?.headers).toMatchObject({ 'x-note': 'ok', 'set-cookie': ['a=1', 'b=2'] });
    expect(answer?.headers['access-control-allow-origin']).toBeUndefined();
    const { headers } = api.heard[0]!;
    expect(headers.authorization).toMatch(/^Bearer eyJ/);
    expect([headers.host, headers.dpop, headers['x-dyn-elevated-access-token']]).toEqual([
      new URL(api.origin).host,
      undefined,
      undefined,
    ]);
  });

  test('steps up when the API asks for a scope that was named, once for calls at once', async () => {
    let statuses: number[] = [];
    await app.reset();
    await app.addUser();
    await app.allow({ scope: SCOPE }, { scope: 'key:export' });
    await app.login();
    let ahead = 0;
    const { stderr } = await exec(
      proxied('--scope', SCOPE, '--scope', 'key:export', ...CODES),
      async (env) => {
        // The grants of the start are over by then.
        ahead = 700_000;
        await app.control.call('POST', '/clock', { advance: 700 });
        const calls = Array.from({ length: 3 }, () => call(`${env.STEPUP_PROXY_URL}/needs/key:export`));
        statuses = (await Promise.all(calls)).map(({ status }) => status);
      },
      { now: () => Date.now() + ahead },
    );
    expect(statuses).toEqual([200, 200, 200]);
    expect(stderr.match(/The API wants key:export: stepping up/g)).toHaveLength(1);
  });

  test('lets the API’s answer stand where nobody can step up, and says why, once', async () => {
    const answers: Raw[] = [];
    const { stderr } = await exec(proxied('--no-input'), async (env) => {
      for (let each = 0; each < 2; each += 1) answers.push(await call(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`));
    });
    for (const answer of answers) expect([answer.status, answer.body]).toEqual([403, '{"error":"refused"}']);
    expect(stderr.match(/nobody to ask/g)).toHaveLength(1);
  });

  test('asks no more for a scope that the user has declined', async () => {
    const statuses: number[] = [];
    const { stderr } = await exec(
      proxied(),
      async (env) => {
        for (let each = 0; each < 2; each += 1)
          statuses.push((await call(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`)).status);
      },
      { answers: [['Step up for it?', 'n\n']] },
    );
    expect(statuses).toEqual([403, 403]);
    expect(stderr).toContain('Step up for it?');
  });

  test.each<[Env, Env]>([
    [{}, {}],
    [{ https_proxy: 'http://proxy.test:3128' }, { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }],
    [
      { HTTP_PROXY: 'http://proxy.test:3128', NO_PROXY: 'a.test' },
      { NO_PROXY: 'a.test,127.0.0.1', no_proxy: 'a.test,127.0.0.1' },
    ],
    [{ HTTP_PROXY: 'http://proxy.test:3128', NO_PROXY: '*' }, { NO_PROXY: '*' }],
  ])('is called without a proxy of the network: %j', async (env, expected) => {
    let seen: Env = {};
    await exec(proxied(), async (inner) => void (seen = inner), { env });
    const found = Object.entries(seen).filter(([name, value]) => /^no_proxy$/i.test(name) && value !== undefined);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  test('is good for as long as the command runs, and no longer', async () => {
    let url = '';
    let late: number | undefined;
    await exec(proxied(), async (env) => {
      url = env.STEPUP_PROXY_URL ?? '';
      await app.control.call('POST', '/clock', { advance: 3600 });
      late = (await call(`${url}/me`)).status;
    });
    expect(late).toBe(200);
    await expect(call(`${url}/me`)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('keeps a session that its token alone is, though the command makes no call', async () => {
    const world = await startEnvironment();
    // Long enough not to be renewed at once; each long wait is a short one here.
    await world.control.settings({ dynamic: { sessionSeconds: 61 } });
    await world.login();
    const ends = async (): Promise<number> =>
      Date.parse(
        (await world.run('status --json')).json<{ session: { accessTokenExpiresAt: string } }>().session
          .accessTokenExpiresAt,
      );
    const before = await ends();
    let after = 0;
    const sleep: RunOptions['sleep'] = (ms, signal) => timer(Math.min(ms, 500), undefined, signal ? { signal } : {});
    const run: RunOptions['exec'] = async (_, { onStart }) => {
      onStart?.();
      await expect.poll(async () => (after = await ends()), { timeout: 10_000, interval: 300 }).toBeGreaterThan(before);
      return { status: 0 };
    };
    const flags = ['exec', '--provider', 'dynamic', `--emulator=${world.url}`, ...proxied()];
    const { status, stderr } = await world.run([...flags, '--', 'x'], { exec: run, sleep });
    expect([status, stderr]).toEqual([0, '']);
    expect(after).toBeGreaterThan(before);
    await world.close();
  });

  test('answers to nobody but the command', async () => {
    const statuses: Record<string, number> = {};
    await exec(proxied(), async (env) => {
      const url = env.STEPUP_PROXY_URL ?? '';
      const { origin, host, port, pathname } = new URL(url);
      expect(pathname).toMatch(/^\/[\w-]{22}$/);
      const tries: Record<string, Promise<Raw>> = {
        'the wrong secret': call(`${origin}/${'A'.repeat(22)}/me`),
        'no secret': call(`${origin}/me`),
        'a part of the secret': call(`${url.slice(0, -1)}/me`),
        'another name': call(`${url}/me`, { host: `evil.example:${port}` }),
        localhost: call(`${url}/me`, { host: `localhost:${port}` }),
        'a web page': call(`${url}/me`, { origin: 'https://evil.example' }),
        'its own page': call(`${url}/me`, { origin: `http://${host}` }),
        'a browser': call(`${url}/me`, { 'sec-fetch-site': 'none' }),
      };
      for (const [name, answer] of Object.entries(tries)) statuses[name] = (await answer).status;
    });
    expect(statuses).toEqual({
      'the wrong secret': 404,
      'no secret': 404,
      'a part of the secret': 404,
      'another name': 403,
      localhost: 403,
      'a web page': 403,
      'its own page': 403,
      'a browser': 403,
    });
    expect(api.heard).toEqual([]);
  });

  test('leads to its origin alone, whatever the path says', async () => {
    await exec(proxied(), async (env) => {
      for (const path of ['//evil.example/x', '/../../x', '/http://evil.example/', '/@evil.example/']) {
        await call(`${env.STEPUP_PROXY_URL}${path}`).catch(() => undefined);
      }
    });
    expect(api.heard.length).toBeGreaterThan(2);
    for (const { headers } of api.heard) expect(headers.host).toBe(new URL(api.origin).host);
  });

  test('hands redirects on: within the origin through the proxy again', async () => {
    const to: Record<string, string> = {
      '/near': '/me?x=1',
      '/whole': `${api.origin}/me`,
      '/far': 'https://evil.example/me',
    };
    for (const [path, location] of Object.entries(to))
      api.on(path, (_, response) => void response.writeHead(302, { location }).end());
    const found: unknown[] = [];
    let url = '';
    await exec(proxied(), async (env) => {
      url = env.STEPUP_PROXY_URL ?? '';
      for (const path of Object.keys(to)) found.push((await call(`${url}${path}`)).headers['location']);
    });
    expect(found).toEqual([`${url}/me?x=1`, `${url}/me`, 'https://evil.example/me']);
  });

  test('passes a stream on as it comes', async () => {
    let finish: () => void = () => undefined;
    api.on('/stream', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      finish = () => void response.end('data: 2\n\n');
    });
    await exec(proxied(), async (env) => {
      const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
        request(`${env.STEPUP_PROXY_URL}/stream`, resolve).end();
      });
      const pieces: string[] = [];
      for await (const piece of response as AsyncIterable<Buffer>) {
        pieces.push(piece.toString());
        finish();
      }
      expect(pieces.join('')).toBe('data: 1\n\ndata: 2\n\n');
      expect(pieces[0]).toBe('data: 1\n\n');
    });
  });

  test('passes a long answer on as fast as it is read, without a listener for each piece', async () => {
    const [count, piece] = [400, Buffer.alloc(65_536)];
    api.on('/long', (_, response) => void Readable.from(Array.from({ length: count }, () => piece)).pipe(response));
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    let size = 0;
    await exec(proxied(), async (env) => {
      const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
        request(`${env.STEPUP_PROXY_URL}/long`, resolve).end();
      });
      await timer(200); // nobody reads: the proxy has to wait
      for await (const one of response as AsyncIterable<Buffer>) size += one.length;
    });
    process.off('warning', warned);
    expect(size).toBe(count * piece.length);
    expect(warnings).toEqual([]);
  });

  test('ends the call of a caller who has gone, before and within the answer, and says nothing of it', async () => {
    const ended: string[] = [];
    for (const path of ['/before', '/within']) {
      api.on(path, (_, response) => {
        if (path === '/within') response.write('x');
        response.once('close', () => void ended.push(path));
      });
    }
    const { stderr } = await exec(proxied(), async (env) => {
      const before = request(`${env.STEPUP_PROXY_URL}/before`).on('error', () => undefined);
      before.end();
      await expect.poll(() => api.heard.length).toBe(1);
      before.destroy();
      await expect.poll(() => ended).toEqual(['/before']);
      const within = request(`${env.STEPUP_PROXY_URL}/within`, (response) => {
        response.on('error', () => undefined).once('data', () => within.destroy());
      }).on('error', () => undefined);
      within.end();
      await expect.poll(() => ended).toEqual(['/before', '/within']);
    });
    expect(stderr).toBe('');
  });

  test('asks for nothing packed that the command did not, and calls by no method that fetch has not', async () => {
    let status: number | undefined;
    await exec(proxied(), async (env) => {
      await call(`${env.STEPUP_PROXY_URL}/me`);
      await call(`${env.STEPUP_PROXY_URL}/me`, { 'accept-encoding': 'gzip' });
      ({ status } = await call(`${env.STEPUP_PROXY_URL}/me`, {}, { method: 'TRACE' }));
    });
    expect(api.heard.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'gzip']);
    expect(status).toBe(501);
  });

  test('passes a reason phrase that Node would not, and leads home whichever way a redirect is spelt', async () => {
    const server = createServer(
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 200 \u20ac uro\r\n\r\nok')),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const odd = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    let answer: Raw | undefined;
    await exec(
      ['--proxy', odd, '--allow-origin', odd],
      async (env) => void (answer = await call(`${env.STEPUP_PROXY_URL}/`)),
    );
    expect([answer?.status, answer?.body]).toEqual([200, 'ok']);
    server.close();

    const { host } = new URL(api.origin);
    const led: unknown[] = [];
    let at = '';
    await exec(proxied(), async (env) => {
      at = env.STEPUP_PROXY_URL ?? '';
      for (const location of [
        `//${host}/x?a=b`,
        `HTTP://${host}/x?a=b`,
        `${api.origin}?a=b`,
        '//other.example/x',
        'x',
      ]) {
        api.on('/go', (_, response) => void response.writeHead(302, { location }).end());
        led.push((await call(`${at}/go`)).headers['location']);
      }
    });
    expect(led).toEqual([`${at}/x?a=b`, `${at}/x?a=b`, `${at}/?a=b`, '//other.example/x', 'x']);
  });

  test('lets nothing through that is the proxy’s own, or of one connection', async () => {
    api.on(
      '/hop',
      (_, response) => void response.writeHead(200, { connection: 'x-hop', 'x-hop': '1', 'x-kept': '1' }).end(),
    );
    let answer: Raw | undefined;
    let withBody: number | undefined;
    await exec(proxied('--elevated-header', 'x-el'), async (env) => {
      const url = env.STEPUP_PROXY_URL ?? '';
      answer = await call(`${url}/hop`, {
        referer: `${url}/a`,
        'x-dyn-elevated-access-token': 'forged',
        'x-el': 'forged',
      });
      ({ status: withBody } = await call(`${url}/me`, { 'content-length': '2' }, { body: '{}' }));
    });
    expect(answer?.headers).toMatchObject({ 'x-kept': '1' });
    expect(answer?.headers).not.toHaveProperty('x-hop');
    expect(Object.keys(api.heard[0]!.headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(referer|x-el|x-dyn-elevated-access-token)$/)]),
    );
    expect(withBody).toBe(501);
  });

  test('says what the API wants that nobody can guess', async () => {
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="phr"';
    api.on('/acr', (_, response) => void response.writeHead(401, { 'www-authenticate': challenge }).end());
    const { stderr } = await exec(proxied(), async (env) => void (await call(`${env.STEPUP_PROXY_URL}/acr`)));
    expect(stderr).toContain('of the class phr');
  });

  test('a question that is open when the command ends is taken back', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    let screen = '';
    const { status } = await exec(
      proxied(),
      async (env) => {
        const going = request(`${env.STEPUP_PROXY_URL}/needs/${SCOPE}`).on('error', () => undefined);
        going.end();
        await expect.poll(() => screen).toContain('Step up for it?');
        expect(stdin.listenerCount('keypress')).toBeGreaterThan(0);
      },
      { tty: true, stdin, onStderr: (text) => (screen += text) },
    );
    expect(status).toBe(0);
    await expect.poll(() => stdin.listenerCount('keypress')).toBe(0);
  });

  test('says 502 where the API is not there, and which call it was', async () => {
    let answer: Raw | undefined;
    const flags = ['--proxy', 'http://127.0.0.1:9', '--allow-origin', 'http://127.0.0.1:9'];
    const { stderr } = await exec(flags, async (env) => {
      answer = await call(`${env.STEPUP_PROXY_URL}/me`);
    });
    expect(answer?.status).toBe(502);
    expect(stderr).toMatch(/The proxy: GET: .*127\.0\.0\.1:9/);
  });
});

describe('what is refused before anything runs', () => {
  const never: RunOptions['exec'] = () => Promise.reject(new Error('the command ran'));
  test.each<[string, string[], number, string]>([
    ['a proxy to an origin that nobody has allowed', ['--proxy', 'http://127.0.0.1:9'], 2, 'ORIGIN_NOT_ALLOWED'],
    ['a proxy to an address with a path', ['--proxy', 'http://127.0.0.1:9/x'], 2, 'ORIGIN_INVALID'],
    ['plain http beyond this machine', ['--proxy', 'http://api.example.com'], 2, 'ORIGIN_NOT_ALLOWED'],
    ['a scope that is none', ['--scope', 'a b'], 2, 'SCOPE_INVALID'],
    ['codes from the command’s own input', ['--code', '-'], 2, 'FLAG_CONFLICT'],
    ['an assertion from the command’s own input', ['--assertion', '-'], 2, 'FLAG_CONFLICT'],
    ['a key from the command’s own input', ['--sign-with', '-'], 2, 'FLAG_CONFLICT'],
    ['a step-up that nobody can answer', ['--scope', SCOPE, '--no-input'], 5, 'INPUT_NEEDED'],
  ])('%s', async (_, flags, status, code) => {
    const outcome = await exec([...flags, '--json'], undefined, { exec: never });
    expect([outcome.status, outcome.error().code]).toEqual([status, code]);
  });

  test('--code - would take the standard input of the command', async () => {
    const { status, stderr } = await exec(['--code', '-']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--code')]);
  });

  test('no command at all', async () => {
    expect((await app.run(['exec'])).status).toBe(2);
  });
});
