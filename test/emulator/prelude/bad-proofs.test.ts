/** Every way in which a proof can be bad, each with the words of its refusal; none of them costs the refresh token. */
import { createHash, randomUUID, sign as cryptoSign, KeyObject } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client, loggedIn, newKey, startWorld, type DpopKey, type World } from './client.js';

let world: World;
let client: Client;
let other: DpopKey;
let url: string;

beforeAll(async () => {
  world = await startWorld();
  client = await loggedIn(world, '+33612345601');
  other = await newKey();
  url = `${client.base}/refresh`;
});
afterAll(() => world.stop());

interface Parts {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

/** A good proof, changed by `change`, signed by the client's key over whatever came out. */
function changed(change: (parts: Parts) => void, key: DpopKey = client.key): string {
  const parts: Parts = {
    header: { typ: 'dpop+jwt', alg: 'ES256', jwk: { ...key.jwk } },
    claims: { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), nonce: client.nonce },
  };
  change(parts);
  return signed(JSON.stringify(parts.header), JSON.stringify(parts.claims), key);
}

function signed(header: string | Uint8Array, payload: string | Uint8Array, key: DpopKey = client.key): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const signature = cryptoSign('sha256', Buffer.from(input), {
    key: KeyObject.from(key.privateKey),
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}

const header = (name: string, value: unknown) => () => changed((parts) => void (parts.header[name] = value));
const claim = (name: string, value: unknown) => () => changed((parts) => void (parts.claims[name] = value));
const jwk = (name: string, value: unknown) => () =>
  changed(({ header: { jwk: key } }) => void ((key as Record<string, unknown>)[name] = value));
const atOffset = (seconds: number) => () =>
  changed((parts) => void (parts.claims.iat = Math.floor(Date.now() / 1000) + seconds));

async function withKeyOf(alg: string): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), nonce: client.nonce };
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: await exportJWK(publicKey) })
    .sign(privateKey);
}

async function hs256(): Promise<string> {
  const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), nonce: client.nonce };
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk: client.key.jwk })
    .sign(createHash('sha512').update(JSON.stringify(client.key.jwk)).digest());
}

