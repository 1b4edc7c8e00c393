import { CompactSign, compactVerify, type CompactJWSHeaderParameters } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseJws, readJws, signJws } from '../../src/emulator/jws.js';
import type { SigningKey } from '../../src/emulator/key-files.js';
import { keyPair } from '../support/key-pair.js';

const LIMIT = 16_384;

it.each([
  ['', 'empty'],
  ['a.b', 'two segments'],
  ['a.b.c.d', 'four segments'],
  ['!.b.c', 'other characters'],
  ['W10.e30.AA', 'an array as header'],
  ['e30.bnVsbA.AA', 'null as payload'],
  ['e30.gICA.AA', 'bytes that are no UTF-8'],
  [`e30.${'A'.repeat(20_000)}.AA`, 'too long'],
])('parseJws refuses %#: %s', (token) => {
  expect(parseJws(token, LIMIT)).toBeUndefined();
});

it('parseJws takes as many characters as it is told', () => {
  const token = `e30.${Buffer.from(JSON.stringify({ a: 'x'.repeat(100) })).toString('base64url')}.AA`;
  expect(parseJws(token, token.length)?.payload).toEqual({ a: 'x'.repeat(100) });
  expect(parseJws(token, token.length - 1)).toBeUndefined();
});

const rsa = keyPair('rsa', { modulusLength: 2048 });
const ec = keyPair('ec', { namedCurve: 'P-256' });
const keys: SigningKey[] = [
  { alg: 'RS256', kid: 'one', ...rsa, jwk: {} },
  { alg: 'ES256', kid: 'two', ...ec, jwk: {} },
];

describe.each(keys)('a token by $alg, with jose as the oracle', (key) => {
  const sign = (header: CompactJWSHeaderParameters): Promise<string> =>
    new CompactSign(Buffer.from('{"sub":"u"}')).setProtectedHeader(header).sign(key.privateKey);

  it('is what the standard says', async () => {
    const { payload, protectedHeader } = await compactVerify(await signJws(key, 'JWT', { name: 'Zoë' }), key.publicKey);
    expect(protectedHeader).toEqual({ alg: key.alg, typ: 'JWT', kid: key.kid });
    expect(Buffer.from(payload).toString('utf8')).toBe('{"name":"Zoë"}');
  });

  it('is read when it is of the very key', async () => {
    const token = await sign({ alg: key.alg, kid: key.kid });
    expect(readJws(key, token, LIMIT)?.payload).toEqual({ sub: 'u' });
    expect(readJws(key, await sign({ alg: key.alg, kid: 'three' }), LIMIT)).toBeUndefined();
    expect(readJws(key, await sign({ alg: key.alg }), LIMIT)).toBeUndefined();
    const [head, , mac] = token.split('.');
    expect(readJws(key, `${head}.${Buffer.from('{"sub":"v"}').toString('base64url')}.${mac}`, LIMIT)).toBeUndefined();
    for (const other of keys.filter((one) => one !== key)) {
      expect(readJws({ ...other, kid: key.kid }, token, LIMIT)).toBeUndefined();
    }
  });
});
