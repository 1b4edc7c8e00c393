import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { codeOf, parseTotpUri, stepAt, totpSchema, totpSecret, type TotpSecret } from '../../src/authenticator/totp.js';

/** "12345678901234567890", and the same digits to 32 and 64 bytes (RFC 6238 appendix B, as of its erratum 2866). */
const SHA1 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const SHA256 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA';
const SHA512 =
  'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA';

const invalid = expect.objectContaining({ name: 'UsageError', code: 'KEY_INVALID' });

describe('codeOf', () => {
  it.each([
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ])('RFC 6238 appendix B: at %i s', (seconds, sha1, sha256, sha512) => {
    const at = (secret: string, algorithm: TotpSecret['algorithm']): string => {
      const device = { secret, algorithm, digits: 8, period: 30 };
      return codeOf(device, stepAt(device, seconds * 1000));
    };
    expect(at(SHA1, 'SHA1')).toBe(sha1);
    expect(at(SHA256, 'SHA256')).toBe(sha256);
    expect(at(SHA512, 'SHA512')).toBe(sha512);
  });

  it.each([
    [0, '755224'],
    [1, '287082'],
    [2, '359152'],
    [3, '969429'],
    [4, '338314'],
    [5, '254676'],
    [6, '287922'],
    [7, '162583'],
    [8, '399871'],
    [9, '520489'],
  ])('RFC 4226 appendix D: counter %i', (counter, code) => {
    expect(codeOf(totpSecret(SHA1), counter)).toBe(code);
  });

  it('has seven digits where seven are asked for', () => {
    // RFC 4226 appendix D: the truncated value of counter 0 is 1284755224.
    expect(codeOf({ ...totpSecret(SHA1), digits: 7 }, 0)).toBe('4755224');
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('knows no step %s', (step) => {
    expect(() => codeOf(totpSecret(SHA1), step)).toThrow(RangeError);
  });

  it('refuses a secret that is none, without quoting it', () => {
    expect(() => codeOf({ ...totpSecret(SHA1), secret: 'not base32!' }, 0)).toThrow(invalid);
  });
});

describe('stepAt', () => {
  it.each([
    [30, 0, 0],
    [30, 29_999, 0],
    [30, 30_000, 1],
    [60, 119_999, 1],
    // RFC 6238 appendix B: 20000000000 s is step 0x27BC86AA.
    [30, 20_000_000_000_000, 0x27bc86aa],
  ])('with a period of %i s, %i ms is in step %i', (period, nowMs, step) => {
    expect(stepAt({ ...totpSecret(SHA1), period }, nowMs)).toBe(step);
  });
});

describe('totpSecret', () => {
  it('takes a secret as people copy it', () => {
    expect(totpSecret(' gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n')).toEqual({
      secret: SHA1,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
  });

  it.each([
    ['nothing', ''],
    ['blanks', '  \n'],
    ['padding', '===='],
    ['another alphabet', 'GEZDGNBVGY3TQOJ1'],
    ['a length of no bytes', 'GEZ'],
    ['a great deal', 'GEZDGNBV'.repeat(1_000_000)],
    ['a great deal of padding', `${'='.repeat(5_000_000)}GEZDGNBV`],
  ])('refuses %s without quoting it', (_title, text) => {
    expect(() => totpSecret(text)).toThrow(invalid);
    expect(() => totpSecret(text)).not.toThrow(/GEZ/);
  });
});

describe('parseTotpUri', () => {
  it.each([
    [
      `otpauth://totp/Example:ada@example.com?secret=${SHA1}&issuer=Example`,
      { secret: SHA1, algorithm: 'SHA1', digits: 6, period: 30, label: 'Example:ada@example.com', issuer: 'Example' },
    ],
    [
      `otpauth://totp/ACME%20Co:john.doe%40email.com?secret=${SHA256}&issuer=ACME%20Co&algorithm=SHA256&digits=8&period=60`,
      {
        secret: SHA256,
        algorithm: 'SHA256',
        digits: 8,
        period: 60,
        label: 'ACME Co:john.doe@email.com',
        issuer: 'ACME Co',
      },
    ],
    [
      `otpauth://totp/Example%3Aada?secret=${SHA1.toLowerCase()}&algorithm=sha-512`,
      { secret: SHA1, algorithm: 'SHA512', digits: 6, period: 30, label: 'Example:ada', issuer: 'Example' },
    ],
    [`OTPAUTH://TOTP/?secret=${SHA1}`, { secret: SHA1, algorithm: 'SHA1', digits: 6, period: 30 }],
    [` otpauth://totp?secret=MY%3D%3D\n`, { secret: 'MY', algorithm: 'SHA1', digits: 6, period: 30 }],
    [
      `otpauth://totp/%E0%A4%A?secret=${SHA1}&image=https://example.com/a.png`,
      { secret: SHA1, algorithm: 'SHA1', digits: 6, period: 30, label: '%E0%A4%A' },
    ],
  ])('reads %s', (uri, expected) => {
    expect(parseTotpUri(uri)).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['a bare secret', SHA1],
    ['another scheme', `https://totp/x?secret=${SHA1}`],
    ['a counter-based secret', `otpauth://hotp/x?secret=${SHA1}&counter=0`],
    ['no kind', `otpauth:///x?secret=${SHA1}`],
    ['no secret', 'otpauth://totp/x'],
    ['an empty secret', 'otpauth://totp/x?secret='],
    ['a secret that is no base32', 'otpauth://totp/x?secret=GEZDGNB!'],
    ['two secrets', `otpauth://totp/x?secret=${SHA1}&secret=${SHA1}`],
    ['two periods', `otpauth://totp/x?secret=${SHA1}&period=30&period=60`],
    ['another algorithm', `otpauth://totp/x?secret=${SHA1}&algorithm=MD5`],
    ['an inherited name for algorithm', `otpauth://totp/x?secret=${SHA1}&algorithm=__proto__`],
    ['five digits', `otpauth://totp/x?secret=${SHA1}&digits=5`],
    ['nine digits', `otpauth://totp/x?secret=${SHA1}&digits=9`],
    ['digits that are none', `otpauth://totp/x?secret=${SHA1}&digits=six`],
    ['digits in hex', `otpauth://totp/x?secret=${SHA1}&digits=0x6`],
    ['empty digits', `otpauth://totp/x?secret=${SHA1}&digits=`],
    ['no period', `otpauth://totp/x?secret=${SHA1}&period=0`],
    ['a negative period', `otpauth://totp/x?secret=${SHA1}&period=-30`],
    ['a broken period', `otpauth://totp/x?secret=${SHA1}&period=0.5`],
    ['a huge period', `otpauth://totp/x?secret=${SHA1}&period=99999999999999999999`],
    ['a great deal', `otpauth://totp/${'x'.repeat(5_000_000)}?secret=${SHA1}`],
  ])('refuses %s without quoting the secret', (_title, uri) => {
    expect(() => parseTotpUri(uri)).toThrow(invalid);
    expect(() => parseTotpUri(uri)).not.toThrow(/GEZDGNB/);
  });
});

describe('totpSchema', () => {
  const device = { secret: SHA1, algorithm: 'SHA1', digits: 6, period: 30 };

  it('takes what was made', () => {
    expect(v.parse(totpSchema, device)).toEqual(device);
  });

  it.each([
    ['nothing', {}],
    ['an empty secret', { ...device, secret: '' }],
    ['a secret in lower case', { ...device, secret: SHA1.toLowerCase() }],
    ['a secret with other characters', { ...device, secret: `${SHA1}!` }],
    ['another algorithm', { ...device, algorithm: 'MD5' }],
    ['too few digits', { ...device, digits: 1 }],
    ['a period of no time', { ...device, period: 0 }],
    ['no whole period', { ...device, period: 30.5 }],
  ])('refuses %s, and its messages quote no secret', (_title, json) => {
    const parsed = v.safeParse(totpSchema, json);
    expect(parsed.success).toBe(false);
    expect(parsed.issues?.map(({ message }) => message).join('\n')).not.toMatch(/gezdgnb/i);
  });
});
