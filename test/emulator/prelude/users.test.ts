/** The management API's users and what they hold, development tokens, and sessions as their users see them. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceOf } from '../../../src/emulator/prelude/device.js';
import { Client, loggedIn, newKey, startWorld, type Answer, type World } from './client.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.control.clearState());

const create = async (value: string): Promise<string> =>
  String((await world.manage('POST', '/users', { identifiers: [{ type: 'email_address', value }] })).body.id);

describe('users', () => {
  it('are listed by pages, oldest first', async () => {
    const ids = [await create('a@example.com'), await create('b@example.com'), await create('c@example.com')];
    const whole = await world.manage('GET', '/users');
    expect(whole.body).toMatchObject({ total: 3, limit: 10, offset: 0 });
    expect((whole.body.users as { id: string }[]).map(({ id }) => id)).toEqual(ids);
    expect((await world.manage('GET', '/users?limit=1&offset=1')).body).toMatchObject({
      users: [{ id: ids[1] }],
      total: 3,
    });
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'offset=-1', 'offset=1e9']) {
      expect((await world.manage('GET', `/users?${query}`)).status).toBe(400);
    }
  });

  it('have a profile that is patched, also by many at once', async () => {
    const id = await create('a@example.com');
    const patch = (body: unknown): Promise<Answer> => world.manage('PATCH', `/users/${id}/profile`, body);
    await patch({ tier: 'gold', old: 1 });
    expect((await patch({ old: null, city: { name: 'Paris' } })).body.profile).toEqual({
      tier: 'gold',
      city: { name: 'Paris' },
    });
    await Promise.all(Array.from({ length: 10 }, (_, at) => patch({ [`key${at}`]: at })));
    const { profile } = (await world.manage('GET', `/users/${id}`)).body;
    expect(Object.keys(profile as object)).toHaveLength(12);
    expect((await patch([])).status).toBe(400);
    expect((await patch('x')).status).toBe(400);
    expect((await world.manage('PATCH', '/users/usr_nobody/profile', {})).status).toBe(404);
    await patch(JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('have scopes, which every token of theirs carries from then on', async () => {
    const client = await loggedIn(world, 'a@example.com');
    const id = String(decodeJwt(client.access).sub);
    const add = (scope: unknown): Promise<Answer> => world.manage('POST', `/users/${id}/scopes`, { scope });
    expect(await add('admin')).toMatchObject({ status: 200, body: { scopes: ['admin'] } });
    expect((await add('admin')).body).toEqual({ scopes: ['admin'] });
    expect((await add('beta')).body).toEqual({ scopes: ['admin', 'beta'] });
    await client.refreshWith();
    expect(client.scopes).toBe('admin beta');
    expect((await loggedIn(world, 'b@example.com')).scopes).toBe('');
    expect((await add('a b')).status).toBe(400);
    expect((await world.manage('POST', '/users/usr_nobody/scopes', { scope: 'x' })).status).toBe(404);
  });

  it('whose scope was consumed may be given it again', async () => {
    const client = await loggedIn(world, 'a@example.com');
    const id = String(decodeJwt(client.access).sub);
    const reset = (): Promise<Answer> =>
      client.call('/me/password/reset', { body: { password: 'long enough' }, bearer: client.access });
    for (let round = 0; round < 2; round++) {
      await world.manage('POST', `/users/${id}/scopes`, { scope: 'prld:pwd:write' });
      await client.refreshWith();
      expect((await reset()).status).toBe(204);
      expect((await reset()).status).toBe(403);
    }
  });

  it('lose all their sessions by one call', async () => {
    const one = await loggedIn(world, 'a@example.com');
    const other = await loggedIn(world, 'a@example.com');
    const id = String(decodeJwt(one.access).sub);
    expect((await world.manage('POST', `/users/${id}/sessions/invalidate`)).status).toBe(204);
    expect((await one.refreshWith()).status).toBe(401);
    expect((await other.refreshWith()).status).toBe(401);
    expect((await world.manage('GET', `/users/${id}/sessions`)).body).toEqual({ sessions: [] });
    expect((await world.manage('POST', '/users/usr_nobody/sessions/invalidate')).status).toBe(404);
  });

  it('leave nothing behind when they are deleted', async () => {
    const id = await create('a@example.com');
    await world.manage('PUT', `/users/${id}/password`, { password: 'long enough' });
    await world.manage('POST', `/users/${id}/scopes`, { scope: 'admin' });
    await world.manage('DELETE', `/users/${id}`);
    const { state } = (await world.control.exportState()) as { state: { records: unknown[] } };
    expect(JSON.stringify(state.records)).not.toContain(id);
    expect((await world.manage('PUT', `/users/${id}/password`, { password: 'long enough' })).status).toBe(404);
  });
});

describe('development tokens', () => {
  it('carry what is asked for, signed by the key of access tokens, and open nothing', async () => {
    const claims = { sub: 'usr_dev', scope: 'transfer:write', tier: ['gold'] };
    const answer = await world.manage('POST', '/tokens', { claims });
    expect([answer.status, answer.body.expires_at]).toEqual([201, expect.any(Number)]);
    const token = String(answer.body.token);
    const { issuer, jwksUrl } = world.emulator.ready.prelude;
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUrl)), { issuer, algorithms: ['RS256'] });
    expect(payload).toMatchObject({ ...claims, iat: expect.any(Number), jti: expect.any(String) });
    const client = new Client(world, await newKey());
    expect((await client.call('/me/list', { method: 'GET', bearer: token })).status).toBe(401);
    expect(JSON.stringify(world.events)).not.toContain(token);
  });

  it('live for a day at most', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const exp of [now - 1, now + 90_000, 'soon', 1.5]) {
      expect((await world.manage('POST', '/tokens', { claims: { exp } })).status).toBe(400);
    }
    expect((await world.manage('POST', '/tokens', { claims: { exp: now + 80_000 } })).body.expires_at).toBe(
      now + 80_000,
    );
    expect((await world.manage('POST', '/tokens', { claims: [] })).status).toBe(400);
    expect((await world.manage('POST', '/tokens', {}, 'sk_wrong')).status).toBe(401);
  });
});

describe('login-configs, the older path', () => {
  it('is the same list as config/login/otp', async () => {
    const made = await world.manage('POST', '/login-configs', { channel_type: 'sms', is_default: false });
    const { id } = made.body.login_config as { id: string };
    expect((await world.manage('GET', '/login-configs')).body).toEqual(
      (await world.manage('GET', '/config/login/otp')).body,
    );
    expect((await world.manage('PUT', `/login-configs/${id}`, { channel_type: 'sms', code_size: 8 })).status).toBe(200);
    expect((await world.manage('DELETE', `/config/login/otp/${id}`)).status).toBe(204);
  });
});

describe('a session', () => {
  it('shows device and country', async () => {
    const client = new Client(world, await newKey());
    const identifier = { type: 'email_address', value: 'a@example.com' };
    const sent = await client.call('/otp', { body: { identifier } });
    const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
    const checked = await client.call('/otp/check', { body: { code: await world.code('a@example.com') }, headers });
    client.keep(
      await client.call('/login/finalize', {
        body: { challenge_token: checked.body.challenge_token },
        proof: 'regular',
        headers: {
          'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15',
          'accept-language': 'fr-FR,fr;q=0.9',
        },
      }),
    );
    const list = await client.call('/me/list', { method: 'GET', bearer: client.access });
    expect(list.body.sessions).toMatchObject([
      { device_model: 'iPhone', device_type: 'mobile', os_version: 'iOS 17.5', country_code: 'FR' },
    ]);
  });

  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36', 'desktop', 'PC', 'Windows NT 10.0'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36', 'desktop', 'Mac', 'macOS 10.15.7'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'desktop', 'PC', 'Linux'],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari/537.36',
      'mobile',
      'Android',
      'Android 14',
    ],
    ['Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X)', 'tablet', 'iPad', 'iPadOS 17.1'],
    ['stepup/0.1.0', 'unknown', '', ''],
    ['', 'unknown', '', ''],
  ])('of %s', (userAgent, device_type, device_model, os_version) => {
    expect(deviceOf(userAgent)).toEqual({ device_type, device_model, os_version });
  });
});
