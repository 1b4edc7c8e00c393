import { constants, sign, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSignature, parseHookCall, type SignatureCheck } from '../../../src/providers/prelude/hook.js';
import { createJwks, type Jwks } from '../../../src/providers/prelude/jwks.js';
import { openHouse, type House } from './house.js';
import { keyPair } from '../../support/key-pair.js';

const BODY = Buffer.from('{"scope_requested":"transfer:write","user_id":"usr_01"}  \n');

const pair = keyPair('rsa', { modulusLength: 2048 });
const other = keyPair('rsa', { modulusLength: 2048 });

function signed(body: Uint8Array, saltLength: number, key: KeyObject = pair.privateKey): Buffer {
  return sign('sha256', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

describe('hook signature', () => {
  let house: House;
  let jwks: Jwks;
  let keys: object[];
  beforeEach(async () => {
    house = await openHouse();
    keys = [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }];
    house.service.on('/.well-known/jwks.json', () => ({ status: 200, json: { keys } }));
    jwks = createJwks({ http: house.http, target: house.target, now: () => house.clock.now });
  });
  afterEach(() => house.close());

  const check = (
    signature: string | undefined,
    keyId: string | undefined = 'k1',
    body: Uint8Array = BODY,
  ): Promise<SignatureCheck> => checkSignature(jwks, { body, signature, keyId });

  it.each([0, 20, 32, 222])('takes RSASSA-PSS with a salt of %d bytes', async (salt) => {
    expect(await check(signed(BODY, salt).toString('base64url'))).toEqual({ valid: true, keyId: 'k1' });
  });

  it('takes it with a prefix, with padding, and in the standard alphabet', async () => {
    const signature = signed(BODY, 32);
    for (const text of [
      `rsassa-pss-sha256=${signature.toString('base64url')}`,
      `${signature.toString('base64url')}==`,
      signature.toString('base64'),
      `rsassa-pss-sha256=${signature.toString('base64')}`,
    ]) {
      expect(await check(text)).toEqual({ valid: true, keyId: 'k1' });
    }
  });

  it('goes by the raw bytes', async () => {
    const trimmed = Buffer.from(BODY.toString().trim());
    expect(await check(signed(BODY, 32).toString('base64url'), 'k1', trimmed)).toMatchObject({
      valid: false,
      reason: 'the signature does not fit the body',
    });
  });

  it.each([
    [undefined, 'k1', 'the call has no X-Webhook-Signature header'],
    ['%%%', 'k1', 'the signature is no base64url'],
    ['AAAA', 'k1', 'the signature does not fit the body'],
    ['AAAA', 'k9', 'the application publishes no key with this id'],
  ])('refuses %s by %s', async (signature, keyId, reason) => {
    expect(await check(signature, keyId)).toEqual({ valid: false, keyId, reason });
  });

  it('refuses a call without a key id, another key, and PKCS #1 v1.5', async () => {
    expect(await checkSignature(jwks, { body: BODY, signature: 'AAAA', keyId: undefined })).toMatchObject({
      valid: false,
    });
    expect(await check(signed(BODY, 32, other.privateKey).toString('base64url'))).toMatchObject({ valid: false });
    expect(await check(sign('sha256', BODY, pair.privateKey).toString('base64url'))).toMatchObject({ valid: false });
  });

  it('keeps the keys for ten minutes, and fetches them again for an unknown id', async () => {
    const signature = signed(BODY, 32).toString('base64url');
    await check(signature);
    await check(signature);
    expect(house.service.requests).toHaveLength(1);
    keys.push({ ...other.publicKey.export({ format: 'jwk' }), kid: 'k2' });
    expect(await check(signed(BODY, 32, other.privateKey).toString('base64url'), 'k2')).toMatchObject({ valid: true });
    expect(house.service.requests).toHaveLength(2);
    await check(signature, 'k3');
    await check(signature, 'k3');
    expect(house.service.requests).toHaveLength(3);
    house.clock.now += 600_000;
    await check(signature);
    expect(house.service.requests).toHaveLength(4);
  });

  it('says so when the keys cannot be had', async () => {
    await house.service.stop();
    const unreachable = createJwks({
      http: { ...house.http, send: () => Promise.reject(new Error('away')) },
      target: house.target,
      now: () => 0,
    });
    await expect(checkSignature(unreachable, { body: BODY, signature: 'AAAA', keyId: 'k1' })).rejects.toThrow('away');
  });
});

describe('parseHookCall', () => {
  it('reads a call in the service’s field names', () => {
    expect(parseHookCall(BODY)).toEqual({
      scope_requested: 'transfer:write',
      user_id: 'usr_01',
      identifiers: [],
      signals: {},
    });
  });

  it.each(['', 'null', '[]', '{"user_id":"usr_01"}', '<html>'])('is undefined for %j', (body) => {
    expect(parseHookCall(Buffer.from(body))).toBeUndefined();
  });
});
