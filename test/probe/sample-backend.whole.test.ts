/** The sample backends as programs of their own, and the page that lists the mistakes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emulatorVariables } from '../../src/emulator/environment.js';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { bundle, temporaryFolder } from '../store/child.js';
import { freePort } from '../backend/sample-hooks.js';
import { mistakesAt } from './sample-backend.js';

const folder = new URL('../../examples/probe-backends/', import.meta.url);
let world: TestEmulator;
beforeAll(async () => {
  world = await startTestEmulator({ httpsPort: undefined });
});
afterAll(() => world.stop());

async function run(args: string[], env: Record<string, string> = emulatorVariables(world.emulator.ready)) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('backend.mjs', folder)), '--port', '0', ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  await Promise.race([once(child.stdout, 'data'), ended]);
  return {
    text,
    url: text.stdout.trim(),
    end: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      return ((await ended) as [number | null])[0];
    },
  };
}

const STEP_UP =
  'Bearer realm="transfers", error="insufficient_scope", error_description="step up first", scope="wallet:sign"';

test.each([
  { args: [], provider: 'prelude', scope: 'transfer:write', status: 200, challenge: null },
  {
    args: ['--provider', 'dynamic', '--scope', 'wallet:sign'],
    provider: 'dynamic',
    scope: 'user:basic',
    status: 403,
    challenge: STEP_UP,
  },
])('$args prints its address, knows the tokens of $provider, and ends with SIGTERM', async (row) => {
  const backend = await run(row.args);
  expect(backend.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/transfer$/);
  const { provider, scope } = row;
  const minted = await world.control.call('POST', '/tokens', { provider, claims: { scope } });
  const { token } = (await minted.json()) as { token: string };
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(backend.url, { method: 'POST', headers, body: '{}' });
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([row.status, row.challenge]);
  expect((await fetch(new URL('/other', backend.url))).status).toBe(404);
  expect(await backend.end()).toBe(0);
  expect(backend.text.stderr).toBe('');
});

test('a mistake is made by name', async () => {
  const backend = await run(['--mistake', 'open-to-everyone']);
  expect((await fetch(backend.url)).status).toBe(200);
  await backend.end();
});

test.each([
  [['--mistake', 'toString'], 'no such mistake: toString\n'],
  [['--provider', 'other'], 'provider: prelude or dynamic\n'],
  [['--scope', 'two words'], 'scope: one word\n'],
])('%j is refused', async (args, words) => {
  const backend = await run(args);
  expect(await backend.end()).toBe(2);
  expect(backend.text).toEqual({ stdout: '', stderr: words });
});

test('without the variables of a service it does not start', async () => {
  const backend = await run([], {});
  expect(await backend.end()).toBe(2);
  expect(backend.text.stderr).toContain('issuer and jwksUrl: those of the service');
});

test('the page lists every mistake, and where it can be made', async () => {
  const page = await readFile(new URL('README.md', folder), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` +\| .+ \| (both|Prelude|Dynamic) +\|$/gm)];
  const listed = (where: string): string[] =>
    rows.filter(([, , at]) => at === 'both' || at === where).map(([, name = '']) => name);
  expect(listed('Prelude')).toEqual(Object.keys(mistakesAt('prelude')));
  expect(listed('Dynamic')).toEqual(Object.keys(mistakesAt('dynamic')));
});

test.skipIf(process.platform === 'win32').each([
  { args: [], status: 0, fault: undefined },
  { args: ['--mistake', 'scope-as-text'], status: 3, fault: 'the scope as a part of another' },
  { args: ['--provider', 'dynamic'], status: 0, fault: undefined },
  { args: ['--provider', 'dynamic', '--mistake', 'taken-twice'], status: 3, fault: 'a token for one use, used' },
])('try.sh $args ends with $status', async ({ args, status, fault }) => {
  const home = await temporaryFolder();
  const program = await bundle('../cli/program.child.ts');
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin', 'stepup'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  const child = spawn(join(home, 'bin', 'stepup'), ['emulator', 'exec', '--', 'sh', 'try.sh', ...args], {
    cwd: fileURLToPath(folder),
    env: { PATH: `${join(home, 'bin')}:${process.env['PATH']}`, HOME: home, PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  const [ended] = (await once(child, 'close')) as [number | null];
  expect([ended, text.stderr]).toEqual([status, expect.stringContaining('not tried')]);
  expect(/^FAULT\t([^\t]+)/m.exec(text.stdout)?.[1]).toBe(fault);
});
