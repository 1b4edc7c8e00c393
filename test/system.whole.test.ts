/** The real outside world, in real child processes: its signals, streams and children belong to a whole process. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { bundle, start, temporaryFolder, type Child } from './store/child.js';

let script: string;
let children: Child[] = [];

beforeAll(async () => {
  script = await bundle('../system.child.ts');
});

afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map(({ end }) => end));
  children = [];
});

function run(args: string[], env: Record<string, string> = {}): Child {
  const child = start(script, args, { env: { PATH: process.env.PATH, HOME: homedir(), ...env } });
  children.push(child);
  return child;
}

async function answer(args: string[]): Promise<unknown> {
  const { stdout, stderr } = await run(args).end;
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Waits until a process has ended, at most two seconds. One that nobody has asked about yet (a zombie) has. */
async function gone(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 100; turn += 1) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    if (/^\s*(Z|$)/.test(stdout)) return true;
    await pause(20);
  }
  return false;
}

const windows = process.platform === 'win32';

test.skipIf(windows).each([
  [{ STEPUP_HOME: '/a/b/../c', XDG_CONFIG_HOME: '/x' }, '/a/c'],
  [{ STEPUP_HOME: 'rel' }, join(process.cwd(), 'rel')],
  [{ STEPUP_HOME: '', XDG_CONFIG_HOME: '/x' }, '/x/stepup'],
])('home of %j is %s', async (env, home) => {
  expect((await run(['home'], env).end).stdout).toBe(`${home}\n`);
});

test.runIf(process.platform === 'linux')(
  'a relative XDG_CONFIG_HOME does not move the home into the folder at hand',
  async () => {
    const { stdout } = await run(['home'], { HOME: '/home/u' }).end;
    expect(stdout).toBe('/home/u/.config/stepup\n');
  },
);

test.skipIf(windows).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s asks for an orderly end', async (signal) => {
  const child = run(['wait']);
  await child.line;
  child.process.kill(signal);
  const end = await child.end;
  expect(end).toEqual({ status: 0, signal: null, stdout: 'ready\ninterrupted: InterruptedError\n', stderr: '' });
});

test.skipIf(windows)('one Ctrl-C that arrives twice is one', async () => {
  const child = run(['wait']);
  await child.line;
  child.process.kill('SIGINT');
  child.process.kill('SIGINT');
  expect(await child.end).toMatchObject({ status: 0, stdout: 'ready\ninterrupted: InterruptedError\n' });
});

test.skipIf(windows)('conf, which raises each signal again, does not turn one Ctrl-C into two', async () => {
  const child = run(['wait-with-conf'], { STEPUP_HOME: join(await temporaryFolder(), 'home') });
  await child.line;
  child.process.kill('SIGINT');
  expect(await child.end).toMatchObject({ status: 0, stdout: 'ready\ninterrupted: InterruptedError\n' });
});

test.skipIf(windows)('a second Ctrl-C ends at once with 130', async () => {
  const child = run(['hang']);
  await child.line;
  const interrupted = once(child.process.stdout!, 'data');
  child.process.kill('SIGINT');
  await interrupted;
  await pause(400);
  child.process.kill('SIGINT');
  expect(await child.end).toMatchObject({ status: 130, signal: null, stdout: 'ready\ninterrupted\n' });
});

test.skipIf(windows)('a reader that goes away ends a stream in order, without a word', async () => {
  const child = run(['stream']);
  await child.line;
  child.process.stdout!.destroy();
  expect(await child.end).toMatchObject({ status: 0, signal: null, stderr: 'ended in order\n' });
});

test.runIf(process.platform === 'linux')('output that cannot be written is a failure of one line', async () => {
  const child = spawn(process.execPath, [script, 'print'], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
  const [status] = await once(child, 'close');
  expect(stderr).toBe('Error: standard output cannot be written (ENOSPC).\n');
  expect(status).toBe(1);
});

test.skipIf(windows)('closed standard error stops nothing', async () => {
  const child = run(['complain']);
  await child.line;
  child.process.stderr!.destroy();
  expect(await child.end).toMatchObject({ status: 0, stdout: 'ready\ndone\n' });
});

test('sleep leaves no listener and rejects with the reason of the signal', async () => {
  expect(await answer(['sleep'])).toEqual({ left: 0, sleeping: 'RangeError: stop', again: 'RangeError: stop' });
});

test.skipIf(windows)('run answers with status and standard output, in the given environment alone', async () => {
  expect(await answer(['run', 'printf "%s" "$GIVEN$HOME"; exit 5'])).toEqual({
    exit: { status: 5, stdout: 'yes', timedOut: false },
    listeners: 0,
  });
});

test.skipIf(windows)('run keeps 64 KiB of what the child writes and lets it end', async () => {
  const line = 'head -c 200000 /dev/zero | tr "\\0" x; exit 3';
  const { exit } = (await answer(['run', line])) as { exit: { status: number; stdout: string } };
  expect(exit.status).toBe(3);
  expect(exit.stdout.length).toBe(65_536);
});

test.skipIf(windows)('run says when a signal ended the child', async () => {
  expect(await answer(['run', 'kill -9 $$'])).toMatchObject({ exit: { status: null, timedOut: false } });
});

test.skipIf(windows)('the time limit ends the child and what it started', async () => {
  const { exit } = (await answer(['run', 'sleep 60 & echo $!; wait', '300'])) as { exit: { stdout: string } };
  expect(exit).toMatchObject({ status: null, timedOut: true });
  expect(await gone(Number(exit.stdout))).toBe(true);
});

test.skipIf(windows)('the time limit also ends who ignores the request to end', async () => {
  const line = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo $!; wait; sleep 60";
  const { exit } = (await answer(['run', line, '300'])) as { exit: { stdout: string } };
  expect(exit).toMatchObject({ status: null, timedOut: true });
  expect(await gone(Number(exit.stdout))).toBe(true);
});

test.skipIf(windows)('a signal ends the child and what it started, and comes through', async () => {
  const file = join(await temporaryFolder(), 'pid');
  const line = `sleep 60 & echo $! > ${file}; wait`;
  expect(await answer(['run', line, '20000', 'later'])).toEqual({ exit: 'RangeError: stop', listeners: 0 });
  expect(await gone(Number(await readFile(file, 'utf8')))).toBe(true);
});

test('after the signal nothing is started', async () => {
  const file = join(await temporaryFolder(), 'started');
  const said = await answer(['run', `echo x > ${file}`, '20000', 'at-once']);
  expect(said).toEqual({ exit: 'RangeError: stop', listeners: 0 });
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

test('processRuns knows the living, the dead, and those of others', async () => {
  const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(dead, 'exit');
  expect(await answer(['runs', String(process.pid), String(dead.pid), '1'])).toEqual([true, false, true]);
});
