import { expect, it } from 'vitest';
import { clockFace } from '../../src/ui/clock.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const at = (ms: number): string => new Date(ms).toISOString();

it("goes on from the emulator's clock, whatever this machine's own says", () => {
  let now = 1_000_000;
  const face = clockFace({ now: at(NOON), ageNow: at(NOON + 60_000), offset: 60, frozen: false }, now, () => now);
  now += 5000;
  expect([face.now(), face.ageNow(), face.offset()]).toEqual([NOON + 5000, NOON + 65_000, 60]);
});

it('stands still when the clock is frozen', () => {
  let now = 0;
  const face = clockFace({ now: at(NOON), ageNow: at(NOON), offset: 0, frozen: true }, now, () => now);
  now += 5000;
  expect([face.now(), face.ageNow(), face.offset(), face.frozen]).toEqual([NOON + 5000, NOON, -5, true]);
});

it('is at real time until it has been told', () => {
  const face = clockFace(undefined, 0, () => NOON);
  expect([face.ageNow(), face.offset(), face.frozen]).toEqual([NOON, 0, false]);
});
