import { exportJWK, generateKeyPair, SignJWT, decodeJwt, type CryptoKey } from 'jose';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, elevatedOf, fifty, signedIn, startWorld, type World } from './client.js';

let world: World;
let backend: Server;
let jwksUrl = '';
let keys: Record<'RS256' | 'ES256', CryptoKey>;
let published: unknown;
let made = 0;

beforeAll(async () => {
  world = await startWorld();
  const [rsa, ec] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('ES256')]);
  keys = { RS256: rsa.privateKey, ES256: ec.privateKey };
  published = {
    keys: [
      { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' },
      { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
    ],
  };
  backend = createServer((_, response) => response.end(JSON.stringify(published)));
  await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
  jwksUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/jwks.json`;
  await world.control.settings({
    dynamic: { externalAuth: { jwksUrl, iss: 'https://backend.example', aud: 'stepup' } },
  });
});
afterAll(async () => {
  backend.close();
  await world.stop();
});

interface Quirks {
  alg?: 'RS256' | 'ES256';
  kid?: string;
  key?: CryptoKey;
}

function assertion(
  claims: Record<string, unknown>,
  { alg = 'RS256', kid = alg === 'RS256' ? 'rsa' : 'ec', key = keys[alg] }: Quirks = {},
) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: 'https://backend.example', aud: 'stepup', exp: now + 300, jti: `jti-${++made}`, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg, kid }).sign(key);
}

async function externalUser(sub: string): Promise<Client> {
  const client = new Client(world);
  client.keep(await client.post('externalAuth/signin', { jwt: await assertion({ sub }) }));
  return client;
}

describe('a token of the backend', () => {
  it.each(['RS256', 'ES256'] as const)('signs in and elevates: %s', async (alg) => {
    const client = await externalUser(`user-${alg}`);
    expect(client.user.verifiedCredentials).toMatchObject([
      { format: 'externalUser', public_identifier: `user-${alg}` },
    ]);
    const jwt = await assertion({ sub: `user-${alg}`, scope: 'wallet:export credential:link' }, { alg });
    const answer = await client.post('externalAuth/verify', { jwt });
    expect(Object.keys(answer.body)).toEqual(['elevatedAccessToken']);
    expect(decodeJwt(elevatedOf(answer))).toMatchObject({
      scope: 'wallet:export credential:link',
      sid: client.claims.sid,
    });
    const elevated = elevatedOf(answer);
    expect((await client.post('waas/w1/privateKey/export', {}, { elevated })).status).toBe(200);
    expect(await client.post('externalAuth/verify', { jwt })).toMatchObject({
      status: 422,
      body: { code: 'invalid_external_auth' },
    });
  });

  it('knows the user again', async () => {
    const first = await externalUser('again');
    expect((await externalUser('again')).user).toMatchObject({ id: first.user.id, newUser: false });
  });

  it('of fifty uses at once elevates one', async () => {
    const client = await externalUser('many');
    const jwt = await assertion({ sub: 'many', scope: 'wallet:export' });
    expect((await fifty(world, () => client.post('externalAuth/verify', { jwt }))).won).toBe(1);
  });

  it.each<[string, Record<string, unknown>, Quirks]>([
    ['another subject', { sub: 'somebody' }, {}],
    ['no jti', { jti: undefined }, {}],
    ['no exp', { exp: undefined }, {}],
    ['no scope', { scope: undefined }, {}],
    ['past exp', { exp: 1_700_000_000 }, {}],
    ['a start to come', { nbf: 4_000_000_000 }, {}],
    ['another issuer', { iss: 'https://evil.example' }, {}],
    ['another audience', { aud: 'other' }, {}],
    ['an unknown key', {}, { kid: 'nobody' }],
    ['the wrong key', {}, { kid: 'ec' }],
  ])('with %s is refused', async (_, claims, quirks) => {
    const client = await externalUser('strict');
    const jwt = await assertion({ sub: 'strict', scope: 'wallet:export', ...claims }, quirks);
    expect(await client.post('externalAuth/verify', { jwt })).toMatchObject({
      status: 422,
      body: { code: 'invalid_external_auth' },
    });
  });

  it.each(['', 'nothing', 'wallet:export nothing'])('with the scope "%s" is refused', async (scope) => {
    const client = await externalUser('scopes');
    const jwt = await assertion({ sub: 'scopes', scope });
    expect((await client.post('externalAuth/verify', { jwt })).body.code).toBe('invalid_scopes');
  });

  it('signed by a stranger, not signed, or none is refused', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const client = new Client(world);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"a"}').toString('base64url')}.AA`;
    for (const jwt of [await assertion({ sub: 'a' }, { key: privateKey }), unsigned, 'a.b.c', 'x']) {
      expect((await client.post('externalAuth/signin', { jwt })).body.code).toBe('invalid_external_auth');
    }
    expect((await client.post('externalAuth/signin', {})).status).toBe(400);
  });

  it('of a user who signed in otherwise elevates nobody', async () => {
    const user = await signedIn(world, 'plain@example.com');
    const jwt = await assertion({ sub: 'plain@example.com', scope: 'wallet:export' });
    expect((await user.post('externalAuth/verify', { jwt })).body.code).toBe('invalid_external_auth');
  });
});

describe('the key set', () => {
  it.each([
    ['is nowhere', 'http://127.0.0.1:1/jwks.json'],
    ['is link-local', 'http://169.254.169.254/jwks.json'],
    ['is no https off this machine', 'http://backend.example/jwks.json'],
  ])('that %s: refused, in words in the log', async (_, address) => {
    await world.control.settings({ dynamic: { externalAuth: { jwksUrl: address } } });
    const client = new Client(world);
    expect((await client.post('externalAuth/signin', { jwt: await assertion({ sub: 'a' }) })).body.code).toBe(
      'invalid_external_auth',
    );
    expect(world.events.at(-1)).toMatchObject({
      type: 'request',
      refusal: expect.stringContaining('jwksUrl: expected'),
    });
  });

  it('off: refused', async () => {
    await world.control.settings({ dynamic: { externalAuth: null } });
    const client = new Client(world);
    expect((await client.post('externalAuth/signin', { jwt: await assertion({ sub: 'a' }) })).body.code).toBe(
      'invalid_external_auth',
    );
    expect((await client.get('settings')).body.security).toMatchObject({ externalAuth: { enabled: false } });
  });
});
