import { describe, expect, it } from 'vitest';
import { sentAt } from '../../../src/providers/instants.js';

const NOON = Date.UTC(2026, 2, 1, 12);
describe('when a code was sent', () => {
  it.each([
    ['our clock agrees', 0, '2026-03-01T12:00:00.000Z'],
    ['a second is the roughness of `Date`', 1, '2026-03-01T12:00:00.000Z'],
    ['our clock is ten minutes fast', -600, '2026-03-01T11:49:59.000Z'],
    ['our clock is ten minutes slow', 600, '2026-03-01T12:09:59.000Z'],
  ])('is told by the clock of the service: %s', (_case, offset, expected) => {
    expect(sentAt(NOON, { offsetSeconds: offset })).toBe(expected);
  });
});
