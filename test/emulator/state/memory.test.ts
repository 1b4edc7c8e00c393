import { describe, expect, it } from 'vitest';
import { createMemoryState } from '../../../src/emulator/state/memory.js';
import { stateContract } from './contract.js';

stateContract('memory', async (ageNow) => createMemoryState({ ageNow }));

describe('memory state', () => {
  const jti = (id: number) => ({ tenant: 'default', kind: 'jti', id: String(id) });

  it('forgets expired records that nobody reads, so that it does not fill up', async () => {
    let age = 0;
    const state = createMemoryState({ ageNow: () => age, maxRecords: 2000 });
    for (let id = 0; id < 10_000; id++) {
      age = id;
      expect(await state.putIfAbsent(jti(id), true, { expiresAt: id + 500 })).toBe(true);
    }
    expect(await state.list('default', 'jti')).toHaveLength(500);
  });

  it('refuses a record over its limit and goes on with the others', async () => {
    const state = createMemoryState({ ageNow: () => 0, maxRecords: 3 });
    for (const id of [1, 2, 3]) await state.put(jti(id), id);
    await expect(state.put(jti(4), 4)).rejects.toThrow('full');
    expect(await state.put(jti(3), 'again')).toBe(2);
    await state.delete(jti(1));
    expect(await state.put(jti(4), 4)).toBe(1);
  });

  it('close ends those who wait', async () => {
    const state = createMemoryState({ ageNow: () => 0 });
    const waiting = state.wait('default', 'events', 0, new AbortController().signal);
    await state.close();
    await waiting;
  });
});
