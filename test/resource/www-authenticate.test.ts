import { describe, expect, test } from 'vitest';
import { readChallenges } from '../../src/resource/www-authenticate.js';
import { cpuSeconds } from '../support/cpu-seconds.js';

/** As plain values, to be compared. */
function read(field: string): { challenges: unknown[]; fault?: string | undefined } {
  const { challenges, fault } = readChallenges(field);
  return {
    challenges: challenges.map(({ scheme, token68, params }) =>
      token68 === undefined ? [scheme, Object.fromEntries(params)] : [scheme, token68],
    ),
    ...(fault === undefined ? {} : { fault }),
  };
}

describe('a WWW-Authenticate field', () => {
  test.each([
    // RFC 9110 §11.6.1: one header with two challenges.
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        ['basic', { realm: 'simple' }],
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
      ],
    ],
    // RFC 6750 §3.
    [
      'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
      [['bearer', { realm: 'example', error: 'invalid_token', error_description: 'The access token expired' }]],
    ],
    // RFC 9470 §3, lines joined as RFC 9110 §5.3 says.
    [
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
      [
        [
          'bearer',
          {
            error: 'insufficient_user_authentication',
            error_description: 'A different authentication level is required',
            acr_values: 'myACR',
          },
        ],
      ],
    ],
    // RFC 9449 §7.1.
    [
      'DPoP error="invalid_token", error_description="Invalid DPoP key binding", algs="ES256"',
      [['dpop', { error: 'invalid_token', error_description: 'Invalid DPoP key binding', algs: 'ES256' }]],
    ],
    // RFC 4559 §4: a scheme alone, and one with a token68.
    ['Negotiate', [['negotiate', {}]]],
    [
      'Negotiate a87421000492aa874209af8bc028==, Bearer realm="x"',
      [
        ['negotiate', 'a87421000492aa874209af8bc028=='],
        ['bearer', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate a=, Bearer b=c',
      [
        ['negotiate', 'a='],
        ['bearer', { b: 'c' }],
      ],
    ],
    [
      'Basic, Bearer',
      [
        ['basic', {}],
        ['bearer', {}],
      ],
    ],
    [
      'Basic , Bearer scope="a, b"',
      [
        ['basic', {}],
        ['bearer', { scope: 'a, b' }],
      ],
    ],
    // RFC 9110 §5.6.1.2: empty elements; §5.6.3: blanks around the equals sign.
    [', ,Bearer realm = "x" ,, error\t=\tinvalid_token ,', [['bearer', { realm: 'x', error: 'invalid_token' }]]],
    ['BEARER Realm="x"', [['bearer', { realm: 'x' }]]],
    ['Bearer realm=""', [['bearer', { realm: '' }]]],
    ['Bearer realm="a\\\\b\\c"', [['bearer', { realm: 'a\\bc' }]]],
    ['Bearer realm="scope=\\"x\\", DPoP error=\\"y\\""', [['bearer', { realm: 'scope="x", DPoP error="y"' }]]],
    ['Bearer realm="caf\u00e9"', [['bearer', { realm: 'café' }]]],
    ['', []],
    [' , ', []],
  ])('%j', (field, challenges) => {
    expect(read(field)).toEqual({ challenges });
  });

  test.each([
    [
      'a quoted text without an end',
      'Basic realm="x", Bearer error="insufficient_scope", scope="a',
      [['basic', { realm: 'x' }]],
      /no end \(character 59\)/,
    ],
    ['a parameter without a scheme', 'realm="x", Bearer a=b', [], /before any scheme/],
    ['a parameter twice', 'Bearer scope="a", scope="b", DPoP algs=ES256', [['dpop', { algs: 'ES256' }]], /twice/],
    ['a parameter twice, in another case', 'Bearer scope="a", SCOPE="b"', [], /twice/],
    ['a token and a parameter', 'Bearer scope=, error="x"', [], /both a token and parameters/],
    ['no value, later', 'Bearer error=x, scope=', [], /no value/],
    ['no comma', 'Bearer a="b" c="d"', [], /comma is missing at character 14/],
    ['words', 'Bearer please log in', [], /no parameter/],
    ['a bracket', '<script>', [], /character 1/],
    ['a line end in a quoted text', 'Bearer a="b\nc"', [], /no end/],
    ['a value of another alphabet', 'Bearer a=é', [], /no value/],
  ])('%s is a fault, and what stands whole before it is kept', (_, field, challenges, fault) => {
    const found = read(field);
    expect(found.fault).toMatch(fault);
    expect(found.challenges).toEqual(challenges);
    expect(found.fault).not.toContain('insufficient_scope');
  });

  test('a field of any length and form takes no time', () => {
    const started = cpuSeconds();
    const hostile = [
      'a '.repeat(32_000),
      'a,'.repeat(32_000),
      ','.repeat(65_000),
      ' '.repeat(65_000),
      `Bearer ${'a'.repeat(65_000)}`,
      `Bearer ${'='.repeat(65_000)}`,
      `Bearer a="${'\\"'.repeat(32_000)}`,
      `Bearer a="${'\\'.repeat(65_000)}`,
      `Bearer ${'a=b,'.repeat(16_000)}`,
      'Bearer a'.repeat(8_000),
      `Bearer a${' '.repeat(65_000)}b`,
      'Bearer a="b", '.repeat(4_600),
    ];
    for (const field of hostile) readChallenges(field);
    expect(cpuSeconds() - started).toBeLessThan(2);
    expect(readChallenges('a'.repeat(65_537))).toEqual({ challenges: [], fault: 'it has more than 65536 characters' });
  });
});
