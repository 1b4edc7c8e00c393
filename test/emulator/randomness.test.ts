import { expect, it } from 'vitest';
import { newCode, newUuid } from '../../src/emulator/randomness.js';

const bytes =
  (...values: number[]) =>
  (size: number) =>
    Uint8Array.from(values.splice(0, size));

it('draws a code again when the number is past the last whole million', () => {
  // 0xFFFFFFFF is above 4294000000, 0x000F4241 is 1000001.
  expect(newCode(6, bytes(0xff, 0xff, 0xff, 0xff, 0x00, 0x0f, 0x42, 0x41))).toBe('000001');
});

it('draws codes of four and of eight digits', () => {
  expect(newCode(4, bytes(0x00, 0x00, 0x27, 0x11))).toBe('0001');
  expect(newCode(8, bytes(0x00, 0x00, 0x00, 0x2a))).toBe('00000042');
});

it('makes UUIDs of version 4 and the RFC variant', () => {
  expect(newUuid(bytes(...Array.from({ length: 16 }, () => 0)))).toBe('00000000-0000-4000-8000-000000000000');
});
