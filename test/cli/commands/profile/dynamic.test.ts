/** Both kinds of profile under one store; the rest is in profile-dynamic.test.ts. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

const ENVIRONMENT = '95b11417-f18f-457f-8804-68e361f9164f';
const app = {
  provider: 'dynamic' as const,
  environmentId: ENVIRONMENT,
  apiUrl: 'https://app.dynamicauth.com/api/v0',
  origin: 'https://app.example.com',
};
const shop = {
  provider: 'prelude' as const,
  appId: '54e9ujn',
  frontendUrl: 'https://auth.example.com',
  managementUrl: 'https://api.prelude.dev',
};
const noColour = { NO_COLOR: '1' };

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  const store = createStore(home);
  await store.saveProfile('shop', shop);
  await store.saveProfile('app', app);
  await store.useProfile('app');
});
afterEach(() => remove());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(args, { home, ...offline, ...options });

describe('profile show', () => {
  test('by name, whichever is current; without any, and of an emulator', async () => {
    expect((await run('profile show shop --json')).json()).toMatchObject({ profile: 'shop', provider: 'prelude' });
    await createStore(home).useProfile('shop');
    expect((await run('profile show app --json')).json()).toMatchObject({ profile: 'app', provider: 'dynamic' });
    const flags = `--environment ${ENVIRONMENT} --origin https://x.example.com`;
    expect((await run(`profile show ${flags}`)).stdout).toBe(
      [
        'No profile is used.',
        `  environment     ${ENVIRONMENT}  (--environment)`,
        '  API             https://app.dynamicauth.com/api/v0  (default)',
        '  origin          https://x.example.com  (--origin)',
        '',
      ].join('\n'),
    );
    expect((await run('profile show --emulator=http://127.0.0.1:9 --provider dynamic')).stdout).toContain(
      '  origin          http://localhost:3000  (emulator http://127.0.0.1:9)\n',
    );
  });
});

describe('profile use', () => {
  test('of either service', async () => {
    expect((await run('profile use shop --json')).json()).toEqual({ profile: 'shop', current: true });
    expect((await run('profile show --json')).json()).toMatchObject({ provider: 'prelude' });
    expect((await run('profile use app --json')).json()).toEqual({ profile: 'app', current: true });
    expect((await run('profile show --json')).json()).toMatchObject({ provider: 'dynamic' });
  });

  test('in a terminal lets the person choose between both', async () => {
    const { status, stderr } = await run('profile use', { env: noColour, answers: [['Profile', '\u001b[B\r']] });
    expect([status, stderr]).toEqual([0, expect.stringMatching(/shop[^]*app|app[^]*shop/)]);
  });
});

describe('profile remove', () => {
  const key = { provider: 'dynamic', host: 'app.dynamicauth.com/api/v0', application: ENVIRONMENT };

  test('keeps session, wallets, passkeys and secrets of devices', async () => {
    const store = createStore(home);
    await store.updateSession(key, () => ({ kept: true }));
    for (const kind of ['wallets', 'passkeys', 'totp'] as const) {
      await store.updateKeyring(kind, (entries) => entries.set('one', { kept: kind }));
    }
    const { status, json } = await run('profile remove app --yes --json');
    expect([status, json()]).toEqual([0, { profile: 'app', removed: true, managementKeyRemoved: false }]);
    expect(Object.keys(await store.profiles())).toEqual(['shop']);
    expect(await store.currentProfile()).toBeUndefined();
    expect(await store.session(key)).toEqual({ kept: true });
    for (const kind of ['wallets', 'passkeys', 'totp'] as const) {
      expect(await store.keyring(kind)).toEqual({ one: { kept: kind } });
    }
  });

  test('asks for its environment by id; no keeps it; the session that stays is named', async () => {
    const question = `Remove the profile "app", of environment ${ENVIRONMENT}?`;
    const no = await run('profile remove app', { answers: [[question, 'n\r']] });
    expect(no).toMatchObject({ status: 0, stdout: 'Nothing was removed.\n' });
    const left = await run('profile remove app', { answers: [[question, '\u0003']] });
    expect(left.status).toBe(130);
    const yes = await run('profile remove app', { answers: [[question, 'y\r']] });
    expect(yes.stdout).toBe('Profile app is removed.\n');
    expect(yes.stderr).toContain(`The session of ${ENVIRONMENT} at app.dynamicauth.com/api/v0 stays, if there is one.`);
  });

  test('with nobody to ask is 5', async () => {
    for (const args of ['profile remove app --json', 'profile remove app --no-input --json']) {
      const { status, error } = await run(args);
      expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--yes']);
    }
  });
});
