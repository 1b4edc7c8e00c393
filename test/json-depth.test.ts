import { expect, test } from 'vitest';
import { depthOf } from '../src/json-depth.js';

test.each([
  ['', 0],
  ['"[[["', 0],
  ['[]', 1],
  ['{"a":[{"b":1},{}]}', 3],
  [String.raw`{"a\"[[":"\\"}`, 1],
  ['[[]', 2],
  [']]][', 0],
])('%j nests %d deep', (text, depth) => {
  expect(depthOf(text)).toBe(depth);
});

test('a string of many megabytes overflows nothing', () => {
  expect(depthOf(`{"a":"${'x'.repeat(20_000_000)}"}`)).toBe(1);
});
