import { describe, expect, test } from 'vitest';
import { callbackUrl, originUrl, serviceUrl } from '../../src/target/addresses.js';

describe('the origin of an app', () => {
  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['app.example.com', 'https://app.example.com'],
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://APP.example.com:443/account?tab=1#top', 'https://app.example.com'],
    ['https://app.example.com:8443', 'https://app.example.com:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://127.0.0.1:5173/', 'http://127.0.0.1:5173'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['https://münchen.example', 'https://xn--mnchen-3ya.example'],
  ])('of %s is %s', (text, origin) => {
    expect(originUrl(text, '--origin')).toBe(origin);
  });

  test.each([
    '',
    ' ',
    'a b',
    'http://app.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.5:3000',
    'ftp://localhost',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'chrome-extension://abcdef',
    'https://user:secret@app.example.com',
    'https://',
    'https://:3000',
    'https://app.example.com:99999',
    '*',
    'https://*.example.com',
  ])('%j is none', (text) => {
    expect(() => originUrl(text, '--origin')).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'ORIGIN_INVALID', field: '--origin' }),
    );
  });

  test('what is refused says how an origin looks', () => {
    expect(() => originUrl('http://app.example.com', '--origin')).toThrow(
      expect.objectContaining({
        message: '--origin is no origin of an app: http://app.example.com',
        hint: expect.stringContaining('http://localhost:3000') as string,
      }),
    );
  });
});

test.each([originUrl, serviceUrl, callbackUrl])('%o quotes no password', (parse) => {
  for (const [text, shown] of [
    ['https://user:secret@app.example.com/x', 'https://…@app.example.com/x'],
    ['https://user:se@cret@app.example.com', 'https://…@app.example.com'],
    ['user:secret@app.example.com', '…@app.example.com'],
  ] as const) {
    expect(() => parse(text, '--x')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(new RegExp(`: ${shown}$`)) as string }),
    );
  }
});
