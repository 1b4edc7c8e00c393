import { createHmac, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Case } from '../../../src/backend/case.js';
import { startApi, type Api } from '../../support/api.js';
import { startApplication, type Application } from '../../support/application.js';
import type { Outcome, RunOptions } from '../../support/stepup.js';

const SCOPE = 'transfer:write';

let app: Application;
let api: Api;
let servers: Server[] = [];
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
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  servers = [];
  await app.reset();
});
afterAll(() => app.close());

/** A server that answers to whether a request has a token at all. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `stepup probe`, this API allowed, on an emulator that mints. */
function probe(url: string, args: string[] = [], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const env = { STEPUP_EMULATOR_CONTROL_TOKEN: app.ready.controlToken };
  const flags = ['--scope', SCOPE, '--allow-origin', new URL(url).origin, '--code-command', 'inbox'];
  return app.run(['probe', url, ...flags, ...args], { run: app.shell, env, ...options });
}
const casesOf = ({ json }: Outcome): Case[] => json<{ cases: Case[] }>().cases;
const named = (outcome: Outcome, name: string): Case | undefined => casesOf(outcome).find((one) => one.name === name);
const GOOD = 'the elevated token';

test('a token for a single use whose answer was lost is spent; one that never went out is kept', async () => {
  await app.allow({ scope: SCOPE, grantMode: 'single-use' });
  const isHeld = async (): Promise<boolean> => (await app.run(['check', SCOPE])).status === 0;
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
  expect((await probe('http://127.0.0.1:9/x')).status).toBe(6);
  expect(await isHeld()).toBe(true);
  expect((await probe(await serve((request) => void request.socket.destroy()))).status).toBe(6);
  expect(await isHeld()).toBe(false);
});

test('the body comes as curl takes it, and standard input has one reader', async () => {
  let body = '';
  const address = await serve(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    body ||= Buffer.concat(pieces).toString();
    response.writeHead(request.headers.authorization ? 200 : 401).end();
  });
  await probe(address, ['-d', 'a=1', '-d', 'b=2']);
  expect(body).toBe('a=1&b=2');
  const two = await app.run(['probe', address, '--scope', SCOPE, '-d', '-', '--code', '-', '--json'], { stdin: '1' });
  expect([two.status, two.error().code, two.error().field]).toEqual([2, 'FLAG_CONFLICT', '--code']);
});

test('an API that demands the scope and knows no sessions: a table, one thing to mend, and JUnit beside it', async () => {
  const file = join(app.home, 'probe.xml');
  const { status, stdout, stderr } = await probe(`${api.origin}/needs/${SCOPE}`, ['--junit', file]);
  expect(stderr).toMatch(/29 hold, 1 must be mended, 2 not tried\.\n$/);
  expect(stdout).toMatch(/ok\s+the elevated token\s+let in\s+200/);
  expect(stdout).toMatch(/ok\s+no token\s+refused\s+401, bearer/);
  expect(stdout).toMatch(/ok\s+expired\s+refused\s+401, bearer invalid_token/);
  expect(stdout).toMatch(/FAULT\s+a revoked session\s+refused\s+let in: 200\s+It is good for minutes/);
  expect(stdout).toMatch(/untried\s+a verification token/);
  expect(status).toBe(3);
  const xml = await readFile(file, 'utf8');
  expect(xml).toContain('failures="1"');
  expect(xml).toContain('<skipped message="expected refused, got not tried. It needs the key of your own steps');
});

test('tokens are in no output, and the origin is remembered as for fetch', async () => {
  const seen = await probe(`${api.origin}/needs/${SCOPE}`, ['--json']);
  const { stdout, stderr } = await probe(`${api.origin}/me`, ['--debug']);
  expect(`${seen.stdout}${seen.stderr}${stdout}${stderr}`).not.toMatch(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/);
  const again = await app.run(['fetch', `${api.origin}/me`]);
  expect(again.status).toBe(0);
});

test('an API that lets everybody who is logged in do it: status 3, with what to do', async () => {
  const outcome = await probe(`${api.origin}/me`, ['--json']);
  expect(outcome.status).toBe(3);
  expect(named(outcome, 'another scope')).toMatchObject({ holds: false, got: 'let in: 200' });
  expect(named(outcome, 'no token')).toMatchObject({ holds: true });
  expect((await probe(`${api.origin}/me`)).stdout).toContain('FAULT');
});

