import { describe, expect, it } from 'vitest';
import { parseEmail, parsePhone } from '../../../src/providers/identifiers.js';
import { parseMetadata } from '../../../src/providers/metadata.js';
import { parseScope } from '../../../src/providers/prelude/input.js';

describe('parseScope', () => {
  it.each(['transfer:write', 'a', 'A.b-c_d:9', 'prld:pwd:write'])('takes %s', (scope) => {
    expect(parseScope(scope)).toBe(scope);
  });

  it.each(['', 'a b', 'a/b', 'ä', 'a\n', 'a*'])('refuses %j', (scope) => {
    expect(() => parseScope(scope, '--scope')).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'SCOPE_INVALID', field: '--scope' }),
    );
  });
});

describe('parseMetadata', () => {
  it('takes what is at the limits', () => {
    const metadata = { twelve_chars: 'x'.repeat(32), b: '€'.repeat(32), c: '😀'.repeat(32), d: '', e: '5' };
    expect(parseMetadata(metadata)).toBe(metadata);
  });

  it('takes a long identifier for a register scope, up to its own limit', () => {
    expect(parseMetadata({ identifier: 'x'.repeat(320) }, 'prld:email:register')).toBeDefined();
    expect(() => parseMetadata({ identifier: 'x'.repeat(321) }, 'prld:email:register')).toThrow(
      'The metadata value of "identifier" has 321 characters, 1 more than the 320 allowed.',
    );
    expect(() => parseMetadata({ identifier: 'x'.repeat(33) }, 'transfer:write')).toThrow('1 more than the 32');
  });

  it.each([
    [
      { a: '', b: '', c: '', d: '', e: '', f: '', g: '' },
      'metadata',
      'Metadata has 7 entries, 2 more than the 5 allowed.',
    ],
    [
      { thirteen_char: 'x' },
      'metadata.thirteen_char',
      'The metadata key "thirteen_char" has 13 characters, 1 more than the 12 allowed.',
    ],
    [
      { amount: 'x'.repeat(40) },
      'metadata.amount',
      'The metadata value of "amount" has 40 characters, 8 more than the 32 allowed.',
    ],
    [{ '': 'x' }, 'metadata', 'A metadata key is empty.'],
  ])('says which limit of %o is passed, and by how much', (metadata, field, message) => {
    expect(() => parseMetadata(metadata as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'METADATA_INVALID', field, message }),
    );
  });
});

describe('parsePhone', () => {
  it.each(['+33612345678', '+12025550123', '+6834002', '+999999999999999'])('takes %s', (phone) => {
    expect(parsePhone(phone)).toBe(phone);
  });

  it.each([
    ['+33 6 12-34.56(78)', 'Did you mean +33612345678?'],
    ['0033612345678', 'Did you mean +33612345678?'],
    ['0612345678', 'Write it with + and the country code, as in +33612345678.'],
    ['+0612345678', 'Write it with + and the country code, as in +33612345678.'],
    ['+1234567890123456', 'Write it with + and the country code, as in +33612345678.'],
  ])('refuses %s', (phone, hint) => {
    expect(() => parsePhone(phone, '--phone')).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'PHONE_INVALID', field: '--phone', hint }),
    );
  });
});

describe('parseEmail', () => {
  it.each(['ada@example.com', 'a.b+c@sub.example.co'])('takes %s', (email) => expect(parseEmail(email)).toBe(email));

  it.each(['', 'ada', 'ada@', '@example.com', 'a b@example.com', 'a@b@c.de', 'ada@example', 'ada@example..com'])(
    'refuses %j',
    (email) => {
      expect(() => parseEmail(email)).toThrow(expect.objectContaining({ code: 'EMAIL_INVALID', field: 'email' }));
    },
  );
});
