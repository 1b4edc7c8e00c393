/** `exec` as a real process: streams, masks, signals and statuses of the command that it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bundle, start, type Child } from '../../store/child.js';
import { startApplication, type Application } from '../../support/application.js';

const SCOPE = 'transfer:write';
const windows = process.platform === 'win32';

let app: Application;
let program: string;
let children: Child[] = [];
beforeAll(async () => {
  [program, app] = await Promise.all([bundle('../cli/program.child.ts'), startApplication()]);
  await app.addUser();
  await app.allow({ scope: SCOPE, grantedFor: 3600 });
  await app.login();
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
});
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map(({ end }) => end));
  children = [];
});
afterAll(() => app.close());

function exec(flags: string[], words: string[], env: Record<string, string> = {}): Child {
  const child = start(program, ['exec', `--emulator=${app.url}`, ...flags, '--', ...words], {
    env: { PATH: process.env.PATH, STEPUP_HOME: app.home, ...env },
  });
  children.push(child);
  return child;
}

/** A script that node runs under `exec`. */
async function script(words: string): Promise<string[]> {
  const file = join(app.home, `script-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, words);
  return [process.execPath, file];
}

test('its streams are the command’s own, its status too, and a token of the scope is there', async () => {
  const child = exec(
    ['--scope', SCOPE],
    await script(`
      const claims = JSON.parse(Buffer.from(process.env.STEPUP_ACCESS_TOKEN.split('.')[1], 'base64url'));
      process.stderr.write(claims.scope);
      process.stdin.pipe(process.stdout);
      process.stdin.on('end', () => process.exit(7));
    `),
  );
  child.process.stdin!.end('what was typed\n');
  expect(await child.end).toEqual({ status: 7, signal: null, stdout: 'what was typed\n', stderr: SCOPE });
});

test('--mask takes tokens out of both streams, whole and in pieces, and nothing else', async () => {
  const child = exec(
    ['--scope', SCOPE, '--mask', '--proxy', 'http://127.0.0.1:9', '--allow-origin', 'http://127.0.0.1:9'],
    await script(`
      const { STEPUP_ACCESS_TOKEN: token, STEPUP_PROXY_URL: url } = process.env;
      process.stdout.write('a ' + token.slice(0, 50));
      await new Promise((go) => setTimeout(go, 50));
      process.stdout.write(token.slice(50) + ' b\\n' + 'x'.repeat(300_000) + '\\n' + url + ' end');
      process.stderr.write('err ' + token);
    `),
  );
  const { status, stdout, stderr } = await child.end;
  expect(status).toBe(0);
  expect(stdout).toMatch(/^a \*\*\* b\nx{300000}\nhttp:\/\/127\.0\.0\.1:\d+\/\*\*\* end$/);
  expect(stderr).toBe('err ***');
});

test.skipIf(windows)('--mask loses nothing when its reader takes its time', async () => {
  const words = await script(`for (let i = 0; i < 60_000; i += 1) console.log(i);`);
  const line = [process.execPath, program, 'exec', `--emulator=${app.url}`, '--mask', '--', ...words].join(' ');
  const child = spawn('sh', ['-c', `${line} | (sleep 3; wc -l)`], {
    env: { PATH: process.env.PATH, STEPUP_HOME: app.home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect((await text(child.stdout)).trim()).toBe('60000');
});

test('--mask does not wait for what the command has left behind', async () => {
  const child = exec(
    ['--mask'],
    await script(`
      import { spawn } from 'node:child_process';
      const left = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 20_000)'], { stdio: 'inherit' });
      console.log(left.pid);
      left.unref();
    `),
  );
  const { status, stdout } = await child.end;
  expect(status).toBe(0);
  // It is there still.
  expect(process.kill(Number(stdout))).toBe(true);
});

test.skipIf(windows)('a reader that goes away ends a command that goes on printing', async () => {
  const child = exec(['--mask'], await script(`setInterval(() => process.stdout.write('line\\n'), 1);`));
  await child.line;
  child.process.stdout!.destroy();
  const { status, signal } = await child.end;
  expect([status, signal]).not.toEqual([0, null]);
});

test('a command that is not there is 127', async () => {
  const { status, stderr } = await exec(['--mask'], ['no-such-command-anywhere']).end;
  expect(status).toBe(127);
  expect(stderr).toContain('there is no such command');
});

test.skipIf(windows)('a command that a signal ended is 128 and its number', async () => {
  const { status } = await exec([], await script(`process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 1000);`))
    .end;
  expect(status).toBe(137);
});

test.skipIf(windows)('a signal reaches the command once, whatever is masked', async () => {
  const child = exec(
    ['--mask'],
    await script(`
      process.on('SIGTERM', () => { console.log('SIGTERM'); setTimeout(() => process.exit(9), 300); });
      setInterval(() => undefined, 1000);
      console.log('ready');
    `),
  );
  await child.line;
  child.process.kill('SIGTERM');
  expect(await child.end).toMatchObject({ status: 9, stdout: 'ready\nSIGTERM\n' });
});

/** util-linux' script(1) makes a terminal. */
test.skipIf(process.platform !== 'linux')('on a terminal the command has it, with --mask too', async () => {
  const words = await script(`console.log([process.stdout.isTTY, process.stdin.isTTY].join(' '));`);
  const line = [process.execPath, program, 'exec', `--emulator=${app.url}`, '--mask', '--', ...words].join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: { PATH: process.env.PATH, STEPUP_HOME: app.home, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (piece: Buffer) => (screen += piece.toString()));
  await once(child, 'close');
  expect(screen).toContain('true true');
});
