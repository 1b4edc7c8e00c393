import { describe, expect, it } from 'vitest';
import { createMemoryState } from '../../../src/emulator/state/memory.js';
import { stateContract } from './contract.js';

stateContract('memory', async (ageNow, maxRecords) => createMemoryState({ ageNow, maxRecords }));

describe('memory state', () => {
  const jti = (id: number) => ({ tenant: 'default', kind: 'jti', id: String(id) });

  it('forgets expired records that nobody reads, as time passes', async () => {
    let age = 0;
    const state = createMemoryState({ ageNow: () => age, maxRecords: 2000 });
    for (let id = 0; id < 1000; id++) await state.put(jti(id), true, { expiresAt: 500 });
    age = 60_001;
    await state.put(jti(1000), true);
    // An export passes over what has expired: only a clock that goes back shows what is still held.
    age = 0;
    expect(await state.list('default', 'jti')).toEqual([{ id: '1000', value: true, version: 1 }]);
  });

  it('says when much has gone at once, by age or by a reset', async () => {
    let age = 0;
    let reliefs = 0;
    const state = createMemoryState({ ageNow: () => age, maxRecords: 30_000, onRelief: () => (reliefs += 1) });
    const fill = async (): Promise<void> => {
      for (let id = 0; id < 20_000; id++) await state.put(jti(id), true, { expiresAt: 100_000 });
    };
    await fill();
    await state.clear('other');
    expect(reliefs).toBe(0);
    age = 100_000;
    await state.put(jti(20_000), true);
    expect(reliefs).toBe(1);
    age = 0;
    await fill();
    await state.clear('default');
    expect(reliefs).toBe(2);
  });

  it('close ends those who wait', async () => {
    const state = createMemoryState({ ageNow: () => 0 });
    const waiting = state.wait('default', 'events', 0, new AbortController().signal);
    await state.close();
    await waiting;
  });
});
