import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Passkey } from '../../src/authenticator/passkey.js';
import type { Wallet } from '../../src/authenticator/wallet.js';
import { createKeyring, type KeptTotp, type Keyring } from '../../src/providers/keyring.js';
import { createStore } from '../../src/store/create.js';
import type { Store } from '../../src/store/store.js';

let folder: string;
let store: Store;
let keyring: Keyring;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-keyring-'));
  store = createStore(folder);
  keyring = createKeyring(store);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const createdAt = '2026-01-01T00:00:00.000Z';
/** The private key 1, whose address everybody knows. */
const one: Wallet = {
  address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
  privateKey: `0x${'1'.padStart(64, '0')}`,
  createdAt,
};
const two: Wallet = {
  address: '0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF',
  privateKey: `0x${'2'.padStart(64, '0')}`,
  createdAt,
};
const passkey: Passkey = {
  credentialId: 'Y3JlZA',
  rpId: 'localhost',
  userHandle: 'dXNlcg',
  userName: 'ada@example.com',
  // RFC 7515 appendix A.3.1.
  privateKey: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  },
  createdAt,
};
const kept: KeptTotp = { secret: 'GEZDGNBVGY3TQOJQ', algorithm: 'SHA1', digits: 6, period: 30, owner: 'ada' };

describe('wallets', () => {
  test('come by name, oldest first', async () => {
    await keyring.addWallet('second', two);
    await keyring.addWallet('main', one);
    expect([...(await keyring.wallets())]).toEqual([
      ['second', two],
      ['main', one],
    ]);
  });

  test('a name and an address are there once; the error names no key', async () => {
    await keyring.addWallet('main', one);
    await expect(keyring.addWallet('main', two)).rejects.toMatchObject({ code: 'WALLET_EXISTS' });
    const again = keyring.addWallet('other', one);
    await expect(again).rejects.toMatchObject({ code: 'WALLET_EXISTS', message: expect.stringContaining('"main"') });
    await expect(again).rejects.not.toMatchObject({ message: expect.stringContaining(one.privateKey) });
    expect([...(await keyring.wallets()).keys()]).toEqual(['main']);
  });

  test('of two of one name at once, one is kept', async () => {
    const outcomes = await Promise.allSettled([keyring.addWallet('main', one), keyring.addWallet('main', two)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await keyring.wallets()).size).toBe(1);
  });
});

describe('passkeys', () => {
  test('are added and removed by credential id; one that is not there is no error', async () => {
    await keyring.addPasskey(passkey);
    expect(await keyring.passkeys()).toEqual([passkey]);
    await keyring.removePasskey('bm9uZQ');
    await keyring.removePasskey(passkey.credentialId);
    expect(await keyring.passkeys()).toEqual([]);
  });
});

describe('TOTP secrets', () => {
  test('are given to their owner alone', async () => {
    await keyring.saveTotp('device1', kept);
    await keyring.saveTotp('device2', { ...kept, owner: 'bob' });
    expect([...(await keyring.totpOf('ada')).keys()]).toEqual(['device1']);
    expect([...(await keyring.totpOf('bob')).keys()]).toEqual(['device2']);
    expect((await keyring.totpOf('')).size).toBe(0);
    await keyring.removeTotp('device1');
    expect((await keyring.totpOf('ada')).size).toBe(0);
  });

  // RFC 6238 §5.2: a code is accepted once.
  test('a time step is given out once, also to fifty at once, and never one before those that were used', async () => {
    await keyring.saveTotp('device', { ...kept, usedStep: 100 });
    expect(await keyring.takeTotpStep('device', 100)).toBe(101);
    expect(await keyring.takeTotpStep('device', 90)).toBe(102);
    expect(await keyring.takeTotpStep('device', 200)).toBe(200);
    const taken = await Promise.all(Array.from({ length: 50 }, () => keyring.takeTotpStep('device', 200)));
    expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => 201 + at));
  });

  test('the step of a device that was removed meanwhile is the least, and nothing is kept', async () => {
    expect(await keyring.takeTotpStep('gone', 7)).toBe(7);
    expect(await store.keyring('totp')).toEqual({});
  });
});

describe('an entry that cannot be read', () => {
  const broken = { address: one.address, privateKey: 'a secret that is no key', createdAt };

  test('is STORE_CORRUPTED for whoever needs it, quotes nothing, and stays', async () => {
    await store.updateKeyring('wallets', (entries) => void entries.set('main', broken));
    const reading = keyring.wallets();
    await expect(reading).rejects.toMatchObject({
      code: 'STORE_CORRUPTED',
      message: expect.stringContaining('wallets'),
    });
    await expect(reading).rejects.not.toMatchObject({ message: expect.stringContaining('secret that') });
    await expect(keyring.addWallet('other', one)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
    expect(await store.keyring('wallets')).toEqual({ main: broken });
  });

  test('of one kind leaves the others readable', async () => {
    await store.updateKeyring('totp', (entries) => void entries.set('device', { secret: 'not base32!', owner: 'ada' }));
    await keyring.addWallet('main', one);
    await keyring.addPasskey(passkey);
    expect((await keyring.wallets()).size).toBe(1);
    expect(await keyring.passkeys()).toHaveLength(1);
    await expect(keyring.totpOf('ada')).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
    await expect(keyring.takeTotpStep('device', 1)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
  });

  test('can be removed', async () => {
    await store.updateKeyring('passkeys', (entries) => void entries.set('broken', { rpId: 'localhost' }));
    await expect(keyring.passkeys()).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
    await keyring.removePasskey('broken');
    expect(await keyring.passkeys()).toEqual([]);
  });
});
