import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parsePublicHalf, parsePublicKey, parseSigningKey } from '../../src/backend/key-text.js';
import { createSigningKey, privateJwkOf, thumbprint } from '../../src/backend/keys.js';
import { UsageError } from '../../src/errors.js';
import { keyPair } from '../support/key-pair.js';

const source = { name: 'key.pem', field: '--key' };
const { privateKey, publicKey } = keyPair('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' = 'pkcs8'): string =>
  key.export({ type, format: 'pem' }).toString();
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const jwk = (key: KeyObject, more: object = {}): string =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...more });

function refusal(read: () => unknown): UsageError {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('the thumbprint is that of RFC 7638 §3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  expect(thumbprint({ n, e: 'AQAB' })).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

describe('a private key', () => {
  test.each<[string, string]>([
    ['PKCS #8', pem(privateKey)],
    ['PKCS #1', pem(privateKey, 'pkcs1')],
    ['a JWK', jwk(privateKey)],
    ['PEM with text before it', `made by hand\n${pem(privateKey)}`],
  ])('is read from %s, and its public half is that of the key', (_, text) => {
    const key = parseSigningKey(text, source);
    const { n, e } = publicKey.export({ format: 'jwk' });
    expect(key.jwk).toEqual({ kty: 'RSA', kid: thumbprint({ n: n!, e: e! }), use: 'sig', alg: 'RS256', n, e });
  });

  test('keeps the kid of its JWK, unless another one is given', () => {
    const text = jwk(privateKey, { kid: 'mine' });
    expect(parseSigningKey(text, source).kid).toBe('mine');
    expect(parseSigningKey(text, { ...source, kid: 'other' }).jwk.kid).toBe('other');
  });

  test('made here goes through its JWK and back', async () => {
    const key = await createSigningKey(2048, 'k1');
    expect(parseSigningKey(JSON.stringify(privateJwkOf(key)), source).jwk).toEqual(key.jwk);
  });

  const ec = keyPair('ec', { namedCurve: 'P-256' });
  const small = keyPair('rsa', { modulusLength: 512 });
  const other = keyPair('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const encrypted = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString();
  const legacy = privateKey
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString();
  const pss = keyPair('rsa-pss', { modulusLength: 2048 }).privateKey;
  const { d, ...noD } = privateKey.export({ format: 'jwk' }) as JsonWebKey & { d: string };

  test.each<[string, string, RegExp]>([
    ['a public PEM', spki(publicKey), /holds a public key, and signing takes the private one/],
    ['a public JWK', jwk(publicKey), /holds a public key, and signing takes the private one/],
    ['an encrypted PEM', encrypted, /encrypted with a password/],
    ['an encrypted PEM of old', legacy, /encrypted with a password/],
    ['an OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', /OpenSSH/],
    ['an EC key', pem(ec.privateKey), /an EC key, and RS256 takes an RSA key/],
    ['an EC JWK', jwk(ec.privateKey), /an EC key/],
    ['an RSA-PSS key', pem(pss), /an RSA-PSS key/],
    ['a 512-bit key', pem(small.privateKey), /an RSA key of 512 bits, and RS256 takes at least 2048/],
    ['a shared secret', '{"kty":"oct","k":"c2VjcmV0"}', /shared secret/],
    ['a damaged PEM', pem(privateKey).replace(/^M.*$/m, 'MIIEvQ'), /damaged or not whole/],
    ['a JWK of two keys', JSON.stringify({ ...noD, d, n: other.n }), /do not belong together/],
    ['a JWK with d only', JSON.stringify({ kty: 'RSA', n: noD.n, e: noD.e, d }), /damaged or not whole/],
    ['a JWK for encryption', jwk(privateKey, { use: 'enc' }), /not for signing/],
    ['a JWK of RS512', jwk(privateKey, { alg: 'RS512' }), /another alg than RS256/],
    ['a kid that is no text', jwk(privateKey, { kid: 7 }), /no key \(kid\)/],
    ['a kid with a control character', jwk(privateKey, { kid: 'a\u001b[2J' }), /no key \(kid\)/],
    ['a key set', JSON.stringify({ keys: [] }), /holds a key set/],
    ['text', 'hello', /neither PEM nor a JSON Web Key/],
    ['nothing', '', /neither PEM nor a JSON Web Key/],
    ['a JSON list', '[]', /JSON that is no key/],
    ['null', 'null', /JSON that is no key/],
  ])('%s is refused with a clear word and without a quote', (_, text, words) => {
    const error = refusal(() => parseSigningKey(text, source));
    expect([error.code, error.field, error.cause]).toEqual(['KEY_INVALID', '--key', undefined]);
    expect(error.message).toMatch(words);
    expect(error.message.startsWith('--key: key.pem ')).toBe(true);
    for (const secret of [d, 'MIIE', 'c2VjcmV0']) expect(`${error.message}${error.hint}`).not.toContain(secret);
  });
});

describe('a public key', () => {
  test('is read from PEM and JWK, and a private one is refused', () => {
    const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
    for (const text of [spki(publicKey), jwk(publicKey)]) {
      expect(parsePublicKey(text, source)).toMatchObject({ n, e });
      expect(parsePublicHalf(text, source)).toMatchObject({ jwk: { n, e }, isPrivate: false });
    }
    for (const text of [pem(privateKey), jwk(privateKey)]) {
      expect(refusal(() => parsePublicKey(text, source)).message).toContain('a PRIVATE key where a public one belongs');
      const half = parsePublicHalf(text, source);
      expect(half).toMatchObject({ isPrivate: true });
      expect(Object.keys(half.jwk)).toEqual(['kty', 'kid', 'use', 'alg', 'n', 'e']);
    }
  });
});
