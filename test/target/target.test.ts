import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callbackUrl, serviceUrl } from '../../src/target/addresses.js';
import { resolveTarget } from '../../src/target/target.js';
import type { TargetFlags } from '../../src/target/given.js';
import { createStore } from '../../src/store/create.js';
import { writeReady } from '../../src/store/emulators.js';
import type { Store } from '../../src/store/store.js';
import type { Env } from '../../src/system.js';
import { temporaryHome } from '../support/stepup.js';

let store: Store;
let remove: () => Promise<void>;
beforeEach(async () => {
  const temporary = await temporaryHome();
  ({ remove } = temporary);
  store = createStore(temporary.home);
});
afterEach(() => remove());

const resolve = (flags: TargetFlags = {}, env: Env = {}) => resolveTarget(flags, env, store);
const work = {
  provider: 'prelude' as const,
  appId: '54e9ujn',
  frontendUrl: 'https://auth.example.com',
  managementUrl: 'https://api.example.com',
};

function readyAt(port: number) {
  const url = `http://127.0.0.1:${port}`;
  return {
    type: 'ready' as const,
    url,
    httpsUrl: `https://localhost:${port + 1}`,
    caCert: '/cert.pem',
    controlUrl: `${url}/__emulator`,
    controlToken: 'control-token',
    prelude: {
      appId: 'demo',
      sessionDomain: `localhost:${port + 1}`,
      managementUrl: url,
      managementKey: 'sk_emulator_demo',
      issuer: `localhost:${port + 1}`,
      jwksUrl: `${url}/.well-known/jwks.json`,
    },
    dynamic: {
      environmentId: '00000000-0000-4000-8000-000000000001',
      apiBaseUrl: `${url}/api/v0`,
      issuer: `127.0.0.1:${port}/00000000-0000-4000-8000-000000000001`,
      jwksUrl: `${url}/api/v0/sdk/00000000-0000-4000-8000-000000000001/.well-known/jwks`,
    },
    pid: process.pid,
  };
}

describe('a flag goes before a variable before the profile', () => {
  beforeEach(async () => {
    await store.saveProfile('work', work);
    await store.useProfile('work');
  });

  test('the current profile alone', async () => {
    expect(await resolve()).toMatchObject({
      ...work,
      profileName: 'work',
      sources: { appId: { kind: 'profile', name: 'work' }, managementUrl: { kind: 'profile', name: 'work' } },
    });
  });

  test.each([
    ['frontendUrl', 'nowhere'],
    ['managementUrl', 'http://api.example.com'],
  ])('%s that was edited by hand into what is no address is refused', async (field, address) => {
    await store.saveProfile('work', { ...work, [field]: address });
    await expect(resolve()).rejects.toMatchObject({
      code: 'URL_INVALID',
      field,
      hint: 'Set it up anew with: stepup init --name work --force',
    });
  });

  test('variables over it; an empty one counts as absent', async () => {
    const env = {
      STEPUP_PRELUDE_DOMAIN: 'other.example.com',
      STEPUP_PRELUDE_MANAGEMENT_URL: '',
      STEPUP_PRELUDE_APP_ID: '',
      STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_test',
    };
    expect(await resolve({}, env)).toMatchObject({
      appId: '54e9ujn',
      frontendUrl: 'https://other.example.com',
      managementUrl: 'https://api.example.com',
      managementKey: 'sk_test',
      sources: {
        frontendUrl: { kind: 'variable', name: 'STEPUP_PRELUDE_DOMAIN' },
        managementKey: { kind: 'variable', name: 'STEPUP_PRELUDE_MANAGEMENT_KEY' },
      },
    });
  });

  test('flags over both', async () => {
    const flags = { domain: 'flag.example.com', managementUrl: 'http://127.0.0.1:9/' };
    const env = { STEPUP_PRELUDE_DOMAIN: 'other.example.com' };
    expect(await resolve(flags, env)).toMatchObject({
      frontendUrl: 'https://flag.example.com',
      managementUrl: 'http://127.0.0.1:9',
      sources: { frontendUrl: { kind: 'flag', name: '--domain' } },
    });
  });

  test("another application has an address of its own, not the profile's", async () => {
    expect(await resolve({ app: 'another' })).toMatchObject({
      appId: 'another',
      frontendUrl: 'https://another.session.prelude.dev',
      managementUrl: 'https://api.example.com',
      sources: { frontendUrl: { kind: 'default' } },
    });
  });

  test('a profile is known by the beginning of its name, unless several begin so', async () => {
    await store.saveProfile('works', { ...work, appId: 'second' });
    await store.saveProfile('home', { ...work, appId: 'third' });
    expect(await resolve({ profile: 'ho' })).toMatchObject({ appId: 'third', profileName: 'home' });
    expect(await resolve({ profile: 'work' })).toMatchObject({ appId: '54e9ujn' });
    await expect(resolve({ profile: 'wo' })).rejects.toMatchObject({ code: 'PROFILE_AMBIGUOUS', field: '--profile' });
    await expect(resolve({ profile: 'x' })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      hint: 'Known profiles: work, works, home',
    });
    await expect(resolve({}, { STEPUP_PROFILE: 'x' })).rejects.toMatchObject({ field: 'STEPUP_PROFILE' });
  });
});

