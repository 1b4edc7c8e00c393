/** Values that the store's tests and their child processes share. */
import type { ReadyEntry } from '../../src/store/emulators.js';
import type { CredentialKey, Profile } from '../../src/store/store.js';

export const key: CredentialKey = { provider: 'prelude', host: '54e9ujn.session.prelude.dev', application: 'demo' };
export const anotherKey: CredentialKey = { provider: 'prelude', host: '127.0.0.1:4780/t/two', application: 'demo' };

export const profile: Profile = {
  provider: 'prelude',
  appId: 'demo',
  frontendUrl: 'https://54e9ujn.session.prelude.dev',
  managementUrl: 'https://api.prelude.dev',
};

export const readyEntry: ReadyEntry = {
  type: 'ready',
  url: 'http://127.0.0.1:4780',
  httpsUrl: 'https://localhost:4743',
  caCert: '/abs/cert.pem',
  controlUrl: 'http://127.0.0.1:4780/__emulator',
  controlToken: 'control-token',
  prelude: {
    appId: 'demo',
    sessionDomain: 'localhost:4743',
    managementUrl: 'http://127.0.0.1:4780',
    managementKey: 'sk_emulator_demo',
    issuer: 'localhost:4743',
    jwksUrl: 'http://127.0.0.1:4780/.well-known/jwks.json',
  },
  dynamic: {
    environmentId: '00000000-0000-4000-8000-000000000001',
    apiBaseUrl: 'http://127.0.0.1:4780/api/v0',
    issuer: '127.0.0.1:4780/00000000-0000-4000-8000-000000000001',
    jwksUrl: 'http://127.0.0.1:4780/api/v0/sdk/00000000-0000-4000-8000-000000000001/.well-known/jwks',
  },
  pid: 1,
};
