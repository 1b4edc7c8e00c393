import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepup, temporaryHome, type Outcome } from '../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ home, remove } = await temporaryHome());
});
afterAll(() => remove());
const run = (args: string, options = {}): Promise<Outcome> => stepup(args, { home, ...options });

/** Every command of the issue, as its help names it. */
const COMMANDS = [
  'tutorial',
  'init',
  ...['list', 'use', 'show', 'remove'].map((verb) => `profile ${verb}`),
  ...['create', 'show', 'update', 'delete'].map((verb) => `config ${verb}`),
  ...['add', 'list', 'remove'].map((verb) => `scope ${verb}`),
  'login',
  'logout',
  'whoami',
  'request',
  'check',
  'fetch',
  'exec',
  'explain',
  'probe',
  'status',
  ...['list', 'show', 'continue', 'wait', 'discard'].map((verb) => `challenge ${verb}`),
  ...['send', 'check', 'retry'].map((verb) => `otp ${verb}`),
  'token',
  'hook serve',
  ...['start', 'messages'].map((verb) => `emulator ${verb}`),
];

describe('help', () => {
  test.each(COMMANDS)('%s says how it is used, with two or three examples', async (command) => {
    const { status, stdout, stderr } = await run(`${command} --help`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: stepup ${command}`);
    const examples = stdout.split('\n').filter((line) => line.startsWith('  $ '));
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(examples.length).toBeLessThanOrEqual(3);
    expect(examples.every((line) => line.includes('stepup'))).toBe(true);
  });

  test('names every thing, and what to start with', async () => {
    const { status, stdout } = await run('--help');
    expect(status).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command.split(' ')[0]} `, 'm'));
    expect(stdout).toContain('$ stepup tutorial');
  });

  test.each([
    ['help scope add', 'scope add --help'],
    ['help', '--help'],
    ['help scope', 'scope --help'],
    ['stepup scope add --help', 'scope add --help'],
  ])('%s is %s', async (typed, meant) => {
    expect((await run(typed)).stdout).toBe((await run(meant)).stdout);
  });

  test('--version prints the bare version', async () => {
    expect(await run('--version')).toMatchObject({ status: 0, stdout: '0.0.0-source\n', stderr: '' });
  });
});

describe('wrong usage is status 2, one line and what to do', () => {
  test.each([
    ['scop', "Unknown command 'scop' (Did you mean scope?)"],
    ['scop --help', "Unknown command 'scop' (Did you mean scope?)"],
    ['help scop', "Unknown command 'scop' (Did you mean scope?)"],
    ['scope ad', "Unknown command 'ad' (Did you mean add?)"],
    ['scope list --jsn', "Unknown option '--jsn' (Did you mean --json?)"],
    ['scope add', "Missing required argument 'scope'"],
    ['scope list extra', 'Too many arguments'],
    ['hook serve --verdict maybe', "argument 'maybe' is invalid"],
  ])('%s', async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`Error: `);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test.each(['0', '-1', 'soon', '3601', ''])('--timeout %j', async (timeout) => {
    const outcome = await stepup(['check', 'a', '--json', '--timeout', timeout], { home });
    expect({ status: outcome.status, error: outcome.error() }).toMatchObject({
      status: 2,
      error: { code: 'FLAG_INVALID', field: '--timeout' },
    });
  });

  test('a bare group shows its help on standard error', async () => {
    const { status, stdout, stderr } = await run('scope');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Usage: stepup scope');
  });
});

describe('--json', () => {
  test('a failure is one document, the last line of standard error, and nothing is on standard output', async () => {
    const outcome = await run('profile show --json');
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.error()).toEqual({
      code: 'PROFILE_UNKNOWN',
      message: 'No application is set up.',
      hint: 'Set one up with: stepup init   (or try it all without one: stepup tutorial)',
      field: '--profile',
    });
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('so is wrong usage', async () => {
    expect((await run('scope --json')).error()).toMatchObject({ code: 'USAGE', message: 'A command is missing.' });
    expect((await run('scop --json')).error()).toMatchObject({ code: 'USAGE' });
  });
});

test('a service that cannot be reached is status 6, and what was sent is shown by --debug without the key', async () => {
  const env = { STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live_very_secret' };
  const { status, stderr } = await run(
    'scope list --app demo --management-url http://127.0.0.1:9 --debug --timeout 5',
    { env },
  );
  expect(status).toBe(6);
  expect(stderr).toContain('GET http://127.0.0.1:9/v2/session/apps/demo/config/scopes');
  expect(stderr).not.toContain('sk_live_very_secret');
});
