/** `init` of an environment: what goes wrong, and settings of every shape. The ordinary ways are in ../init-dynamic.test.ts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { stepup, type Outcome, type RunOptions } from '../../../support/stepup.js';

const ENVIRONMENT = '00000000-0000-4000-8000-000000000001';
const OTHER = '11111111-2222-4333-8444-555555555555';
const APP_ORIGIN = 'https://app.example.com';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

/** `stepup ARGS` in the store of the environment, without `--emulator` and `--provider`. */
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(args, { home: env.home, ...options });
const profiles = async (): Promise<Record<string, unknown>> => createStore(env.home).profiles();
const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const noColour = { NO_COLOR: '1' };

/** Runs `init` against a service whose settings are this answer. */
async function initAt(
  { body, status = 200 }: { body: string; status?: number },
  flags = '',
  options: Partial<RunOptions> = {},
): Promise<Outcome> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = `init --environment ${OTHER} --api-url ${url} --origin ${APP_ORIGIN} ${flags}`;
    return await run(args.trim(), options);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('bad input is refused before anything is sent', () => {
  test.each([
    ['init --provider dynamic --no-input', 5, 'INPUT_NEEDED', '--environment'],
    ['init --environment=', 2, 'ENVIRONMENT_INVALID', '--environment'],
    [`init --environment ${OTHER} --origin=`, 2, 'ORIGIN_INVALID', '--origin'],
    [`init --environment ${OTHER} --origin https://*.example.com`, 2, 'ORIGIN_INVALID', '--origin'],
    [`init --environment ${OTHER} --name -x`, 2, 'PROFILE_INVALID', '--name'],
    ['init --emulator --provider dynamic', 2, 'EMULATOR_NOT_FOUND', '--emulator'],
  ])('%s', async (args, status, code, field) => {
    const outcome = await run(`${args} --json`, offline);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([status, code, field]);
    expect([outcome.stdout, await profiles()]).toEqual(['', {}]);
  });

  test.each([
    ['STEPUP_DYNAMIC_ENVIRONMENT_ID', 'demo', 'ENVIRONMENT_INVALID'],
    ['STEPUP_DYNAMIC_API_BASE_URL', 'http://app.dynamic.xyz', 'URL_INVALID'],
    ['STEPUP_DYNAMIC_ORIGIN', 'ftp://app.example.com', 'ORIGIN_INVALID'],
    ['STEPUP_PROVIDER', 'privy', 'FLAG_INVALID'],
  ])('%s=%s is named', async (variable, value, code) => {
    const good = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ENVIRONMENT, STEPUP_DYNAMIC_ORIGIN: APP_ORIGIN };
    const { status, error } = await run('init --json', { ...offline, env: { ...good, [variable]: value } });
    expect([status, error().code, error().field]).toEqual([2, code, variable]);
  });
});

test('the variable of another profile is no reason to refuse', async () => {
  const args = `init --environment ${ENVIRONMENT} --api-url ${env.url}`;
  expect(await run(args, { env: { STEPUP_PROFILE: 'nonsense' } })).toMatchObject({ status: 0 });
});

test('a name that is taken is told with what has it', async () => {
  await run('init --name work --app first');
  const args = `init --name work --environment ${ENVIRONMENT} --api-url ${env.url}`;
  expect((await run(`${args} --json`)).error().message).toBe(
    'There is a profile "work" already, of application first.',
  );
  await run(`${args} --force`);
  expect((await run('init --name work --app first --json')).error().message).toBe(
    `There is a profile "work" already, of environment ${ENVIRONMENT}.`,
  );
});

