/** What every implementation of the emulator's state must do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key, State } from '../../../src/emulator/state/interface.js';

/** Makes a fresh state whose age clock is the given one. */
export type MakeState = (ageNow: (tenant: string) => number, maxRecords?: number) => Promise<State>;

const FIFTY = Array.from({ length: 50 }, (_, at) => at);

/** Runs the suite on one implementation. */
export function stateContract(name: string, make: MakeState): void {
  describe(`state: ${name}`, () => {
    let state: State;
    let age: number;
    const key = (id: string, kind = 'session', tenant = 'default'): Key => ({ tenant, kind, id });
    const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);

    beforeEach(async () => {
      age = 1_000_000;
      state = await make(() => age);
    });
    afterEach(() => state.close());

    it('holds a limited number of a kind in each tenant: the oldest go', async () => {
      await state.close();
      state = await make(() => age, 50);
      for (let id = 1; id <= 500; id++) {
        await state.put(key(String(id)), id, { index: { user: 'u' } });
        await state.increment(key(String(id), 'attempts'), { limit: 5 });
        await state.putIfAbsent(key(String(id), 'session', ':shared'), id);
      }
      await state.put(key('a', 'session', 'other'), 1);
      const held = await state.list<number>('default', 'session');
      expect(held.length).toBeGreaterThan(45);
      expect(held.length).toBeLessThanOrEqual(50);
      expect(held.map(({ value }) => value)).toEqual(held.map((_, at) => 501 - held.length + at));
      expect(await state.listByIndex('default', 'session', 'user', 'u')).toEqual(held);
      expect((await state.list('default', 'attempts')).length).toBeLessThanOrEqual(50);
      expect(await state.list(':shared', 'session')).toHaveLength(500);
      expect(await state.list('other', 'session')).toHaveLength(1);
      // What was written before an import was made under another limit.
      await state.import('default', await state.export('default'));
      expect(await state.list('default', 'session')).toEqual(held);
    });

    it('put writes, then writes over, and the version grows by one', async () => {
      expect(await state.put(key('a'), { n: 1 })).toBe(1);
      expect(await state.put(key('a'), { n: 2 })).toBe(2);
      expect(await state.get(key('a'))).toEqual({ id: 'a', value: { n: 2 }, version: 2 });
    });

    it('keeps tenants, kinds and ids apart', async () => {
      await state.put(key('a'), 1);
      expect(await state.get(key('b'))).toBeUndefined();
      expect(await state.get(key('a', 'challenge'))).toBeUndefined();
      expect(await state.get(key('a', 'session', 'other'))).toBeUndefined();
    });

    it('takes ids and kinds that look like anything', async () => {
      await state.put(key('__proto__', 'constructor'), 'here');
      await state.put(key('a/b:c\0d', 'x:y'), 'there');
      expect((await state.get(key('__proto__', 'constructor')))?.value).toBe('here');
      expect((await state.get(key('a/b:c\0d', 'x:y')))?.value).toBe('there');
      expect(await state.list('default', 'toString')).toEqual([]);
    });

    it('a caller cannot change what is stored', async () => {
      const value = { steps: ['verify_sms'] };
      await state.put(key('a'), value);
      value.steps.push('mine');
      const read = await state.get<{ steps: string[] }>(key('a'));
      read?.value.steps.push('mine too');
      expect((await state.get(key('a')))?.value).toEqual({ steps: ['verify_sms'] });
    });

    it('a record is gone when the age clock reaches its end, not before', async () => {
      await state.put(key('a'), 1, { expiresAt: 1_000_500, index: { user: 'u' } });
      age = 1_000_499;
      expect((await state.get(key('a')))?.value).toBe(1);
      age = 1_000_500;
      expect(await state.list('default', 'session')).toEqual([]);
      expect(await state.listByIndex('default', 'session', 'user', 'u')).toEqual([]);
      expect(await state.takeOnce(key('a'))).toBeUndefined();
      expect(await state.update(key('a'), 1, 2)).toBe(false);
      expect(await state.delete(key('a'))).toBe(false);
      expect(await state.putIfAbsent(key('a'), 2)).toBe(true);
    });

    it('putIfAbsent lets one of fifty win', async () => {
      const won = await Promise.all(FIFTY.map((n) => state.putIfAbsent(key('jti'), n)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await state.get(key('jti')))?.value).toBe(won.indexOf(true));
    });

    it('takeOnce lets one of fifty win', async () => {
      await state.put(key('code'), 'value');
      const taken = await Promise.all(FIFTY.map(() => state.takeOnce(key('code'))));
      expect(taken.filter((value) => value === 'value')).toHaveLength(1);
      expect(taken.filter((value) => value === undefined)).toHaveLength(49);
      expect(await state.get(key('code'))).toBeUndefined();
    });

    it('update lets one of fifty with the same version win', async () => {
      await state.put(key('challenge'), 'start');
      const won = await Promise.all(FIFTY.map((n) => state.update(key('challenge'), 1, n)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await state.get(key('challenge'))).toEqual({ id: 'challenge', value: won.indexOf(true), version: 2 });
    });

    it('increment counts fifty at once up to its limit', async () => {
      const counted = await Promise.all(FIFTY.map(() => state.increment(key('tries'), { limit: 5 })));
      const allowed = counted.filter((one) => one.allowed).map(({ count }) => count);
      expect(allowed.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
      expect(counted.filter((one) => !one.allowed).every(({ count }) => count === 5)).toBe(true);
      expect((await state.get(key('tries')))?.value).toBe(5);
    });

    it('a counter keeps the end that it was made with, and starts anew after it', async () => {
      await state.increment(key('tries'), { limit: 1, expiresAt: 1_000_100 });
      expect(await state.increment(key('tries'), { limit: 1, expiresAt: 9_000_000 })).toEqual({
        count: 1,
        allowed: false,
      });
      age = 1_000_100;
      expect(await state.increment(key('tries'), { limit: 1 })).toEqual({ count: 1, allowed: true });
    });

    it('increment refuses a record that is no counter', async () => {
      await state.put(key('a'), { n: 1 });
      await expect(state.increment(key('a'), { limit: 5 })).rejects.toThrow(TypeError);
    });

    it('update keeps expiry and indexes that it is not given; put does not', async () => {
      await state.put(key('a'), 1, { expiresAt: 1_000_100, index: { user: 'u' } });
      await state.update(key('a'), 1, 2);
      expect(ids(await state.listByIndex('default', 'session', 'user', 'u'))).toEqual(['a']);
      await state.put(key('a'), 3);
      expect(await state.listByIndex('default', 'session', 'user', 'u')).toEqual([]);
      age = 1_000_100;
      expect((await state.get(key('a')))?.value).toBe(3);
    });

    it('lists in the order of creation, by index and as a whole', async () => {
      await state.put(key('c'), 1, { index: { user: 'u' } });
      await state.put(key('a'), 1, { index: { user: 'v' } });
      await state.put(key('b'), 1, { index: { user: 'u' } });
      await state.put(key('a'), 2, { index: { user: 'u' } });
      expect(ids(await state.list('default', 'session'))).toEqual(['c', 'a', 'b']);
      expect(ids(await state.listByIndex('default', 'session', 'user', 'u'))).toEqual(['c', 'a', 'b']);
      expect(await state.listByIndex('default', 'session', 'user', 'v')).toEqual([]);
      await state.delete(key('c'));
      expect(ids(await state.listByIndex('default', 'session', 'user', 'u'))).toEqual(['a', 'b']);
    });

    it('refuses what has no JSON form', async () => {
      await expect(state.put(key('a'), undefined)).rejects.toThrow(TypeError);
      expect(await state.get(key('a'))).toBeUndefined();
    });

    it('a log numbers its entries from 1 and keeps the newest', async () => {
      for (const word of ['a', 'b', 'c', 'd']) await state.append('default', 'events', word, 2);
      expect(await state.read('default', 'events', 0)).toEqual([
        { seq: 3, value: 'c' },
        { seq: 4, value: 'd' },
      ]);
      expect(await state.read('default', 'events', 3)).toEqual([{ seq: 4, value: 'd' }]);
      expect(await state.read('other', 'events', 0)).toEqual([]);
    });

    it('fifty appends at once get fifty numbers', async () => {
      const seqs = await Promise.all(FIFTY.map((n) => state.append('default', 'events', n, 100)));
      expect(new Set(seqs).size).toBe(50);
      expect(Math.max(...seqs)).toBe(50);
    });

    it('wait ends with an entry after the given one, at once if it is there', async () => {
      const never = new AbortController().signal;
      await state.append('default', 'events', 'a', 10);
      await state.wait('default', 'events', 0, never);
      const waits = FIFTY.map(() => state.wait('default', 'events', 1, new AbortController().signal));
      await state.append('default', 'events', 'b', 10);
      await Promise.all(waits);
    });

    it('wait ends when its signal fires, before or while it waits', async () => {
      await state.wait('default', 'events', 0, AbortSignal.abort());
      const controller = new AbortController();
      const waiting = state.wait('default', 'events', 0, controller.signal);
      controller.abort();
      await waiting;
    });

    it('clear empties one tenant; a log goes on counting', async () => {
      await state.put(key('a'), 1, { index: { user: 'u' } });
      await state.put(key('a', 'session', 'other'), 1);
      await state.append('default', 'events', 'a', 10);
      await state.clear('default');
      expect(await state.list('default', 'session')).toEqual([]);
      expect(await state.listByIndex('default', 'session', 'user', 'u')).toEqual([]);
      expect(await state.list('other', 'session')).toHaveLength(1);
      expect(await state.read('default', 'events', 0)).toEqual([]);
      expect(await state.append('default', 'events', 'b', 10)).toBe(2);
    });

    it('export and import lose nothing: values, versions, expiry, indexes, order, logs', async () => {
      await state.put(
        key('b'),
        { deep: [null, 'ü', 1.5] },
        { expiresAt: 1_000_100, index: { user: 'u', phone: '+33' } },
      );
      await state.put(key('a'), 'x', { index: { user: 'u' } });
      await state.put(key('a'), 'y', { index: { user: 'u' } });
      await state.append('default', 'events', 'one', 1);
      await state.append('default', 'events', 'two', 1);
      const document = JSON.parse(JSON.stringify(await state.export('default')));

      const other = await make(() => age);
      await other.put(key('rest'), 'from before');
      await other.import('default', document);
      expect(await other.export('default')).toEqual(document);
      expect(await other.get(key('rest'))).toBeUndefined();
      expect(await other.get(key('a'))).toEqual({ id: 'a', value: 'y', version: 2 });
      expect(ids(await other.listByIndex('default', 'session', 'user', 'u'))).toEqual(['b', 'a']);
      expect(await other.read('default', 'events', 0)).toEqual([{ seq: 2, value: 'two' }]);
      expect(await other.append('default', 'events', 'three', 5)).toBe(3);
      age = 1_000_100;
      expect(ids(await other.list('default', 'session'))).toEqual(['a']);
      await other.close();
    });

    it.each([
      ['nothing', null],
      ['a list', []],
      ['another version', { version: 2, records: [], logs: {} }],
      ['a record without an id', { version: 1, records: [{ kind: 'a', value: 1, version: 1, index: {} }], logs: {} }],
      [
        'a record twice',
        {
          version: 1,
          records: [
            { kind: 'a', id: 'x', value: 1, version: 1, index: {} },
            { kind: 'a', id: 'x', value: 2, version: 1, index: {} },
          ],
          logs: {},
        },
      ],
      [
        'a log out of order',
        { version: 1, records: [], logs: { events: { last: 1, entries: [{ seq: 2, value: 1 }] } } },
      ],
    ])('import refuses %s and changes nothing', async (_, document) => {
      await state.put(key('a'), 1);
      await expect(state.import('default', document)).rejects.toThrow(TypeError);
      expect(await state.list('default', 'session')).toHaveLength(1);
    });
  });
}
