/** `emulator exec` and `emulator start` as real processes: signals, streams and what is left of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Ready } from '../../../../src/emulator/emulator.js';
import { bundle, start, temporaryFolder, type Child } from '../../../store/child.js';

let program: string;
let folder: string;
let temporary: string;
let children: Child[] = [];

beforeAll(async () => {
  program = await bundle('../cli/program.child.ts');
});

beforeEach(async () => {
  folder = await temporaryFolder();
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
});

afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map(({ end }) => end));
  children = [];
});

function stepup(args: string[], env: Record<string, string> = {}): Child {
  const child = start(program, args, { env: { PATH: process.env.PATH, HOME: folder, TMPDIR: temporary, ...env } });
  children.push(child);
  return child;
}

/** A script that node runs under `emulator exec`. */
async function script(text: string): Promise<string[]> {
  const file = join(folder, 'script.mjs');
  await writeFile(file, text);
  return ['emulator', 'exec', '--', process.execPath, file];
}

/** Says each signal that it gets, and ends half a second after the first. */
const COUNTING = `
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {
    console.log(name);
    setTimeout(() => process.exit(9), 500);
  });
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

const windows = process.platform === 'win32';

test('its streams are the command’s own, its status too, and nothing is left', async () => {
  const child = stepup(
    await script(`
      process.stderr.write(String((await fetch(process.env.STEPUP_EMULATOR_HTTPS_URL + '/.well-known/jwks.json')).status));
      process.stdin.pipe(process.stdout);
      process.stdin.on('end', () => process.exit(7));
    `),
  );
  child.process.stdin!.end('what was typed\n');
  expect(await child.end).toEqual({ status: 7, signal: null, stdout: 'what was typed\n', stderr: '200' });
  expect(await readdir(temporary)).toEqual([]);
  expect(await readdir(folder)).toEqual(['script.mjs', 'tmp']);
});

test('--export-on-exit of a folder is refused before the command runs', async () => {
  const child = stepup([
    'emulator',
    'exec',
    '--export-on-exit',
    temporary,
    '--',
    process.execPath,
    '-e',
    'console.log(1)',
  ]);
  const { status, stdout, stderr } = await child.end;
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`The state cannot be written to ${temporary}: it is a folder.`);
});

test('a fault cuts an answer in an emulator that owns its process, without a word', async () => {
  const child = stepup(
    await script(`
      import { get } from 'node:http';
      const { STEPUP_EMULATOR_CONTROL_URL: control, STEPUP_EMULATOR_CONTROL_TOKEN: token, STEPUP_EMULATOR_URL: url } = process.env;
      await fetch(control + '/faults', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
        body: JSON.stringify({ match: { path: '/v1/*' }, do: { truncate: 9 } }),
      });
      get(url + '/v1/session/password/compliancy', (response) => {
        let text = '';
        response.on('data', (part) => (text += part)).on('error', () => undefined);
        response.on('close', () => console.log(JSON.stringify({ text, complete: response.complete })));
      });
    `),
  );
  const { stdout, stderr } = await child.end;
  expect([JSON.parse(stdout), stderr]).toEqual([{ text: '{"min_len', complete: false }, '']);
});

test.skipIf(windows).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s reaches the command once', async (name) => {
  const child = stepup(await script(COUNTING));
  await child.line;
  child.process.kill(name);
  child.process.kill(name); // as npm does when the whole group has got it
  expect(await child.end).toEqual({ status: 9, signal: null, stdout: `ready\n${name}\n`, stderr: '' });
  expect(await readdir(temporary)).toEqual([]);
});

/** On a terminal Ctrl-C goes to its whole foreground process group. util-linux' script(1) makes one. */
test.runIf(process.platform === 'linux')('Ctrl-C on a terminal reaches the command once', async () => {
  const words = [process.execPath, program, ...(await script(COUNTING))];
  const terminal = spawn('script', ['-qec', `exec ${words.map((word) => `'${word}'`).join(' ')}`, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: temporary, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  await new Promise<void>((ready) => {
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (shown.includes('ready')) ready();
    });
  });
  terminal.stdin.write('\u0003');
  const [status] = await once(terminal, 'exit');
  expect(shown.match(/SIG\w+/g)).toEqual(['SIGINT']);
  expect(status).toBe(9);
  expect(await readdir(temporary)).toEqual([]);
});

test.skipIf(windows)('a command that a signal ended is 128 and its number', async () => {
  const child = stepup(await script(`console.log('ready'); setInterval(() => undefined, 1000);`));
  await child.line;
  child.process.kill('SIGTERM');
  expect(await child.end).toMatchObject({ status: 143, signal: null });
  expect(await readdir(temporary)).toEqual([]);
});

test.skipIf(windows)('a command that does not end when it is told is killed when it is told again', async () => {
  const child = stepup(
    await script(`
      process.on('SIGTERM', () => console.log('no'));
      console.log('ready');
      setInterval(() => undefined, 1000);
    `),
  );
  await child.line;
  const told = once(child.process.stdout!, 'data');
  child.process.kill('SIGTERM');
  await told;
  await pause(500); // more than what counts as the same signal
  child.process.kill('SIGTERM');
  expect(await child.end).toMatchObject({ status: 137, stdout: 'ready\nno\n' });
  expect(await readdir(temporary)).toEqual([]);
});

test.skipIf(windows)('what the command leaves behind does not hold it, nor does its connection', async () => {
  const child = stepup([
    'emulator',
    'exec',
    '--',
    'sh',
    '-c',
    `'${process.execPath}' -e '
      const { get } = require("node:http");
      const { STEPUP_EMULATOR_CONTROL_URL: url, STEPUP_EMULATOR_CONTROL_TOKEN: token } = process.env;
      get(url + "/events", { headers: { authorization: "Bearer " + token } }, () => require("node:fs").writeFileSync("${folder}/up", ""));
      setInterval(() => undefined, 1000);
    ' >/dev/null 2>&1 & echo $!; while [ ! -e "${folder}/up" ]; do :; done; exit 3`,
  ]);
  const orphan = Number(await child.line);
  const [status] = await once(child.process, 'exit');
  expect(status).toBe(3);
  expect(process.kill(orphan, 'SIGKILL')).toBe(true);
});

