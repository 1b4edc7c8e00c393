import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/emulator/clock.js';

describe('clock', () => {
  it('advance moves the age and not the real time, for one tenant', () => {
    const clock = createClock(() => 1000);
    clock.advance('default', 500);
    clock.advance('default', 500);
    expect([clock.now(), clock.ageNow('default'), clock.ageNow('other')]).toEqual([1000, 2000, 1000]);
  });

  it('offset is counted from real time, also back', () => {
    const clock = createClock(() => 1000);
    clock.advance('default', 500);
    clock.offset('default', -300);
    expect(clock.ageNow('default')).toBe(700);
  });

  it('a frozen clock stands, can be moved, and runs on from where it stands', () => {
    let now = 1000;
    const clock = createClock(() => now);
    clock.freeze('default');
    now = 5000;
    expect(clock.ageNow('default')).toBe(1000);
    clock.advance('default', 10);
    now = 6000;
    expect(clock.ageNow('default')).toBe(1010);
    clock.freeze('default');
    clock.resume('default');
    now = 6001;
    expect(clock.ageNow('default')).toBe(1011);
    clock.resume('default');
    expect(clock.ageNow('default')).toBe(1011);
  });
});
