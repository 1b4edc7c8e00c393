/** A developer's backend for custom steps: a key set over http on loopback, and verification tokens signed by its key. */
import { createHmac, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keyPair } from '../../support/key-pair.js';

/** The claims that differ from those of a good token; undefined leaves one out. */
export type Claims = Record<string, unknown>;

export interface Backend {
  jwksUrl: string;
  /** How often the key set was fetched. */
  fetches(): number;
  /** A token of two minutes that says `completed`; `sub`, `challenge_id` and `key` have to be given. */
  verification(claims: Claims): string;
  /** The same, signed by a key that is in no key set, under the `kid` of the one that is. */
  forged(claims: Claims): string;
  /** The same, under a `kid` that is in no key set. */
  unknownKey(claims: Claims): string;
  /** The same, by HMAC with the public key as its secret (RFC 8725 §2.1). */
  confused(claims: Claims): string;
  /** Takes another key, under another `kid`, and forgets the one before. */
  rotate(): void;
  close(): Promise<void>;
}

export async function startBackend(): Promise<Backend> {
  const stranger = newKey();
  let current = { ...newKey(), kid: 'judge-1' };
  let count = 1;
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    const jwk = { ...current.publicKey.export({ format: 'jwk' }), kid: current.kid, use: 'sig', alg: 'RS256' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const signed = (claims: Claims, key: KeyObject, kid: string): string => {
    const input = signingInput({ alg: 'RS256', typ: 'JWT', kid }, completed(claims));
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  };
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`,
    fetches: () => fetches,
    verification: (claims) => signed(claims, current.privateKey, current.kid),
    forged: (claims) => signed(claims, stranger.privateKey, current.kid),
    unknownKey: (claims) => signed(claims, stranger.privateKey, 'judge-unknown'),
    confused: (claims) => {
      const input = signingInput({ alg: 'HS256', typ: 'JWT', kid: current.kid }, completed(claims));
      const secret = current.publicKey.export({ format: 'pem', type: 'spki' });
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    },
    rotate: () => {
      count += 1;
      current = { ...newKey(), kid: `judge-${count}` };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return keyPair('rsa', { modulusLength: 2048 });
}

function completed(claims: Claims): Claims {
  const now = Math.floor(Date.now() / 1000);
  return { status: 'completed', jti: randomUUID(), iat: now, nbf: now, exp: now + 120, ...claims };
}

function signingInput(header: Claims, claims: Claims): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}`;
}
