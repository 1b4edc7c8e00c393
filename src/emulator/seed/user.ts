/** A user of either side, as the seed and `POST /users` write one. */
import { createPublicKey } from 'node:crypto';
import * as v from 'valibot';
import { WALLET_PROVIDERS } from '../dynamic/credentials.js';
import { plainObject } from '../plain-object.js';
import { closed, list, oneOf, text, whole } from './shape.js';

/** A phone number or an address. */
export const identifier = text(
  /^(\+[1-9]\d{6,14}|(?=.{1,320}$)[^\s@]+@[^\s@]+\.[^\s@.]+)$/,
  'a phone number such as +33612345678, or an address',
);
export const wallet = text(/^0x[0-9a-fA-F]{40}$/, 'an EVM address');

const bytes = text(/^[A-Za-z0-9_-]{1,1400}$/, 'base64url');
const coordinate = text(/^[A-Za-z0-9_-]{43}$/, 'a P-256 coordinate of 32 bytes in base64url');
const shortText = text(/^[^\0]{1,256}$/u, 'a text of 1 to 256 characters');
const scope = text(/^[a-zA-Z0-9.\-_:]+$/, 'a name of letters, digits and . - _ :');
const uuid = text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a UUID in lower case');

const passkey = {
  credentialId: bytes,
  publicKey: v.pipe(closed({ x: coordinate, y: coordinate }), v.check(isPoint, 'a point of P-256')),
  counter: v.optional(whole(0, 2 ** 32 - 1)),
  transports: v.optional(list(shortText, 10)),
};

/** A user of the Prelude application. */
export const preludeUser = closed({
  id: v.optional(text(/^[A-Za-z0-9_-]{1,64}$/, 'at most 64 of A-Z, a-z, 0-9, _ and -')),
  identifiers: list(identifier, 20, 1),
  profile: v.optional(plainObject),
  password: v.optional(text(/^[^\0]{1,1024}$/u, 'a password of 1 to 1024 characters')),
  /** Scopes that every token of the user carries. */
  scopes: v.optional(list(scope, 100)),
  passkeys: v.optional(list(closed({ ...passkey, nickname: v.optional(shortText), aaguid: v.optional(uuid) }), 20)),
});
export type PreludeSeedUser = v.InferOutput<typeof preludeUser>;

/** A user of the Dynamic environment. */
export const dynamicUser = closed({
  id: v.optional(uuid),
  identifiers: v.optional(list(identifier, 20)),
  wallets: v.optional(
    list(closed({ address: wallet, name: v.optional(shortText), provider: v.optional(oneOf(WALLET_PROVIDERS)) }), 20),
  ),
  totp: v.optional(
    closed({
      secret: text(/^[A-Z2-7]{16,128}$/, 'a secret of 16 to 128 characters in base32'),
      alias: v.optional(shortText),
    }),
  ),
  recoveryCodes: v.optional(list(text(/^[A-Za-z0-9-]{4,64}$/, '4 to 64 letters, digits and hyphens'), 50, 1)),
  passkeys: v.optional(
    list(
      closed({
        ...passkey,
        alias: v.optional(shortText),
        origin: text(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/, 'an origin such as https://app.example.com'),
        rpId: v.optional(text(/^[a-z0-9.-]{1,253}$/, 'a domain in lower case')),
      }),
      20,
    ),
  ),
  profile: v.optional(plainObject),
});
export type DynamicSeedUser = v.InferOutput<typeof dynamicUser>;

function isPoint({ x, y }: { x: string; y: string }): boolean {
  try {
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