test('without a profile Prelude’s own addresses are taken, and without an application nothing is', async () => {
  expect(await resolve({ app: '54e9ujn' })).toMatchObject({
    frontendUrl: 'https://54e9ujn.session.prelude.dev',
    managementUrl: 'https://api.prelude.dev',
    profileName: undefined,
    managementKey: undefined,
  });
  await expect(resolve()).rejects.toMatchObject({
    code: 'PROFILE_UNKNOWN',
    hint: expect.stringContaining('stepup init'),
  });
});

test.each(['', 'a b', 'https://x', '-x', 'a/b', 'x'.repeat(64)])('%j is no application id', async (app) => {
  await expect(resolve({ app })).rejects.toMatchObject({ name: 'UsageError', code: 'FLAG_INVALID', field: '--app' });
});

describe('--emulator', () => {
  test('finds the one that runs, and leftover variables do not redirect it', async () => {
    await writeReady(store.folder, 4780, readyAt(4780));
    const env = { STEPUP_PRELUDE_APP_ID: 'live', STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live', STEPUP_PROFILE: 'x' };
    expect(await resolve({ emulator: 'running' }, env)).toMatchObject({
      appId: 'demo',
      frontendUrl: 'http://127.0.0.1:4780',
      managementUrl: 'http://127.0.0.1:4780',
      managementKey: 'sk_emulator_demo',
      emulator: { controlToken: 'control-token' },
      sources: { managementKey: { kind: 'emulator', name: 'http://127.0.0.1:4780' } },
    });
  });

  test('none is EMULATOR_NOT_FOUND, several without an address are EMULATOR_AMBIGUOUS and named', async () => {
    await expect(resolve({ emulator: 'running' })).rejects.toMatchObject({ code: 'EMULATOR_NOT_FOUND' });
    await writeReady(store.folder, 4780, readyAt(4780));
    await writeReady(store.folder, 4880, readyAt(4880));
    await expect(resolve({ emulator: 'running' })).rejects.toMatchObject({
      code: 'EMULATOR_AMBIGUOUS',
      hint: 'Name one: --emulator=http://127.0.0.1:4780 or --emulator=http://127.0.0.1:4880',
    });
    expect(await resolve({ emulator: 'https://localhost:4881' })).toMatchObject({
      frontendUrl: 'http://127.0.0.1:4880',
    });
  });

  test('takes an address that this store does not know, and keeps every application of it there', async () => {
    const address = 'http://127.0.0.1:9';
    expect(await resolve({ emulator: address })).toMatchObject({ appId: 'demo', frontendUrl: address });
    expect(await resolve({ emulator: address, app: 'w1' })).toMatchObject({ appId: 'w1', frontendUrl: address });
    await expect(resolve({ emulator: 'http://example.com' })).rejects.toMatchObject({ code: 'URL_INVALID' });
    await expect(resolve({ emulator: address, profile: 'x' })).rejects.toMatchObject({ code: 'FLAG_CONFLICT' });
  });

  test('STEPUP_EMULATOR_URL stands for it, before any profile', async () => {
    await store.saveProfile('work', work);
    await store.useProfile('work');
    expect(await resolve({}, { STEPUP_EMULATOR_URL: 'http://127.0.0.1:9' })).toMatchObject({ appId: 'demo' });
    expect(await resolve({ profile: 'work' }, { STEPUP_EMULATOR_URL: 'http://127.0.0.1:9' })).toMatchObject(work);
  });

  test.each([
    ['localhost:10', 'http://127.0.0.1:9'],
    ['localhost:10/t/w1', 'http://127.0.0.1:9/t/w1'],
    ['localhost:100', 'https://localhost:100'],
    ['auth.example.com', 'https://auth.example.com'],
  ])('with the variables of `emulator exec`, the domain %s is spoken to at %s', async (domain, frontendUrl) => {
    const env = {
      STEPUP_EMULATOR_URL: 'http://127.0.0.1:9',
      STEPUP_EMULATOR_HTTPS_URL: 'https://localhost:10',
      STEPUP_PRELUDE_APP_ID: 'demo',
      STEPUP_PRELUDE_DOMAIN: domain,
    };
    expect(await resolve({}, env)).toMatchObject({ appId: 'demo', frontendUrl });
  });
});

describe('an environment at Dynamic', () => {
  const ID = '95b11417-f18f-457f-8804-68e361f9164f';
  const OTHER = '11111111-2222-4333-8444-555555555555';
  const LIVE = 'https://app.dynamicauth.com/api/v0';
  const APP = 'https://app.example.com';
  const shop = { provider: 'dynamic' as const, environmentId: ID, apiUrl: LIVE, origin: APP };
  const variables = {
    STEPUP_DYNAMIC_ENVIRONMENT_ID: OTHER,
    STEPUP_DYNAMIC_API_BASE_URL: 'http://127.0.0.1:9/api/v0',
    STEPUP_DYNAMIC_ORIGIN: 'http://localhost:5173',
  };
  async function profiles(current: 'work' | 'shop'): Promise<void> {
    await store.saveProfile('work', work);
    await store.saveProfile('shop', shop);
    await store.useProfile(current);
  }

  test('of flags alone has the API that the official client calls', async () => {
    expect(await resolve({ environment: ID, origin: APP })).toMatchObject({
      provider: 'dynamic',
      environmentId: ID,
      apiUrl: LIVE,
      origin: APP,
      profileName: undefined,
      sources: {
        environmentId: { kind: 'flag', name: '--environment' },
        apiUrl: { kind: 'default' },
        origin: { kind: 'flag', name: '--origin' },
      },
    });
  });

  test('of variables alone, each named as its source; without one of Prelude they say which service', async () => {
    expect(await resolve({}, variables)).toMatchObject({
      provider: 'dynamic',
      environmentId: OTHER,
      apiUrl: 'http://127.0.0.1:9/api/v0',
      origin: 'http://localhost:5173',
      sources: {
        environmentId: { kind: 'variable', name: 'STEPUP_DYNAMIC_ENVIRONMENT_ID' },
        apiUrl: { kind: 'variable', name: 'STEPUP_DYNAMIC_API_BASE_URL' },
        origin: { kind: 'variable', name: 'STEPUP_DYNAMIC_ORIGIN' },
      },
    });
    const both = { ...variables, STEPUP_PRELUDE_APP_ID: 'demo' };
    expect(await resolve({}, both)).toMatchObject({ provider: 'prelude', appId: 'demo' });
    expect(await resolve({ provider: 'dynamic' }, both)).toMatchObject({ environmentId: OTHER });
  });

  test('of the current profile, with flags and variables over it', async () => {
    await profiles('shop');
    expect(await resolve()).toMatchObject({
      ...shop,
      profileName: 'shop',
      sources: { origin: { kind: 'profile', name: 'shop' } },
    });
    expect(await resolve({ origin: 'http://localhost:3000' }, { STEPUP_DYNAMIC_ORIGIN: APP })).toMatchObject({
      environmentId: ID,
      origin: 'http://localhost:3000',
      sources: { origin: { kind: 'flag', name: '--origin' } },
    });
    expect(await resolve({}, { STEPUP_DYNAMIC_ORIGIN: 'https://b.example.com' })).toMatchObject({
      origin: 'https://b.example.com',
      sources: { environmentId: { kind: 'profile' }, origin: { kind: 'variable' } },
    });
  });

  test('other than the profile’s has an origin of its own, which must be given', async () => {
    await profiles('shop');
    await expect(resolve({ environment: OTHER })).rejects.toMatchObject({ code: 'ORIGIN_INVALID', field: '--origin' });
    expect(await resolve({ environment: OTHER, origin: 'https://b.example.com' })).toMatchObject({
      environmentId: OTHER,
      origin: 'https://b.example.com',
    });
  });

  test('needs an origin, but for an API on this machine', async () => {
    await expect(resolve({ environment: ID })).rejects.toMatchObject({ code: 'ORIGIN_INVALID', field: '--origin' });
    expect(await resolve({ environment: ID, apiUrl: 'http://127.0.0.1:4780/api/v0' })).toMatchObject({
      origin: 'http://localhost:3000',
      sources: { origin: { kind: 'default' } },
    });
  });

  test.each([
    ['http://127.0.0.1:4780', 'http://127.0.0.1:4780/api/v0'],
    ['http://127.0.0.1:4780/', 'http://127.0.0.1:4780/api/v0'],
    ['api.example.com', 'https://api.example.com/api/v0'],
    ['https://api.example.com/other/', 'https://api.example.com/other'],
  ])('the API at %s is %s', async (apiUrl, expected) => {
    expect(await resolve({ environment: ID, origin: APP, apiUrl })).toMatchObject({ apiUrl: expected });
  });

  test.each([
    'nonsense',
    '95B11417-F18F-457F-8804-68E361F9164F',
    `${ID} `,
    `${ID}0`,
    '95b11417f18f457f880468e361f9164f',
    '../settings',
  ])('%j is no environment id', async (environment) => {
    await expect(resolve({ environment, origin: APP })).rejects.toMatchObject({
      name: 'UsageError',
      code: 'ENVIRONMENT_INVALID',
      field: '--environment',
    });
    await expect(resolve({ origin: APP }, { STEPUP_DYNAMIC_ENVIRONMENT_ID: environment })).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      field: 'STEPUP_DYNAMIC_ENVIRONMENT_ID',
    });
  });

  test.each([
    ['https://app.example.com/login?x=1', 'https://app.example.com'],
    ['app.example.com', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://localhost:3000/', 'http://localhost:3000'],
  ])('the origin of %s is %s', async (origin, expected) => {
    expect(await resolve({ environment: ID, origin })).toMatchObject({ origin: expected });
  });

  test.each(['http://app.example.com', 'ftp://localhost', 'https://u:p@app.example.com', 'a b', ''])(
    '%j is no origin',
    async (origin) => {
      await expect(resolve({ environment: ID, origin })).rejects.toMatchObject({
        code: 'ORIGIN_INVALID',
        field: '--origin',
      });
    },
  );

  test('an API beyond this machine is https', async () => {
    await expect(resolve({ environment: ID, origin: APP, apiUrl: 'http://api.example.com' })).rejects.toMatchObject({
      code: 'URL_INVALID',
      field: '--api-url',
    });
  });
});

