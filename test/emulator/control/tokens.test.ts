/** `POST /tokens`: each token is judged by jose with the published key set, and by the emulator's own calls. */
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  importJWK,
  jwtVerify,
  type CryptoKey,
  type JSONWebKeySet,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../prelude/client.js';

type Provider = 'prelude' | 'dynamic';
interface Minted {
  token: string;
  claims: Record<string, unknown>;
  defect: string;
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

async function mint(provider: Provider, defect?: string, claims?: Record<string, unknown>): Promise<Minted> {
  const order = { provider, ...(defect === undefined ? {} : { defect }), ...(claims && { claims }) };
  const response = await world.control.call('POST', '/tokens', order);
  expect(response.status).toBe(201);
  return (await response.json()) as Minted;
}

async function keySetOf(provider: Provider): Promise<JSONWebKeySet> {
  return (await (await fetch(world.emulator.ready[provider].jwksUrl)).json()) as JSONWebKeySet;
}

/** What a careful backend does with a token; resolves with its scopes. */
async function verified(provider: Provider, token: string): Promise<string[]> {
  const keys = createLocalJWKSet(await keySetOf(provider));
  const { issuer } = world.emulator.ready[provider];
  const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'], issuer });
  return (typeof payload.scope === 'string' ? payload.scope : '').split(' ').filter(Boolean);
}

const SCOPES = { prelude: 'transfer:write', dynamic: 'wallet:export' } as const;

describe.each(['prelude', 'dynamic'] as const)('%s', (provider) => {
  const scope = SCOPES[provider];

  it('without a defect a good one, for the asked scope, with every claim that is asked for', async () => {
    const before = Date.now() / 1000;
    const { token, claims, defect } = await mint(provider, undefined, { scope, loyalty_tier: 'gold', sub: 'usr_1' });
    expect(defect).toBe('none');
    expect(await verified(provider, token)).toEqual([scope]);
    expect(decodeJwt(token)).toEqual(claims);
    expect(claims).toMatchObject({ scope, loyalty_tier: 'gold', sub: 'usr_1', sid: expect.any(String) });
    expect(Number(claims.exp)).toBeGreaterThan(before + 50);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: (await keySetOf(provider)).keys[0]?.kid });
  });

  it('is told as an event, by its claims', async () => {
    const { token, claims } = await mint(provider, 'wrong-key');
    const event = world.events.findLast(({ type }) => type === 'token');
    expect(event).toMatchObject({ provider, kind: 'test', defect: 'wrong-key', claims });
    expect(JSON.stringify(world.events)).not.toContain(token.split('.')[2]);
  });

  it.each([
    ['expired', /"exp" claim timestamp check failed/],
    ['not-yet-valid', /"nbf" claim timestamp check failed/],
    ['wrong-key', /signature verification failed/],
    ['wrong-issuer', /unexpected "iss" claim value/],
    ['wrong-app', /unexpected "iss" claim value/],
    ['alg-none', /"alg" \(Algorithm\) Header Parameter value not allowed|Invalid Compact JWS/],
    ['hs256-public-key', /"alg" \(Algorithm\) Header Parameter value not allowed/],
  ])('%s is refused for its reason', async (defect, reason) => {
    const minted = await mint(provider, defect, { scope });
    expect(minted.defect).toBe(defect);
    await expect(verified(provider, minted.token)).rejects.toThrow(reason);
    expect(minted.claims.scope).toBe(scope);
  });

  it('wrong-issuer and wrong-app are signed by the right key: only the issuer gives them away', async () => {
    const keys = createLocalJWKSet(await keySetOf(provider));
    for (const defect of ['wrong-issuer', 'wrong-app']) {
      const { token } = await mint(provider, defect);
      await expect(jwtVerify(token, keys)).resolves.toBeDefined();
    }
    const foreign = decodeJwt((await mint(provider, 'wrong-app')).token).iss ?? '';
    expect(foreign.split('/')[0]).toBe(world.emulator.ready[provider].issuer.split('/')[0]);
    expect(decodeJwt((await mint(provider, 'wrong-issuer')).token).iss).toMatch(/^issuer\.invalid/);
  });

