import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApi, type Api } from '../../support/api.js';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';
import type { Outcome, RunOptions } from '../../support/stepup.js';

const HEADER = 'x-dyn-elevated-access-token';
const SCOPE = 'credential:link';
const CODES = ['--code-command', 'inbox'];

let env: Environment;
let api: Api;
beforeAll(async () => {
  env = await startEnvironment();
});
beforeEach(async () => {
  const { jwksUrl, issuer } = env.ready.dynamic;
  api = await startApi({ jwksUrl, issuer, elevatedHeader: HEADER, once: true });
  await env.login();
});
afterEach(async () => {
  await api.close();
  await env.reset();
});
afterAll(() => env.close());

function call(path: string, args: string[] = [], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const url = `${api.origin}${path}`;
  return env.run(['fetch', url, '--allow-origin', api.origin, ...args], { run: env.shell, ...options });
}

test('the session’s token is the bearer, and the elevated one goes beside it when the API asks', async () => {
  const { status, json } = await call(`/needs/${SCOPE}`, ['--scope', SCOPE, '--json', ...CODES]);
  expect(json()).toMatchObject({ status: 200, scopes: [SCOPE], steppedUp: true });
  expect(status).toBe(0);
  const [first, second] = api.heard;
  expect(first?.headers[HEADER]).toBeUndefined();
  expect(second?.headers[HEADER]).toMatch(/^eyJ/);
  for (const each of [first, second]) expect(each?.headers.authorization).toMatch(/^Bearer eyJ/);
  expect(second?.headers.authorization).not.toContain(String(second?.headers[HEADER]));
  expect([first?.headers.dpop, second?.headers.dpop]).toEqual([undefined, undefined]);
});

test('--elevated-header gives it another name', async () => {
  await env.run(['request', SCOPE, ...CODES], { run: env.shell });
  await call('/me', ['--scope', SCOPE, '--elevated-header', 'X-Elevated']);
  expect(api.heard[0]?.headers['x-elevated']).toMatch(/^eyJ/);
  expect(api.heard[0]?.headers[HEADER]).toBeUndefined();
});

test('a single use is spent by the call, and kept where the API was too busy', async () => {
  await env.run(['request', 'wallet:export', ...CODES], { run: env.shell });
  api.on('/busy', (_, response) => response.writeHead(429).end());
  await call('/busy', ['--scope', 'wallet:export']);
  const { status, stderr } = await call('/needs/wallet:export', ['--scope', 'wallet:export']);
  expect([status, stderr]).toEqual([0, expect.stringContaining('it is spent')]);
  expect((await env.run('check wallet:export')).status).toBe(7);
});

test('token --scope prints the elevated token; one for a single use once', async () => {
  const { status, stdout } = await env.run(['token', '--scope', SCOPE, ...CODES], { run: env.shell });
  expect(status).toBe(0);
  expect((await env.run('token')).stdout).not.toBe(stdout);
  expect((await env.run(['token', '--scope', SCOPE])).stdout).toBe(stdout);
  const once = await env.run(['token', '--scope', 'wallet:export', '--json', ...CODES], { run: env.shell });
  expect(once.json()).toMatchObject({ scopes: ['wallet:export'], singleUse: true, steppedUp: true });
  expect((await env.run('check wallet:export')).status).toBe(7);
  const verified = await env.run('token - --verify --json', { stdin: stdout });
  expect([verified.status, verified.json()]).toMatchObject([0, { verified: true, claims: { scope: SCOPE } }]);
  expect((await env.run('token - --decode', { stdin: once.json<{ token: string }>().token })).stdout).toMatch(
    /^Scopes {2}wallet:export \(for a single use\)$/m,
  );
});

test('the session’s own token is verified as well', async () => {
  expect((await env.run('token --verify')).status).toBe(0);
});

test('the flags of request say how to prove it; a way that is not there is refused', async () => {
  const args = ['--scope', SCOPE, '--method', 'email', '--json', ...CODES];
  expect((await call(`/needs/${SCOPE}`, args)).json()).toMatchObject({ steppedUp: true });
  const bad = await call('/me', ['--method', 'brew', '--json']);
  expect([bad.status, bad.error().code, bad.error().field]).toEqual([2, 'FLAG_INVALID', '--method']);
});

test('a scope that the API names and Dynamic cannot have is reported, and its answer stands', async () => {
  const challenge = 'Bearer error="insufficient_scope", scope="admin"';
  api.on('/odd', (_, response) => response.writeHead(403, { 'www-authenticate': challenge }).end('odd'));
  const { status, stdout, stderr } = await call('/odd', CODES, { answers: [['Step up for it?', 'y\n']] });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'odd' });
  expect(stderr).toContain('has no scope for');
});
