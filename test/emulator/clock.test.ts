import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/emulator/clock.js';
import { createMemoryState } from '../../src/emulator/state/memory.js';

describe('clock', () => {
  it('advance moves the age and not the real time, for one tenant', async () => {
    const clock = createClock(() => 1000);
    await clock.advance('default', 500);
    await clock.advance('default', 500);
    expect([clock.now(), clock.ageNow('default'), clock.ageNow('other')]).toEqual([1000, 2000, 1000]);
  });

  it('offset is counted from real time, also back', async () => {
    const clock = createClock(() => 1000);
    await clock.advance('default', 500);
    await clock.offset('default', -300);
    expect(clock.ageNow('default')).toBe(700);
  });

  it('a frozen clock stands, can be moved, and runs on from where it stands', async () => {
    let now = 1000;
    const clock = createClock(() => now);
    await clock.freeze('default');
    now = 5000;
    expect(clock.ageNow('default')).toBe(1000);
    await clock.advance('default', 10);
    now = 6000;
    expect(clock.ageNow('default')).toBe(1010);
    await clock.freeze('default');
    await clock.resume('default');
    now = 6001;
    expect(clock.ageNow('default')).toBe(1011);
    await clock.resume('default');
    expect(clock.ageNow('default')).toBe(1011);
  });

  describe('of two emulators of one store', () => {
    function pair() {
      const state = createMemoryState({ ageNow: () => 0 });
      return [
        createClock(
          () => 1000,
          () => state,
        ),
        createClock(
          () => 1000,
          () => state,
        ),
      ] as const;
    }

    it('is where the other has moved it, once it is refreshed', async () => {
      const [one, other] = pair();
      await one.advance('default', 500);
      expect(other.ageNow('default')).toBe(1000);
      await other.refresh('default');
      expect(other.ageNow('default')).toBe(1500);
      await other.set('default', { offsetMs: 0 });
      await one.refresh('default');
      expect(one.ageNow('default')).toBe(1000);
    });

    it('is moved by both when both move it at once', async () => {
      const [one, other] = pair();
      await Promise.all([1, 2, 3].flatMap(() => [one.advance('default', 10), other.advance('default', 100)]));
      await one.refresh('default');
      expect(one.ageNow('default')).toBe(1330);
    });
  });
});
