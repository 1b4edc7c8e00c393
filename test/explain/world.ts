/** A world of a test's own: keys, times and what the server believes. */
import { type KeyObject } from 'node:crypto';
import { SignJWT, type JWK } from 'jose';
import type { World } from '../../src/explain/world.js';
import { keyPair } from '../support/key-pair.js';

/** 2026-03-01T12:00:00Z. */
export const NOW = Date.UTC(2026, 2, 1, 12);
export const SECONDS = NOW / 1000;
export const ISSUER = '54e9ujn.session.prelude.dev';

export interface TestKey {
  kid: string;
  privateKey: KeyObject;
  jwk: JWK;
}

export function rsaKey(kid: string): TestKey {
  const { privateKey, publicKey } = keyPair('rsa', { modulusLength: 2048 });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
}

export function ecKey(): TestKey {
  const { privateKey, publicKey } = keyPair('ec', { namedCurve: 'P-256' });
  return { kid: '', privateKey, jwk: publicKey.export({ format: 'jwk' }) };
}

export const KEY = rsaKey('key-1');
export const OTHER = rsaKey('key-2');
export const STRANGER = rsaKey('key-1');

export const ACCESS = {
  iss: ISSUER,
  sub: 'usr_01',
  sid: 'ses_01',
  scope: 'transfer:write',
  iat: SECONDS - 5,
  nbf: SECONDS - 5,
  exp: SECONDS + 55,
  jti: 'j-1',
};

export function sign(claims: object, key: TestKey = KEY, header: object = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** A token whose parts are put together by hand. */
export function raw(header: object, claims: object, signature = ''): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

export function world(over: Partial<World> = {}): World {
  return {
    now: NOW,
    offsetSeconds: 0,
    scopes: [],
    provider: 'prelude',
    issuers: [ISSUER],
    challenges: [],
    keys: () => Promise.resolve({ keys: [KEY.jwk, OTHER.jwk], from: `https://${ISSUER}/.well-known/jwks.json` }),
    ...over,
  };
}
