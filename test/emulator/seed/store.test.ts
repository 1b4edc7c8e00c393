/** A seed and snapshots on a store that emulators share. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_REDIS, startRedis, type RedisServer } from '../../support/redis-server.js';
import { loggedIn, startWorld, type World } from '../prelude/client.js';

const SEED = { prelude: { users: [{ identifiers: ['ada@example.com'] }] } };
const PHONE = '+33612345678';

describe.skipIf(NO_REDIS !== undefined)('emulators on one store', { timeout: 30_000 }, () => {
  let redis: RedisServer;
  const open: World[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const world of open.splice(0)) await world.stop();
  });
  afterAll(() => redis.stop());

  async function start(store: string, seed: object | undefined): Promise<World> {
    const world = await startWorld({ store, seed });
    open.push(world);
    return world;
  }
  const users = async ({ control }: World): Promise<string[]> => {
    const { users: all } = (await (await control.call('GET', '/users')).json()) as {
      users: { identifiers: string[] }[];
    };
    return all.flatMap(({ identifiers }) => identifiers);
  };

  it('apply a seed once, however many start at once, and keep what came since', async () => {
    const store = redis.url();
    const [one, other] = await Promise.all([start(store, SEED), start(store, SEED)]);
    const applied = [...one.events, ...other.events].filter(({ type }) => type === 'seed');
    expect(applied.map(({ change }) => change)).toEqual(['applied']);
    await loggedIn(one, PHONE);
    const third = await start(store, SEED);
    expect(await users(third)).toEqual(['ada@example.com', PHONE]);
    await third.control.clearState();
    expect(await users(one)).toEqual(['ada@example.com']);
  });

  it('throw nothing away when one with a seed joins those without', async () => {
    const store = redis.url();
    const one = await start(store, undefined);
    await loggedIn(one, PHONE);
    const other = await start(store, SEED);
    expect(await users(other)).toEqual([PHONE]);
    expect(other.events.find(({ type }) => type === 'seed')).toMatchObject({ change: 'kept' });
  });

  it('share snapshots', async () => {
    const store = redis.url();
    const [one, other] = [await start(store, SEED), await start(store, SEED)];
    expect((await one.control.call('POST', '/snapshots/empty')).status).toBe(201);
    await loggedIn(one, PHONE);
    expect((await other.control.call('PUT', '/snapshots/empty')).status).toBe(204);
    expect(await users(one)).toEqual(['ada@example.com']);
  });

  it('let a late message arrive once', async () => {
    const store = redis.url();
    const seed = { identities: [{ identity: PHONE, lateSeconds: 60 }] };
    const [one, other] = [await start(store, seed), await start(store, seed)];
    const identifier = { type: 'phone_number', value: PHONE };
    await fetch(`${one.url}/v1/session/otp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identifier }),
    });
    expect(await other.control.messages()).toEqual([]);
    await other.control.clock({ advance: 60 });
    const found = await Promise.all([one, other, one, other].map(({ control }) => control.messages({ to: PHONE })));
    expect(found.map((messages) => messages.length)).toEqual([1, 1, 1, 1]);
  });
});
