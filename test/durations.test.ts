import { expect, test } from 'vitest';
import { durationInWords, parseDuration, timeLeft } from '../src/durations.js';

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

test.each([
  ['90', 90],
  ['90s', 90],
  ['6m', 360],
  ['6min', 360],
  ['1h30m', 5400],
  ['1 h 30 m', 5400],
  ['2d', 172_800],
  ['500ms', 0.5],
  ['1.5h', 5400],
  ['-6m', -360],
  ['0', 0],
])('%j is %d seconds', (text, seconds) => {
  expect(parseDuration(text, '--for')).toBe(seconds);
});

test.each(['', '-', 'soon', '6x', 'm6', '1h-5m', '1e3', '0x10', '6m!'])('%j is no span of time', (text) => {
  expect(() => parseDuration(text, '--for')).toThrow(
    expect.objectContaining({ code: 'FLAG_INVALID', field: '--for', message: expect.stringContaining(`"${text}"`) }),
  );
});
