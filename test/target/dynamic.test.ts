/** More on a target at Dynamic; which service it is, and its ordinary sources, are in target.test.ts. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveTarget } from '../../src/target/target.js';
import type { TargetFlags } from '../../src/target/given.js';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';
import type { Env } from '../../src/system.js';
import { temporaryHome } from '../support/stepup.js';

const ENVIRONMENT = '95b11417-f18f-457f-8804-68e361f9164f';
const OTHER = '11111111-2222-4333-8444-555555555555';
const REAL = 'https://app.dynamicauth.com/api/v0';

let store: Store;
let remove: () => Promise<void>;
beforeEach(async () => {
  const temporary = await temporaryHome();
  ({ remove } = temporary);
  store = createStore(temporary.home);
});
afterEach(() => remove());

const resolve = (flags: TargetFlags = {}, env: Env = {}) => resolveTarget(flags, env, store);
const app = {
  provider: 'dynamic' as const,
  environmentId: ENVIRONMENT,
  apiUrl: 'https://api.example.com/api/v0',
  origin: 'https://app.example.com',
};
const shop = {
  provider: 'prelude' as const,
  appId: '54e9ujn',
  frontendUrl: 'https://auth.example.com',
  managementUrl: 'https://api.example.com',
};

describe('a flag goes before a variable before the profile', () => {
  beforeEach(async () => {
    await store.saveProfile('app', app);
    await store.useProfile('app');
  });

  test('variables over it; an empty one counts as absent', async () => {
    const env = {
      STEPUP_DYNAMIC_ENVIRONMENT_ID: '',
      STEPUP_DYNAMIC_API_BASE_URL: 'https://other.example.com/api/v0/',
      STEPUP_DYNAMIC_ORIGIN: '',
      STEPUP_PROVIDER: '',
      STEPUP_PROFILE: '',
      STEPUP_EMULATOR_URL: '',
    };
    expect(await resolve({}, env)).toMatchObject({
      environmentId: ENVIRONMENT,
      apiUrl: 'https://other.example.com/api/v0',
      origin: 'https://app.example.com',
      sources: {
        environmentId: { kind: 'profile', name: 'app' },
        apiUrl: { kind: 'variable', name: 'STEPUP_DYNAMIC_API_BASE_URL' },
      },
    });
    expect(await resolve({}, { STEPUP_DYNAMIC_ORIGIN: 'https://web.example.com' })).toMatchObject({
      origin: 'https://web.example.com',
      sources: { origin: { kind: 'variable', name: 'STEPUP_DYNAMIC_ORIGIN' } },
    });
  });

  test('flags over both', async () => {
    const env = { STEPUP_DYNAMIC_API_BASE_URL: 'https://other.example.com', STEPUP_DYNAMIC_ENVIRONMENT_ID: OTHER };
    expect(await resolve({ apiUrl: 'http://127.0.0.1:9/', environment: ENVIRONMENT }, env)).toMatchObject({
      environmentId: ENVIRONMENT,
      apiUrl: 'http://127.0.0.1:9/api/v0',
      origin: 'https://app.example.com',
      sources: { apiUrl: { kind: 'flag', name: '--api-url' }, environmentId: { kind: 'flag', name: '--environment' } },
    });
  });

  test.each([
    ['flag', { environment: OTHER }, {}],
    ['variable', {}, { STEPUP_DYNAMIC_ENVIRONMENT_ID: OTHER }],
  ])('another environment by %s does not take the profile’s origin', async (_, flags, env) => {
    await expect(resolve(flags, env)).rejects.toMatchObject({
      name: 'UsageError',
      code: 'ORIGIN_INVALID',
      field: '--origin',
      hint: expect.stringContaining('--origin'),
    });
    expect(await resolve({ ...flags, origin: 'https://x.example.com' }, env)).toMatchObject({
      environmentId: OTHER,
      apiUrl: app.apiUrl,
      origin: 'https://x.example.com',
    });
  });
});

describe('without a profile', () => {
  test('the variables are enough, and Dynamic’s own address is taken', async () => {
    const env = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ENVIRONMENT, STEPUP_DYNAMIC_ORIGIN: 'https://app.example.com' };
    expect(await resolve({}, env)).toMatchObject({
      provider: 'dynamic',
      environmentId: ENVIRONMENT,
      apiUrl: REAL,
      origin: 'https://app.example.com',
      profileName: undefined,
      sources: {
        environmentId: { kind: 'variable', name: 'STEPUP_DYNAMIC_ENVIRONMENT_ID' },
        apiUrl: { kind: 'default' },
        origin: { kind: 'variable', name: 'STEPUP_DYNAMIC_ORIGIN' },
      },
    });
  });

  test.each(['http://127.0.0.1:4780', 'http://localhost:4780', 'http://[::1]:4780', 'https://localhost:4743'])(
    'at %s, on this machine, the origin is http://localhost:3000',
    async (apiUrl) => {
      expect(await resolve({ environment: ENVIRONMENT, apiUrl })).toMatchObject({
        apiUrl: `${apiUrl}/api/v0`,
        origin: 'http://localhost:3000',
        sources: { origin: { kind: 'default' } },
      });
    },
  );

  test.each([undefined, 'https://app.dynamic.xyz/api/v0', 'https://localhost.example.com'])(
    'at %s, beyond this machine, an origin must be given',
    async (apiUrl) => {
      await expect(resolve({ environment: ENVIRONMENT, apiUrl })).rejects.toMatchObject({
        code: 'ORIGIN_INVALID',
        field: '--origin',
      });
    },
  );
});

describe('values', () => {
  test.each([
    ['https://app.dynamic.xyz', 'https://app.dynamic.xyz/api/v0'],
    ['app.dynamic.xyz', 'https://app.dynamic.xyz/api/v0'],
    ['https://app.dynamic.xyz/', 'https://app.dynamic.xyz/api/v0'],
    ['https://app.dynamic.xyz/api/v0/', 'https://app.dynamic.xyz/api/v0'],
    ['https://proxy.example.com/dynamic/api/v0', 'https://proxy.example.com/dynamic/api/v0'],
    ['https://proxy.example.com:8443', 'https://proxy.example.com:8443/api/v0'],
  ])('--api-url %s is %s', async (apiUrl, url) => {
    const flags = { environment: ENVIRONMENT, origin: 'https://app.example.com', apiUrl };
    expect(await resolve(flags)).toMatchObject({ apiUrl: url });
    expect(await resolve({ ...flags, apiUrl: undefined }, { STEPUP_DYNAMIC_API_BASE_URL: apiUrl })).toMatchObject({
      apiUrl: url,
    });
  });

  test.each(['http://app.dynamic.xyz', 'https://u:p@a', 'https://a?b', 'a b', 'ftp://127.0.0.1'])(
    '--api-url %s is no address',
    async (apiUrl) => {
      const flags = { environment: ENVIRONMENT, origin: 'https://app.example.com' };
      await expect(resolve({ ...flags, apiUrl })).rejects.toMatchObject({ code: 'URL_INVALID', field: '--api-url' });
      await expect(resolve(flags, { STEPUP_DYNAMIC_API_BASE_URL: apiUrl })).rejects.toMatchObject({
        code: 'URL_INVALID',
        field: 'STEPUP_DYNAMIC_API_BASE_URL',
      });
    },
  );

  test.each([
    '',
    'demo',
    ENVIRONMENT.toUpperCase(),
    ENVIRONMENT.slice(1),
    `${ENVIRONMENT}0`,
    `${ENVIRONMENT}\n`,
    ` ${ENVIRONMENT}`,
    ENVIRONMENT.replaceAll('-', ''),
    '../../etc',
    'g5b11417-f18f-457f-8804-68e361f9164f',
  ])('%j is no environment id', async (environment) => {
    await expect(resolve({ environment, origin: 'https://app.example.com' })).rejects.toMatchObject({
      name: 'UsageError',
      code: 'ENVIRONMENT_INVALID',
      field: '--environment',
    });
  });

  test('a malformed environment id of a variable names the variable', async () => {
    await expect(resolve({}, { STEPUP_DYNAMIC_ENVIRONMENT_ID: 'demo' })).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      field: 'STEPUP_DYNAMIC_ENVIRONMENT_ID',
      message: expect.stringMatching(/^STEPUP_DYNAMIC_ENVIRONMENT_ID: .*"demo"/),
    });
  });

  test('a malformed origin names the flag or the variable', async () => {
    await expect(resolve({ environment: ENVIRONMENT, origin: 'http://app.example.com' })).rejects.toMatchObject({
      code: 'ORIGIN_INVALID',
      field: '--origin',
    });
    const env = { STEPUP_DYNAMIC_ORIGIN: 'ftp://app.example.com' };
    await expect(resolve({ environment: ENVIRONMENT }, env)).rejects.toMatchObject({
      code: 'ORIGIN_INVALID',
      field: 'STEPUP_DYNAMIC_ORIGIN',
    });
  });
});

describe('which service', () => {
  beforeEach(async () => {
    await store.saveProfile('app', app);
    await store.saveProfile('shop', shop);
  });

  test.each([
    ['--provider dynamic', { provider: 'dynamic' }, {}],
    ['STEPUP_PROVIDER=dynamic', {}, { STEPUP_PROVIDER: 'dynamic' }],
    ['--environment', { environment: ENVIRONMENT }, {}],
    ['--api-url', { apiUrl: 'https://api.example.com' }, {}],
    ['--origin', { origin: 'https://app.example.com' }, {}],
  ])('%s passes a current profile of Prelude over', async (_, flags: TargetFlags, env: Env) => {
    await store.useProfile('shop');
    const needed = { STEPUP_DYNAMIC_ENVIRONMENT_ID: ENVIRONMENT, STEPUP_DYNAMIC_ORIGIN: 'https://app.example.com' };
    expect(await resolve(flags, { ...needed, ...env })).toMatchObject({
      provider: 'dynamic',
      environmentId: ENVIRONMENT,
      profileName: undefined,
    });
  });

  test.each([
    ['--provider prelude', { provider: 'prelude' }, {}],
    ['STEPUP_PROVIDER=prelude', {}, { STEPUP_PROVIDER: 'prelude' }],
    ['--app', { app: 'demo' }, {}],
    ['--domain', { domain: 'auth.example.com' }, {}],
    ['--management-url', { managementUrl: 'https://api.example.com' }, {}],
  ])('%s passes a current profile of Dynamic over', async (_, flags: TargetFlags, env: Env) => {
    await store.useProfile('app');
    expect(await resolve(flags, { STEPUP_PRELUDE_APP_ID: 'demo', ...env })).toMatchObject({
      provider: 'prelude',
      appId: 'demo',
      profileName: undefined,
    });
  });

  test('a current profile that is passed over is named where nothing else is', async () => {
    await store.useProfile('shop');
    await expect(resolve({ provider: 'dynamic' })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      field: '--provider',
      message: 'Nothing is named at Dynamic: the current profile "shop" is of Prelude.',
      hint: expect.stringMatching(/--environment or --profile, .*: stepup init --provider dynamic$/) as string,
    });
    await store.useProfile('app');
    await expect(resolve({}, { STEPUP_PROVIDER: 'prelude' })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      field: 'STEPUP_PROVIDER',
      message: 'Nothing is named at Prelude: the current profile "app" is of Dynamic.',
    });
    await expect(resolve({ managementUrl: 'https://api.example.com' })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      field: '--management-url',
    });
  });

  test('a profile that is named is not passed over, and the error names it', async () => {
    await expect(resolve({ profile: 'shop', environment: ENVIRONMENT })).rejects.toMatchObject({
      code: 'FLAG_CONFLICT',
      field: '--environment',
      message: 'The profile "shop" is of Prelude.',
    });
    await expect(resolve({ domain: 'auth.example.com' }, { STEPUP_PROFILE: 'app' })).rejects.toMatchObject({
      code: 'FLAG_CONFLICT',
      field: '--domain',
      message: 'The profile "app" is of Dynamic.',
    });
  });

  test('--profile goes before STEPUP_PROVIDER and STEPUP_PROFILE', async () => {
    const env = { STEPUP_PROVIDER: 'prelude', STEPUP_PROFILE: 'shop' };
    expect(await resolve({ profile: 'app' }, env)).toMatchObject({ provider: 'dynamic', profileName: 'app' });
    expect(await resolve({ profile: 'app' }, { STEPUP_PROVIDER: 'nonsense' })).toMatchObject({ provider: 'dynamic' });
  });
});

describe('an emulator is both services', () => {
  const address = 'http://127.0.0.1:9';
  const emulated = {
    provider: 'dynamic',
    environmentId: '00000000-0000-4000-8000-000000000001',
    apiUrl: 'http://127.0.0.1:9/api/v0',
    origin: 'http://localhost:3000',
    emulatorUrl: address,
    sources: { environmentId: { kind: 'emulator', name: address }, origin: { kind: 'emulator', name: address } },
  };

  test.each([
    ['--provider', { provider: 'dynamic' }, {}],
    ['STEPUP_PROVIDER', {}, { STEPUP_PROVIDER: 'dynamic' }],
  ])('%s chooses', async (_, flags: TargetFlags, env: Env) => {
    expect(await resolve({ ...flags, emulator: address }, env)).toMatchObject(emulated);
    expect(await resolve(flags, { ...env, STEPUP_EMULATOR_URL: address })).toMatchObject(emulated);
    expect(await resolve({ emulator: address })).toMatchObject({ provider: 'prelude' });
  });

  test('leftover variables do not redirect --emulator; those beside STEPUP_EMULATOR_URL count', async () => {
    const env = {
      STEPUP_DYNAMIC_ENVIRONMENT_ID: OTHER,
      STEPUP_DYNAMIC_API_BASE_URL: REAL,
      STEPUP_DYNAMIC_ORIGIN: 'https://live.example.com',
    };
    expect(await resolve({ emulator: address, provider: 'dynamic' }, env)).toMatchObject(emulated);
    expect(await resolve({ provider: 'dynamic' }, { ...env, STEPUP_EMULATOR_URL: address })).toMatchObject({
      environmentId: OTHER,
      apiUrl: REAL,
      origin: 'https://live.example.com',
    });
  });
});
