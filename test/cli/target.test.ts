import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callbackUrl, serviceUrl } from '../../src/cli/addresses.js';
import { resolveTarget } from '../../src/cli/target.js';
import type { TargetFlags } from '../../src/cli/target/given.js';
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