test('an API that refuses the real token: nothing is proved, the rest is not made', async () => {
  const outcome = await probe(`${api.origin}/needs/other:scope`, ['--json']);
  expect(outcome.status).toBe(3);
  expect(named(outcome, GOOD)).toMatchObject({ holds: false, got: '403, bearer insufficient_scope' });
  expect(casesOf(outcome).filter(({ untried }) => !untried)).toHaveLength(1);
  expect(api.heard).toHaveLength(1);
});

test('method, header and body go with every request; each that is let in is carried out, which a note says', async () => {
  const url = `${api.origin}/needs/${SCOPE}`;
  const { stderr } = await probe(url, ['-d', '{"amount":1}', '-H', 'X-One: 1']);
  expect(api.heard.length).toBeGreaterThan(10);
  expect(stderr).toContain('Each POST that the API lets in is carried out.');
  for (const { method, headers, body } of api.heard) {
    expect([method, headers['x-one'], headers['content-type'], body.toString()]).toEqual([
      'POST',
      '1',
      'application/json',
      '{"amount":1}',
    ]);
  }
});

describe('answers of APIs as they are', () => {
  const isGood = async (): Promise<string> => {
    const { stdout } = await app.run(['token', '--scope', SCOPE, '--code-command', 'inbox'], { run: app.shell });
    return `Bearer ${stdout.trim()}`;
  };
  /** Answers to the real token, and to the emulator's good one, as `good`; to all others as `bad`. */
  async function outcomeOf(
    good: (response: ServerResponse) => void,
    bad: (response: ServerResponse) => void,
  ): Promise<Outcome> {
    const real = await isGood();
    const url = await serve(({ headers }, response) => (headers.authorization === real ? good : bad)(response));
    return probe(`${url}/x`, ['--json']);
  }
  const end =
    (status: number, headers: Record<string, string> = {}) =>
    (response: ServerResponse): void =>
      void response.writeHead(status, headers).end();

  test.each<[string, number, (response: ServerResponse) => void]>([
    ['hidden behind a 404', 200, end(404)],
    ['sent to a page for a login', 200, end(302, { location: '/login' })],
    ['a bad request', 200, end(400)],
  ])('%s is refused', async (_, good, bad) => {
    const outcome = await outcomeOf(end(good), bad);
    expect(named(outcome, 'alg none')).toMatchObject({ holds: true });
    expect(named(outcome, 'how a bad token is refused')).toMatchObject({ holds: false, advice: true });
    expect(outcome.status).toBe(0);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ['breaks', end(500), '500'],
    ['is too busy', end(429), '429'],
    ['closes the connection', (response) => void response.destroy(), 'no answer: '],
  ])('one that %s lets nobody in, and is advised', async (_, bad, got) => {
    const outcome = await outcomeOf(end(200), bad);
    const wanted = { holds: false, advice: true, got: expect.stringContaining(got) };
    expect(named(outcome, 'alg none')).toMatchObject(wanted);
    // The emulator's own good token is refused here, too.
    expect(named(outcome, 'expired')).toMatchObject({ untried: true });
    expect(outcome.status).toBe(0);
  });

  test('a body that the API does not like: who gets as far is let in, and the user is told', async () => {
    const outcome = await outcomeOf(end(422), end(401));
    expect(named(outcome, GOOD)).toMatchObject({ advice: true, hint: expect.stringContaining('-d') });
    expect(outcome.status).toBe(0);
    const real = await isGood();
    const url = await serve(({ headers }, response) => {
      const { authorization = '' } = headers;
      end(authorization === real || authorization.split('.').length === 3 ? 422 : 401)(response);
    });
    const careless = await probe(`${url}/x`, ['--json']);
    expect(named(careless, 'alg none')).toMatchObject({ holds: false, got: 'let in: 422' });
    expect(careless.status).toBe(3);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['the same refusal of its own', end(400)],
    ['a page that is not there', end(404)],
    ['a redirect', end(302, { location: '/login?next=/x' })],
  ])('%s for everybody: nothing can be told apart, and nobody is accused', async (_, same) => {
    const outcome = await outcomeOf(same, same);
    expect(outcome.status).toBe(3);
    expect(named(outcome, GOOD)).toMatchObject({ holds: false });
    expect(casesOf(outcome).filter(({ untried, advice }) => !untried && !advice)).toHaveLength(1);
  });

  test('redirected to where it is, or to a login: an address that redirects is none to probe', async () => {
    const outcome = await outcomeOf(end(303, { location: '/transfers/1?a=b' }), end(303, { location: '/login' }));
    expect(named(outcome, GOOD)).toMatchObject({ holds: false, got: '303, to /transfers/1' });
    expect(casesOf(outcome).filter(({ untried }) => !untried)).toHaveLength(1);
  });

  test('one that goes away, or limits calls, has refused nobody: a good token comes last again', async () => {
    for (const later of [end(429), end(401), (response: ServerResponse) => void response.destroy()]) {
      let calls = 0;
      const url = await serve((_, response) => ((calls += 1) <= 3 ? end(200) : later)(response));
      const outcome = await probe(`${url}/x`, ['--json']);
      expect(named(outcome, 'the elevated token, once more')).toMatchObject({ holds: false });
      expect(outcome.status).toBe(3);
    }
  });

  test('the secret of HS256 is the key without the line end of its file, too', async () => {
    const [jwk] = ((await (await fetch(app.ready.prelude.jwksUrl)).json()) as { keys: JWK[] }).keys;
    const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
      .toString();
    const real = await isGood();
    const url = await serve(({ headers }, response) => {
      const { authorization = '' } = headers;
      const [, head = '', body = '', signature] = /^Bearer ([^.]+)\.([^.]+)\.([^.]+)$/.exec(authorization) ?? [];
      const mac = createHmac('sha256', pem.trim()).update(`${head}.${body}`).digest('base64url');
      end(authorization === real || signature === mac ? 200 : 401)(response);
    });
    const outcome = await probe(`${url}/x`, ['--json']);
    expect(named(outcome, 'HS256 with the public key')).toMatchObject({ holds: false, got: 'let in: 200' });
  });

  test('a hostile WWW-Authenticate stays in its row', async () => {
    const evil = `Bearer error="${'x'.repeat(3000)}", scope="a b"`;
    const outcome = await outcomeOf(end(200), end(401, { 'www-authenticate': evil }));
    expect(named(outcome, 'no token')?.got.length).toBeLessThan(200);
  });
});

