/** One elevation, two people, and a script: three real processes on one store. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { bundle, start, type Child } from '../../../store/child.js';

let program: string;
let app: Application;
let env: Environment;
let children: Child[] = [];

beforeAll(async () => {
  [program, app, env] = await Promise.all([bundle('../cli/program.child.ts'), startApplication(), startEnvironment()]);
});
beforeEach(async () => {
  await app.allow({});
  await Promise.all([app.login(), env.login()]);
});
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map(({ end }) => end));
  children = [];
  await Promise.all([app.reset(), env.reset()]);
});
afterAll(() => Promise.all([app.close(), env.close()]));

function spawned(at: Application | Environment, args: string[]): Child {
  const provider = at === env ? ['--provider', 'dynamic'] : [];
  const all = [...args, ...provider, `--emulator=${at.url}`];
  const child = start(program, all, { env: { PATH: process.env.PATH, HOME: at.home, STEPUP_HOME: at.home } });
  children.push(child);
  return child;
}

test.each([
  ['Prelude', () => app, SCOPE],
  ['Dynamic', () => env, 'wallet:export'],
] as const)('at %s starter, answerer and two waiters are processes of their own', async (_name, of, scope) => {
  const at = of();
  const started = await spawned(at, ['request', scope, '--metadata', 'amount=500', '--detach']).end;
  expect(started).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\S+\n$/) });
  const id = started.stdout.trim();

  const waiters = [spawned(at, ['challenge', 'wait', id, '--json']), spawned(at, ['challenge', 'wait', id])];
  const answerer = spawned(at, ['challenge', 'continue', id, '--code', '-', '--json']);
  await answerer.line;
  const [message] = await at.control.messages({ purpose: 'step-up', wait: '10' });
  answerer.process.stdin!.end(`${message!.code}\n`);

  const answered = await answerer.end;
  expect({ status: answered.status, stderr: answered.stderr }).toEqual({ status: 0, stderr: '' });
  const { grant } = JSON.parse(answered.stdout.trim().split('\n').at(-1)!) as {
    grant: { expiresAt: string };
  };
  const [json, pipe] = await Promise.all(waiters.map(({ end }) => end));
  expect(json).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(json!.stdout)).toMatchObject({ challengeId: id, outcome: 'granted', grant: { scopes: [scope] } });
  expect(pipe).toMatchObject({ status: 0, stdout: `${scope}\t${grant.expiresAt}\n` });
  for (const { stdout, stderr } of [json!, pipe!]) {
    expect(stdout + stderr).not.toContain('eyJ');
    expect(stdout + stderr).not.toContain(message!.code);
  }
  // The script that waited takes the token itself.
  const taken = await spawned(at, ['token', '--scope', scope]).end;
  expect(taken).toMatchObject({ status: 0, stdout: expect.stringMatching(/^eyJ\S+\n$/) });
});

test.skipIf(process.platform === 'win32')('Ctrl-C ends one waiter and nobody else', async () => {
  const { stdout } = await spawned(app, ['request', SCOPE, '--detach']).end;
  const id = stdout.trim();
  const [stopped, other] = [spawned(app, ['challenge', 'wait', id]), spawned(app, ['challenge', 'wait', id])];
  await new Promise((done) => setTimeout(done, 1500)); // both are waiting by then: nothing of theirs could be seen before
  stopped.process.kill('SIGINT');
  expect(await stopped.end).toMatchObject({ status: 130, stdout: '' });
  expect(await spawned(app, ['challenge', 'discard', id]).end).toMatchObject({ status: 0 });
  expect(await other.end).toMatchObject({ status: 3, stdout: '' });
});
