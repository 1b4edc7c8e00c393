import { describe, expect, it } from 'vitest';
import { carry, unknownIn } from '../../../src/cli/stepup-file/carry.js';
import { pairOtpLogins } from '../../../src/cli/stepup-file/pairs.js';

const managed = (scope: string): object => ({ scope, mode: 'managed' });

describe('carry', () => {
  const stored = {
    jwks_url: 'https://a.example/jwks',
    region: 'eu',
    step_keys: [{ key: 'kyc', icon: 'face' }, { key: 'gone' }],
    allowed_scopes: [
      { ...managed('a'), weight: 1 },
      { scope: 'b', mode: 'delegated', delegated: { delegation_hook: 'https://a.example', retries: 2 } },
      { ...managed('a'), weight: 2 },
    ],
    created_at: '2026-01-01T00:00:00Z',
  };

  it('keeps what a file cannot say, in the same place, and nothing that it can', () => {
    const next = {
      step_keys: [{ key: 'new' }, { key: 'kyc', description: 'd' }],
      allowed_scopes: [
        { scope: 'b', mode: 'delegated', delegated: { delegation_hook: 'https://b.example' } },
        managed('a'),
        managed('a'),
      ],
    };
    expect(carry('stepup', stored, next)).toEqual({
      region: 'eu',
      step_keys: [{ key: 'new' }, { key: 'kyc', description: 'd', icon: 'face' }],
      allowed_scopes: [
        { scope: 'b', mode: 'delegated', delegated: { delegation_hook: 'https://b.example', retries: 2 } },
        { ...managed('a'), weight: 1 },
        { ...managed('a'), weight: 2 },
      ],
    });
    expect(carry('stepup', null, next)).toBe(next);
  });

  it('names it', () => {
    expect(unknownIn('stepup', stored)).toEqual([
      'region',
      'step_keys.kyc.icon',
      'allowed_scopes.a.weight',
      'allowed_scopes.b.delegated.retries',
      'allowed_scopes.a#2.weight',
    ]);
    expect(unknownIn('login_otp', { id: 'lcfg_1', channel_type: 'sms', grant_change_password: true })).toEqual([
      'grant_change_password',
    ]);
    expect(unknownIn('login_password', { password_compliancy: { min_length: 8, entropy: 3 } })).toEqual([
      'password_compliancy.entropy',
    ]);
  });
});

describe('pairOtpLogins', () => {
  const login = (id: string, rest: object = {}) => ({
    id,
    config_type: 'otp',
    channel_type: 'sms' as const,
    is_default: false,
    ...rest,
  });

  it('what is the same comes first, then what is but for being the default, then the default, then the rest', () => {
    const stored = [
      login('1', { is_default: true, sender_id: 'A' }),
      login('2', { template_id: 't' }),
      login('3', { sender_id: 'B' }),
      login('4', { channel_type: 'email' }),
    ];
    const wanted = [
      { channel_type: 'sms' as const, is_default: true, sender_id: 'B' },
      { channel_type: 'sms' as const, is_default: false, sender_id: 'C' },
      { channel_type: 'sms' as const, is_default: false, template_id: 't' },
    ];
    expect(pairOtpLogins(stored, wanted).map((pair) => [pair.stored?.id, pair.wanted])).toEqual([
      ['3', wanted[0]],
      ['1', wanted[1]],
      ['2', wanted[2]],
      ['4', undefined],
    ]);
  });

  it('the size of a code that the file leaves out is as it is', () => {
    const [pair] = pairOtpLogins([login('1', { code_size: 8 })], [{ channel_type: 'sms', is_default: false }]);
    expect(pair?.wanted).toEqual({ channel_type: 'sms', is_default: false, code_size: 8 });
  });
});