  it('hs256-public-key verifies with the public key as secret, as a careless backend would', async () => {
    const { token } = await mint(provider, 'hs256-public-key');
    const [jwk] = (await keySetOf(provider)).keys;
    const pem = await exportSPKI(
      (await importJWK({ ...jwk, alg: 'RS256' }, 'RS256', { extractable: true })) as CryptoKey,
    );
    await expect(jwtVerify(token, new TextEncoder().encode(`${pem.trim()}\n`))).resolves.toBeDefined();
  });

  it('alg-none has no signature', async () => {
    const [head = '', , signature] = (await mint(provider, 'alg-none')).token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ alg: 'none' });
    expect(signature).toBe('');
  });

  it('wrong-key names the key that is published', async () => {
    const { token } = await mint(provider, 'wrong-key');
    expect(decodeProtectedHeader(token).kid).toBe((await keySetOf(provider)).keys[0]?.kid);
  });

  it('missing-scope and scope-substring verify, without the scope', async () => {
    expect(await verified(provider, (await mint(provider, 'missing-scope', { scope })).token)).not.toContain(scope);
    const { token } = await mint(provider, 'scope-substring', { scope });
    expect(await verified(provider, token)).toEqual([`${scope}-not`, `not-${scope}`]);
  });

  it.each([
    [{ provider: 'other' }, 'provider'],
    [{ provider, defect: 'odd' }, 'defect'],
    [{ provider, claims: { scope: ['a'] } }, 'claims.scope'],
    [{ provider, claims: { exp: 'soon' } }, 'claims.exp'],
    [{ provider, more: 1 }, 'more'],
  ])('%j is refused', async (order, field) => {
    const response = await world.control.call('POST', '/tokens', order);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field });
  });
});

