import { expect, test } from 'vitest';
import { bareIssuer, isLoopback, normalised } from '../src/address.js';

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['128.0.0.1', false],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
])('%s is this machine itself: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test.each([
  ['HTTP://API.Example.com:80/a/../b%7e%2f?x=1#y', 'http://api.example.com/b~%2F'],
  ['https://api.example.com', 'https://api.example.com/'],
  ['ftp://api.example.com/', undefined],
  ['nowhere', undefined],
])('%s is the address %s', (text, address) => {
  expect(normalised(text)?.href).toBe(address);
});

test('an issuer is the same with and without scheme and slash', () => {
  expect(['https://a.example/x/', 'a.example/x'].map(bareIssuer)).toEqual(['a.example/x', 'a.example/x']);
});
