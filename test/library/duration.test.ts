import { expect, test } from 'vitest';
import { secondsOf } from '../../src/library/duration.js';

test.each([
  [90, 90],
  [-1.5, -1.5],
  ['90s', 90],
  ['6m', 360],
  ['6 min', 360],
  ['2h', 7200],
  ['7d', 604_800],
  ['250ms', 0.25],
  ['1.5h', 5400],
  ['1h 30m', 5400],
  ['1h30m', 5400],
  ['-6m', -360],
  ['+6m', 360],
])('%j is %d seconds', (duration, seconds) => {
  expect(secondsOf(duration)).toBeCloseTo(seconds, 9);
});

test.each(['', '6', 'm', '6 months', '6m!', '1h -30m', Number.NaN, Number.POSITIVE_INFINITY])(
  '%j is none',
  (duration) => {
    expect(() => secondsOf(duration)).toThrow(TypeError);
  },
);
