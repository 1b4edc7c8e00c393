/** Tokens that are bound to a key, and the proofs that come with them (RFC 9449 §4.3). */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerifier, type Refusal, type Verifier, type VerifierOptions } from '../../src/verify/verify.js';
import { ACCESS, ecKey, NOW, request, SECONDS, sign, startKeySet, type KeySetServer } from './key-set.js';

const HOLDER = ecKey();
const STRANGER = ecKey();
const SCOPE = 'transfer:write';
let server: KeySetServer;
let token: string;
beforeAll(async () => {
  server = await startKeySet();
  token = await sign({ ...ACCESS, cnf: { jkt: await calculateJwkThumbprint(HOLDER.jwk) } });
});
afterAll(() => server.close());

const verifierOf = (options: VerifierOptions = {}): Verifier =>
  createVerifier(server.service, { now: () => NOW, publicUrl: 'http://localhost:3000', ...options });

let count = 0;
interface Changes {
  header?: object;
  claims?: object;
  key?: typeof HOLDER;
}
function prove({ header = {}, claims = {}, key = HOLDER }: Changes = {}): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url');
  const own = { htm: 'GET', htu: 'http://localhost:3000/transfers', iat: SECONDS, jti: `proof-${++count}`, ath };
  return new SignJWT({ ...own, ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, ...header })
    .sign(key.privateKey);
}

const sent = (proof: string | undefined, url?: string): Request =>
  request({ authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { dpop: proof }) }, url);

async function refused(verifier: Verifier, incoming: Request): Promise<Refusal> {
  const result = await verifier.requireScope(incoming, SCOPE);
  if (result.ok) throw new Error('it was let in');
  return result;
}

describe('a proof', () => {
  it('lets a bound token in', async () => {
    expect(await verifierOf().requireScope(sent(await prove()), SCOPE)).toMatchObject({ ok: true, userId: 'usr_01' });
  });

  it.each<[string, Changes, string]>([
    ['of another typ', { header: { typ: 'jwt' } }, 'it is no proof by its typ'],
    ['with an extension', { header: { crit: ['b64'], b64: true } }, 'the proof has an extension that nobody knows'],
    ['without a key', { header: { jwk: undefined } }, 'the proof has no key'],
    ['with the key of somebody else', { header: { jwk: STRANGER.jwk } }, 'the signature of the proof is not good'],
    ['by another key', { key: STRANGER }, 'the proof is by another key'],
    ['with the private key', { header: { jwk: { ...HOLDER.jwk, d: 'x'.repeat(43) } } }, 'the proof has a private key'],
    [
      'with a key off the curve',
      { header: { jwk: { ...HOLDER.jwk, x: 'A'.repeat(43) } } },
      'the signature of the proof is not good',
    ],
    [
      'with a key of another curve',
      { header: { jwk: { ...HOLDER.jwk, crv: 'P-384' } } },
      'the key of the proof is none of P-256',
    ],
    ['for another method', { claims: { htm: 'POST' } }, 'the proof is for another method'],
    ['for a method in other letters', { claims: { htm: 'get' } }, 'the proof is for another method'],
    ['for another path', { claims: { htu: 'http://localhost:3000/transfer' } }, 'the proof is for another address'],
    [
      'for another path by a slash',
      { claims: { htu: 'http://localhost:3000/transfers/' } },
      'the proof is for another address',
    ],
    ['for another host', { claims: { htu: 'http://localhost:3001/transfers' } }, 'the proof is for another address'],
    ['for another scheme', { claims: { htu: 'https://localhost:3000/transfers' } }, 'the proof is for another address'],
    ['for no address', { claims: { htu: '/transfers' } }, 'the proof is for another address'],
    ['for a list', { claims: { htu: ['http://localhost:3000/transfers'] } }, 'the proof is for another address'],
    ['of a minute ago', { claims: { iat: SECONDS - 61 } }, 'the proof is not of now'],
    ['of the next minute', { claims: { iat: SECONDS + 61 } }, 'the proof is not of now'],
    ['of no time', { claims: { iat: undefined } }, 'the proof is not of now'],
    ['without a jti', { claims: { jti: undefined } }, 'the proof has no jti'],
    ['with an empty jti', { claims: { jti: '' } }, 'the proof has no jti'],
    ['with a long jti', { claims: { jti: 'j'.repeat(513) } }, 'the proof has no jti'],
    ['without ath', { claims: { ath: undefined } }, 'the proof is for another token'],
    [
      'for another token',
      { claims: { ath: createHash('sha256').update('other').digest('base64url') } },
      'the proof is for another token',
    ],
  ])('%s is refused', async (_name, changes, reason) => {
    const refusal = await refused(verifierOf(), sent(await prove(changes)));
    expect(refusal).toMatchObject({ status: 401, error: 'invalid_dpop_proof', reason });
    expect(refusal.headers['www-authenticate']).toBe(
      `DPoP error="invalid_dpop_proof", error_description="${reason}", algs="ES256"`,
    );
  });

  it.each([
    ['none', undefined, 'there is no proof'],
    ['an empty one', '', 'the proof is no JWT'],
    ['several', 'a.b.c, d.e.f', 'there are several proofs'],
    ['no JWT', 'a.b.c', 'the proof is no JWT'],
    ['one of a megabyte', 'a'.repeat(1024 * 1024), 'the proof is longer than one can be'],
  ])('%s is refused', async (_name, proof, reason) => {
    const refusal = await refused(verifierOf(), sent(proof));
    expect(refusal).toMatchObject({ status: 401, error: 'invalid_dpop_proof', reason });
  });

  it('is good for the same address written otherwise, within a minute', async () => {
    const claims = { htu: 'HTTP://LOCALHOST:3000/a/../%74ransfers?b=2#c', iat: SECONDS - 60 };
    expect(await verifierOf().requireScope(sent(await prove({ claims })), SCOPE)).toMatchObject({ ok: true });
  });

  it('is signed with ES256: HS256 with the public key is not', async () => {
    const proof = await new SignJWT({ htm: 'GET' })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk: HOLDER.jwk })
      .sign(new TextEncoder().encode(JSON.stringify(HOLDER.jwk)));
    expect(await refused(verifierOf(), sent(proof))).toMatchObject({ reason: 'the proof is not signed by ES256' });
  });

  it('counts once, also at once; for as long as it could be good', async () => {
    const verifier = verifierOf();
    const proof = await prove();
    const all = await Promise.all([1, 2, 3].map(() => verifier.requireScope(sent(proof), SCOPE)));
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await refused(verifier, sent(proof))).toMatchObject({
      error: 'invalid_dpop_proof',
      reason: 'the proof was used before',
    });
  });

  it('is remembered where the backend says, which fails closed', async () => {
    const asked: [string, number][] = [];
    const shared = (id: string, expiresAt: number): boolean => asked.push([id, expiresAt]) === 1;
    const proof = await prove();
    expect(await verifierOf({ firstUse: shared }).requireScope(sent(proof), SCOPE)).toMatchObject({ ok: true });
    expect(await verifierOf({ firstUse: shared }).requireScope(sent(proof), SCOPE)).toMatchObject({ ok: false });
    expect(asked[0]).toEqual([expect.stringMatching(/^proof:[\w-]{43}$/), NOW + 120_000]);
    expect(asked[1]).toEqual(asked[0]);
    const cause = new Error('redis is away');
    const away = verifierOf({ firstUse: () => Promise.reject(cause) });
    const refusal = await refused(away, sent(await prove()));
    expect(refusal).toMatchObject({ status: 503, error: 'temporarily_unavailable', cause });
    expect(refusal.headers).toMatchObject({ 'retry-after': '5' });
    expect(JSON.stringify(refusal.body)).not.toContain('redis');
  });

  it('carries a nonce where the backend wants one', async () => {
    const verifier = verifierOf({ nonces: { issue: () => 'n-2', accepts: (nonce) => nonce === 'n-2' } });
    for (const nonce of [undefined, 'n-1', 5]) {
      const refusal = await refused(verifier, sent(await prove({ claims: { nonce } })));
      expect(refusal).toMatchObject({ status: 401, error: 'use_dpop_nonce' });
      expect(refusal.headers).toMatchObject({ 'dpop-nonce': 'n-2' });
      expect(refusal.headers['www-authenticate']).toMatch(/^DPoP error="use_dpop_nonce", .*algs="ES256"$/);
    }
    const good = sent(await prove({ claims: { nonce: 'n-2' } }));
    expect(await verifier.requireScope(good, SCOPE)).toMatchObject({ ok: true });
  });
});