const good = (): string => changed(() => undefined);
const tampered = (): string => {
  const [head = '', , mac = ''] = good().split('.');
  const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), nonce: client.nonce };
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${mac}`;
};
const der = (): string => {
  const [head = '', body = ''] = good().split('.');
  const mac = cryptoSign('sha256', Buffer.from(`${head}.${body}`), KeyObject.from(client.key.privateKey));
  return `${head}.${body}.${mac.toString('base64url')}`;
};

type Row = [name: string, make: () => string | Promise<string> | undefined, code: string, words: RegExp];

const rows: Row[] = [
  ['no header', () => undefined, 'missing_dpop_proof', /DPoP header: expected one, got none/],
  ['two headers', () => `${good()}, ${good()}`, 'invalid_dpop_proof', /exactly one, got several/],
  ['not a JWS', () => 'hello', 'invalid_dpop_proof', /compact JWS/],
  ['two segments', () => good().split('.').slice(0, 2).join('.'), 'invalid_dpop_proof', /compact JWS/],
  ['four segments', () => `${good()}.AA`, 'invalid_dpop_proof', /compact JWS/],
  ['padding', () => `${good()}=`, 'invalid_dpop_proof', /compact JWS/],
  ['a header that is no JSON', () => signed('{', '{}'), 'invalid_dpop_proof', /compact JWS/],
  ['a payload that is an array', () => signed('{}', '[]'), 'invalid_dpop_proof', /compact JWS/],
  [
    'a payload that is no UTF-8',
    () => signed('{}', Uint8Array.of(0x7b, 0xff, 0x7d)),
    'invalid_dpop_proof',
    /compact JWS/,
  ],
  [
    'a header of 9 KB',
    () => changed((parts) => void (parts.claims.pad = 'x'.repeat(9000))),
    'invalid_dpop_proof',
    /at most 8192 characters/,
  ],
  ['no typ', header('typ', undefined), 'invalid_dpop_proof', /typ: expected dpop\+jwt, got none/],
  ['typ JWT', header('typ', 'JWT'), 'invalid_dpop_proof', /typ: expected dpop\+jwt, got JWT/],
  ['alg none', header('alg', 'none'), 'invalid_dpop_proof', /alg: expected ES256, got none/],
  ['alg HS256', hs256, 'invalid_dpop_proof', /alg: expected ES256, got HS256/],
  ['alg RS256', () => withKeyOf('RS256'), 'invalid_dpop_proof', /alg: expected ES256, got RS256/],
  ['alg ES384', () => withKeyOf('ES384'), 'invalid_dpop_proof', /alg: expected ES256, got ES384/],
  ['alg EdDSA', () => withKeyOf('EdDSA'), 'invalid_dpop_proof', /alg: expected ES256, got EdDSA/],
  ['crit', header('crit', ['x']), 'invalid_dpop_proof', /crit: expected none/],
  ['no jwk', header('jwk', undefined), 'invalid_dpop_proof', /jwk: expected an object, got none/],
  ['jwk of another type', jwk('kty', 'RSA'), 'invalid_dpop_proof', /jwk\.kty: expected EC, got RSA/],
  ['jwk of another curve', jwk('crv', 'P-384'), 'invalid_dpop_proof', /jwk\.crv: expected P-256, got P-384/],
  ['a private jwk', jwk('d', 'AAAA'), 'invalid_dpop_proof', /a public key, got a private key/],
  ['jwk without x', jwk('x', undefined), 'invalid_dpop_proof', /jwk\.x: expected 32 bytes/],
  ['jwk with a short y', jwk('y', 'AAAA'), 'invalid_dpop_proof', /jwk\.y: expected 32 bytes/],
  ['jwk off the curve', jwk('y', 'A'.repeat(43)), 'invalid_dpop_proof', /off the curve/],
  [
    "another key's jwk",
    () => changed((parts) => void (parts.header.jwk = other.jwk)),
    'invalid_dpop_proof',
    /signature: expected one by the header's jwk/,
  ],
  ['a changed payload', tampered, 'invalid_dpop_proof', /signature/],
  ['a DER signature', der, 'invalid_dpop_proof', /signature/],
  ['no htm', claim('htm', undefined), 'invalid_dpop_proof', /htm: expected POST, got none/],
  ['htm GET', claim('htm', 'GET'), 'invalid_dpop_proof', /htm: expected POST, got GET/],
  ['htm in lower case', claim('htm', 'post'), 'invalid_dpop_proof', /htm: expected POST, got post/],
  ['no htu', claim('htu', undefined), 'invalid_dpop_proof', /htu: expected a string, got none/],
  [
    'htu of another path',
    () => claim('htu', `${client.base}/revoke`)(),
    'invalid_dpop_proof',
    /htu: expected .*\/refresh, got .*\/revoke/,
  ],
  [
    'htu of another scheme',
    () => claim('htu', url.replace('http:', 'https:'))(),
    'invalid_dpop_proof',
    /htu: expected http:.* got https:/,
  ],
  ['htu of another port', () => claim('htu', url.replace(/:\d+/, ':1'))(), 'invalid_dpop_proof', /htu/],
  ['htu without a host', claim('htu', '/v1/session/refresh'), 'invalid_dpop_proof', /htu: .* got no http URL/],
  ['no iat', claim('iat', undefined), 'invalid_dpop_proof', /iat: expected a number, got none/],
  ['iat as text', claim('iat', '1700000000'), 'invalid_dpop_proof', /iat: expected a number, got a string/],
  [
    'iat ten minutes ago',
    atOffset(-600),
    'invalid_dpop_proof',
    /iat: expected within 60 s of the server's time, got one 60\d s old/,
  ],
  [
    'iat ten minutes ahead',
    atOffset(600),
    'invalid_dpop_proof',
    /iat: expected within 60 s of the server's time, got one \d+ s ahead/,
  ],
  ['no jti', claim('jti', undefined), 'invalid_dpop_proof', /jti: expected a non-empty string, got none/],
  ['an empty jti', claim('jti', ''), 'invalid_dpop_proof', /jti: expected a non-empty string, got an empty string/],
  [
    'a jti of 300 characters',
    claim('jti', 'x'.repeat(300)),
    'invalid_dpop_proof',
    /jti: expected at most 256 characters, got 300/,
  ],
  ['a nonce that is a number', claim('nonce', 5), 'invalid_dpop_proof', /nonce: expected a string/],
  ['no nonce', claim('nonce', undefined), 'use_dpop_nonce', /nonce: expected one of this service, got none/],
  [
    "another service's nonce",
    claim('nonce', 'eyJ7S_zKrC8B'),
    'use_dpop_nonce',
    /nonce: expected one of the last five minutes/,
  ],
  [
    "another session's key",
    () => changed(() => undefined, other),
    'dpop_key_mismatch',
    /key: expected thumbprint .*, got/,
  ],
];

it.each(rows)('%s: %#', async (_, make, code, words) => {
  const dpop = await make();
  const before = world.events.length;
  const answer = await client.once('/refresh', {
    headers: { 'x-refresh-token': client.refresh, ...(dpop === undefined ? {} : { dpop }) },
  });
  expect(answer).toMatchObject({ status: 400, body: { code, type: code } });
  expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{20,}$/);
  expect(answer.headers.get('x-refresh-token')).toBeNull();
  const request = world.events.slice(before).find(({ type }) => type === 'request');
  expect(request?.refusal).toMatch(words);
});

it('a proof is good once', async () => {
  const dpop = good();
  const headers = { 'x-refresh-token': 'unknown', dpop };
  expect((await client.once('/refresh', { headers })).body.code).toBe('unauthorized');
  const before = world.events.length;
  expect((await client.once('/refresh', { headers })).body.code).toBe('invalid_dpop_proof');
  expect(world.events.slice(before).find(({ type }) => type === 'request')?.refusal).toMatch(/jti: expected a new one/);
});

it('of one proof sent fifty times at once, one gets through', async () => {
  const headers = { 'x-refresh-token': 'unknown', dpop: good() };
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.once('/refresh', { headers })));
  const codes = answers.map(({ body }) => body.code);
  expect(codes.filter((code) => code === 'unauthorized')).toHaveLength(1);
  expect(codes.filter((code) => code === 'invalid_dpop_proof')).toHaveLength(49);
});

it('none of them cost the refresh token', async () => {
  expect((await client.refreshWith()).status).toBe(200);
});

it('iat is checked against real time, however the clock is moved', async () => {
  await world.control.clock({ advance: 7200 });
  const moved = await loggedIn(world, '+33612345602');
  expect((await moved.refreshWith()).status).toBe(200);
  await world.control.clock({ offset: 0 });
});

it('a nonce ages by the moved clock', async () => {
  const fresh = await loggedIn(world, '+33612345603');
  await world.control.clock({ advance: 301 });
  const headers = { 'x-refresh-token': fresh.refresh };
  expect((await fresh.once('/refresh', { headers, proof: 'regular' })).body.code).toBe('use_dpop_nonce');
  expect((await fresh.once('/refresh', { headers, proof: 'regular' })).status).toBe(200);
  await world.control.clock({ offset: 0 });
});

it('without requireNonce a proof needs none, unless a fault asks for it', async () => {
  await world.control.settings({ requireNonce: false });
  const lax = new Client(world, await newKey());
  await lax.logIn('+33612345604');
  lax.nonce = undefined;
  const first = await lax.once('/refresh', { headers: { 'x-refresh-token': lax.refresh }, proof: 'regular' });
  expect(first.status).toBe(200);
  lax.keep(first);
  await world.control.fault({ match: { path: '/v1/session/refresh' }, times: 1, do: { requireNonce: true } });
  lax.nonce = undefined;
  const headers = { 'x-refresh-token': lax.refresh };
  expect((await lax.once('/refresh', { headers, proof: 'regular' })).body.code).toBe('use_dpop_nonce');
  expect((await lax.once('/refresh', { headers, proof: 'regular' })).status).toBe(200);
  await world.control.settings({ requireNonce: true });
});
