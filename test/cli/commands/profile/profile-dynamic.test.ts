import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

const ID = '95b11417-f18f-457f-8804-68e361f9164f';
const shop = {
  provider: 'dynamic' as const,
  environmentId: ID,
  apiUrl: 'https://app.dynamicauth.com/api/v0',
  origin: 'https://app.example.com',
};
const work = {
  provider: 'prelude' as const,
  appId: '54e9ujn',
  frontendUrl: 'https://auth.example.com',
  managementUrl: 'https://api.prelude.dev',
};

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  const store = createStore(home);
  await store.saveProfile('work', work);
  await store.saveProfile('shop', shop);
  await store.useProfile('shop');
});
afterEach(() => remove());
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> => stepup(args, { home, ...options });

describe('profile list', () => {
  test('has profiles of both services, each with its own facts', async () => {
    expect((await run('profile list --json')).json()).toEqual({
      profiles: [
        { name: 'shop', current: true, ...shop },
        { name: 'work', current: false, ...work },
      ],
    });
    expect((await run('profile list')).stdout).toBe(
      [
        `*\tshop\tdynamic\t${ID}\thttps://app.dynamicauth.com/api/v0\thttps://app.example.com`,
        ' \twork\tprelude\t54e9ujn\thttps://auth.example.com\thttps://api.prelude.dev',
        '',
      ].join('\n'),
    );
    const { stdout } = await run('profile list', { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout.split('\n')[0]).toMatch(/NAME +PROVIDER +APPLICATION +API +MANAGEMENT API OR ORIGIN/);
  });
});

describe('profile show', () => {
  test('tells environment, API and origin, each with its source', async () => {
    const env = { STEPUP_DYNAMIC_ORIGIN: 'http://localhost:5173' };
    expect((await run('profile show --json', { env })).json()).toEqual({
      profile: 'shop',
      provider: 'dynamic',
      environmentId: { value: ID, source: 'profile', from: 'shop' },
      apiUrl: { value: 'https://app.dynamicauth.com/api/v0', source: 'profile', from: 'shop' },
      origin: { value: 'http://localhost:5173', source: 'variable', from: 'STEPUP_DYNAMIC_ORIGIN' },
    });
    expect((await run('profile show --origin https://b.example.com')).stdout).toBe(
      [
        'Profile shop',
        `  environment     ${ID}  (profile shop)`,
        '  API             https://app.dynamicauth.com/api/v0  (profile shop)',
        '  origin          https://b.example.com  (--origin)',
        '',
      ].join('\n'),
    );
  });

  test('by name, of the other service too', async () => {
    expect((await run('profile show work --json')).json()).toMatchObject({ profile: 'work', provider: 'prelude' });
    expect((await run('profile show --profile sh --json')).json()).toMatchObject({ profile: 'shop' });
    const other = await run('profile show work --provider dynamic --json');
    expect([other.status, other.error().code]).toEqual([2, 'FLAG_CONFLICT']);
  });

  test('without a profile: the flags and what nobody gave', async () => {
    const { json } = await run(`profile show --environment ${ID} --api-url http://127.0.0.1:9 --json`, {
      home: `${home}/none`,
    });
    expect(json()).toEqual({
      profile: null,
      provider: 'dynamic',
      environmentId: { value: ID, source: 'flag', from: '--environment' },
      apiUrl: { value: 'http://127.0.0.1:9/api/v0', source: 'flag', from: '--api-url' },
      origin: { value: 'http://localhost:3000', source: 'default' },
    });
  });
});

describe('profile use', () => {
  test('warns of the variables that go before a profile of its service, and of no other', async () => {
    const env = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ID, STEPUP_PRELUDE_APP_ID: 'demo' };
    expect((await run('profile use shop', { env })).stderr).toBe(
      'STEPUP_DYNAMIC_ENVIRONMENT_ID is set, and goes before the profile.\n',
    );
    expect((await run('profile use work', { env })).stderr).toBe(
      'STEPUP_PRELUDE_APP_ID is set, and goes before the profile.\n',
    );
  });

  test('warns when the variable names the other service', async () => {
    const env = { STEPUP_PROVIDER: 'prelude' };
    expect((await run('profile use shop', { env })).stderr).toBe(
      'STEPUP_PROVIDER is prelude, so the profile is passed over.\n',
    );
    expect((await run('profile use work', { env })).stderr).toBe('');
  });
});

describe('profile remove', () => {
  test('removes it and keeps the session', async () => {
    const store = createStore(home);
    const key = { provider: 'dynamic', host: 'app.dynamicauth.com/api/v0', application: ID };
    await store.updateSession(key, () => ({ kept: true }));
    const asked = await run('profile remove shop', { answers: [[`of environment ${ID}?`, 'y\r']] });
    expect(asked.stdout).toBe('Profile shop is removed.\n');
    expect(asked.stderr).toContain(`The session of ${ID} at app.dynamicauth.com/api/v0 stays`);
    expect(await store.session(key)).toEqual({ kept: true });
    expect(await store.currentProfile()).toBeUndefined();
    expect((await run('profile list --json')).json()).toMatchObject({ profiles: [{ name: 'work' }] });
  });

  test('has no management key to remove, and leaves that of a Prelude profile', async () => {
    const own = { provider: 'prelude', host: 'api.prelude.dev', application: '54e9ujn' };
    await createStore(home).saveManagementKey(own, 'sk_live_secret');
    expect((await run('profile remove shop --yes --json')).json()).toEqual({
      profile: 'shop',
      removed: true,
      managementKeyRemoved: false,
    });
    expect(await createStore(home).managementKey(own)).toBe('sk_live_secret');
  });
});