test('an emulator whose control token is not known mints nothing: a warning, and rows that say why', async () => {
  const outcome = await probe(`${api.origin}/needs/${SCOPE}`, ['--json'], { env: {} });
  expect(outcome.status).toBe(0);
  expect(outcome.stderr).toContain('It mints no tokens');
  expect(named(outcome, 'expired')).toMatchObject({ untried: true, hint: expect.stringContaining('an emulator') });
  expect(named(outcome, 'alg none')).toMatchObject({ holds: true });
  expect(named(outcome, 'signed by another key')).toMatchObject({ holds: true });
  expect(named(outcome, 'the token before the step-up')).toMatchObject({ holds: true });
});

describe('what is refused before a token goes out', () => {
  test.each<[string, string[], number, string]>([
    ['no scope', ['probe', 'http://127.0.0.1:9/x'], 2, 'FLAG_INVALID'],
    [
      'no such scope',
      ['probe', 'http://127.0.0.1:9/x', '--scope', 'a b', '--allow-origin', 'http://127.0.0.1:9'],
      2,
      'SCOPE_INVALID',
    ],
    ['an origin that nobody has allowed', ['probe', 'http://127.0.0.1:9/x', '--scope', SCOPE], 2, 'ORIGIN_NOT_ALLOWED'],
    [
      'plain http beyond this machine',
      ['probe', 'http://api.example.com/x', '--scope', SCOPE],
      2,
      'ORIGIN_NOT_ALLOWED',
    ],
    ['no address', ['probe', 'nowhere', '--scope', SCOPE], 2, 'URL_INVALID'],
    ['a body for GET', ['probe', 'http://127.0.0.1:9/x', '--scope', SCOPE, '-X', 'GET', '-d', 'x'], 2, 'FLAG_CONFLICT'],
  ])('%s', async (_, args, status, code) => {
    const outcome = await app.run([...args, '--json']);
    expect([outcome.status, outcome.error().code]).toEqual([status, code]);
  });

  test('a step-up that nobody can answer is status 5', async () => {
    const outcome = await app.run([
      'probe',
      `${api.origin}/x`,
      '--scope',
      SCOPE,
      '--allow-origin',
      api.origin,
      '--no-input',
      '--json',
    ]);
    expect([outcome.status, outcome.error().code]).toEqual([5, 'INPUT_NEEDED']);
    expect(api.heard).toEqual([]);
  });

  test('an API that is not there is status 6, and a grant for a single use is kept', async () => {
    await app.allow({ scope: SCOPE, grantMode: 'single-use' });
    const outcome = await probe('http://127.0.0.1:9/x', ['--json']);
    expect([outcome.status, outcome.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    expect((await app.run(['check', SCOPE])).status).toBe(0);
  });
});