describe('a bound token', () => {
  it('is refused as Bearer, with or without a proof', async () => {
    for (const more of [{}, { dpop: await prove() }]) {
      const refusal = await refused(verifierOf(), request({ authorization: `Bearer ${token}`, ...more }));
      expect(refusal.headers['www-authenticate']).toBe(
        'DPoP error="invalid_token", error_description="the token needs a proof", algs="ES256"',
      );
    }
  });

  it.each([null, {}, { jkt: '' }, { jkt: 5 }, { 'x5t#S256': 'x' }, 'x'])('by %j is refused', async (cnf) => {
    const other = await sign({ ...ACCESS, cnf });
    for (const scheme of ['DPoP', 'Bearer']) {
      const incoming = request({ authorization: `${scheme} ${other}`, dpop: await prove() });
      expect(await refused(verifierOf(), incoming)).toMatchObject({ status: 401, error: 'invalid_token' });
    }
  });

  it('is what DPoP is for: another one is refused there', async () => {
    const unbound = request({ authorization: `DPoP ${await sign(ACCESS)}`, dpop: await prove() });
    expect(await refused(verifierOf(), unbound)).toMatchObject({ status: 401, error: 'invalid_token' });
  });
});

describe('behind a proxy', () => {
  const own = 'http://10.0.0.7:8080/transfers';

  it('the public address counts, with what the proxy takes off', async () => {
    const verifier = verifierOf({ publicUrl: 'https://api.example.com/v1/' });
    const htu = 'https://api.example.com/v1/transfers';
    expect(await verifier.requireScope(sent(await prove({ claims: { htu } }), own), SCOPE)).toMatchObject({ ok: true });
    expect(await refused(verifier, sent(await prove({ claims: { htu: own } }), own))).toMatchObject({
      reason: 'the proof is for another address',
    });
  });

  it('a request of fetch does not tell where it came, not on this machine either', async () => {
    expect(await refused(verifierOf({ publicUrl: undefined }), sent(await prove()))).toMatchObject({
      reason: 'the address cannot be checked: this backend lacks its publicUrl',
    });
  });

  it('nothing is believed that only the caller says', async () => {
    const unknown = verifierOf({ publicUrl: undefined });
    expect(await refused(unknown, sent(await prove({ claims: { htu: own } }), own))).toMatchObject({
      reason: 'the address cannot be checked: this backend lacks its publicUrl',
    });
  });
});