describe('which service', () => {
  const ID = '95b11417-f18f-457f-8804-68e361f9164f';
  const shop = {
    provider: 'dynamic' as const,
    environmentId: ID,
    apiUrl: 'https://app.dynamicauth.com/api/v0',
    origin: 'https://app.example.com',
  };
  beforeEach(async () => {
    await store.saveProfile('work', work);
    await store.saveProfile('shop', shop);
    await store.useProfile('work');
  });

  test('a flag of one passes the current profile of the other over', async () => {
    expect(await resolve({ environment: ID, origin: 'https://b.example.com' })).toMatchObject({
      provider: 'dynamic',
      origin: 'https://b.example.com',
      profileName: undefined,
    });
    await store.useProfile('shop');
    for (const flags of [{ app: 'x1' }, { app: 'x1', domain: 'a.example.com' }]) {
      expect(await resolve(flags)).toMatchObject({ provider: 'prelude', appId: 'x1', profileName: undefined });
    }
    await expect(resolve({ managementUrl: 'https://m.example.com' })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
    });
  });

  test('--provider and its variable do, too; the flag goes before the variable', async () => {
    const env = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ID, STEPUP_DYNAMIC_ORIGIN: 'https://app.example.com' };
    const dynamic = { provider: 'dynamic', environmentId: ID };
    expect(await resolve({}, env)).toMatchObject({ provider: 'prelude', profileName: 'work' });
    expect(await resolve({ provider: 'dynamic' }, env)).toMatchObject(dynamic);
    expect(await resolve({}, { ...env, STEPUP_PROVIDER: 'dynamic' })).toMatchObject(dynamic);
    expect(await resolve({ provider: 'prelude' }, { ...env, STEPUP_PROVIDER: 'dynamic' })).toMatchObject(work);
    await expect(resolve({ provider: 'dynamic' })).rejects.toMatchObject({ code: 'PROFILE_UNKNOWN' });
  });

  test('a flag of one service goes before the variable that names the other', async () => {
    expect(await resolve({ app: 'x1' }, { STEPUP_PROVIDER: 'dynamic' })).toMatchObject({ provider: 'prelude' });
    const flags = { environment: ID, origin: 'https://app.example.com' };
    expect(await resolve(flags, { STEPUP_PROVIDER: 'prelude' })).toMatchObject({ provider: 'dynamic' });
  });

  test('a profile that is named decides, also against the variable', async () => {
    expect(await resolve({ profile: 'shop' })).toMatchObject({ ...shop, profileName: 'shop' });
    expect(await resolve({ profile: 'shop' }, { STEPUP_PROVIDER: 'prelude' })).toMatchObject(shop);
    expect(await resolve({}, { STEPUP_PROFILE: 'shop' })).toMatchObject(shop);
  });

  test.each<[TargetFlags, Env, string]>([
    [{ app: 'x1', environment: ID }, {}, '--app'],
    [{ domain: 'a.example.com', apiUrl: 'https://b.example.com' }, {}, '--domain'],
    [{ managementUrl: 'https://a.example.com', origin: 'https://b.example.com' }, {}, '--management-url'],
    [{ provider: 'dynamic', app: 'x1' }, {}, '--app'],
    [{ provider: 'prelude', environment: ID }, {}, '--environment'],
    [{ provider: 'prelude', origin: 'https://b.example.com' }, {}, '--origin'],
    [{ profile: 'shop', provider: 'prelude' }, {}, '--provider'],
    [{ profile: 'work', provider: 'dynamic' }, {}, '--provider'],
    [{ profile: 'work', environment: ID }, {}, '--environment'],
    [{ profile: 'shop', domain: 'a.example.com' }, {}, '--domain'],
    [{ provider: 'prelude' }, { STEPUP_PROFILE: 'shop' }, '--provider'],
    [{}, { STEPUP_PROFILE: 'work', STEPUP_PROVIDER: 'dynamic' }, 'STEPUP_PROVIDER'],
  ])('%j %j is a contradiction', async (flags, env, field) => {
    await expect(resolve(flags, env)).rejects.toMatchObject({ name: 'UsageError', code: 'FLAG_CONFLICT', field });
  });

  test('is prelude or dynamic and nothing else', async () => {
    await expect(resolve({ provider: 'Dynamic' })).rejects.toMatchObject({
      code: 'FLAG_INVALID',
      field: '--provider',
      message: '--provider is prelude or dynamic, not "Dynamic".',
    });
    await expect(resolve({}, { STEPUP_PROVIDER: 'auth0' })).rejects.toMatchObject({
      code: 'FLAG_INVALID',
      field: 'STEPUP_PROVIDER',
    });
    expect(await resolve({}, { STEPUP_PROVIDER: '' })).toMatchObject(work);
  });

  test('an emulator is both: Prelude unless Dynamic is said', async () => {
    await writeReady(store.folder, 4780, readyAt(4780));
    const dynamic = {
      provider: 'dynamic',
      environmentId: '00000000-0000-4000-8000-000000000001',
      apiUrl: 'http://127.0.0.1:4780/api/v0',
      origin: 'http://localhost:3000',
      emulator: { controlToken: 'control-token' },
      sources: { apiUrl: { kind: 'emulator', name: 'http://127.0.0.1:4780' } },
    };
    const leftOver = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ID, STEPUP_DYNAMIC_API_BASE_URL: 'https://b.example.com' };
    expect(await resolve({ emulator: 'running' }, leftOver)).toMatchObject({ provider: 'prelude', appId: 'demo' });
    expect(await resolve({ emulator: 'running', provider: 'dynamic' }, leftOver)).toMatchObject(dynamic);
    expect(await resolve({ emulator: 'running' }, { STEPUP_PROVIDER: 'dynamic' })).toMatchObject(dynamic);
    expect(await resolve({ emulator: 'running', origin: 'http://localhost:5173' })).toMatchObject({
      ...dynamic,
      origin: 'http://localhost:5173',
      sources: { origin: { kind: 'flag', name: '--origin' } },
    });
    expect(await resolve({ emulator: 'running', environment: ID })).toMatchObject({
      environmentId: ID,
      apiUrl: 'http://127.0.0.1:4780/api/v0',
      origin: 'http://localhost:3000',
    });
  });

  test('an emulator that this store does not know is both as well, and so is the one of the variable', async () => {
    const unknown = { provider: 'dynamic', apiUrl: 'http://127.0.0.1:9/api/v0', origin: 'http://localhost:3000' };
    expect(await resolve({ emulator: 'http://127.0.0.1:9', provider: 'dynamic' })).toMatchObject(unknown);
    const env = { STEPUP_EMULATOR_URL: 'http://127.0.0.1:9', STEPUP_DYNAMIC_ENVIRONMENT_ID: ID };
    expect(await resolve({ provider: 'dynamic' }, env)).toMatchObject({ ...unknown, environmentId: ID });
    expect(await resolve({}, env)).toMatchObject({ provider: 'prelude', appId: 'demo' });
  });
});

