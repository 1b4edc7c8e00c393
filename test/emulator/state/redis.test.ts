import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreAwayError } from '../../../src/emulator/state/away.js';
import type { State } from '../../../src/emulator/state/interface.js';
import { parseStoreAddress } from '../../../src/emulator/state/redis/address.js';
import { createConnection } from '../../../src/emulator/state/redis/connection.js';
import { openRedisState } from '../../../src/emulator/state/redis/state.js';
import { createTail } from '../../../src/emulator/state/redis/tail.js';
import { NO_REDIS, startRedis, type RedisServer } from '../../support/redis-server.js';
import { stateContract } from './contract.js';

if (NO_REDIS !== undefined) console.warn(`Skipped: ${NO_REDIS}`);

describe.skipIf(NO_REDIS !== undefined)('on a real redis-server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  stateContract('redis', async (ageNow, maxRecords) => openRedisState(server.url(), { ageNow, maxRecords }));

  describe('redis state', () => {
    const opened: State[] = [];
    afterEach(async () => {
      for (const state of opened.splice(0)) await state.close();
    });
    let age = 0;
    /** Several emulators' states of one store. */
    async function open(count: number, url = server.url()): Promise<[State, State]> {
      age = 1_000_000;
      for (let at = 0; at < count; at++) opened.push(await openRedisState(url, { ageNow: () => age }));
      return [opened[0]!, opened.at(-1)!];
    }
    const key = (id: string, kind = 'session') => ({ tenant: 'default', kind, id });
    const never = () => new AbortController().signal;
    /** Breaks the connections that listen, once there is one. */
    const killSubscriptions = () => vi.waitUntil(() => Number(server.command('client', 'kill', 'type', 'pubsub')) > 0);
    const keysIn = (): number => Number(server.command('dbsize'));

    it('one of two emulators takes what both want', async () => {
      const [one, other] = await open(2);
      for (let round = 0; round < 20; round++) {
        await one.put(key('code'), round);
        const taken = await Promise.all([one, other, one, other].map((state) => state.takeOnce<number>(key('code'))));
        expect(taken.filter((value) => value !== undefined)).toEqual([round]);
      }
    });

    it('counts for two emulators at once up to the limit', async () => {
      const [one, other] = await open(2);
      const counted = await Promise.all(
        Array.from({ length: 40 }, (_, at) => (at % 2 ? one : other).increment(key('tries'), { limit: 5 })),
      );
      expect(counted.filter(({ allowed }) => allowed).map(({ count }) => count)).toEqual(
        expect.arrayContaining([1, 2, 3, 4, 5]),
      );
      expect(counted.filter(({ allowed }) => allowed)).toHaveLength(5);
    });

    it('wakes whoever waits on another emulator', async () => {
      const [one, other] = await open(2);
      const waiting = one.wait('default', 'messages', 0, never());
      await other.append('default', 'messages', 'hello', 10);
      await waiting;
      expect(await one.read('default', 'messages', 0)).toEqual([{ seq: 1, value: 'hello' }]);
    });

    it('a lost subscription comes back, and nothing that was said meanwhile is missed', async () => {
      const [one, other] = await open(2);
      const seen: unknown[] = [];
      const reading = (async () => {
        while (seen.length < 60) {
          await one.wait('default', 'events', seen.length, never());
          for (const { value } of await one.read('default', 'events', seen.length)) seen.push(value);
        }
      })();
      for (let at = 0; at < 60; at++) {
        await other.append('default', 'events', at, 100);
        if (at % 20 === 10) await killSubscriptions();
      }
      await reading;
      expect(seen).toEqual(Array.from({ length: 60 }, (_, at) => at));
    });

    it('a connection that has ended, and is not said to be closed yet, is waited for without a spin', async () => {
      const connection = createConnection(parseStoreAddress(server.url()));
      const tail = createTail(() => connection);
      const heard: string[] = [];
      const hear = (message: string) => void heard.push(message);
      await tail.hear('a', hear);
      const subscribe = vi.spyOn(connection.redis, 'subscribe');
      connection.redis.stream.destroy();
      expect(connection.redis.status).toBe('ready');
      await tail.hear('b', hear);
      expect(subscribe).toHaveBeenCalledTimes(1);
      expect(heard).toContain('');
      tail.close();
    });

    it('goes on when the store has forgotten its scripts', async () => {
      const [state] = await open(1);
      await state.put(key('a'), 1);
      server.command('script', 'flush');
      expect((await state.get(key('a')))?.value).toBe(1);
      expect(await Promise.all([state.put(key('a'), 2), state.put(key('a'), 3)])).toEqual([2, 3]);
    });

    it('what expires is gone from the store, though nobody asks for it', async () => {
      const [state] = await open(1);
      const before = keysIn();
      for (let id = 0; id < 2000; id++) {
        age = 1_000_000 + id;
        await state.putIfAbsent(key(String(id), 'jti'), true, { expiresAt: age + 100, index: { user: String(id) } });
      }
      // 100 live ones with an index each, the one that has just expired, and the few keys of the kind.
      expect(keysIn() - before).toBeLessThan(220);
      expect(await state.list('default', 'jti')).toHaveLength(100);
    });

    it('a clock that is turned back finds what has not expired yet, however long it really took', async () => {
      const [state] = await open(1);
      await state.put(key('a'), 1, { expiresAt: 1_000_100 });
      age = 999_000;
      await state.put(key('b'), 1, { expiresAt: 1_000_050 });
      age = 1_000_060;
      await state.put(key('c'), 1);
      expect((await state.list('default', 'session')).map(({ id }) => id)).toEqual(['a', 'c']);
    });

    it('clear and import leave nothing of what was there', async () => {
      const [state] = await open(1);
      const before = keysIn();
      const document = await state.export('default');
      for (let id = 0; id < 1200; id++) await state.put(key(String(id)), id, { index: { user: String(id) } });
      await state.append('default', 'events', 'a', 10);
      await state.import('default', document);
      await state.clear('default');
      // The generation, its number, the logs' last numbers.
      expect(keysIn() - before).toBeLessThanOrEqual(3);
    });

    it('an import takes the place of what was there in one step', async () => {
      const [state, other] = await open(2);
      for (let id = 0; id < 1200; id++) await state.put(key(String(id)), id);
      const document = await state.export('default');
      const counts = new Set<number>();
      const importing = state.import('default', document);
      const progress = { over: false };
      void importing.finally(() => (progress.over = true));
      while (!progress.over) counts.add((await other.list('default', 'session')).length);
      await importing;
      expect([...counts]).toEqual([1200]);
    });

    it('a record whose lone surrogates no other text has is kept apart', async () => {
      const [state] = await open(1);
      await state.put(key('\ud800'), { text: '\ud800' }, { index: { user: '\udfff' } });
      expect(await state.get(key('\ud801'))).toBeUndefined();
      expect(await state.listByIndex('default', 'session', 'user', '\udfff')).toEqual([
        { id: '\ud800', value: { text: '\ud800' }, version: 1 },
      ]);
    });
  });

  describe('a store that is away', () => {
    let own: RedisServer;
    let state: State;
    const key = { tenant: 'default', kind: 'session', id: 'a' };
    const away = () => expect(state.get(key)).rejects.toThrow(StoreAwayError);

    beforeAll(async () => {
      own = await startRedis();
      state = await openRedisState(own.url(), { ageNow: () => 0 });
    });
    afterAll(async () => {
      await state.close();
      await own.stop();
    });

    it('is waited for, then refused at once, and used again when it is back', { timeout: 30_000 }, async () => {
      const waiting = state.wait('default', 'events', 0, new AbortController().signal).catch((error: unknown) => error);
      await own.kill();
      const began = performance.now();
      await away();
      const waited = performance.now() - began;
      expect(waited).toBeGreaterThan(1500);
      expect(waited).toBeLessThan(3500);
      await away();
      expect(performance.now() - began - waited).toBeLessThan(500);
      expect(await waiting).toBeInstanceOf(StoreAwayError);
      await own.start();
      await expect.poll(() => state.put(key, 1).catch(() => 0), { timeout: 5000 }).toBe(1);
    });

    it('a call that only reads waits while it restarts, and is answered', async () => {
      await state.put(key, 1);
      await own.kill();
      const reading = state.list('default', 'session');
      await own.start();
      expect(await reading).toEqual([]);
    });

    it('one that hangs is given up on, and used again when it goes on', { timeout: 30_000 }, async () => {
      await state.put(key, 2);
      own.pause();
      await expect(state.get(key).finally(() => own.resume())).rejects.toThrow('no answer in 2000 ms');
      await expect.poll(() => state.get(key).then((found) => found?.value), { timeout: 8000 }).toBe(2);
    });

    it('one that takes no more is away, and says why', async () => {
      own.command('config', 'set', 'maxmemory', '1');
      await expect(state.put(key, 3)).rejects.toThrow(/is away: OOM/);
      own.command('config', 'set', 'maxmemory', '0');
      expect(await state.put(key, 4)).toBeGreaterThan(1);
    });
  });

  describe('opening', () => {
    const open = (url: string) => openRedisState(url, { ageNow: () => 0 });

    it('an address where nothing listens is refused at once', async () => {
      const free = createServer().listen(0, '127.0.0.1');
      await once(free, 'listening');
      const { port } = free.address() as AddressInfo;
      free.close();
      await expect(open(`redis://:hush@127.0.0.1:${port}`)).rejects.toMatchObject({
        name: 'StoreAwayError',
        message: `The store at 127.0.0.1:${port} is away: the connection was refused.`,
      });
    });

    it('a password is used, and told to nobody when it is wrong', async () => {
      const locked = await startRedis('--requirepass', 'open sesame');
      try {
        const { port } = locked;
        await expect(open(`redis://127.0.0.1:${port}`)).rejects.toThrow('it wants a password');
        const error: unknown = await open(`redis://:wrong-word@127.0.0.1:${port}`).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ message: expect.stringContaining('it refused the password') as string });
        expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-word');
        const state = await open(`redis://:open%20sesame@127.0.0.1:${port}/3`);
        expect(await state.put({ tenant: 'default', kind: 'a', id: 'a' }, 1)).toBe(1);
        await state.close();
      } finally {
        await locked.stop();
      }
    });
  });
});

describe('address of a store', () => {
  it('has a host, and defaults for the rest', () => {
    expect(parseStoreAddress('redis://cache')).toEqual({
      host: 'cache',
      port: 6379,
      tls: false,
      username: undefined,
      password: undefined,
      database: 0,
      namespace: 'stepup',
    });
  });

  it('may say everything', () => {
    expect(parseStoreAddress('rediss://me:p%40ss@[::1]:6380/2?namespace=ci-17')).toEqual({
      host: '::1',
      port: 6380,
      tls: true,
      username: 'me',
      password: 'p@ss',
      database: 2,
      namespace: 'ci-17',
    });
  });

  it.each([
    'cache:6379',
    'hush',
    'http://:hush@cache',
    'redis://',
    'redis://:hush@cache/zero',
    'redis://:hush@cache/0#x',
    'redis://:hush@cache?tls=true',
    'redis://:hush@cache?namespace=a%20b',
    'redis://:hush%zz@cache',
  ])('refuses %s and does not repeat it', (text) => {
    let error: unknown;
    try {
      parseStoreAddress(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'URL_INVALID', field: '--store' });
    expect(String(error)).not.toContain('hush');
  });
});
