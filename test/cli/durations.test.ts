import { expect, test } from 'vitest';
import { durationInWords, timeLeft } from '../../src/cli/durations.js';

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [125, '2 min 5 s'],
  [3600, '1 h'],
  [3605, '1 h'],
  [86_400 + 7200 + 60, '1 d 2 h'],
])('%d seconds are %j', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});

test('time left counts to the instant', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  expect(timeLeft('2026-01-02T03:04:50.000Z', now)).toBe('45 s left');
  expect(timeLeft('2026-01-02T03:04:05.000Z', now)).toBe('over');
});