describe('addresses', () => {
  test.each([
    ['auth.example.com', 'https://auth.example.com'],
    ['localhost:4743/t/w1', 'https://localhost:4743/t/w1'],
    ['https://auth.example.com/', 'https://auth.example.com'],
    ['http://[::1]:4780', 'http://[::1]:4780'],
  ])('%s is %s', (text, url) => {
    expect(serviceUrl(text, '--domain')).toBe(url);
  });

  test.each([
    'http://example.com',
    'ftp://127.0.0.1',
    'https://a?b',
    'https://u:p@a',
    'a b',
    '',
    'http://127.0.0.1.example.com',
  ])('%j is no address of a service', (text) => {
    expect(() => serviceUrl(text, '--domain')).toThrow(expect.objectContaining({ code: 'URL_INVALID' }));
  });

  test('a hook is https, or http on loopback, and stays as it was given', () => {
    expect(callbackUrl('https://api.example.com/hooks?key=1', '--hook-url')).toBe(
      'https://api.example.com/hooks?key=1',
    );
    expect(callbackUrl('http://127.0.0.1:4790/', '--hook-url')).toBe('http://127.0.0.1:4790/');
    for (const text of ['http://api.example.com', 'api.example.com', 'https://u:p@a', 'nonsense']) {
      expect(() => callbackUrl(text, '--hook-url')).toThrow(
        expect.objectContaining({ code: 'URL_INVALID', field: '--hook-url' }),
      );
    }
  });
});
