import { describe, expect, it } from 'vitest';
import { base32Bytes, canonicalBase32 } from '../../src/authenticator/base32.js';

const decoded = (text: string): string | undefined => {
  const canonical = canonicalBase32(text);
  return canonical === undefined ? undefined : Buffer.from(base32Bytes(canonical)).toString('utf8');
};

describe('base32', () => {
  it.each([
    ['', ''],
    ['MY======', 'f'],
    ['MZXQ====', 'fo'],
    ['MZXW6===', 'foo'],
    ['MZXW6YQ=', 'foob'],
    ['MZXW6YTB', 'fooba'],
    ['MZXW6YTBOI======', 'foobar'],
  ])('RFC 4648 §10: %s', (text, plain) => {
    expect(decoded(text)).toBe(plain);
  });

  it.each([
    ['lower case', 'mzxw6ytboi======'],
    ['no padding', 'MZXW6YTBOI'],
    ['some padding', 'MZXW6YTBOI='],
    ['blanks', ' mzxw 6ytb\toi\n'],
    ['hyphens', 'MZXW-6YTB-OI'],
  ])('takes %s', (_title, text) => {
    expect(decoded(text)).toBe('foobar');
    expect(canonicalBase32(text)).toBe('MZXW6YTBOI');
  });

  it.each([
    ['digits that it has not', 'MZXW6YT1'],
    ['padding within', 'MZ==XW6Y'],
    ['too much padding', 'M======='],
    ['only padding', '========'],
    ['one letter', 'A'],
    ['three letters', 'AAA'],
    ['six letters', 'AAAAAA'],
    ['letters whose capitals are ASCII', 'ıſıſıſıſ'],
    ['emoji', '😀😀'],
    ['a zero byte', 'MZXW6YT\u0000'],
    ['a great deal', 'A'.repeat(8_000_000)],
    ['a great deal of padding', `${'='.repeat(8_000_000)}A`],
  ])('refuses %s', (_title, text) => {
    expect(canonicalBase32(text)).toBeUndefined();
  });
});
