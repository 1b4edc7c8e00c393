import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, loggedIn, newKey, startWorld, type Answer, type World } from './client.js';

let world: World;
let phones = 0;
const newClient = (): Promise<Client> => loggedIn(world, `+336444000${String(++phones).padStart(2, '0')}`);

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const refresh = (client: Client, token = client.refresh): Promise<Answer> =>
  client.once('/refresh', { headers: { 'x-refresh-token': token }, proof: 'regular' });

describe('/refresh', () => {
  it('rotates the token, with an empty body and JSON content type', async () => {
    const client = await newClient();
    const old = client.refresh;
    const answer = await client.refreshWith();
    expect(answer).toMatchObject({
      status: 200,
      body: { access_token: expect.any(String), expires_at: expect.any(Number) },
    });
    expect(client.refresh).not.toBe(old);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('takes the cookie in place of the header, with and without its prefix, and the header before it', async () => {
    const client = await newClient();
    for (const prefix of ['__Host-', '']) {
      const answer = await client.once('/refresh', {
        headers: { cookie: `${prefix}refresh_demo=${client.refresh}` },
        proof: 'regular',
      });
      client.keep(answer);
    }
    const headers = { cookie: `__Host-refresh_demo=${client.refresh}`, 'x-refresh-token': 'unknown' };
    expect((await client.once('/refresh', { headers, proof: 'regular' })).status).toBe(401);
  });

  it('ends the session when a rotated token comes again', async () => {
    const client = await newClient();
    const stolen = client.refresh;
    await client.refreshWith();
    expect(await refresh(client, stolen)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(await refresh(client)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect((await client.call('/me/list', { method: 'GET', bearer: client.access })).status).toBe(401);
    expect(world.events.filter(({ type, change }) => type === 'session' && change === 'revoked').at(-1)?.reason).toBe(
      'refresh token reused',
    );
  });

  // Of two at once one wins the rotation; the other is a reuse, which ends the session, so the winner's tokens are dead as well.
  it('lets at most one of many at once rotate, and the session is over', async () => {
    const client = await newClient();
    const token = client.refresh;
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(client, token)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10 - won.length);
    const next = won[0]?.headers.get('x-refresh-token') ?? 'none';
    expect((await refresh(client, next)).status).toBe(401);
  });

  it("does not let another key use or end somebody's session", async () => {
    const client = await newClient();
    const thief = new Client(world, await newKey());
    thief.nonce = client.nonce;
    expect((await refresh(thief, client.refresh)).body.code).toBe('dpop_key_mismatch');
    const old = client.refresh;
    await client.refreshWith();
    expect((await refresh(thief, old)).body.code).toBe('dpop_key_mismatch');
    expect((await refresh(client)).status).toBe(200);
  });

  it('is refused without a token, with an unknown one, and thirty days later', async () => {
    const client = await newClient();
    expect((await client.once('/refresh', { proof: 'regular' })).body.code).toBe('unauthorized');
    expect((await refresh(client, 'x'.repeat(43))).body.code).toBe('unauthorized');
    await world.control.clock({ advance: 30 * 86_400 });
    expect((await client.refreshWith()).body.code).toBe('unauthorized');
    await world.control.clock({ offset: 0 });
  });
});

describe('/revoke', () => {
  it('ends the session and clears the cookie', async () => {
    const client = await newClient();
    const done = await client.call('/revoke', { headers: { 'x-refresh-token': client.refresh }, proof: 'regular' });
    expect(done.status).toBe(204);
    expect(done.cookies).toEqual([
      expect.stringMatching(/^__Host-refresh_demo=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=None$/),
    ]);
    expect((await refresh(client)).status).toBe(401);
    expect((await client.call('/me/list', { method: 'GET', bearer: client.access })).status).toBe(401);
  });

  it('needs a proof unless the token comes by cookie', async () => {
    const client = await newClient();
    const byHeader = await client.call('/revoke', { headers: { 'x-refresh-token': client.refresh } });
    expect(byHeader.body.code).toBe('missing_dpop_proof');
    const byCookie = await client.call('/revoke', { headers: { cookie: `__Host-refresh_demo=${client.refresh}` } });
    expect(byCookie.status).toBe(204);
  });

  it('is refused without a token', async () => {
    const client = await newClient();
    expect((await client.call('/revoke', { proof: 'regular' })).status).toBe(401);
  });
});

describe('/me', () => {
  const list = (client: Client, query = ''): Promise<Answer> =>
    client.call(`/me/list${query}`, { method: 'GET', bearer: client.access });
  const revoke = (client: Client, query: string): Promise<Answer> =>
    client.call(`/me/revoke${query}`, { bearer: client.access });

  async function twice(): Promise<[Client, Client]> {
    const phone = `+336445000${String(++phones).padStart(2, '0')}`;
    return [await loggedIn(world, phone), await loggedIn(world, phone)];
  }

  it("lists the user's sessions by pages", async () => {
    const [one, other] = await twice();
    const answer = await list(one);
    expect(answer.body).toMatchObject({ total: 2, limit: 10, offset: 0 });
    const sessions = answer.body.sessions as Record<string, unknown>[];
    expect(sessions.map(({ id }) => id)).toEqual([decodeJwt(one.access).sid, decodeJwt(other.access).sid]);
    expect(Object.keys(sessions[0] ?? {}).sort()).toEqual([
      'country_code',
      'created_at',
      'device_model',
      'device_type',
      'expires_at',
      'id',
      'last_seen_at',
      'os_version',
    ]);
    expect((await list(one, '?limit=1&offset=1')).body).toMatchObject({
      total: 2,
      limit: 1,
      offset: 1,
      sessions: [{ id: decodeJwt(other.access).sid }],
    });
    expect((await list(one, '?limit=0')).body.code).toBe('invalid_pagination_limit');
    expect((await list(one, '?limit=101')).body.code).toBe('invalid_pagination_limit');
    expect((await list(one, '?offset=-1')).body.code).toBe('invalid_pagination_offset');
  });

  it.each([
    ['all', [401, 401]],
    ['others', [200, 401]],
    ['mine', [401, 200]],
  ])('revokes target=%s', async (target, left) => {
    const [one, other] = await twice();
    expect((await revoke(one, `?target=${target}`)).status).toBe(204);
    expect([(await list(one)).status, (await list(other)).status]).toEqual(left);
  });

  it('revokes one session by id, and only of the same user', async () => {
    const [one, other] = await twice();
    const stranger = await newClient();
    expect((await revoke(one, `?target=session&session_id=${String(decodeJwt(stranger.access).sid)}`)).status).toBe(
      404,
    );
    expect((await revoke(one, `?target=session&session_id=${String(decodeJwt(other.access).sid)}`)).status).toBe(204);
    expect((await list(other)).status).toBe(401);
    expect((await revoke(one, '?target=session')).status).toBe(400);
    expect((await revoke(one, '')).status).toBe(400);
  });
});

describe('the rest', () => {
  it('says what a password needs', async () => {
    const client = await newClient();
    const { status, body } = await client.call('/password/compliancy', { method: 'GET' });
    expect([status, Object.keys(body).sort()]).toEqual([
      200,
      ['lowercase', 'max_length', 'min_length', 'numbers', 'symbols', 'uppercase'],
    ]);
  });

  it.each([['POST', '/migration']])('%s %s is not emulated, by name', async (method, path) => {
    const client = new Client(world, await newKey());
    const answer = await client.call(path, { method });
    expect(answer).toMatchObject({
      status: 501,
      body: { code: 'not_emulated', type: 'not_emulated', message: expect.stringContaining(method) },
    });
  });

  it.each([
    ['GET', '/nothing'],
    ['GET', '/refresh'],
    ['POST', '/otp/'],
    ['POST', ''],
  ])('%s %s is a JSON 404', async (method, path) => {
    const client = new Client(world, await newKey());
    expect(await client.call(path, { method })).toMatchObject({
      status: 404,
      body: { code: 'not_found', type: 'not_found' },
    });
  });

  it('knows the tenant of the path', async () => {
    const path = (tenant: string): string => `${world.url}/t/${tenant}/v1/session/otp/retry`;
    expect((await fetch(path('default'), { method: 'POST' })).status).toBe(401);
    const unknown = await fetch(path('nobody'), { method: 'POST' });
    expect([unknown.status, ((await unknown.json()) as { code: string }).code]).toEqual([404, 'not_found']);
    expect((await fetch(`${world.url}/t/default/.well-known/jwks.json`)).status).toBe(200);
  });

  it('publishes its metadata and two different key sets', async () => {
    const get = async (name: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`${world.url}/.well-known/${name}`)).json()) as Record<string, unknown>;
    const { issuer, jwksUrl } = world.emulator.ready.prelude;
    expect(await get('oauth-authorization-server')).toMatchObject({ issuer: `https://${issuer}`, jwks_uri: jwksUrl });
    const [access] = (await get('jwks.json')).keys as Record<string, unknown>[];
    const [stepUp] = (await get('step-up-jwks.json')).keys as Record<string, unknown>[];
    expect(Object.keys(access ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(Object.keys(stepUp ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect((await fetch(`${world.url}/.well-known/nothing`)).status).toBe(404);
  });
});

describe('CORS', () => {
  const origin = 'http://localhost:5173';
  const split = (value: string | null): string[] =>
    (value ?? '')
      .toLowerCase()
      .split(/\s*,\s*/)
      .sort();

  it('answers a preflight with the exact origin and every header that the SDKs send', async () => {
    const response = await fetch(`${world.url}/v1/session/stepup/continue`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-sdk-user-agent',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(split(response.headers.get('access-control-allow-methods'))).toEqual(['delete', 'get', 'post']);
    expect(split(response.headers.get('access-control-allow-headers'))).toEqual([
      'authorization',
      'content-type',
      'dpop',
      'x-device-id',
      'x-refresh-token',
      'x-sdk-user-agent',
      'x-verification-token',
    ]);
  });

  it.each(['/refresh', '/nothing', '/me/password/reset'])('exposes its headers on the refusal of %s', async (path) => {
    const response = await fetch(`${world.url}/v1/session${path}`, { method: 'POST', headers: { origin } });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(split(response.headers.get('vary'))).toContain('origin');
    expect(split(response.headers.get('access-control-expose-headers'))).toEqual([
      'date',
      'dpop-nonce',
      'x-refresh-token',
      'x-refresh-token-expires-at',
      'x-verification-token',
    ]);
  });

  it('is not for the management API', async () => {
    const response = await fetch(`${world.url}/v2/session/apps/demo/config/scopes`, { headers: { origin } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
