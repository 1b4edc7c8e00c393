import { describe, expect, it } from 'vitest';
import { tokenInFragment, tokenInPaste } from '../../src/ui/token.js';

describe('tokenInFragment', () => {
  it.each([
    ['#token=abc', 'abc'],
    ['#token=a%2Fb%20c', 'a/b c'],
    ['#now&token=abc', 'abc'],
    ['#events', undefined],
    ['#token=', undefined],
    ['#token=%E0%A4', undefined],
    ['#my-token=abc', undefined],
    ['', undefined],
  ])('%s: %s', (fragment, token) => {
    expect(tokenInFragment(fragment)).toBe(token);
  });
});

describe('tokenInPaste', () => {
  it.each([
    [' http://127.0.0.1:4780/__emulator/ui#token=abc \n', 'abc'],
    ['  web page     http://127.0.0.1:4780/__emulator/ui#token=abc', 'abc'],
    ['abc-DEF_1', 'abc-DEF_1'],
    ['http://127.0.0.1:4780/__emulator/ui', undefined],
    ['two words', undefined],
    ['', undefined],
  ])('%s: %s', (text, token) => {
    expect(tokenInPaste(text)).toBe(token);
  });
});
