import { randomBytes, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSigningKey } from '../../src/backend/keys.js';
import { checkVerificationToken, problemOf, signVerificationToken } from '../../src/backend/verification-token.js';

const NOW = 1_760_000_000_500;
const world = { now: () => NOW, randomBytes: (size: number) => new Uint8Array(size).fill(255) };
const about = { userId: 'usr_1', challengeId: 'chl_1', step: 'kyc_review', status: 'completed', expiresIn: 300 };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (header: unknown, claims: unknown = {}): string => `${part(header)}.${part(claims)}.c2ln`;

test('a token has the header and claims of the service, and its signature holds', async () => {
  const key = await createSigningKey(2048, 'k1');
  const { token, claims } = await signVerificationToken(key, about, world);
  expect(claims).toEqual({
    sub: 'usr_1',
    challenge_id: 'chl_1',
    key: 'kyc_review',
    status: 'completed',
    jti: '_____________________w',
    iat: 1_760_000_000,
    nbf: 1_760_000_000,
    exp: 1_760_000_300,
  });
  const [head = '', payload = '', signature = ''] = token.split('.');
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256', kid: 'k1', typ: 'JWT' });
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(claims);
  const signed = Buffer.from(`${head}.${payload}`);
  const publicKey = { key: { ...key.jwk }, format: 'jwk' as const };
  expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
});

test('one that is over already was good for five minutes before', async () => {
  const key = await createSigningKey(2048);
  const { claims } = await signVerificationToken(key, { ...about, expiresIn: -60 }, { ...world, randomBytes });
  expect([claims.iat, claims.nbf, claims.exp]).toEqual([1_759_999_640, 1_759_999_640, 1_759_999_940]);
});

describe('before it is sent', () => {
  test('a token is taken as it is, without the blanks around it', () => {
    const token = jwt({ alg: 'RS256', kid: 'k1' });
    expect(checkVerificationToken(`\n ${token}\n`, '--verification-token')).toBe(token);
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /empty/],
    ['text', 'hello there', /no JWT/],
    ['two parts', 'a.b', /no JWT/],
    ['no JSON', 'a.b.c', /header is no JSON/],
    ['claims that are a list', jwt({ alg: 'RS256', kid: 'k' }, []), /claims are no JSON object/],
    ['an encrypted one', 'a.b.c.d.e', /encrypted/],
    ['alg none', `${part({ alg: 'none', kid: 'k' })}.${part({})}.`, /not signed \(alg none\)/],
    ['alg nOnE', jwt({ alg: 'nOnE', kid: 'k' }), /alg none/],
    ['HS256', jwt({ alg: 'HS256', kid: 'k' }), /shared secret \(alg HS256\)/],
    ['ES256', jwt({ alg: 'ES256', kid: 'k' }), /not RS256/],
    ['no alg', jwt({ kid: 'k' }), /no alg/],
    ['no kid', jwt({ alg: 'RS256' }), /no kid/],
    ['an empty kid', jwt({ alg: 'RS256', kid: '' }), /no kid/],
    ['no signature', `${part({ alg: 'RS256', kid: 'k' })}.${part({})}.`, /no signature/],
    ['1 MB', jwt({ alg: 'RS256', kid: 'k' }, { x: 'x'.repeat(1024 * 1024) }), /more than 16 KB/],
  ])('%s is refused with the reason, unquoted', (_, token, words) => {
    expect(problemOf(token)).toMatch(words);
    expect(() => checkVerificationToken(token, '--verification-token')).toThrow(
      expect.objectContaining({ code: 'VERIFICATION_INVALID', field: '--verification-token' }),
    );
    expect(problemOf(token)).not.toContain(token.slice(0, 10) || 'eyJ');
  });
});
