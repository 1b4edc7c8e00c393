import { describe, expect, test } from 'vitest';
import { demandOf, nonceOf } from '../../src/resource/demand.js';

const of = (status: number, challenge: string, more: Record<string, string> = {}) =>
  demandOf(status, new Headers({ 'www-authenticate': challenge, ...more }));

describe('what an answer demands', () => {
  test('RFC 6750 §3.1: scopes', () => {
    expect(of(403, 'Bearer realm="api", error="insufficient_scope", scope="transfer:write account:read"')).toEqual({
      kind: 'scope',
      scopes: ['transfer:write', 'account:read'],
    });
    expect(of(403, 'Bearer error="insufficient_scope"')).toEqual({ kind: 'scope', scopes: [] });
    expect(of(403, 'DPoP error=insufficient_scope, scope="a  a b"')).toEqual({ kind: 'scope', scopes: ['a', 'b'] });
  });

  test('RFC 9470 §3: a new authentication, by class, by age, with scopes', () => {
    const error = 'error="insufficient_user_authentication"';
    expect(
      of(401, `Bearer ${error}, error_description="A different authentication level is required", acr_values="myACR"`),
    ).toEqual({
      kind: 'authentication',
      scopes: [],
      acrValues: ['myACR'],
    });
    expect(of(401, `Bearer ${error}, error_description="More recent authentication is required", max_age="5"`)).toEqual(
      {
        kind: 'authentication',
        scopes: [],
        acrValues: [],
        maxAge: 5,
      },
    );
    expect(of(401, `DPoP ${error}, max_age=0, acr_values="a b", scope="x:y"`)).toEqual({
      kind: 'authentication',
      scopes: ['x:y'],
      acrValues: ['a', 'b'],
      maxAge: 0,
    });
  });

  test('RFC 9449 §9: a nonce', () => {
    const challenge = 'DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"';
    expect(of(401, challenge, { 'dpop-nonce': 'eyJ7S_zG.eyJH0-Z.HX4w-7v' })).toEqual({
      kind: 'nonce',
      nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v',
    });
    expect(of(401, challenge)).toMatchObject({ kind: 'malformed', words: expect.stringContaining('gives none') });
    expect(of(401, challenge, { 'dpop-nonce': 'a b' })).toMatchObject({ kind: 'malformed' });
    expect(nonceOf(new Headers({ 'dpop-nonce': 'x'.repeat(5000) }))).toBeUndefined();
  });

  test('several challenges, in one line and in several', () => {
    const headers = new Headers();
    headers.append('www-authenticate', 'Basic realm="old"');
    headers.append('www-authenticate', 'DPoP algs="ES256", Bearer error="insufficient_scope", scope="a"');
    expect(demandOf(403, headers)).toEqual({ kind: 'scope', scopes: ['a'] });
    expect(
      of(401, 'Bearer error="insufficient_scope", scope="a", DPoP error="use_dpop_nonce"', { 'dpop-nonce': 'n' }),
    ).toEqual({
      kind: 'nonce',
      nonce: 'n',
    });
  });

  test('what nothing can be done about is no demand', () => {
    expect(of(401, 'Bearer error="invalid_token"')).toBeUndefined();
    expect(of(401, 'Basic realm="x", error="insufficient_scope"')).toBeUndefined();
    expect(of(200, 'Bearer error="insufficient_scope"')).toBeUndefined();
    expect(of(500, 'Bearer error="insufficient_scope"')).toBeUndefined();
    expect(of(403, 'Bearer error="use_dpop_nonce"', { 'dpop-nonce': 'n' })).toBeUndefined();
    expect(demandOf(403, new Headers())).toBeUndefined();
  });

  test.each([
    ['scope="caf\u00e9"', /^scope in its/],
    ['scope="a\\\\b"', /^scope in its/],
    ['scope="a\tb"', /^scope in its/],
    ['scope="a', /no end/],
    ['scope="a", scope="b"', /twice/],
  ])('%s is said to be malformed, and not repeated', (parameter, words) => {
    const demand = of(403, `Bearer error="insufficient_scope", ${parameter}`);
    expect(demand).toMatchObject({ kind: 'malformed', words: expect.stringMatching(words) });
    expect(JSON.stringify(demand)).not.toMatch(/caf|a\\b/);
  });

  test.each(['max_age="-1"', 'max_age="5s"', 'max_age=""', 'max_age="99999999999"', 'acr_values="\u00e9"'])(
    '%s is malformed',
    (parameter) => {
      expect(of(401, `Bearer error="insufficient_user_authentication", ${parameter}`)).toMatchObject({
        kind: 'malformed',
      });
    },
  );
});
