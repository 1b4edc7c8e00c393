import { beforeAll, describe, expect, it } from 'vitest';
import { checkProof, ProofKeys } from '../../../src/emulator/prelude/dpop.js';
import { newKey, proof, type DpopKey } from './client.js';

/** RFC 9449 §4.1, figure 2, and the thumbprint that §6.1 gives for its key. */
const RFC_PROOF =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19' +
  '.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ' +
  '.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
const RFC_JKT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const RFC_TIME = 1_562_262_616_000;

const rfcRequest = {
  header: RFC_PROOF,
  method: 'POST',
  url: 'https://server.example.com/token',
  now: RFC_TIME,
  windowSeconds: 60,
};

describe('the proof of RFC 9449 §4.1', () => {
  it('is good, and its key has the thumbprint of §6.1', () => {
    expect(checkProof(rfcRequest, new ProofKeys())).toEqual({
      jkt: RFC_JKT,
      jti: '-BwC3ESc6acc2lTc',
      iat: 1_562_262_616,
      nonce: undefined,
    });
  });

  it.each([59_999, 60_999, -60_000])('is good with the clock %i ms on', (ms) => {
    expect(() => checkProof({ ...rfcRequest, now: RFC_TIME + ms }, new ProofKeys())).not.toThrow();
  });

  it.each([61_000, -60_001])('is refused with the clock %i ms on', (ms) => {
    const refusal = expect.stringContaining('iat');
    expect(() => checkProof({ ...rfcRequest, now: RFC_TIME + ms }, new ProofKeys())).toThrow(
      expect.objectContaining({ code: 'invalid_dpop_proof', refusal }),
    );
  });
});

describe('RFC 9449 §4.3: htu is compared after normalisation, without query and fragment', () => {
  const now = 1_700_000_000_000;
  let key: DpopKey;
  beforeAll(async () => {
    key = await newKey();
  });

  const check = async (htu: string, url: string): Promise<string> => {
    const header = await proof(key, { htm: 'POST', htu, iat: now / 1000, jti: 'one' });
    return checkProof({ header, method: 'POST', url, now, windowSeconds: 60 }, new ProofKeys()).jti;
  };

  it.each([
    ['HTTPS://Localhost:4743/v1/session/refresh', 'https://localhost:4743/v1/session/refresh'],
    ['https://api.example.com:443/v1', 'https://api.example.com/v1'],
    ['http://api.example.com:80/v1', 'http://api.example.com/v1'],
    ['https://api.example.com/v1/../v1/%7euser', 'https://api.example.com/v1/~user'],
    ['https://api.example.com/a%2fb', 'https://api.example.com/a%2Fb'],
    ['https://api.example.com/v1?x=1#y', 'https://api.example.com/v1?z=2'],
    ['https://api.example.com', 'https://api.example.com/'],
  ])('%s is %s', async (htu, url) => {
    expect(await check(htu, url)).toBe('one');
  });

  it.each([
    ['http://localhost:4743/v1', 'https://localhost:4743/v1'],
    ['https://localhost/v1', 'https://localhost:4743/v1'],
    ['https://127.0.0.1:4743/v1', 'https://localhost:4743/v1'],
    ['https://localhost:4743/V1', 'https://localhost:4743/v1'],
    ['https://localhost:4743/v1/', 'https://localhost:4743/v1'],
    ['https://localhost:4743/a/b', 'https://localhost:4743/a%2Fb'],
    ['https://user@localhost:4743/v1', 'https://localhost:4743/v1'],
    ['/v1', 'https://localhost:4743/v1'],
  ])('%s is not %s', async (htu, url) => {
    await expect(check(htu, url)).rejects.toMatchObject({
      code: 'invalid_dpop_proof',
      refusal: expect.stringContaining('htu: expected'),
    });
  });
});

it('ProofKeys holds no more keys than its limit', async () => {
  const keys = new ProofKeys(2);
  const jwks = (await Promise.all([newKey(), newKey(), newKey()])).map(({ jwk, jkt }) => ({ jwk, jkt }));
  const imported = jwks.map(({ jwk, jkt }) => keys.import(jkt, jwk as Parameters<ProofKeys['import']>[1]));
  const again = (at: number): unknown =>
    keys.import(jwks[at]?.jkt ?? '', jwks[at]?.jwk as Parameters<ProofKeys['import']>[1]);
  expect(again(2)).toBe(imported[2]);
  expect(again(0)).not.toBe(imported[0]);
});
