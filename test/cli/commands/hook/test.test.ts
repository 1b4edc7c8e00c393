import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answering, badHook, freePort, goodHook, startHook, type RunningHook } from '../../../backend/sample-hooks.js';
import { stepup, temporaryHome, type Outcome } from '../../../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
let port: string;
let hook: RunningHook;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  port = String(await freePort());
});
afterEach(async () => {
  await hook.close();
  await remove();
});

const jwksUrl = (): string => `http://127.0.0.1:${port}/.well-known/jwks.json`;
const run = (...args: string[]): Promise<Outcome> =>
  stepup(['hook', 'test', hook.url, '--jwks-port', port, ...args], { home });

interface Document {
  cases: { name: string; holds: boolean; expected: string; got: string; hint?: string; advice?: true }[];
  passed: number;
  failed: number;
}

test('a good hook: status 0, every case holds', async () => {
  hook = await startHook(goodHook({ jwksUrl }));
  const { status, json, stderr } = await run(
    '--scope',
    'transfer:write',
    '--scope',
    'key:export',
    '--json',
    '--no-input',
  );
  const { cases, ...counts } = json<Document>();
  expect(cases.filter(({ holds }) => !holds).map(({ name }) => name)).toEqual(['custom step kyc_review']);
  expect([status, counts]).toEqual([0, { passed: 22, failed: 0 }]);
  expect(stderr).toBe(`The key set is at ${jwksUrl()}\n`);
  const known = await run('--scope', 'key:export', '--step-key', 'kyc_review', '--json');
  expect(known.json<Document>().cases.every(({ holds }) => holds)).toBe(true);
});

test('a bad hook: status 3, a table for a person', async () => {
  hook = await startHook(badHook({ jwksUrl }));
  const { status, stdout, stderr } = await stepup(['hook', 'test', hook.url, '--jwks-port', port], { home, tty: true });
  expect(status).toBe(3);
  expect(stdout).toMatch(/FAULT.*unsigned call refused .*4xx .*200: it is taken for Prelude's/);
  expect(stdout).toMatch(/ok.*signature of another key refused/);
  expect(stdout).toMatch(/advice.*signature without prefix accepted/);
  expect(stderr).toContain('must be mended');
});

test('as JUnit XML, printed and in a file', async () => {
  hook = await startHook(answering({ status: 'allow' }));
  const file = join(home, 'hook.xml');
  const { status, stdout } = await run('--format', 'junit', '--junit', file);
  expect(status).toBe(3);
  expect(stdout).toContain(`<testsuite name="hook test ${hook.url}"`);
  expect(stdout).toContain(
    'step_up.hook_failed invalid_status: expected status continue, review, block, got &quot;allow&quot;',
  );
  expect(await readFile(file, 'utf8')).toBe(stdout);
});

test('what the address has in its query is not in the report', async () => {
  hook = await startHook(answering({ status: 'allow' }));
  const args = ['hook', 'test', `${hook.url}?token=hidden`, '--jwks-port', port, '--format', 'junit'];
  const { stdout } = await stepup(args, { home });
  expect(stdout).toContain(`<testsuite name="hook test ${hook.url}"`);
  expect(stdout).not.toContain('hidden');
});

test('without --jwks-port a key that the hook has already is not served', async () => {
  hook = await startHook(goodHook({ jwksUrl }));
  await stepup('keys create --name mine', { home });
  const { status, stderr } = await stepup(['hook', 'test', hook.url, '--key', 'mine', '--json'], { home });
  expect([status, stderr]).toEqual([3, '']);
});

test('a port in use is status 1, flags that are wrong are 2', async () => {
  hook = await startHook(answering({}));
  const taken = await run('--jwks-port', new URL(hook.url).port, '--json');
  expect([taken.status, taken.error()]).toMatchObject([1, { code: 'PORT_IN_USE', field: '--jwks-port' }]);
  const both = await run('--json', '--format', 'junit');
  expect([both.status, both.error().code]).toEqual([2, 'FLAG_CONFLICT']);
  const scope = await run('--scope', 'a b', '--json');
  expect([scope.status, scope.error().code]).toEqual([2, 'SCOPE_INVALID']);
});

test('Ctrl-C ends it with 130', async () => {
  const stopping = new AbortController();
  hook = await startHook(() => stopping.abort());
  const args = ['hook', 'test', hook.url, '--jwks-port', port, '--json'];
  expect((await stepup(args, { home, signal: stopping.signal })).status).toBe(130);
});