describe('settings that are missing or of an unknown shape', () => {
  const nothing = {
    environmentId: OTHER,
    stepUpEnforced: false,
    signIn: [],
    mfa: { enabled: false, required: false, methods: [] },
    actions: [],
    cookieMode: false,
    locked: false,
    deviceRegistration: false,
  };

  test.each([
    '{}',
    '[]',
    '{"security":{}}',
    '{"general":null,"chains":null,"providers":null,"sdk":null,"security":null}',
    '{"general":7,"chains":{},"providers":"all","sdk":[],"security":[]}',
    '{"security":{"mfa":{"actions":[{"required":true}],"availableMethods":[1]},"auth":{"storage":"cookie"},"captcha":true}}',
    '{"chains":[{"enabled":"yes"}],"security":{"jwtDuration":{"amount":"2","unit":"hours"},"environmentLocked":"no"}}',
    '{"security":{"jwtDuration":{"amount":2,"unit":"fortnights"},"externalAuth":{"enabled":null,"cookieName":""}}}',
  ])('%s: what is not said is off, or not known', async (body) => {
    const { status, json } = await initAt({ body }, '--json');
    expect([status, json()]).toEqual([0, expect.objectContaining({ environment: nothing })]);
  });

  test.each([
    ['no JSON', { body: '<html>' }, 6, 'ANSWER_MALFORMED'],
    ['nothing', { body: 'null' }, 6, 'ANSWER_MALFORMED'],
    ['an empty body', { body: '' }, 6, 'ANSWER_MALFORMED'],
    ['a failure', { body: '{"error":"Down"}', status: 500 }, 6, 'SERVICE_FAILING'],
    ['a refusal of the origin', { body: '{"error":"Origin not allowed"}', status: 403 }, 3, 'REFUSED'],
    ['400', { body: '{"error":{"code":"x","message":"no such"}}', status: 400 }, 3, 'APPLICATION_UNKNOWN'],
  ])('%s: nothing is kept', async (_, answer, status, code) => {
    const outcome = await initAt(answer, '--json');
    expect([outcome.status, outcome.error().code]).toEqual([status, code]);
    expect(await profiles()).toEqual({});
  });

  test('everything that can be said', async () => {
    const settings = {
      environmentName: 'live',
      general: { displayName: 'Example' },
      chains: [{ name: 'evm', enabled: false }],
      providers: [{ provider: 'emailOnly' }, { provider: 'google' }, { provider: 'emailOnly' }, { id: 'x' }],
      sdk: { minApiVersion: '2027_01_01' },
      security: {
        jwtDuration: { amount: 3, unit: 'days' },
        mfa: {
          enabled: true,
          required: true,
          methods: [{ type: 'totp', enabled: true }, { type: 'passkey', enabled: false }, { enabled: true }],
          actions: [
            { action: 'wallet.waas.export', required: true, tokenBehavior: 'single_use' },
            { action: 'wallet.waas.sign', required: true, tokenBehavior: 'time_bound', tokenExpirySeconds: 120 },
            { action: 'user.update', required: false },
          ],
        },
      },
    };
    const { stdout, stderr } = await initAt({ body: JSON.stringify(settings) });
    expect(stdout).toContain(
      [
        '  settings     Example, live',
        '  step-up      enforced (API version 2027_01_01)',
        '  sign-in      email, google',
        '  MFA          on, required: totp',
        '  wallet.waas.export  needs step-up (single use)',
        '  wallet.waas.sign  needs step-up (for a time, 2 min)',
        '  user.update  needs none',
        '  session      3 d',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('');
    expect((await initAt({ body: JSON.stringify(settings) }, '--force --json')).json()).toMatchObject({
      environment: {
        actions: [
          { action: 'wallet.waas.export', required: true, singleUse: true },
          { action: 'wallet.waas.sign', required: true, singleUse: false, expirySeconds: 120 },
          { action: 'user.update', required: false },
        ],
        sessionSeconds: 259_200,
      },
    });
  });

  test('no control character of any field reaches the terminal', async () => {
    const evil = 'Bank\u001b[2J\u001b[31m\r\nProfile x is set up\u009b5n\u0007';
    const body = JSON.stringify({
      environmentName: evil,
      general: { displayName: evil },
      providers: [{ provider: evil }],
      sdk: { minApiVersion: evil },
      security: {
        captcha: { enabled: true, provider: evil },
        mfa: { enabled: true, availableMethods: [evil], actions: [{ action: evil, required: true }] },
      },
    });
    const shown = await initAt({ body }, '--name x', { tty: true, env: noColour });
    expect(shown.status).toBe(0);
    // eslint-disable-next-line no-control-regex
    expect(shown.stdout + shown.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(shown.stdout.match(/^Profile x/gm)).toHaveLength(1);
    const { stdout } = await initAt({ body }, '--name x --force --json');
    // eslint-disable-next-line no-control-regex
    expect(stdout.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe('Ctrl-C is 130, and nothing is kept', () => {
  const service = ['Service', '\u001b[B\r'] as [string, string];
  const environment = ['Environment id', `${ENVIRONMENT}\r`] as [string, string];
  const origin = ['Origin of the app', '\r'] as [string, string];

  test.each<[string, [string, string][]]>([
    ['Service', []],
    ['Environment id', [service]],
    ['Origin of the app', [service, environment]],
    ['Name of the profile', [service, environment, origin]],
  ])('at "%s"', async (at, before) => {
    const { status, stdout } = await run('init', {
      env: { STEPUP_DYNAMIC_API_BASE_URL: env.url },
      answers: [...before, [at, '\u0003']],
    });
    expect([status, stdout, await profiles()]).toEqual([130, '', {}]);
  });

  test('at the question whether to keep what cannot be checked', async () => {
    const { status, stdout } = await run(
      `init --environment ${ENVIRONMENT} --api-url http://127.0.0.1:9 --origin ${APP_ORIGIN} --name off`,
      { answers: [['Keep the profile, unchecked?', '\u0003']] },
    );
    expect([status, stdout, await profiles()]).toEqual([130, '', {}]);
  });

  test('at the question whether to replace a profile; no is the same', async () => {
    await run('init --name work --app first');
    for (const typed of ['\u0003', 'n\r', '\r']) {
      const { status, stdout } = await run(
        `init --name work --environment ${ENVIRONMENT} --api-url ${env.url} --origin ${APP_ORIGIN}`,
        { answers: [['of application first. Replace it?', typed]] },
      );
      expect([status, stdout, await profiles()]).toMatchObject([130, '', { work: { appId: 'first' } }]);
    }
  });
});

test('in a terminal with --json nothing but the object is on standard output', async () => {
  const { status, lines } = await run(`init --environment ${ENVIRONMENT} --api-url ${env.url} --json`, {
    answers: [
      ['Origin of the app', '\r'],
      ['Name of the profile', '\r'],
    ],
  });
  expect([status, lines()]).toMatchObject([0, [{ profile: '00000000', origin: 'http://localhost:3000' }]]);
});
