import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jwt, refuse } from '../../support/prelude-service.js';
import { logIn, openHouse, walk, type House } from './house.js';

describe('session', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await logIn(house);
  });
  afterEach(() => house.close());

  const refreshes = (): number => house.service.paths().filter((path) => path === '/refresh').length;

  it('a token is used until ten seconds before its end', async () => {
    const first = await house.provider.accessToken();
    expect(first.expiresAt).toBe('2026-03-01T12:01:00.000Z');
    house.advance(49);
    expect(await house.provider.accessToken()).toEqual(first);
    house.advance(1);
    const second = await house.provider.accessToken();
    expect(second.token).not.toBe(first.token);
    expect(refreshes()).toBe(1);
  });

  it('a refresh has no body, a regular proof with the last nonce, and the refresh token; the new one is kept', async () => {
    house.advance(60);
    await house.provider.accessToken();
    const refresh = house.service.last('/refresh');
    expect(refresh.body).toBeUndefined();
    expect(refresh.headers).toMatchObject({ 'x-refresh-token': 'refresh-token-1', 'content-type': 'application/json' });
    expect(refresh.headers.authorization).toBeUndefined();
    expect(refresh.proof?.claims['nonce']).toBe('nonce-1');
    house.advance(60);
    await house.provider.accessToken();
    expect(house.service.last('/refresh').headers['x-refresh-token']).toBe('refresh-token-2');
  });

  it('five calls at once share one refresh', async () => {
    house.advance(60);
    const tokens = await Promise.all([1, 2, 3, 4, 5].map(() => house.provider.accessToken()));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(refreshes()).toBe(1);
  });

  it('providers on one store refresh once between them', async () => {
    house.advance(60);
    const providers = [house.provider, house.another(), house.another()];
    const tokens = await Promise.all(providers.map((provider) => provider.accessToken()));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(refreshes()).toBe(1);
  });

  it('a refused refresh token ends the session and clears it', async () => {
    house.advance(60);
    house.service.refreshToken = 'revoked elsewhere';
    await expect(house.provider.accessToken()).rejects.toMatchObject({ name: 'SessionError', code: 'SESSION_OVER' });
    expect(await house.stored()).toBeUndefined();
    await expect(house.provider.accessToken()).rejects.toMatchObject({ code: 'NOT_LOGGED_IN' });
  });

  it('a refused refresh token that is not the newest one costs nothing', async () => {
    house.advance(60);
    let newest = '';
    house.service.on('/refresh', async ({ headers }) => {
      if (newest !== '' || headers['x-refresh-token'] !== 'refresh-token-1') return undefined;
      // A login in another process replaces the session while this refresh is under way.
      await logIn(house);
      newest = house.service.refreshToken;
      return refuse(401, 'unauthorized');
    });
    await house.another().accessToken();
    expect(house.service.last('/refresh').headers['x-refresh-token']).toBe(newest);
    expect(await house.provider.session()).toMatchObject({ userId: 'usr_01' });
  });

  it.each([
    ['the connection is cut', { status: 0, drop: true }, 'SERVICE_UNREACHABLE'],
    ['the service fails', refuse(500, 'internal'), 'SERVICE_FAILING'],
    ['the rate is limited', refuse(429, 'rate_limited', { 'Retry-After': '30' }), 'RATE_LIMITED'],
    ['a proof is asked for with 401', refuse(401, 'use_dpop_nonce'), 'REFUSED'],
  ])('leaves everything as it was when %s', async (_what, reply, code) => {
    house.advance(60);
    const before = await house.stored();
    house.service.on('/refresh', () => reply);
    await expect(house.provider.accessToken()).rejects.toMatchObject({ code });
    expect(await house.stored()).toEqual(before);
  });

  it('says of an answer that was lost that the session may have ended with it, and how to go on', async () => {
    house.advance(60);
    house.service.on('/refresh', () => ({ status: 0, drop: true }));
    await expect(house.provider.accessToken()).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      hint: expect.stringMatching(/it is over then: log in again with: stepup login$/) as string,
    });
  });

  it('of a service that was never reached it says nothing of the kind', async () => {
    house.advance(60);
    await house.service.stop();
    await expect(house.provider.accessToken()).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      hint: expect.not.stringContaining('stepup login') as string,
    });
    house.service.stop = () => Promise.resolve();
  });

  it('a record of a newer version is left alone, also by a login, and the hint does not send there', async () => {
    const key = { provider: 'prelude', host: house.service.url.slice(7), application: 'demo' };
    await house.store.updateSession(key, () => ({ version: 2 }));
    const error = { code: 'STORE_NEWER', hint: 'Update stepup, or set STEPUP_HOME to another folder.' };
    await expect(house.provider.session()).rejects.toMatchObject(error);
    await expect(logIn(house)).rejects.toMatchObject(error);
    expect(await house.stored()).toEqual({ version: 2 });
  });

  it.each([
    ['cut off', { status: 200, text: '{"access_tok', headers: { 'X-Refresh-Token': 'rotated' } }],
    ['without a token', { status: 200, json: {}, headers: { 'X-Refresh-Token': 'rotated' } }],
    [
      'with an unreadable token',
      { status: 200, json: { access_token: 'x', expires_at: 1 }, headers: { 'X-Refresh-Token': 'rotated' } },
    ],
    [
      'with a textual end',
      {
        status: 200,
        json: { access_token: jwt({ sub: 'u' }), expires_at: '2026-03-01T12:02:00Z' },
        headers: { 'X-Refresh-Token': 'rotated' },
      },
    ],
  ])('keeps the rotated refresh token of an answer that is %s', async (_what, reply) => {
    house.advance(60);
    house.service.on('/refresh', ({ headers }) => (headers['x-refresh-token'] === 'rotated' ? undefined : reply));
    await expect(house.provider.accessToken()).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
    house.service.refreshToken = 'rotated';
    expect((await house.provider.accessToken()).expiresAt).toBe('2026-03-01T12:02:00.000Z');
  });

  it('a refresh token that travels by cookie is sent back as one', async () => {
    const cookie = '__Host-refresh_demo=by-cookie; Path=/; Secure; HttpOnly';
    house.service.on('/login/finalize', () => ({
      status: 200,
      json: { access_token: jwt({ sub: 'usr_01', sid: 'ses_01' }), expires_at: 1_772_366_460 },
      headers: { 'Set-Cookie': cookie },
    }));
    await logIn(house);
    house.advance(60);
    house.service.on('/refresh', ({ headers }) =>
      headers.cookie === '__Host-refresh_demo=by-cookie'
        ? { status: 200, json: { access_token: jwt({ sub: 'usr_01', sid: 'ses_01' }), expires_at: 1_772_366_520 } }
        : refuse(400, 'bad_request'),
    );
    expect((await house.provider.accessToken()).expiresAt).toBe('2026-03-01T12:02:00.000Z');
  });

  it('logout revokes with proof and refresh token, then forgets', async () => {
    expect(await house.provider.logout()).toBe(true);
    const revoke = house.service.last('/revoke');
    expect(revoke.headers['x-refresh-token']).toBe('refresh-token-1');
    expect(revoke.proof?.claims['htm']).toBe('POST');
    expect(revoke.body).toBeUndefined();
    expect(await house.stored()).toBeUndefined();
    expect(await house.provider.logout()).toBe(false);
  });

  it('a session that is over already is logged out', async () => {
    house.service.on('/revoke', () => refuse(401, 'unauthorized'));
    expect(await house.provider.logout()).toBe(true);
    expect(await house.stored()).toBeUndefined();
  });

  it.each([
    [{ status: 0, drop: true }, 'SERVICE_UNREACHABLE'],
    [refuse(503, 'internal'), 'SERVICE_FAILING'],
    [refuse(400, 'bad_request'), 'REFUSED'],
  ])('a logout that fails leaves the session (%o)', async (reply, code) => {
    house.service.on('/revoke', () => reply);
    await expect(house.provider.logout()).rejects.toMatchObject({ code });
    expect(await house.provider.session()).toMatchObject({ sessionId: 'ses_01' });
  });

  it('says who is logged in without the network and without secrets', async () => {
    const before = house.service.requests.length;
    const session = await house.provider.session();
    expect(house.service.requests).toHaveLength(before);
    expect(Object.keys(session ?? {}).sort()).toEqual([
      'accessTokenExpiresAt',
      'application',
      'host',
      'identifier',
      'provider',
      'scopes',
      'sessionId',
      'thumbprint',
      'userId',
    ]);
    expect(session?.thumbprint).toMatch(/^[\w-]{43}$/);
  });

  it('nothing that was debugged holds a secret', async () => {
    house.advance(60);
    const { token } = await house.provider.accessToken();
    await walk(house.provider.request(['transfer:write'], {}), ['246810']);
    const shown = house.debug.join('\n');
    expect(shown).toContain('POST http://127.0.0.1');
    for (const secret of ['246810', 'refresh-token-', 'verification-1', 'cookie-1', token]) {
      expect(shown).not.toContain(secret);
    }
    const { headers } = house.service.last('/refresh');
    const [head, claims, signature] = String(headers.dpop).split('.');
    expect(shown).toContain(`${head}.${claims}.[redacted]`);
    expect(shown).not.toContain(signature);
  });
});
