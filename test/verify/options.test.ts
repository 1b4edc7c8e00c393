/** What a developer may give, and what the memory of proofs forgets. */
import { describe, expect, it } from 'vitest';
import { firstUseInMemory } from '../../src/verify/first-use.js';
import { tokenService } from '../../src/verify/service.js';
import { createVerifier, type Service, type VerifierOptions } from '../../src/verify/verify.js';
import { ENVIRONMENT } from './key-set.js';

const APP = 'https://54e9ujn.session.prelude.dev';

describe('the service', () => {
  it.each<[Service, string[], string]>([
    [{ prelude: APP }, ['54e9ujn.session.prelude.dev', APP], `${APP}/.well-known/jwks.json`],
    [
      { prelude: 'http://localhost:4780/t/w1/' },
      ['localhost:4780/t/w1', 'https://localhost:4780/t/w1'],
      'http://localhost:4780/t/w1/.well-known/jwks.json',
    ],
    [
      { prelude: { issuer: 'auth.example.com', jwksUrl: 'https://keys.example.com/set?a=b' } },
      ['auth.example.com', 'https://auth.example.com'],
      'https://keys.example.com/set?a=b',
    ],
    [
      { dynamic: { environmentId: ENVIRONMENT } },
      [
        `app.dynamicauth.com/${ENVIRONMENT}`,
        `https://app.dynamicauth.com/${ENVIRONMENT}`,
        `app.dynamic.xyz/${ENVIRONMENT}`,
        `https://app.dynamic.xyz/${ENVIRONMENT}`,
      ],
      `https://app.dynamicauth.com/api/v0/sdk/${ENVIRONMENT}/.well-known/jwks`,
    ],
    [
      { dynamic: { environmentId: ENVIRONMENT, apiUrl: 'http://127.0.0.1:4780/api/v0/', issuer: 'x/y' } },
      ['x/y', 'https://x/y'],
      `http://127.0.0.1:4780/api/v0/sdk/${ENVIRONMENT}/.well-known/jwks`,
    ],
  ])('%j', (service, issuers, jwksUrl) => {
    const found = tokenService(service, {});
    expect([[...found.issuers], found.jwksUrl.href]).toEqual([issuers, jwksUrl]);
  });

  it.each<[unknown]>([
    [{}],
    [{ prelude: APP, dynamic: { environmentId: ENVIRONMENT } }],
    [{ prelude: '' }],
    [{ prelude: '54e9ujn' }],
    [{ prelude: 'ftp://54e9ujn.session.prelude.dev' }],
    [{ prelude: 'http://54e9ujn.session.prelude.dev' }],
    [{ prelude: 'http://localhost.evil.example' }],
    [{ prelude: 'https://user:secret@54e9ujn.session.prelude.dev' }],
    [{ prelude: `${APP}?a=b` }],
    [{ prelude: `${APP}#a` }],
    [{ prelude: null }],
    [{ prelude: { issuer: '', jwksUrl: APP } }],
    [{ prelude: { issuer: 'x' } }],
    [{ prelude: { issuer: 'x', jwksUrl: 'http://x/' } }],
    [{ dynamic: {} }],
    [{ dynamic: { environmentId: '../x' } }],
    [{ dynamic: { environmentId: ENVIRONMENT, apiUrl: 'http://dynamic.example' } }],
    [{ dynamic: { environmentId: ENVIRONMENT, elevatedHeader: 'a b' } }],
    [{ dynamic: { environmentId: ENVIRONMENT, apiURL: 'http://127.0.0.1:4780' } }],
    [{ prelude: { issuer: 'x', jwksUrl: 'https://x/', jwksURL: 'https://y/' } }],
  ])('cannot be %j, and no secret is said', (service) => {
    expect(() => createVerifier(service as Service)).toThrow(TypeError);
    expect(() => createVerifier(service as Service)).not.toThrow('secret');
  });

  it('may be plain http where that is said', () => {
    expect(() => createVerifier({ prelude: 'http://emulator:4780' }, { insecure: true })).not.toThrow();
  });
});

it.each<[unknown]>([
  [{ clockTolerance: -1 }],
  [{ clockTolerance: Number.NaN }],
  [{ clockTolerance: '15' }],
  [{ proofWindow: Infinity }],
  [{ clokTolerance: 5 }],
  [{ firstUse: 5 }],
  [{ now: 5 }],
  [{ nonces: {} }],
  [{ nonces: null }],
  [{ nonces: { issue: () => 'n', accepts: true } }],
  [null],
  [{ publicUrl: 'api.example.com' }],
  [{ publicUrl: 'https://api.example.com/?a=b' }],
])('the options cannot be %j', (options) => {
  expect(() => createVerifier({ prelude: APP }, options as VerifierOptions)).toThrow(TypeError);
});

describe('what counts once, in memory', () => {
  it('counts again when it has ended', () => {
    let now = 1000;
    const first = firstUseInMemory(() => now);
    expect([first('a', 2000), first('a', 2000), first('b', 1500)]).toEqual([true, false, true]);
    now = 1999;
    expect(first('a', 3000)).toBe(false);
    now = 2000;
    expect([first('a', 3000), first('a', 3000)]).toEqual([true, false]);
  });

  it('forgets what has ended and nothing else, whatever stands before it', () => {
    let now = 0;
    const first = firstUseInMemory(() => now, 3);
    expect([first('long', 100_000), first('b', 1000), first('c', 1000)]).toEqual([true, true, true]);
    expect(() => first('d', 1000)).toThrow(RangeError);
    expect(first('long', 100_000)).toBe(false);
    now = 2000;
    expect([first('d', 9000), first('e', 9000)]).toEqual([true, true]);
    expect(() => first('f', 9000)).toThrow(RangeError);
  });
});
