import { EmbeddedJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { cookieHeader, takeCookies } from '../../src/http/cookies.js';
import {
  clockOffset,
  generateDpopKey,
  makeProof,
  proofUrl,
  thumbprint,
  uuid,
  type DpopKey,
} from '../../src/http/dpop.js';

/** The public key of RFC 9449's examples; its private half is not published, and not needed here. */
const RFC_KEY: DpopKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
  y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
  d: 'A'.repeat(43),
};

describe('thumbprint', () => {
  it('RFC 9449 §6.1: the jkt of the example key', async () => {
    expect(await thumbprint(RFC_KEY)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
  });
});

describe('makeProof', () => {
  it('RFC 9449 §4.2: header and claims, verified with the key inside', async () => {
    const key = await generateDpopKey();
    const proof = await makeProof(key, {
      htm: 'POST',
      htu: 'https://Server.Example.com/token?a=b#c',
      iat: 1_562_262_616,
      jti: '-BwC3ESc6acc2lTc',
      nonce: 'n',
    });
    const header = Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString();
    expect(header).toBe(
      `{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"${key.x}","y":"${key.y}"}}`,
    );
    const { payload } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      currentDate: new Date(1_562_262_616_000),
    });
    expect(payload).toEqual({
      jti: '-BwC3ESc6acc2lTc',
      htm: 'POST',
      htu: 'https://server.example.com/token',
      iat: 1_562_262_616,
      nonce: 'n',
    });
    expect(Buffer.from(proof.split('.')[2] ?? '', 'base64url')).toHaveLength(64);
  });

  it('each key is a new one, and never shows its private part', async () => {
    const [a, b] = await Promise.all([generateDpopKey(), generateDpopKey()]);
    expect(a.d).not.toBe(b.d);
    expect(await makeProof(a, { htm: 'POST', htu: 'https://a.example/', iat: 1, jti: 'j' })).not.toContain(a.d);
  });
});

describe('proofUrl', () => {
  it.each([
    ['HTTPS://A.Example:8443/P/x?q#f', 'https://a.example:8443/P/x'],
    ['https://a.example:443/t/w1/v1', 'https://a.example/t/w1/v1'],
    ['http://127.0.0.1:4780', 'http://127.0.0.1:4780/'],
  ])('RFC 9449 §4.3: %s is %s', (url, htu) => expect(proofUrl(url)).toBe(htu));
});

describe('uuid', () => {
  it('RFC 9562 §5.4: sets version and variant', () => {
    expect(uuid(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000');
    expect(uuid(new Uint8Array(16).fill(255))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});

describe('clockOffset', () => {
  const noon = Date.UTC(2026, 2, 1, 12);
  it.each([
    ['Sun, 01 Mar 2026 12:10:00 GMT', 600],
    ['Sun, 01 Mar 2026 11:59:59 GMT', -1],
    ['never', undefined],
    [null, undefined],
  ])('%s is %s s from noon', (date, offset) => expect(clockOffset(date, noon + 300)).toBe(offset));
});

describe('cookies', () => {
  it('takes what is set, drops what has ended', () => {
    const headers = new Headers();
    for (const line of ['a=1; Path=/; Secure', 'b=x=y', 'c=; Path=/', 'd=4; Max-Age=0', '=5', 'odd'])
      headers.append('Set-Cookie', line);
    const cookies = takeCookies({ c: 'old', d: 'old', e: 'kept' }, headers);
    expect(cookies).toEqual({ a: '1', b: 'x=y', e: 'kept' });
    expect(cookieHeader({ a: '1', b: 'x=y' })).toBe('a=1; b=x=y');
    expect(cookieHeader({})).toBeUndefined();
  });
});
