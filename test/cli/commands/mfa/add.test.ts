import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { totp, wrong } from '../../../emulator/dynamic/client.js';
import { EMAIL, startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { stepup, type RunOptions } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const add = ['mfa', 'add', '--code-command', 'inbox'];
const noColour = { NO_COLOR: '1' };

async function kept(): Promise<[id: string, { secret: string }][]> {
  return Object.entries(await createStore(env.home).keyring('totp')) as never;
}
async function openChallenges(): Promise<unknown[]> {
  return (await env.run('challenge list --json')).json<{ challenges: unknown[] }>().challenges;
}
async function hold(scope: string): Promise<void> {
  const { status, stderr } = await env.run(['request', scope, '--code-command', 'inbox'], { run: env.shell });
  expect({ status, stderr }).toMatchObject({ status: 0 });
}
const newestCode = async (): Promise<string> => (await env.newest()).code;
/** What a person types at the prompt of a code that was sent. */
const stepUpCode: NonNullable<RunOptions['answers']>[number] = [
  'Code sent by email for credential:link',
  async () => `${await newestCode()}\r`,
];
const APP_CODE = 'Code from your authenticator app; empty: let stepup compute it';

describe('mfa add', () => {
  test('steps up first, enrols, and keeps the secret without printing it', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run(add, { run: env.shell });
    const [[id, { secret }]] = (await kept()) as [[string, { secret: string }]];
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${id}\n` });
    expect(stderr).toMatch(/^mfa add needs credential:link: stepping up first\.\n/);
    expect(stderr).toContain(
      'Its secret is kept in the store, so that stepup request --method totp answers by itself.\n',
    );
    expect(stderr).toContain('stepup mfa recovery-codes');
    expect(stderr).not.toContain(secret);
  });

  test('--json has the method, and with --show-secret the secret and its address', async () => {
    await env.login();
    const { status, stderr, json } = await env.run([...add, '--show-secret', '--json'], { run: env.shell });
    const [[id, { secret }]] = (await kept()) as [[string, { secret: string }]];
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(json()).toEqual({
      device: {
        id,
        type: 'totp',
        name: 'Authenticator app',
        verified: true,
        default: true,
        createdAt: expect.stringMatching(/Z$/),
        keptHere: true,
      },
      secret,
      uri: `otpauth://totp/stepup%20emulator?secret=${secret}&issuer=stepup%20emulator&algorithm=SHA1&digits=6&period=30`,
    });
  });

  test('--show-secret in a pipe prints id, secret and address, one a line', async () => {
    await env.login();
    const { stdout } = await env.run([...add, '--show-secret'], { run: env.shell });
    const [[id, { secret }]] = (await kept()) as [[string, { secret: string }]];
    expect(stdout.split('\n').slice(0, 2)).toEqual([id, secret]);
    expect(stdout.split('\n')[2]).toMatch(/^otpauth:\/\/totp\//);
  });

  test('with --json alone there is no secret', async () => {
    await env.login();
    const { json } = await env.run([...add, '--json'], { run: env.shell });
    expect(Object.keys(json())).toEqual(['device']);
  });

  test('the secret serves a step-up by itself afterwards', async () => {
    await env.login();
    await env.run(add, { run: env.shell });
    const { status, lines } = await env.run('request wallet:export --method totp --json');
    expect(status).toBe(0);
    expect(lines().at(-1)).toMatchObject({ type: 'granted', grant: { factors: ['verify_totp'] } });
  });

  test('--code -: the first line is for the step-up; at the end of the input the app’s own code is computed', async () => {
    await env.login();
    const stdin = new PassThrough();
    const { id } = await env.newest();
    const running = env.run('mfa add --code - --json', { stdin });
    const [message] = await env.control.messages({ after: id, wait: '10' });
    stdin.end(`${message?.code}\n`);
    const { status, json } = await running;
    expect(status).toBe(0);
    expect(json()).toMatchObject({ device: { verified: true, keptHere: true } });
  });

  test('--code is for the enrolment where no step-up is needed; refused, nothing is kept', async () => {
    await env.login();
    await hold('credential:link');
    const { status, error } = await env.run('mfa add --code 000000 --json');
    expect([status, error().code, error().hint]).toEqual([
      3,
      'CODE_WRONG',
      expect.stringContaining('Nothing is enrolled. Start again with: stepup mfa add'),
    ]);
    expect(await kept()).toEqual([]);
    expect((await env.run('mfa list --json')).json()).toMatchObject({
      methods: [{ verified: false, keptHere: false }],
    });
  });

  test('in a terminal shows the QR code, and an empty answer lets stepup compute the code', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run('mfa add', {
      env: noColour,
      answers: [stepUpCode, [APP_CODE, '\r']],
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^The authenticator app "Authenticator app" \(\S+\) is enrolled\.\n$/);
    expect(stderr).toMatch(/█▀▀▀▀▀█|█ ▄▄▄▄▄ █/);
    const [[, { secret }]] = (await kept()) as [[string, { secret: string }]];
    expect(stdout + stderr).not.toContain(secret);
  });

  test('in a terminal takes the code that the app shows; a wrong one may be tried again', async () => {
    await env.login();
    const codeOf = (screen: string): string => totp(/secret {2}([A-Z2-7]+)/.exec(screen)?.[1] ?? '', Date.now());
    let code = '';
    const { status, stdout, stderr } = await env.run('mfa add --show-secret', {
      env: noColour,
      answers: [
        stepUpCode,
        [APP_CODE, (screen) => `${wrong((code = codeOf(screen)))}\r`],
        [/2 tries left[^]*Code from your/, () => `${code}\r`],
      ],
    });
    const [[, { secret }]] = (await kept()) as [[string, { secret: string }]];
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('is enrolled') });
    expect(stderr).toContain(`secret  ${secret}`);
    expect(stdout).not.toContain(secret);
  });

  test('three wrong codes end it with 3; nothing is kept', async () => {
    await env.login();
    await hold('credential:link');
    const { status, stderr } = await env.run('mfa add', {
      answers: [
        [APP_CODE, '000000\r'],
        [/2 tries left[^]*Code from your/, '000000\r'],
        [/1 try left[^]*Code from your/, '000000\r'],
      ],
    });
    expect(status).toBe(3);
    expect(stderr).toContain('Nothing is enrolled.');
    expect(await kept()).toEqual([]);
  });

  test('what is no code is asked for again', async () => {
    await env.login();
    await hold('credential:link');
    const { status } = await env.run('mfa add', {
      answers: [
        [APP_CODE, 'abc\r'],
        ['A code has 4 to 8 digits.', '\u007f\u007f\u007f\r'],
      ],
    });
    expect(status).toBe(0);
  });

  test('Ctrl-C at either prompt is 130, and nothing is kept', async () => {
    await env.login();
    const first = await env.run('mfa add', { answers: [['Code sent by email', '\u0003']] });
    const second = await env.run('mfa add', { answers: [stepUpCode, [APP_CODE, '\u0003']] });
    expect([first.status, second.status]).toEqual([130, 130]);
    expect(await kept()).toEqual([]);
    expect((await env.run('mfa add --json')).status).toBe(0);
  });

  test('of two at once, one is enrolled', async () => {
    await env.login();
    await hold('credential:link');
    const outcomes = await Promise.all([env.run('mfa add --json'), env.run('mfa add --json')]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([0, 3]);
    const [[id]] = (await kept()) as [[string, unknown]];
    expect(await kept()).toHaveLength(1);
    expect((await env.run('mfa list --json')).json()).toMatchObject({
      methods: [{ id, verified: true, keptHere: true }],
    });
  });

  test('a user who has one is refused', async () => {
    await env.login();
    await env.run(add, { run: env.shell });
    const { status, error } = await env.run('mfa add --json');
    expect([status, error().code, error().hint]).toEqual([3, 'REFUSED', expect.stringContaining('stepup mfa remove')]);
  });

  test('an environment that enforces nothing needs no step-up', async () => {
    await env.control.settings({ dynamic: { minApiVersion: '2026_01_01' } });
    await env.login();
    const { id } = await env.newest();
    const { status, stderr } = await env.run('mfa add');
    expect(status).toBe(0);
    expect(stderr).not.toContain('stepping up');
    expect((await env.newest()).id).toBe(id);
  });
});

