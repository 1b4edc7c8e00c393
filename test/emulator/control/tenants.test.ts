import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ready } from '../../../src/emulator/emulator.js';
import { Client, newKey, startWorld, type World } from '../prelude/client.js';

type Made = Pick<Ready, 'prelude' | 'dynamic'> & { id: string };

const PHONE = '+33612345678';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
afterEach(async () => {
  for (const { id } of await listed()) if (id !== 'default') await call('DELETE', `/tenants/${id}`);
  await world.control.clearState();
});

async function call<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const response = await world.control.call(method, path, body);
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}
const listed = async (): Promise<Made[]> => (await call<{ tenants: Made[] }>('GET', '/tenants')).body.tenants;

/** A user agent of a tenant's application, which reads the tenant's inbox. */
async function clientOf(id: string): Promise<Client> {
  const at = {
    url: `${world.url}/t/${id}`,
    code: async (to: string) => {
      const path = `/messages?tenant=${id}&to=${encodeURIComponent(to)}`;
      const { messages } = (await call<{ messages: { code: string }[] }>('GET', path)).body;
      return messages.at(-1)?.code ?? 'none';
    },
  };
  const client = new Client(at, await newKey());
  await client.logIn(PHONE);
  return client;
}

describe('tenants over the control API', () => {
  it('are made, listed and deleted', async () => {
    const made = await call<Made>('POST', '/tenants', { id: 'w1' });
    const { host } = new URL(world.url);
    expect(made).toEqual({
      status: 201,
      body: {
        id: 'w1',
        prelude: {
          appId: 'w1',
          sessionDomain: `${world.emulator.ready.prelude.sessionDomain}/t/w1`,
          managementUrl: world.url,
          managementKey: 'sk_emulator_w1',
          issuer: `${world.emulator.ready.prelude.issuer}/t/w1`,
          jwksUrl: `${world.url}/t/w1/.well-known/jwks.json`,
        },
        dynamic: {
          environmentId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
          apiBaseUrl: `${world.url}/api/v0`,
          issuer: `${host}/${made.body.dynamic.environmentId}`,
          jwksUrl: `${world.url}/api/v0/sdk/${made.body.dynamic.environmentId}/.well-known/jwks`,
        },
      },
    });
    const random = await call<Made>('POST', '/tenants', {});
    expect(random.body.id).toMatch(/^t-[0-9a-f]{12}$/);
    expect((await listed()).map(({ id }) => id)).toEqual(['default', 'w1', random.body.id]);
    expect((await call<{ tenants: number }>('GET', '/health')).body.tenants).toBe(3);
    expect((await call('DELETE', '/tenants/w1')).status).toBe(204);
    expect((await call('DELETE', '/tenants/w1')).status).toBe(404);
    expect((await call('GET', '/messages?tenant=w1')).status).toBe(404);
  });

  it.each([
    ['default', 409],
    ['demo', 409],
    ['W1', 400],
    ['-a', 400],
    ['', 400],
    ['a'.repeat(64), 400],
    [':shared', 400],
    ['../x', 400],
    [7, 400],
  ])('the id %j is %i', async (id, status) => {
    const refused = await call<{ field?: string }>('POST', '/tenants', { id });
    expect({ status: refused.status, field: refused.body.field }).toEqual({ status, field: 'id' });
    expect(await listed()).toHaveLength(1);
  });

  it('one of many at once with one id is made', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/tenants', { id: 'twin' })));
    expect(all.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(7).fill(409)]);
  });

  it('the default one stays', async () => {
    expect((await call('DELETE', '/tenants/default')).status).toBe(400);
  });

  it('have users, inboxes, clocks and issuers of their own, and take no token of each other', async () => {
    await call('POST', '/tenants', { id: 'w1' });
    await call('POST', '/tenants', { id: 'w2' });
    const [one, two] = [await clientOf('w1'), await clientOf('w2')];
    expect(decodeJwt(one.access).iss).toBe(`${world.emulator.ready.prelude.issuer}/t/w1`);
    expect(decodeJwt(one.access).sub).not.toBe(decodeJwt(two.access).sub);
    expect(await world.control.messages({ to: PHONE })).toEqual([]);

    const stolen = await two.call('/me/list', { method: 'GET', bearer: one.access });
    expect({ status: stolen.status, code: stolen.body.code }).toEqual({ status: 401, code: 'unauthorized' });
    two.refresh = one.refresh;
    expect((await two.refreshWith()).status).toBe(401);

    await call('POST', '/clock?tenant=w1', { advance: 120 });
    expect((await one.call('/me/list', { method: 'GET', bearer: one.access })).status).toBe(401);
    expect((await two.call('/me/list', { method: 'GET', bearer: two.access })).status).toBe(200);
  });

  it("a management key is for its own application's path alone", async () => {
    const { body } = await call<Made>('POST', '/tenants', { id: 'w1' });
    const at = (app: string, key: string): Promise<number> =>
      fetch(`${world.url}/v2/session/apps/${app}/config/scopes`, {
        headers: { authorization: `Bearer ${key}` },
      }).then(({ status }) => status);
    expect(await at('w1', body.prelude.managementKey)).toBe(200);
    expect(await at('demo', body.prelude.managementKey)).toBe(401);
    expect(await at('w1', 'sk_emulator_demo')).toBe(401);
  });

  it('a deleted one is empty when it is made again, and its event stream ends', async () => {
    await call('POST', '/tenants', { id: 'w1' });
    const client = await clientOf('w1');
    const stream = await world.control.call('GET', '/events?tenant=w1');
    const text = stream.text();
    await call('DELETE', '/tenants/w1');
    expect(await text).toContain('"change":"created"');
    expect((await client.call('/me/list', { method: 'GET', bearer: client.access })).status).toBe(404);
    await call('POST', '/tenants', { id: 'w1' });
    expect((await client.refreshWith()).status).toBe(401);
    expect((await call('GET', '/users?tenant=w1')).body).toEqual({ users: [] });
  });
});
