import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, signedIn, startWorld, type Answer, type World } from './client.js';

let world: World;
let made = 0;
let email = '';

beforeAll(async () => {
  world = await startWorld({ httpsPort: 0 });
});
beforeEach(async () => {
  email = `cookie${++made}@example.com`;
  await world.control.settings({ dynamic: { cookieMode: true } });
});
afterAll(() => world.stop());

/** The cookie of an answer: its value, and what stands behind it. */
function cookieOf({ headers }: Answer): { token: string; attributes: string[] } {
  const all = headers.getSetCookie();
  expect(all).toHaveLength(1);
  const [pair = '', ...attributes] = (all[0] ?? '').split('; ');
  expect(pair).toMatch(/^DYNAMIC_JWT_TOKEN=/);
  return { token: pair.slice('DYNAMIC_JWT_TOKEN='.length), attributes };
}

/** Headers of a browser that holds the cookie. */
const holding = (token: string): { headers: Record<string, string> } => ({
  headers: { cookie: `other=1; DYNAMIC_JWT_TOKEN=${token}` },
});

async function signIn(): Promise<Answer> {
  const client = new Client(world);
  return client.post('emailVerifications/signin', await client.send(email));
}

describe('an environment in cookie mode', () => {
  it('says so in its settings', async () => {
    expect((await new Client(world).get('settings')).body.security).toMatchObject({ auth: { storage: ['cookie'] } });
  });

  it('puts the access token into a cookie that no page can read, and no token into the body', async () => {
    const answer = await signIn();
    expect(Object.keys(answer.body).sort()).toEqual(['expiresAt', 'user']);
    const { token, attributes } = cookieOf(answer);
    const { sub, exp = 0 } = decodeJwt(token);
    expect(sub).toBe((answer.body.user as { id: string }).id);
    expect(exp).toBe(answer.body.expiresAt);
    expect(attributes.sort()).toEqual([
      `Expires=${new Date(exp * 1000).toUTCString()}`,
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
    ]);
  });

  it('knows the user by the cookie, at each call and after a refresh', async () => {
    const client = new Client(world);
    const first = cookieOf(await signIn()).token;
    const refreshed = await client.post('refresh', undefined, holding(first));
    expect(refreshed.body).not.toHaveProperty('minifiedJwt');
    const { token } = cookieOf(refreshed);
    expect(token).not.toBe(first);
    expect((await client.get('users', holding(token))).body).toMatchObject({ email });
    expect(await client.post('refresh')).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
    expect((await client.get('users', holding('nonsense'))).status).toBe(401);
  });

  it('keeps an elevated token in the body, for the header', async () => {
    const client = new Client(world);
    const { token } = cookieOf(await signIn());
    const body = { ...(await client.send(email)), requestedScopes: ['wallet:export'] };
    const answer = await client.post('emailVerifications/verify', body, holding(token));
    expect(answer.body).toMatchObject({ nextView: 'done', elevatedAccessToken: expect.any(String) });
    expect(answer.body).not.toHaveProperty('jwt');
    const elevated = String(answer.body.elevatedAccessToken);
    const held = holding(cookieOf(answer).token);
    expect((await client.post('waas/w1/privateKey/export', {}, { ...held, elevated })).status).toBe(200);
  });

  it.each([
    ['POST', 'revoke'],
    ['DELETE', 'users'],
  ])('takes the cookie away: %s %s', async (method, path) => {
    const client = new Client(world);
    const { token } = cookieOf(await signIn());
    const answer = await client.call(method, path, holding(token));
    expect(answer.status).toBe(204);
    expect(cookieOf(answer)).toMatchObject({ token: '', attributes: expect.arrayContaining(['Max-Age=0', 'Path=/']) });
    expect((await client.get('users', holding(token))).status).toBe(401);
  });

  it('goes by `Authorization` where there is one', async () => {
    const { token } = cookieOf(await signIn());
    const client = new Client(world);
    expect((await client.get('users', { bearer: token })).status).toBe(200);
    expect((await client.get('users', { bearer: 'nonsense', ...holding(token) })).status).toBe(401);
  });

  it('has the token in no event', async () => {
    const { token } = cookieOf(await signIn());
    expect(JSON.stringify(world.events)).not.toContain(token);
  });
});

it('a cookie is nothing outside cookie mode', async () => {
  const { token } = cookieOf(await signIn());
  await world.control.settings({ dynamic: { cookieMode: false } });
  const client = await signedIn(world, email);
  expect((await new Client(world).get('users', holding(token))).status).toBe(401);
  expect((await client.post('refresh')).headers.getSetCookie()).toEqual([]);
});

it('over https the cookie is for https only', async () => {
  const { httpsUrl, caCert, dynamic } = world.emulator.ready;
  const { token } = cookieOf(await signIn());
  const call = request(`${httpsUrl}/api/v0/sdk/${dynamic.environmentId}/refresh`, {
    method: 'POST',
    ca: await readFile(caCert),
    agent: false,
    ...holding(token),
  }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.headers['set-cookie']).toEqual([expect.stringMatching(/^DYNAMIC_JWT_TOKEN=.*; Secure(;|$)/)]);
});
