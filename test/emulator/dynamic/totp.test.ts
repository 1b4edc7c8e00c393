import { describe, expect, it } from 'vitest';
import { hotp, matchStep, toBase32 } from '../../../src/emulator/dynamic/totp.js';

/** RFC 6238 Appendix B: the SHA-1 secret, and its codes of eight digits cut to six. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const VECTORS: [seconds: number, step: number, code: string][] = [
  [59, 1, '287082'],
  [1_111_111_109, 37_037_036, '081804'],
  [1_111_111_111, 37_037_037, '050471'],
  [1_234_567_890, 41_152_263, '005924'],
  [2_000_000_000, 66_666_666, '279037'],
  [20_000_000_000, 666_666_666, '353130'],
];

describe('TOTP', () => {
  it.each(VECTORS)('RFC 6238: at %d s, step %d, the code is %s', (seconds, step, code) => {
    expect(hotp(Buffer.from('12345678901234567890'), step)).toBe(code);
    expect(matchStep(SECRET, code, seconds * 1000, -1)).toBe(step);
  });

  it('RFC 4226 Appendix D: the first ten codes', () => {
    const codes = Array.from({ length: 10 }, (_, counter) => hotp(Buffer.from('12345678901234567890'), counter));
    expect(codes.join(' ')).toBe('755224 287082 359152 969429 338314 254676 287922 162583 399871 520489');
  });

  it('takes a step before and after now, and no further', () => {
    const at = (seconds: number): number | undefined => matchStep(SECRET, '050471', seconds * 1000, -1);
    const start = 37_037_037 * 30;
    expect(at(start - 31)).toBeUndefined();
    expect(at(start - 30)).toBe(37_037_037);
    expect(at(start + 59)).toBe(37_037_037);
    expect(at(start + 60)).toBeUndefined();
  });

  it('takes no step again, and none before', () => {
    expect(matchStep(SECRET, '050471', 1_111_111_111_000, 37_037_036)).toBe(37_037_037);
    expect(matchStep(SECRET, '050471', 1_111_111_111_000, 37_037_037)).toBeUndefined();
    expect(matchStep(SECRET, '081804', 1_111_111_111_000, 37_037_037)).toBeUndefined();
  });

  // RFC 4648 §10, without padding
  it.each([
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('base32 of %s is %s', (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded);
  });
});