describe('stepping up for a command', () => {
  test('without a terminal or a code is 5: it names the flag and the other way, and leaves nothing behind', async () => {
    await env.login();
    const { id } = await env.newest();
    for (const args of ['mfa add --json', 'passkey add --json', 'mfa add --no-input --json']) {
      const { status, stdout, error } = await env.run(args);
      expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
      expect(error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--code' });
      expect(error().hint).toMatch(/--code-command COMMAND, or step up before with: stepup request credential:link /);
    }
    expect(await openChallenges()).toEqual([]);
    expect(await kept()).toEqual([]);
    expect((await env.newest()).id).toBe(id);
  });

  test('several ways and nobody to ask: 5, with the ways and the command that takes them', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
    await env.login();
    await env.run('wallet create');
    expect((await env.run(['wallet', 'link', 'main', '--code-command', 'inbox'], { run: env.shell })).status).toBe(0);
    await env.run('reset --grants');
    const { status, error } = await env.run([...add, '--json'], { run: env.shell });
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', undefined]);
    expect(error().hint).toContain(EMAIL);
    expect(error().hint).toMatch(/these flags are of: stepup request credential:link /);
  });

  test('a grant that is held serves, without a word', async () => {
    await env.login();
    await hold('credential:link');
    const { status, stderr } = await env.run('mfa add');
    expect(status).toBe(0);
    expect(stderr).not.toContain('stepping up');
  });

  test('a grant that the service no longer takes: it steps up once, and does the work', async () => {
    await env.login();
    await hold('credential:link');
    await env.control.clock({ advance: 700 });
    const { status, stderr } = await env.run(add, { run: env.shell });
    expect(stderr).toContain('The service wants credential:link for mfa add all the same: stepping up.');
    expect(status).toBe(0);
  });

  test('a wrong code in the step-up is 3; nothing is enrolled', async () => {
    await env.login();
    const { status, error } = await env.run('mfa add --code 000000 --json');
    expect([status, error().code]).toEqual([3, 'CODE_WRONG']);
    expect(await kept()).toEqual([]);
    expect((await env.run('mfa list --json')).json()).toEqual({ methods: [] });
  });

  test('bad flags are 2 before anything is sent', async () => {
    await env.login();
    const { id } = await env.newest();
    const both = await env.run('mfa add --code 123456 --code-command inbox --json');
    const none = await env.run(['mfa', 'add', '--code', '', '--json']);
    const huge = await env.run(['mfa', 'add', '--code', '1'.repeat(100_000), '--json']);
    const word = await env.run('mfa add totp --json');
    expect([both, none, huge, word].map(({ status, error }) => [status, error().code])).toEqual([
      [2, 'FLAG_CONFLICT'],
      [2, 'FLAG_INVALID'],
      [2, 'FLAG_INVALID'],
      [2, 'USAGE'],
    ]);
    expect((await env.newest()).id).toBe(id);
  });

  test('nobody logged in is 4', async () => {
    for (const args of ['mfa add --json', 'passkey add --json', 'mfa list --json', 'mfa recovery-codes --new --json']) {
      const { status, error } = await env.run(args);
      expect([args, status, error().code]).toEqual([args, 4, 'NOT_LOGGED_IN']);
    }
  });

  test('at Prelude is 2, and says what does the job there', async () => {
    const { status, error } = await stepup(`mfa add --json --provider prelude --emulator=${env.url}`, {
      home: env.home,
    });
    expect([status, error().code, error().hint]).toEqual([
      2,
      'COMMAND_UNSUPPORTED',
      expect.stringContaining('stepup scope list'),
    ]);
  });

  test('a service that fails is 6, and nothing is kept', async () => {
    await env.login();
    await hold('credential:link');
    await env.control.fault({ match: { path: '/*/register/totp' }, do: { status: 500, body: {} } });
    const { status, error } = await env.run('mfa add --json');
    await env.control.clearFaults();
    expect([status, error().code]).toEqual([6, 'SERVICE_FAILING']);
    expect(await kept()).toEqual([]);
  });
});