describe("at the emulator's own calls", () => {
  const list = (token: string): Promise<Response> =>
    fetch(`${world.url}/v1/session/me/list`, { headers: { authorization: `Bearer ${token}` } });
  const check = (token: string, elevated?: string): Promise<Response> => {
    const { apiBaseUrl, environmentId } = world.emulator.ready.dynamic;
    return fetch(
      `${apiBaseUrl}/sdk/${environmentId}/${elevated === undefined ? 'stepUp/check' : 'users/mfa/register/totp'}`,
      {
        method: elevated === undefined ? 'POST' : 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...(elevated === undefined ? {} : { 'x-dyn-elevated-access-token': elevated }),
        },
        ...(elevated === undefined ? { body: '{"scope":"wallet:export"}' } : {}),
      },
    );
  };
  const lastRefusal = (): unknown => world.events.findLast(({ type }) => type === 'refusal')?.reason;

  it('Prelude takes a good one and refuses the others', async () => {
    expect((await list((await mint('prelude')).token)).status).toBe(200);
    for (const defect of [
      'expired',
      'not-yet-valid',
      'wrong-key',
      'wrong-issuer',
      'wrong-app',
      'alg-none',
      'hs256-public-key',
      'challenge-token',
    ]) {
      expect([defect, (await list((await mint('prelude', defect)).token)).status]).toEqual([defect, 401]);
    }
  });

  it('Prelude: revoked-session verifies, and its session is over', async () => {
    const { token, claims } = await mint('prelude', 'revoked-session');
    expect(await verified('prelude', token)).toEqual([]);
    expect((await list(token)).status).toBe(401);
    expect(lastRefusal()).toBe('bearer: expected a live session, got one that is over');
    const sessions = world.events.filter(({ type, sessionId }) => type === 'session' && sessionId === claims.sid);
    expect(sessions.map(({ change }) => change)).toEqual(['started', 'revoked']);
  });

  it('Prelude: spent verifies, and its scope was consumed', async () => {
    const scope = 'prld:pwd:write';
    const change = (token: string): Promise<Response> =>
      fetch(`${world.url}/v1/session/me/password/reset`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ password: 'Correct-horse-battery-1' }),
      });
    const { token } = await mint('prelude', 'spent', { scope });
    expect(await verified('prelude', token)).toEqual([scope]);
    const refused = await change(token);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'insufficient_scope' }]);
    expect(lastRefusal()).toBe(`access token: expected one with ${scope}, got one that was consumed`);
    expect((await change((await mint('prelude', 'none', { scope })).token)).status).toBe(204);
  });

  it('Prelude: a challenge token is signed by the step-up key', async () => {
    const { token, claims } = await mint('prelude', 'challenge-token', { scope: 'transfer:write' });
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'challenge+jwt' });
    expect(claims).toMatchObject({ scope_requested: 'transfer:write', current_step: 'verify_sms' });
    const stepUpKeys = (await (await fetch(`${world.url}/.well-known/step-up-jwks.json`)).json()) as JSONWebKeySet;
    await expect(jwtVerify(token, createLocalJWKSet(stepUpKeys))).resolves.toBeDefined();
    await expect(verified('prelude', token)).rejects.toThrow(/"alg" \(Algorithm\) Header Parameter value not allowed/);
  });

  it('Dynamic takes none that it would not have issued', async () => {
    const access = await mint('dynamic');
    const { sid } = access.claims;
    const defects = [
      'expired',
      'not-yet-valid',
      'wrong-key',
      'wrong-issuer',
      'wrong-app',
      'alg-none',
      'hs256-public-key',
    ];
    for (const defect of defects) {
      expect([defect, (await check((await mint('dynamic', defect)).token)).status]).toEqual([defect, 401]);
      const elevated = await mint('dynamic', defect, { scope: 'credential:link', sid });
      expect([defect, (await check(access.token, elevated.token)).status]).toEqual([defect, 403]);
    }
  });

  it('Dynamic: access and elevated tokens of one session work together; a spent one does not', async () => {
    const access = await mint('dynamic');
    expect((await check(access.token)).status).toBe(200);
    const { sid } = access.claims;
    const good = await mint('dynamic', 'none', { scope: 'credential:link', sid });
    expect(good.claims).toMatchObject({ sub: access.claims.sub, sid, singleUse: false });
    expect((await check(access.token, good.token)).status).toBe(200);
    const spent = await mint('dynamic', 'spent', { scope: 'credential:link', sid });
    expect(await verified('dynamic', spent.token)).toEqual(['credential:link']);
    expect((await check(access.token, spent.token)).status).toBe(403);
    expect(lastRefusal()).toBe('elevated token: expected an unspent one, got one that is spent or in use');
    const missing = await mint('dynamic', 'missing-scope', { sid });
    expect((await check(access.token, missing.token)).status).toBe(403);
  });

  it('Dynamic: revoked-session verifies, and its session is over; challenge-token is no access token', async () => {
    const { token } = await mint('dynamic', 'revoked-session');
    expect(await verified('dynamic', token)).toEqual(['user:basic']);
    expect((await check(token)).status).toBe(401);
    expect(lastRefusal()).toBe('bearer: expected a live access token, got one of a session that is over');
    const proof = await mint('dynamic', 'challenge-token', { scope: 'wallet:export' });
    expect(await verified('dynamic', proof.token)).toEqual([]);
    expect((await check(proof.token)).status).toBe(401);
  });

  it('follows a rotation of the key', async () => {
    await world.control.fault({ match: { path: '/.well-known/jwks.json' }, times: 1, do: { rotateKey: true } });
    const { keys } = await keySetOf('prelude');
    expect(keys).toHaveLength(2);
    const { token } = await mint('prelude');
    expect(decodeProtectedHeader(token).kid).toBe(keys[0]?.kid);
    expect((await list(token)).status).toBe(200);
  });
});