test('a command that is not there is 127 with one line and what to do; one that is no program, too', async () => {
  const missing = await stepup(['emulator', 'exec', '--', join(folder, 'missing')]).end;
  expect(missing).toMatchObject({ status: 127, stdout: '' });
  expect(missing.stderr).toContain(`"${join(folder, 'missing')}" cannot be started: there is no such command.\n`);
  expect(missing.stderr.trimEnd().split('\n')).toHaveLength(2);
  if (windows) return;
  await writeFile(join(folder, 'text'), 'text');
  await chmod(join(folder, 'text'), 0o600);
  const text = await stepup(['emulator', 'exec', '--', join(folder, 'text')]).end;
  expect(text).toMatchObject({ status: 127, stderr: expect.stringContaining('permission denied') });
  expect(await readdir(temporary)).toEqual([]);
});

test('two at once have an emulator each', async () => {
  const words = await script('console.log(process.env.STEPUP_EMULATOR_URL); process.stdin.resume();');
  const both = [stepup(words), stepup(words)];
  const urls = await Promise.all(both.map(({ line }) => line));
  expect(new Set(urls).size).toBe(2);
  for (const url of urls) expect((await fetch(`${url}/__emulator/health`)).status).toBe(200);
  for (const { process: child } of both) child.stdin!.end();
  for (const { end } of both) expect(await end).toMatchObject({ status: 0, stderr: '' });
  expect(await readdir(temporary)).toEqual([]);
});

test.skipIf(windows).each(['SIGINT', 'SIGTERM'] as const)(
  'emulator start: %s finishes the request under way, removes the ready file and is status 0',
  async (name) => {
    const home = join(folder, 'home');
    const child = stepup(['emulator', 'start', '--json', '--port', '0', '--https-port', '0'], { STEPUP_HOME: home });
    const { url, controlUrl, controlToken } = JSON.parse(await child.line) as Ready;
    expect(await (await fetch(`${controlUrl}/health`)).json()).toMatchObject({ status: 'ok', store: 'memory' });
    expect(await readdir(join(home, 'emulators'))).toEqual([`${new URL(url).port}.json`]);
    await fetch(`${controlUrl}/faults`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controlToken}` },
      body: JSON.stringify({ match: { path: '/.well-known/jwks.json' }, do: { latencyMs: 1000 } }),
    });
    const slow = fetch(`${url}/.well-known/jwks.json`);
    await pause(400); // on its way
    child.process.kill(name);
    expect((await slow).status).toBe(200);
    expect(await child.end).toMatchObject({ status: 0, signal: null, stderr: '' });
    expect(await readdir(join(home, 'emulators'))).toEqual([]);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  },
);
