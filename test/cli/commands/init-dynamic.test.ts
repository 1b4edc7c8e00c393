import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { stepup, type Outcome, type RunOptions } from '../../support/stepup.js';

/** The emulator's own, and one that it does not have. */
const ID = '00000000-0000-4000-8000-000000000001';
const STRANGER = '95b11417-f18f-457f-8804-68e361f9164f';
const ORIGIN = 'https://app.example.com';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

/** `stepup ARGS` in the store of the environment, without `--emulator`. */
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(args, { home: env.home, ...options });
const there = (): string => `--environment ${ID} --api-url ${env.url}`;
const profiles = async (): Promise<unknown> =>
  (JSON.parse(await readFile(join(env.home, 'config.json'), 'utf8')) as { profiles: unknown }).profiles;
const nothingKept = { stdout: '{"profiles":[]}\n' };
const noColour = { NO_COLOR: '1' };

describe('init with flags', () => {
  test('reads the settings, keeps the profile under the id’s first part, and makes it the current one', async () => {
    const { status, stdout, stderr } = await run(`init ${there()} --origin ${ORIGIN} --json`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const profile = { provider: 'dynamic', environmentId: ID, apiUrl: `${env.url}/api/v0`, origin: ORIGIN };
    expect(JSON.parse(stdout)).toEqual({
      profile: '00000000',
      ...profile,
      environment: {
        environmentId: ID,
        displayName: 'stepup emulator',
        name: 'sandbox',
        minApiVersion: '2026_04_01',
        stepUpEnforced: true,
        signIn: ['email', 'sms', 'passkey', 'wallet'],
        mfa: { enabled: false, required: false, methods: ['totp', 'passkey'] },
        actions: [],
        cookieMode: false,
        locked: false,
        deviceRegistration: false,
        sessionSeconds: 7200,
      },
    });
    expect(await profiles()).toEqual({ '00000000': profile });
    expect((await run('profile show --json')).json()).toMatchObject({ profile: '00000000', provider: 'dynamic' });
  });

  test('says in words what the settings say', async () => {
    await env.control.settings({
      dynamic: {
        actions: [
          { action: 'wallet.waas.sign', required: true, tokenBehavior: 'time_bound', tokenExpirySeconds: 90 },
          { action: 'user.update', required: false },
        ],
      },
    });
    const { stdout, stderr } = await run(`init ${there()} --name shop`);
    expect(stdout).toBe(
      [
        'Profile shop is set up, and is the current one.',
        `  environment  ${ID}`,
        `  API          ${env.url}/api/v0`,
        '  origin       http://localhost:3000',
        '  settings     stepup emulator, sandbox',
        '  step-up      enforced (API version 2026_04_01)',
        '  sign-in      email, sms, passkey, wallet',
        '  MFA          off: totp, passkey',
        '  wallet.waas.sign  needs step-up (for a time, 1 min 30 s)',
        '  user.update  needs none',
        '  session      2 h',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('');
  });

  test('warns of a captcha, of cookies, and of step-up that nothing demands', async () => {
    await env.control.settings({ dynamic: { captcha: true, cookieMode: true, minApiVersion: '2026_01_01' } });
    const { status, stdout, stderr } = await run(`init ${there()}`);
    expect(status).toBe(0);
    expect(stdout).toContain('  step-up      not enforced (API version 2026_01_01)\n');
    expect(stderr).toMatch(/captcha \(hcaptcha\).*Switch it off for a sandbox environment in the dashboard/);
    expect(stderr).toContain('--passkey, --wallet or --jwt');
    expect(stderr).toMatch(/cookies of your own domain.*local storage/);
    expect(stderr).toContain('nothing demands them');
    const { json } = await run(`init ${there()} --json`);
    expect(json()).toMatchObject({ environment: { captcha: 'hcaptcha', cookieMode: true, stepUpEnforced: false } });
  });

  test('takes all of it from variables', async () => {
    const variables = {
      STEPUP_DYNAMIC_ENVIRONMENT_ID: ID,
      STEPUP_DYNAMIC_API_BASE_URL: env.url,
      STEPUP_DYNAMIC_ORIGIN: ORIGIN,
    };
    expect((await run('init --json', { env: variables })).json()).toMatchObject({
      environmentId: ID,
      apiUrl: `${env.url}/api/v0`,
      origin: ORIGIN,
    });
    expect((await run('init --json --provider dynamic --name b', { env: variables })).status).toBe(0);
  });

  test('takes nothing from the profile that is current', async () => {
    await run(`init ${there()} --origin ${ORIGIN}`);
    const called: string[] = [];
    const { status, error } = await run(`init --environment ${STRANGER} --origin https://b.example.com --json`, {
      fetch: (input) => {
        called.push(new URL(String(input instanceof Request ? input.url : input)).host);
        return Promise.reject(new TypeError('no network'));
      },
    });
    expect([status, error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    expect([...new Set(called)]).toEqual(['app.dynamicauth.com']);
    const without = await run(`init --environment ${STRANGER} --json`);
    expect([without.status, without.error().field]).toEqual([5, '--origin']);
  });

  test('an environment that the service does not know is status 3, and nothing is kept', async () => {
    const { status, stdout, error } = await run(`init --environment ${STRANGER} --api-url ${env.url} --json`);
    expect([status, stdout, error().code]).toEqual([3, '', 'APPLICATION_UNKNOWN']);
    expect(error().message).toContain(STRANGER);
    expect(await run('profile list --json')).toMatchObject(nothingKept);
  });

  test('a service that cannot be reached or answers nonsense is status 6, and nothing is kept', async () => {
    const away = await run(`init --environment ${ID} --api-url http://127.0.0.1:9 --json`);
    expect([away.status, away.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    await env.control.fault({ match: { path: '/api/v0/*/settings' }, do: { status: 503 } });
    const failing = await run(`init ${there()} --json`);
    expect([failing.status, failing.error().code]).toEqual([6, 'SERVICE_FAILING']);
    expect(await run('profile list --json')).toMatchObject(nothingKept);
  });

  test('a name that is taken is PROFILE_EXISTS, --force replaces it, the same again is no conflict', async () => {
    await run('init --name work --app first');
    const taken = await run(`init --name work ${there()} --json`);
    expect([taken.status, taken.error()]).toMatchObject([2, { code: 'PROFILE_EXISTS', field: '--name' }]);
    expect(await run(`init --name work ${there()} --force`)).toMatchObject({ status: 0 });
    expect(await run(`init --name work ${there()}`)).toMatchObject({ status: 0 });
    expect((await run(`init --name work ${there()} --origin ${ORIGIN} --json`)).error().code).toBe('PROFILE_EXISTS');
  });

  test.each([
    ['init --provider dynamic --json', 5, 'INPUT_NEEDED', '--environment'],
    [`init --environment ${STRANGER} --json`, 5, 'INPUT_NEEDED', '--origin'],
    ['init --environment nonsense --json', 2, 'ENVIRONMENT_INVALID', '--environment'],
    [`init --environment ${STRANGER.toUpperCase()} --json`, 2, 'ENVIRONMENT_INVALID', '--environment'],
    [`init --environment ${STRANGER} --origin http://app.example.com --json`, 2, 'ORIGIN_INVALID', '--origin'],
    [`init --environment ${STRANGER} --api-url http://example.com --json`, 2, 'URL_INVALID', '--api-url'],
    [`init --environment ${STRANGER} --app demo --json`, 2, 'FLAG_CONFLICT', '--app'],
    [`init --provider prelude --environment ${STRANGER} --json`, 2, 'FLAG_CONFLICT', '--environment'],
    ['init --provider auth0 --json', 2, 'FLAG_INVALID', '--provider'],
    [`init --environment ${STRANGER} --profile x --json`, 2, 'FLAG_CONFLICT', '--profile'],
  ])('%s', async (args, status, code, field) => {
    const outcome = await run(args);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([status, code, field]);
    expect(outcome.stdout).toBe('');
  });

  test('a variable that is wrong is named', async () => {
    const { error } = await run('init --json', { env: { STEPUP_DYNAMIC_ENVIRONMENT_ID: 'nonsense' } });
    expect(error()).toMatchObject({ code: 'ENVIRONMENT_INVALID', field: 'STEPUP_DYNAMIC_ENVIRONMENT_ID' });
  });
});

describe('init --emulator', () => {
  test('keeps a profile of each service, which work without the flag', async () => {
    expect((await env.run('init --json')).json()).toMatchObject({ profile: 'emulator-dynamic', environmentId: ID });
    expect(await run(`init --emulator=${env.url}`)).toMatchObject({ status: 0 });
    expect(Object.keys((await profiles()) as object).toSorted()).toEqual(['emulator', 'emulator-dynamic']);
    expect(await run('scope list')).toMatchObject({ status: 0, stdout: '' });
    const dynamic = await run('scope list --profile emulator-dynamic');
    expect(dynamic.stdout).toContain('wallet:export\t');
  });
});

describe('init in a terminal', () => {
  test('asks for the service, the environment, the origin and the name', async () => {
    const { status, stdout } = await run('init', {
      env: { ...noColour, STEPUP_DYNAMIC_API_BASE_URL: env.url },
      answers: [
        ['Service', '\u001b[B\r'],
        ['Environment id', `${ID}\r`],
        ['Origin of the app', `\u0015${ORIGIN}\r`],
        ['Name of the profile', '\r'],
      ],
    });
    expect(status).toBe(0);
    expect(stdout).toContain('Profile 00000000 is set up');
    expect(await profiles()).toEqual({
      '00000000': { provider: 'dynamic', environmentId: ID, apiUrl: `${env.url}/api/v0`, origin: ORIGIN },
    });
  });

  test('asks again for what is no environment id and no origin', async () => {
    const { status, stderr } = await run(`init --provider dynamic --api-url ${env.url} --name shop`, {
      env: noColour,
      answers: [
        ['Environment id', `${ID.slice(1)}\r`],
        ['UUID in lower case', `\u0015${ID}\r`],
        ['Origin of the app', '\u0015http://app.example.com\r'],
        ['is no origin', `\u0015${ORIGIN}\r`],
      ],
    });
    expect(status).toBe(0);
    expect(stderr).toContain('this is no environment id');
  });

  test('what was typed can be kept when the service cannot be reached', async () => {
    const args = `init --name off --environment ${ID} --api-url http://127.0.0.1:9 --origin ${ORIGIN}`;
    const no = await run(args, { env: noColour, answers: [['unchecked?', 'n\r']] });
    expect(no.status).toBe(6);
    expect(await run('profile list --json')).toMatchObject(nothingKept);
    const yes = await run(args, { env: noColour, answers: [['unchecked?', 'y\r']] });
    expect(yes).toMatchObject({ status: 0, stdout: expect.stringContaining('  settings     not read') as string });
    expect(await profiles()).toMatchObject({ off: { environmentId: ID } });
  });

  test('Ctrl-C keeps nothing', async () => {
    const gone = await run(`init ${there()}`, { answers: [['Origin of the app', '\u0003']] });
    expect(gone).toMatchObject({ status: 130, stdout: '' });
    expect(await run('profile list --json')).toMatchObject(nothingKept);
  });
});

describe('settings of another shape', () => {
  let server: Server;
  let document: unknown;
  beforeAll(async () => {
    server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
    }).listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
  });
  afterAll(() => void server.close());
  const init = (settings: unknown, more = ''): Promise<Outcome> => {
    document = settings;
    const { port } = server.address() as AddressInfo;
    return run(`init --environment ${STRANGER} --api-url http://127.0.0.1:${port} --name odd --force ${more}`);
  };

  test('without any field nothing is claimed', async () => {
    expect((await init({}, '--json')).json()).toMatchObject({
      environment: {
        stepUpEnforced: false,
        signIn: [],
        mfa: { enabled: false, required: false, methods: [] },
        actions: [],
        cookieMode: false,
      },
    });
    const { stdout } = await init({});
    expect(stdout).toContain('  settings     without a name\n  step-up      not known (API version not said)\n');
  });

  test('fields of another type count as absent; what is no object is no answer', async () => {
    const { status } = await init({ sdk: 1, security: { mfa: 'on', captcha: [] }, providers: {}, general: null });
    expect(status).toBe(0);
    const wrong = await init('nonsense', '--json');
    expect([wrong.status, wrong.error().code]).toEqual([6, 'ANSWER_MALFORMED']);
  });

  test('a locked environment, devices to approve, the older captcha and cookies of external auth are warned of', async () => {
    const security = {
      environmentLocked: true,
      deviceRegistrationRequired: true,
      hCaptcha: { enabled: true },
      externalAuth: { enabled: true, cookieName: 'session' },
    };
    const { stdout, stderr } = await init({ sdk: { minApiVersion: '2026_04_01' }, security });
    expect(stdout).toContain('  sign-in      jwt\n');
    expect(stderr).toContain('The environment is locked');
    expect(stderr).toContain('A device must be approved by email');
    expect(stderr).toContain('A captcha (captcha) is wanted');
    expect(stderr).toContain('cookies of your own domain');
  });

  test('a name in it cannot steer the terminal', async () => {
    const { stdout } = await init({ general: { displayName: 'a\u001b[2Jb' }, environmentName: 'live\r\nfaked: yes' });
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toMatch(/^faked/m);
  });
});
