import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/http/redact.js';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl';

describe('redactor', () => {
  it.each([
    ['code', '123456'],
    ['code', 'ABCD'],
    ['password', 'x'],
    ['otp', '123456'],
    ['challenge_token', 'x'],
    ['step_up_token', 'x'],
    ['refreshToken', 'x'],
    ['code_verifier', 'x'],
    ['client_secret', 'x'],
    ['d', 'x'],
    ['tokens', ['one', 'two']],
  ])('hides the field %s', (name, value) => {
    expect(createRedactor().body({ [name]: value })).toEqual({ [name]: '[redacted]' });
  });

  it.each([
    [{ code: 'bad_check_code' }],
    [{ code: 'unauthorized' }],
    [{ expires_at: 5, scope: 'a', jti: 'j', token_type: 'DPoP' }],
    [{ access_token: null, has_token: true }],
    [[1, 'two', { three: [3] }]],
  ])('leaves %j', (json) => {
    expect(createRedactor().body(json)).toEqual(json);
  });

  it.each([
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'X-Refresh-Token',
    'X-Verification-Token',
    'Proxy-Authorization',
    'X-Api-Key',
  ])('hides the header %s', (name) => {
    expect(createRedactor().header(name, 'Bearer a=secret')).toBe('[redacted]');
  });

  it('leaves the claims of a proof and hides its signature', () => {
    expect(createRedactor().header('DPoP', JWT)).toBe('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3IifQ.[redacted]');
  });

  it('finds a learnt secret anywhere, the longest first', () => {
    const redactor = createRedactor();
    redactor.header('Authorization', 'Bearer secret');
    redactor.body({ password: 'secret-longer', tokens: { a: 'inner-one' } });
    redactor.header('Cookie', 'a=crumb-1; b=crumb-2');
    expect(redactor.text('secret secret-longer inner-one crumb-1 crumb-2 rest')).toBe(
      '[redacted] [redacted] [redacted] [redacted] [redacted] rest',
    );
  });

  it('hides what looks like a JWT though nobody told it', () => {
    expect(createRedactor().text(`see ${JWT}!`)).toBe('see [redacted]!');
    expect(createRedactor().body({ note: JWT })).toEqual({ note: '[redacted]' });
  });

  it('hides user, password and secret parameters of a URL', () => {
    expect(createRedactor().url('https://me:pass@h.example/p?code=1234&x=1')).toBe(
      'https://h.example/p?code=redacted&x=1',
    );
  });
});
