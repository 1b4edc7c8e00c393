import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { constants, createPublicKey, verify } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
  type JWK,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderKeys } from '../../../src/emulator/key-store.js';
import { loadKeys, type Keys } from '../../../src/emulator/prelude/keys.js';
import { Nonces } from '../../../src/emulator/prelude/nonces.js';
import { newId } from '../../../src/emulator/prelude/randomness.js';
import { Tokens } from '../../../src/emulator/prelude/tokens.js';

let folder: string;
let keys: Keys;
let tokens: Tokens;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-keys-'));
  keys = await loadKeys(folderKeys(join(folder, 'emulator')));
  tokens = new Tokens(keys);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('keys', () => {
  it('are files of their owner only', async () => {
    const names = await readdir(join(folder, 'emulator'));
    expect(names.sort()).toEqual(['prelude-access.pem', 'prelude-challenge.pem', 'prelude-nonce.key']);
    for (const name of names) expect((await stat(join(folder, 'emulator', name))).mode & 0o777).toBe(0o600);
  });

  it('are used again after a restart', async () => {
    const again = await loadKeys(folderKeys(join(folder, 'emulator')));
    expect(again.access.kid).toBe(keys.access.kid);
    expect(again.challenge.kid).toBe(keys.challenge.kid);
    expect(again.nonceSecret.equals(keys.nonceSecret)).toBe(true);
  });

  it('are the same for two that start at once', async () => {
    const shared = join(folder, 'shared');
    const [one, other] = await Promise.all([loadKeys(folderKeys(shared)), loadKeys(folderKeys(shared))]);
    expect(one.access.kid).toBe(other.access.kid);
    expect(await readdir(shared)).toHaveLength(3);
  });

  it('are refused when damaged, in words', async () => {
    const damaged = join(folder, 'damaged');
    await loadKeys(folderKeys(damaged));
    await writeFile(join(damaged, 'prelude-access.pem'), 'not a key');
    await expect(loadKeys(folderKeys(damaged))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('have RFC 7638 thumbprints as kid', async () => {
    expect(keys.access.kid).toBe(await calculateJwkThumbprint(keys.access.jwk as JWK));
    expect(keys.challenge.kid).toBe(await calculateJwkThumbprint(keys.challenge.jwk as JWK));
  });
});

describe('tokens, with jose as the oracle', () => {
  it('access tokens are RS256 by a key of the access set', async () => {
    const token = await tokens.signAccess({ sub: 'usr_1', scope: 'a b' });
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(tokens.accessKeySet()), {
      algorithms: ['RS256'],
    });
    expect(payload).toEqual({ sub: 'usr_1', scope: 'a b' });
    expect(protectedHeader.kid).toBe(keys.access.kid);
  });

  it('challenge tokens are ES256 by a key of the step-up set, and no access tokens', async () => {
    const token = await tokens.signChallenge({ challenge_id: 'chl_1', metadata: { name: 'Zoë' } });
    const { payload } = await jwtVerify(token, createLocalJWKSet(tokens.challengeKeySet()), { algorithms: ['ES256'] });
    expect(payload).toEqual({ challenge_id: 'chl_1', metadata: { name: 'Zoë' } });
    expect(tokens.readChallenge(token)).toEqual(payload);
    expect(tokens.readAccess(token)).toBeUndefined();
    expect(tokens.readChallenge(await tokens.signAccess({}))).toBeUndefined();
  });

  it('reads what jose signs with the same key, and nothing that is unsigned, changed or of another key', async () => {
    const header = { alg: 'RS256', kid: keys.access.kid };
    const good = await new SignJWT({ sub: 'usr_1' }).setProtectedHeader(header).sign(keys.access.privateKey);
    expect(tokens.readAccess(good)).toEqual({ sub: 'usr_1' });
    const [head, body, mac] = good.split('.');
    const forged = Buffer.from('{"sub":"usr_2"}').toString('base64url');
    expect(tokens.readAccess(`${head}.${forged}.${mac}`)).toBeUndefined();
    expect(tokens.readAccess(`${head}.${body}.${mac}=`)).toBeUndefined();
    expect(tokens.readAccess(new UnsecuredJWT({ sub: 'usr_1' }).encode())).toBeUndefined();
    const otherKid = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: 'x' }).sign(keys.access.privateKey);
    expect(tokens.readAccess(otherKid)).toBeUndefined();
    const shared = Buffer.from(keys.access.publicKey.export({ type: 'spki', format: 'pem' }));
    const hs256 = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: keys.access.kid }).sign(shared);
    expect(decodeProtectedHeader(hs256).alg).toBe('HS256');
    expect(tokens.readAccess(hs256)).toBeUndefined();
  });

  it('hook calls are signed by RSASSA-PSS with SHA-256 and a salt of 32 bytes', () => {
    const body = Buffer.from('{"a":1}');
    const { signature, kid } = tokens.signHook(body);
    const key = createPublicKey({ key: tokens.accessKeySet().keys[0] as JWK, format: 'jwk' });
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(kid).toBe(keys.access.kid);
    expect(verify('sha256', body, { key, padding, saltLength: 32 }, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(
      verify('sha256', Buffer.from('{"a":2}'), { key, padding, saltLength: 32 }, Buffer.from(signature, 'base64url')),
    ).toBe(false);
  });
});

describe('nonces', () => {
  const nonces = new Nonces(Buffer.alloc(32, 7));

  it('are good for five minutes, earlier ones beside newer ones', () => {
    const first = nonces.issue('default', 1_000_000);
    const second = nonces.issue('default', 1_200_000);
    expect(first).not.toBe(second);
    expect(nonces.accepts(first, 'default', 1_200_000)).toBe(true);
    expect(nonces.accepts(first, 'default', 1_300_000)).toBe(true);
    expect(nonces.accepts(first, 'default', 1_300_001)).toBe(false);
    expect(nonces.accepts(second, 'default', 1_300_001)).toBe(true);
  });

  it('are refused when of another tenant, of another secret, changed, or no nonce', () => {
    const nonce = nonces.issue('default', 1_000_000);
    expect(nonces.accepts(nonce, 'other', 1_000_000)).toBe(false);
    expect(new Nonces(Buffer.alloc(32, 8)).accepts(nonce, 'default', 1_000_000)).toBe(false);
    const changed = nonce.slice(0, 12) + (nonce[12] === 'A' ? 'B' : 'A') + nonce.slice(13);
    expect(nonces.accepts(changed, 'default', 1_000_000)).toBe(false);
    expect(nonces.accepts('', 'default', 1_000_000)).toBe(false);
    expect(nonces.accepts('x'.repeat(5000), 'default', 1_000_000)).toBe(false);
  });
});

it('makes ids of 128 bits, 31 characters for a login configuration', () => {
  expect(newId('lcfg', (size) => new Uint8Array(size).fill(0xff))).toBe('lcfg_7zzzzzzzzzzzzzzzzzzzzzzzzz');
  expect(newId('usr', (size) => new Uint8Array(size))).toBe('usr_00000000000000000000000000');
});
