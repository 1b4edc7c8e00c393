import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

const KEY = 'sk_live_secret';
const own = { provider: 'prelude', host: 'api.prelude.dev', application: '54e9ujn' };

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(() => remove());
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> => stepup(args, { home, ...options });

async function twoProfiles(): Promise<void> {
  await run('init --name work --app 54e9ujn --domain auth.example.com');
  await run('init --name home --app demo');
}

describe('profile list', () => {
  test('has each profile, and which one is current', async () => {
    await twoProfiles();
    expect((await run('profile list --json')).json()).toEqual({
      profiles: [
        {
          name: 'home',
          current: true,
          provider: 'prelude',
          appId: 'demo',
          frontendUrl: 'https://demo.session.prelude.dev',
          managementUrl: 'https://api.prelude.dev',
        },
        {
          name: 'work',
          current: false,
          provider: 'prelude',
          appId: '54e9ujn',
          frontendUrl: 'https://auth.example.com',
          managementUrl: 'https://api.prelude.dev',
        },
      ],
    });
    expect((await run('profile list')).stdout.split('\n')[1]).toBe(
      ' \twork\tprelude\t54e9ujn\thttps://auth.example.com\thttps://api.prelude.dev',
    );
  });

  test('without one says how to make it', async () => {
    expect(await run('profile list')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('stepup init'),
    });
  });
});

describe('profile use', () => {
  test('takes the beginning of a name, and says which variable goes before it', async () => {
    await twoProfiles();
    expect((await run('profile use wo --json')).json()).toEqual({ profile: 'work', current: true });
    const { stdout, stderr } = await run('profile use home', { env: { STEPUP_PROFILE: 'work' } });
    expect(stdout).toBe('Profile home is the current one.\n');
    expect(stderr).toBe('STEPUP_PROFILE is set, and goes before the profile.\n');
  });

  test('an unknown, an ambiguous and a missing name', async () => {
    await twoProfiles();
    await run('init --name worse --app third');
    const outcomes = [
      await run('profile use x --json'),
      await run('profile use wor --json'),
      await run('profile use --json'),
    ];
    expect(outcomes.map(({ status, error }) => [status, error().code])).toEqual([
      [2, 'PROFILE_UNKNOWN'],
      [2, 'PROFILE_AMBIGUOUS'],
      [5, 'INPUT_NEEDED'],
    ]);
  });

  test('in a terminal lets the person choose', async () => {
    await twoProfiles();
    const { status, stdout } = await run('profile use', { answers: [['Profile', '\u001b[B\r']] });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('is the current one') });
  });
});

describe('profile show', () => {
  test('tells each value and its source, and never the key', async () => {
    await run('init --name work --app 54e9ujn');
    await createStore(home).saveManagementKey(own, KEY);
    await createStore(home).saveHookUrl(own, 'https://api.example.com/hook');
    const env = { STEPUP_PRELUDE_DOMAIN: 'auth.example.com' };
    const { stdout } = await run('profile show --management-url https://api.prelude.dev --json', { env });
    expect(JSON.parse(stdout)).toEqual({
      profile: 'work',
      provider: 'prelude',
      appId: { value: '54e9ujn', source: 'profile', from: 'work' },
      frontendUrl: { value: 'https://auth.example.com', source: 'variable', from: 'STEPUP_PRELUDE_DOMAIN' },
      managementUrl: { value: 'https://api.prelude.dev', source: 'flag', from: '--management-url' },
      hookUrl: { value: 'https://api.example.com/hook', source: 'store' },
      managementKey: { known: true, source: 'store' },
    });
    const text = (await run('profile show', { env })).stdout;
    expect(text).toContain('  frontend API    https://auth.example.com  (STEPUP_PRELUDE_DOMAIN)');
    expect(text).toContain('  application     54e9ujn  (profile work)');
    expect(text + stdout).not.toContain(KEY);
  });

  test('without a profile: flags, defaults, and no key; then the variable of one', async () => {
    expect((await run('profile show --app demo --json')).json()).toEqual({
      profile: null,
      provider: 'prelude',
      appId: { value: 'demo', source: 'flag', from: '--app' },
      frontendUrl: { value: 'https://demo.session.prelude.dev', source: 'default' },
      managementUrl: { value: 'https://api.prelude.dev', source: 'default' },
      hookUrl: null,
      managementKey: { known: false },
    });
    const env = { STEPUP_PRELUDE_MANAGEMENT_KEY: KEY };
    expect((await run('profile show --app demo --json', { env })).json()).toMatchObject({
      managementKey: { known: true, source: 'variable', from: 'STEPUP_PRELUDE_MANAGEMENT_KEY' },
    });
  });

  test('of an unknown profile is status 2', async () => {
    expect((await run('profile show x --json')).error()).toMatchObject({ code: 'PROFILE_UNKNOWN', field: 'name' });
    const byFlag = await run('profile show --profile x --json');
    expect(byFlag.error()).toMatchObject({ code: 'PROFILE_UNKNOWN', field: '--profile' });
  });
});

describe('profile remove', () => {
  test('asks; no keeps it, yes removes it with its key, and the session stays', async () => {
    await run('init --name work --app 54e9ujn');
    const store = createStore(home);
    await store.saveManagementKey(own, KEY);
    const key = { provider: 'prelude', host: '54e9ujn.session.prelude.dev', application: '54e9ujn' };
    await store.updateSession(key, () => ({ kept: true }));
    const no = await run('profile remove work', { answers: [['Remove the profile "work"', 'n\r']] });
    expect(no).toMatchObject({ status: 0, stdout: 'Nothing was removed.\n' });
    const yes = await run('profile remove work', { answers: [['Remove the profile "work"', 'y\r']] });
    expect(yes.stdout).toContain('Profile work is removed, with the management key');
    expect(yes.stderr).toContain('The session of 54e9ujn at 54e9ujn.session.prelude.dev stays');
    expect(await store.session(key)).toEqual({ kept: true });
    expect(await store.managementKey(own)).toBeUndefined();
    expect(await store.currentProfile()).toBeUndefined();
  });

  test('keeps the key while another profile has the same application', async () => {
    await run('init --name one --app 54e9ujn');
    await run('init --name two --app 54e9ujn');
    await createStore(home).saveManagementKey(own, KEY);
    expect((await run('profile remove one --yes --json')).json()).toEqual({
      profile: 'one',
      removed: true,
      managementKeyRemoved: false,
    });
    expect(await createStore(home).managementKey(own)).toBe(KEY);
  });

  test('wants the whole name, and --yes without a terminal', async () => {
    await twoProfiles();
    expect((await run('profile remove wo --yes --json')).error()).toMatchObject({
      code: 'PROFILE_UNKNOWN',
      hint: 'Did you mean work? Give the whole name.',
    });
    const outcome = await run('profile remove work --json');
    expect([outcome.status, outcome.error()]).toMatchObject([5, { code: 'INPUT_NEEDED', field: '--yes' }]);
  });
});
