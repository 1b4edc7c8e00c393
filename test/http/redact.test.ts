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
    ['verificationToken', '123456'],
    ['minifiedJwt', 'opaque'],
    ['jwt', 'opaque'],
    ['elevatedAccessToken', 'opaque'],
    ['mfaToken', 'opaque'],
    ['secret', 'JBSWY3DPEHPK3PXP'],
    ['recoveryCodes', ['a725-0oad', 'f5c0-46r8']],
    ['signedMessage', '0x7c'],
    ['signature', 'MEUCIQ'],
  ])('hides the field %s', (name, value) => {
    expect(createRedactor().body({ [name]: value })).toEqual({ [name]: '[redacted]' });
  });

  it.each([
    [{ code: 'bad_check_code' }],
    [{ code: 'unauthorized' }],
    [{ code: 'mfa_invalid_code', error: 'The code is not valid' }],
    [
      {
        publicWalletAddress: '0x7e5f',
        messageToSign: 'localhost wants you',
        verificationUUID: 'u',
        requestedScopes: ['a:b'],
      },
    ],
    [{ signInEnabled: true, nonces: ['n1'], clientDataJSON: 'eyJ0eXBlIjoi' }],
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
    'x-dyn-elevated-access-token',
    'x-dynamic-device-signed-nonce',
    'x-mfa-auth-token',
    'x-dynamic-device-registration-token',
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

  it('hides the address of an authenticator app wherever it stands', () => {
    const uri = 'otpauth://totp/Example:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example';
    expect(createRedactor().body({ uri })).toEqual({ uri: '[redacted]' });
    expect(createRedactor().text(`scan ${uri} now`)).toBe('scan [redacted] now');
    expect(createRedactor().body({ uri: 'http://localhost:3000/' })).toEqual({ uri: 'http://localhost:3000/' });
  });

  it('leaves a device’s nonce and public keys', () => {
    for (const name of ['x-dynamic-device-nonce', 'x-dynamic-device-publickey', 'x-dyn-session-public-key']) {
      expect(createRedactor().header(name, '02ab')).toBe('02ab');
    }
  });

  it('hides user, password and secret parameters of a URL', () => {
    expect(createRedactor().url('https://me:pass@h.example/p?code=1234&x=1')).toBe(
      'https://h.example/p?code=redacted&x=1',
    );
  });
});
