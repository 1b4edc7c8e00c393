import { constants, createHmac, createPublicKey, sign as signBytes, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Explanation, Kind } from '../../src/explain/check.js';
import { explain, readSubject } from '../../src/explain/explain.js';
import type { World } from '../../src/explain/world.js';
import { ACCESS, ecKey, ISSUER, KEY, NOW, OTHER, raw, rsaKey, SECONDS, sign, STRANGER, world } from './world.js';
import { cpuSeconds } from '../support/cpu-seconds.js';

const ELEVATED = 'x-dyn-elevated-access-token';

async function why(given: string | Buffer, over: Partial<World> = {}, as?: Kind): Promise<Explanation> {
  const subject = readSubject(Buffer.from(given), as, ELEVATED);
  if ('problem' in subject) throw new Error(subject.problem);
  return explain(subject, world(over), { elevatedHeader: ELEVATED });
}

const failed = ({ checks }: Explanation): string[] => checks.filter(({ ok }) => ok === false).map(({ check }) => check);
const okOf = ({ checks }: Explanation, name: string): boolean | null | undefined =>
  checks.find(({ check }) => check === name)?.ok;

/** Nothing of a signature may be shown. */
function withoutSignatures(found: Explanation, ...tokens: string[]): void {
  const text = JSON.stringify(found);
  // What has a few letters is no secret, and turns up anywhere.
  const secrets = tokens.flatMap((token) => token.split('.').slice(1)).filter((part) => part.length > 3);
  expect(secrets.filter((part) => text.includes(part))).toEqual([]);
}

describe('a token', () => {
  test('that is good has nothing that fails, and says what cannot be known', async () => {
    const token = await sign(ACCESS);
    const found = await why(token, { scopes: ['transfer:write'] });
    expect(found.kind).toBe('token');
    expect(failed(found)).toEqual([]);
    expect(found.cause).toBe('Everything that could be checked holds; 1 could not be: session.');
    expect(found.checks.map(({ check }) => check)).toEqual([
      'form', 'kind', 'alg', 'kid', 'signature', 'iss', 'exp', 'nbf', 'iat', 'scope', 'session', 'clock',
    ]); // prettier-ignore
    withoutSignatures(found, token);
  });

  test.each([
    ['scheme', (token: string) => `Bearer ${token}`],
    ['header', (token: string) => `Authorization: Bearer ${token}\n`],
    ['quotes', (token: string) => `"${token}",`],
  ])('with its %s around it is looked at all the same', async (_what, around) => {
    expect(failed(await why(around(await sign(ACCESS)), {}, 'token'))).toEqual([]);
  });

  const cases: [string, () => string | Promise<string>, Partial<World>, string, string[]][] = [
    ['is cut off in its claims', async () => (await sign(ACCESS)).slice(0, 60), {}, 'The token is cut off.', ['form']],
    [
      'is cut off in its signature',
      async () => (await sign(ACCESS)).slice(0, -1),
      {},
      'The token is cut off: a part of it has a length that no base64url has.',
      ['form', 'signature'],
    ],
    ['is broken by a line end', async () => (await sign(ACCESS)).replace('.', '.\n '), {}, 'The token is broken by a blank or a line end.', ['form']],
    ['is shortened', () => 'eyJhbGciOi…', {}, 'The token was shortened by a log or a screen.', ['form']],
    ['is in base64', () => 'eyJhbGciOiJSUzI1NiJ9.eyJh+/==.abc', {}, 'The token is in another base64: it has +, and base64url has - and _ and no padding.', ['form']],
    ['is encrypted', () => 'eyJhbGciOiJSUzI1NiJ9.a.b.c.d', {}, 'The token is encrypted (JWE), and a signed one (JWS) is needed.', ['form']],
    ['is too large', () => `eyJ${'a'.repeat(20_000)}.b.c`, {}, 'The token has 20 KB, which no server takes in a header.', ['form']],
    ['was changed', async () => { const [head, , signature] = (await sign(ACCESS)).split('.'); return `${head}.${Buffer.from(JSON.stringify({ ...ACCESS, scope: 'admin' })).toString('base64url')}.${signature}`; }, {}, 'The signature of the access token does not fit: it was changed after it was signed, or signed by another key.', ['signature']],
    ['is signed by a stranger under a known kid', () => sign(ACCESS, STRANGER), {}, 'The signature of the access token does not fit: it was changed after it was signed, or signed by another key.', ['signature']],
    ['names an unknown key', () => sign(ACCESS, rsaKey('key-9')), {}, `The access token is signed by a key that is not in the set at https://${ISSUER}/.well-known/jwks.json: it is of another application or environment, or the key has been replaced.`, ['kid', 'signature']],
    ['names the wrong one of two keys', () => sign(ACCESS, OTHER, { kid: 'key-1' }), {}, 'The access token names the key key-1, and is signed by key-2.', ['kid']],
    ['is of another issuer', () => sign({ ...ACCESS, iss: 'other.session.prelude.dev' }, rsaKey('key-9')), {}, `The access token is of another issuer: other.session.prelude.dev, and not ${ISSUER}.`, ['kid', 'signature', 'iss']],
    ['names no issuer', () => sign({ ...ACCESS, iss: undefined }), {}, 'The access token names no issuer (iss).', ['iss']],
    ['is not signed', () => raw({ alg: 'none', typ: 'JWT', kid: 'key-1' }, ACCESS), {}, 'The access token is not signed (alg none): anybody can write such a one.', ['alg', 'signature']],
    ['has expired', () => sign({ ...ACCESS, exp: SECONDS - 90 }), {}, 'The access token has expired: it ended 1 min 30 s ago.', ['exp']],
    ['had expired when it was sent', () => sign({ ...ACCESS, exp: SECONDS - 90 }), { at: NOW }, 'The access token had expired 1 min 30 s before it was sent.', ['exp']],
    ['is not good yet', () => sign({ ...ACCESS, nbf: SECONDS + 3600 }), {}, 'The access token is not good yet: its nbf is 1 h ahead.', ['nbf']],
    ['ends in milliseconds', () => sign({ ...ACCESS, exp: NOW }), {}, 'The access token has an exp that is none: in milliseconds instead of seconds.', ['exp']],
    ['never ends', () => sign({ ...ACCESS, exp: undefined }), {}, 'The access token has an exp that is none: none.', ['exp']],
    ['lacks the scope', () => sign({ ...ACCESS, scope: '' }), { scopes: ['transfer:write'] }, 'The access token does not hold transfer:write.', ['scope']],
    ['holds a look-alike', () => sign({ ...ACCESS, scope: 'transfer:write-not' }), { scopes: ['transfer:write'] }, 'The access token holds transfer:write-not, which is another scope than transfer:write.', ['scope']],
    ['holds it in capitals', () => sign({ ...ACCESS, scope: 'Transfer:Write' }), { scopes: ['transfer:write'] }, 'The access token holds Transfer:Write, which is another scope than transfer:write.', ['scope']],
    ['has its scopes as a list', () => sign({ ...ACCESS, scope: ['transfer:write'] }), { scopes: ['transfer:write'] }, 'The access token has its scopes as a list in "scope", and they are one text with blanks between.', ['scope']],
    ['is a challenge token', () => raw({ alg: 'ES256', typ: 'challenge+jwt' }, { challenge_id: 'c', current_step: 'verify_sms', exp: SECONDS + 60 }, 'AAAA'), {}, 'This is a challenge token, which goes in the body of calls of Prelude, and to no API.', ['kind', 'signature']],
    ['is of another typ', () => sign(ACCESS, KEY, { typ: 'secevent+jwt' }), {}, 'The typ of the access token is secevent+jwt, and not JWT or at+jwt.', ['kind']],
    ['has critical extensions', () => raw({ alg: 'RS256', crit: ['x'], kid: 'key-1' }, ACCESS, 'AAAA'), {}, 'The access token has critical extensions (crit), which nobody knows here.', ['alg']],
  ]; // prettier-ignore

  test.each(cases)('that %s', async (_what, make, over, cause, checks) => {
    const token = await make();
    const found = await why(token, over, 'token');
    expect(found.cause).toBe(cause);
    expect(failed(found)).toEqual(checks);
    withoutSignatures(found, ...(token.includes('.') ? [token] : []));
  });

  test('HS256 with the public key as secret is told from another shared secret', async () => {
    const pem = createPublicKey({ key: KEY.jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const input = raw({ alg: 'HS256', typ: 'JWT', kid: 'key-1' }, ACCESS).slice(0, -1);
    const forged = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    const shared = `${input}.${createHmac('sha256', 'secret').update(input).digest('base64url')}`;
    expect((await why(forged)).cause).toBe(
      'The access token is forged: its HS256 signature has a public key of the set as its secret.',
    );
    expect((await why(shared)).cause).toBe(
      'The access token is signed with a shared secret (HS256), and only RS256 is taken.',
    );
  });

  test('without the service what its keys are needed for is left open', async () => {
    const keys = (): ReturnType<World['keys']> => Promise.resolve({ problem: 'No answer from the service', hint: 'x' });
    const found = await why(await sign(ACCESS), { keys, issuers: undefined, offsetSeconds: undefined });
    expect(failed(found)).toEqual([]);
    expect(['kid', 'signature', 'iss', 'clock'].map((name) => okOf(found, name))).toEqual([null, null, null, null]);
  });

  test('damaged and foreign keys in the set are passed over', async () => {
    const keys = [
      { kty: 'RSA', kid: 'key-1', n: '!', e: '' },
      { kty: 'EC', kid: 'x' },
      { kty: 'oct', k: 'AA' },
      KEY.jwk,
    ];
    const found = await why(await sign(ACCESS), { keys: () => Promise.resolve({ keys: keys as never, from: 'file' }) });
    expect(okOf(found, 'signature')).toBe(true);
  });

  test('the clock of the service is the one that counts', async () => {
    const token = await sign({ ...ACCESS, iat: SECONDS + 600, nbf: SECONDS + 600, exp: SECONDS + 660 });
    expect(failed(await why(token))).toEqual(['nbf', 'iat']);
    const found = await why(token, { offsetSeconds: 600 });
    expect(failed(found)).toEqual(['clock']);
    expect(found.checks.at(-1)).toMatchObject({ actual: '10 min behind' });
  });

  test('a single use and the session of the store are told', async () => {
    const session = { userId: 'usr_01', sessionId: 'ses_01' };
    const found = await why(await sign({ ...ACCESS, singleUse: true, jti: 'j-9' }), { session });
    expect(found.checks.find(({ check }) => check === 'use')).toMatchObject({
      ok: null,
      actual: 'for a single use (jti j-9)',
    });
    expect(found.checks.find(({ check }) => check === 'session')?.actual).toContain('open in this store');
  });
});

/** RFC 9449 §4.1 and §7.1: the examples of the specification. */
const RFC_KEY =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
const RFC_PROOF = `${RFC_KEY}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`;
const RFC_REQUEST = `GET /protectedresource HTTP/1.1
Host: resource.example.org
Authorization: DPoP Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU
DPoP: ${RFC_KEY}
 .eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA

`.replace('\n .', '.');

describe('a proof', () => {
  test('of RFC 9449 holds at its time', async () => {
    const found = await why(RFC_PROOF, {
      at: 1_562_262_616_000,
      method: 'POST',
      url: 'https://server.example.com/token',
    });
    expect(found.kind).toBe('proof');
    expect(failed(found)).toEqual([]);
    expect(found.checks.find(({ check }) => check === 'jwk')?.actual).toBe(
      'P-256, thumbprint 0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
    );
    expect(okOf(found, 'signature')).toBe(true);
    expect(okOf(found, 'replay')).toBeNull();
  });

  test('of RFC 9449 holds with its request, ath of an opaque token included', async () => {
    const found = await why(RFC_REQUEST, { at: 1_562_262_618_000 });
    expect(okOf(found, 'proof: ath')).toBe(true);
    expect(okOf(found, 'proof: htu')).toBe(true);
    expect(failed(found)).toEqual(['access token: form']);
  });

  const key = ecKey();
  const CLAIMS = { jti: 'p-1', htm: 'POST', htu: 'https://api.example.com/transfers', iat: SECONDS };
  const prove = (claims: object, header: object = {}, by = key): Promise<string> =>
    sign({ ...CLAIMS, ...claims }, by, { alg: 'ES256', typ: 'dpop+jwt', kid: undefined, jwk: key.jwk, ...header });
  const at = { method: 'POST', url: 'https://api.example.com/transfers' };

  const cases: [string, object, Partial<World>, string, string[]][] = [
    ['for another method', { htm: 'GET' }, {}, 'The proof is for GET, and the request is POST.', ['htm']],
    ['for a method in small letters', { htm: 'post' }, {}, 'The htm of the proof is written post, and methods know capitals: POST.', ['htm']],
    ['with a slash too many', { htu: 'https://api.example.com/transfers/' }, {}, 'The htu of the proof has a slash at its end, and the request has none.', ['htu']],
    ['with a slash missing', {}, { url: 'https://api.example.com/transfers/' }, 'The htu of the proof lacks the slash at the end.', ['htu']],
    ['behind TLS termination', {}, { url: 'http://api.example.com/transfers' }, 'The proof is for https, and the server believes that it is called by http: TLS ends before it, at a proxy.', ['htu']],
    ['for http', { htu: 'http://api.example.com/transfers' }, {}, 'The proof is for http, and the server is called by https.', ['htu']],
    ['for another port', { htu: 'https://api.example.com:8443/transfers' }, {}, 'The proof is for another port: 8443 and not none.', ['htu']],
    ['for a proxy prefix', { htu: 'https://api.example.com/api/v1/transfers' }, {}, 'A proxy takes /api/v1 off the path: the proof has it, and the server does not see it.', ['htu']],
    ['without a prefix', {}, { url: 'https://api.example.com/v1/transfers' }, 'The htu of the proof lacks /v1, with which the server\'s path begins.', ['htu']],
    ['with a query', { htu: 'https://api.example.com/transfers?to=hunter2' }, {}, 'The htu of the proof has the query: RFC 9449 §4.2 leaves it out, and servers that compare text refuse it.', ['htu']],
    ['for another host', { htu: 'https://other.example.com/transfers' }, {}, 'The proof is for another host: other.example.com and not api.example.com.', ['htu']],
    ['for localhost by another name', { htu: 'http://localhost:3000/transfers' }, { url: 'http://127.0.0.1:3000/transfers' }, 'The proof is for localhost:3000, and the server is called 127.0.0.1:3000: two names of one machine are two addresses.', ['htu']],
    ['for another path', { htu: 'https://api.example.com/users' }, {}, 'The proof is for another path: /users and not /transfers.', ['htu']],
    ['for a path in capitals', { htu: 'https://api.example.com/Transfers' }, {}, 'The path of the proof is written in other letters: paths know capitals.', ['htu']],
    ['for a path alone', { htu: '/transfers' }, {}, 'The proof is for no address: its htu must be the whole one, with scheme and host.', ['htu']],
    ['without an htu', { htu: undefined }, {}, 'The proof is for no address: its htu must be the whole one, with scheme and host.', ['htu']],
    ['that is old', { iat: SECONDS - 3600 }, {}, 'The proof is 1 h old: it is good for about a minute.', ['iat']],
    ['that was old when it was sent', { iat: SECONDS - 3600 }, { at: NOW }, 'The proof was 1 h old when it was sent: it is good for about a minute.', ['iat']],
    ['from the future', { iat: SECONDS + 120 }, {}, "The proof is from the future: its iat is 2 min ahead of the server's clock.", ['iat']],
    ['of a clock that is behind', { iat: SECONDS }, { offsetSeconds: 300 }, "This machine's clock is 5 min behind the service's: what it signs is taken for stale.", ['iat', 'clock']],
    ['without a jti', { jti: '' }, {}, 'The proof has no jti, by which a server knows it again.', ['jti']],
    ['with a jti of a novel', { jti: 'x'.repeat(300) }, {}, 'The jti of the proof is longer than servers keep it.', ['jti']],
    ['with a nonce that is none', { nonce: 5 }, {}, 'The nonce of the proof is no text.', ['nonce']],
  ]; // prettier-ignore

  test.each(cases)('%s', async (_what, claims, over, cause, checks) => {
    const proof = await prove(claims);
    const found = await why(proof, { ...at, ...over }, 'proof');
    expect(found.cause).toBe(cause);
    expect(failed(found)).toEqual(checks);
    expect(JSON.stringify(found)).not.toContain('hunter2');
    withoutSignatures(found, proof);
  });

  test.each([
    ['HTTPS://API.example.com:443/transfers', true],
    ['https://api.example.com/x/../transfers', true],
    ['https://api.example.com/%74ransfers', true],
  ])('htu %s is the same address (RFC 3986 §6.2)', async (htu, ok) => {
    expect(okOf(await why(await prove({ htu }), at), 'htu')).toBe(ok);
  });

  test('its key: none, private, damaged, another than the one that signed', async () => {
    const other = ecKey();
    const privateJwk = { ...key.jwk, d: 'AAAA' };
    const found = async (header: object, by = key): Promise<string> =>
      (await why(await prove({}, header, by), at)).cause;
    expect(await found({ jwk: undefined })).toBe('The proof does not carry its public key (jwk).');
    expect(await found({ jwk: privateJwk })).toContain('PRIVATE key');
    expect(await found({ jwk: { kty: 'EC', crv: 'P-256', x: 'AA' } })).toBe(
      'The public key in the proof (jwk) is damaged or not whole.',
    );
    expect(await found({}, other)).toBe(
      'The proof is signed by another key than the one in its header, or was changed afterwards.',
    );
  });

  test('typ and alg', async () => {
    expect((await why(await prove({}, { typ: 'JWT' }), at)).cause).toBe(
      'The typ of the proof is JWT, and must be dpop+jwt.',
    );
    expect((await why(await sign(ACCESS), at, 'proof')).cause).toBe('What stands for the proof is an access token.');
    const shared = raw({ alg: 'HS256', typ: 'dpop+jwt', jwk: key.jwk }, CLAIMS, 'AAAA');
    expect((await why(shared, at)).cause).toBe('The proof is signed with a shared secret (HS256): it proves no key.');
    const none = raw({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk }, CLAIMS);
    expect((await why(none, at)).cause).toBe('The proof is not signed with a key of its own: alg is none.');
  });

  test('what nobody has said is left open', async () => {
    const found = await why(await prove({ htu: 'https://api.example.com/transfers', nonce: 'n' }));
    expect(['htm', 'htu', 'ath', 'nonce', 'replay'].map((name) => okOf(found, name))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(failed(found)).toEqual([]);
  });
});

describe('a request', () => {
  const key = ecKey();
  const url = 'https://api.example.com/transfers';
  const hashOf = async (token: string): Promise<string> => {
    const { createHash } = await import('node:crypto');
    return createHash('sha256').update(token).digest('base64url');
  };

  /** A bound token with its proof, as headers of curl. */
  async function bound(change: { claims?: object; proof?: object; by?: typeof key } = {}): Promise<[string, string]> {
    const jkt = await calculateJwkThumbprint(key.jwk);
    const token = await sign({ ...ACCESS, cnf: { jkt }, ...change.claims });
    const by = change.by ?? key;
    const claims = { jti: 'p-1', htm: 'POST', htu: url, iat: SECONDS, ath: await hashOf(token), ...change.proof };
    return [token, await sign(claims, by, { alg: 'ES256', typ: 'dpop+jwt', kid: undefined, jwk: by.jwk })];
  }
  const curl = (headers: string[], rest = ''): string =>
    ['curl -X POST', url, ...headers.map((header) => `-H '${header}'`), rest].join(' \\\n  ');

  test('with a bound token and its proof holds', async () => {
    const [token, proof] = await bound();
    const found = await why(curl([`Authorization: DPoP ${token}`, `DPoP: ${proof}`]), { scopes: ['transfer:write'] });
    expect(found.kind).toBe('request');
    expect(failed(found)).toEqual([]);
    expect(['binding', 'proof: key', 'proof: ath', 'proof: htu'].map((name) => okOf(found, name))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    withoutSignatures(found, token, proof);
  });

  test('as header lines alone, or as tokens alone, is put together', async () => {
    const [token, proof] = await bound();
    const lines = await why(`Authorization: DPoP ${token}\nDPoP: ${proof}`, { url, method: 'POST' });
    expect([lines.kind, failed(lines)]).toEqual(['request', []]);
    const tokens = await why(`${proof}\n${token}`, { url, method: 'POST' });
    expect([tokens.kind, failed(tokens), okOf(tokens, 'proof: ath')]).toEqual(['request', [], true]);
  });

  test('Bearer used for a bound token', async () => {
    const [token, proof] = await bound();
    expect((await why(curl([`Authorization: Bearer ${token}`]))).cause).toBe(
      'The token is bound to a key (cnf.jkt), and was sent as Bearer without a proof: RFC 9449 §7.2 has it refused.',
    );
    expect((await why(curl([`Authorization: Bearer ${token}`, `DPoP: ${proof}`]))).cause).toBe(
      'The token is bound to a key (cnf.jkt), and was sent as Bearer: RFC 9449 §7.2 has it refused.',
    );
    expect((await why(curl([`Authorization: DPoP ${token}`]))).cause).toBe(
      'The token is sent as DPoP, and there is no proof beside it.',
    );
    expect((await why(curl([`Authorization: DPoP ${await sign(ACCESS)}`, `DPoP: ${proof}`]))).cause).toBe(
      'The token is bound to no key (it has no cnf.jkt), and was sent as DPoP.',
    );
  });

  test.each([
    [
      'by another key',
      { by: ecKey() },
      'The proof is by another key than the one that the access token is bound to (cnf.jkt).',
    ],
    [
      'for another token',
      { proof: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } },
      'The proof was made for another access token: its ath is not the hash of the one that is sent.',
    ],
    [
      'without ath',
      { proof: { ath: undefined } },
      'The proof has no ath: at an API it must have the hash of the access token (RFC 9449 §4.2).',
    ],
    ['for another request', { proof: { htm: 'GET' } }, 'The proof is for GET, and the request is POST.'],
    [
      'with a token that had expired before',
      { claims: { exp: SECONDS - 60 } },
      'The access token had expired 1 min before it was sent.',
    ],
  ] as const)('with a proof %s', async (_what, change, cause) => {
    const [token, proof] = await bound(change);
    expect((await why(curl([`Authorization: DPoP ${token}`, `DPoP: ${proof}`]))).cause).toBe(cause);
  });

  test('ath in other encodings is told', async () => {
    const token = await sign(ACCESS);
    const hash = Buffer.from(await hashOf(token), 'base64url');
    for (const [ath, words] of [
      [hash.toString('hex'), 'in hexadecimal'],
      [hash.toString('base64'), 'in padded or standard base64'],
    ]) {
      const proof = await sign({ jti: 'x', htm: 'POST', htu: url, iat: SECONDS, ath }, key, {
        alg: 'ES256',
        typ: 'dpop+jwt',
        jwk: key.jwk,
      });
      const found = await why(curl([`Authorization: DPoP ${token}`, `DPoP: ${proof}`]));
      expect(found.checks.find(({ check }) => check === 'proof: ath')?.ok).toBe(false);
      expect(JSON.stringify(found)).not.toContain(token.split('.')[2]);
      expect((await why(curl([`Authorization: Bearer ${token}`, `DPoP: ${proof}`]))).cause).toBe(
        `The ath of the proof is the right hash ${words}, and must be base64url without padding.`,
      );
    }
  });

  const badHeaders: [string, (token: string) => string[], string][] = [
    ['no Authorization', () => [], 'The request carries no token: there is no header Authorization.'],
    ['two of them', (token) => [`Authorization: Bearer ${token}`, `authorization: Bearer ${token}`], 'The request has 2 headers Authorization: servers refuse it, or take either.'],
    ['no scheme', (token) => [`Authorization: ${token}`], 'The token stands in Authorization without the word Bearer before it.'],
    ['the scheme twice', (token) => [`Authorization: Bearer Bearer ${token}`], 'The scheme stands there twice: a library may add it by itself.'],
    ['a colon behind the scheme', (token) => [`Authorization: Bearer: ${token}`], 'There is a colon behind Bearer, which belongs to no scheme.'],
    ['no token', () => ['Authorization: Bearer '], 'There is no token behind the scheme: a variable may have been empty.'],
    ['Basic', () => ['Authorization: Basic aHVudGVyMjpodW50ZXIy'], 'The request authorizes by Basic, and an access token goes by Bearer or DPoP.'],
    ['the challenge token', () => [`Authorization: Bearer ${raw({ alg: 'ES256', typ: 'challenge+jwt' }, { challenge_id: 'c', current_step: 'x', exp: SECONDS + 60 }, 'AAAA')}`], 'This is a challenge token, which goes in the body of calls of Prelude, and to no API.'],
    ['two proofs', (token) => [`Authorization: Bearer ${token}`, 'DPoP: a', 'DPoP: b'], 'The request has 2 headers DPoP, and exactly one is taken (RFC 9449 §4.3).'],
  ]; // prettier-ignore

  test.each(badHeaders)('with %s', async (_what, headers, cause) => {
    const found = await why(curl(headers(await sign(ACCESS))));
    expect(found.cause).toBe(cause);
    expect(JSON.stringify(found)).not.toContain('aHVudGVy');
  });

  test.each([
    ['quotation marks', (token: string) => `"${token}"`, 'access token: form', 'quotation marks around it', 'jq -r'],
    ['a comma', (token: string) => `${token},`, 'access token: form', 'a comma or semicolon around it', 'bare token'],
    ['a CR', (token: string) => `${token}\\r`, 'header', 'a carriage return (CR) in its value', 'tr -d'],
    ['a line end', (token: string) => `${token}\\n`, 'header', 'a line end in its value', 'one line'],
    [
      'a hard blank',
      (token: string) => `${token}\\u00a0`,
      'access token: form',
      'a blank or line end around it',
      'bare token',
    ],
    ['a tab before it', (token: string) => `\\t${token}`, 'authorization', 'no plain blank', 'one blank'],
  ])('with %s around the token is refused', async (_what, around, check, cause, hint) => {
    const token = await sign(ACCESS);
    const blank = around('').startsWith('\\t') ? '' : ' ';
    const found = await why(`curl ${url} -H $'Authorization: Bearer${blank}${around(token)}'`);
    expect(failed(found)).toContain(check);
    expect(found.cause).toContain(cause);
    expect(found.todo).toContain(hint);
    withoutSignatures(found, token);
  });

  test('with something around a proof, an elevated token or a header is refused; a raw message too', async () => {
    const [token, proof] = await bound();
    const quoted = await why(curl([`Authorization: DPoP ${token}`, `DPoP: "${proof}"`]));
    expect([failed(quoted), quoted.cause]).toEqual([
      ['proof: form'],
      'The DPoP proof was sent with quotation marks around it, and a server takes that for a part of it.',
    ]);
    // What follows from the marks is not said beside them.
    expect(failed(await why(curl([`Authorization: DPoP "${token}"`, `DPoP: ${proof}`])))).toEqual([
      'access token: form',
    ]);
    expect(
      failed(await why(curl([`Authorization: Bearer ${await sign(ACCESS)}`, `${ELEVATED}: "${token}"`]))),
    ).toContain('elevated token: form');
    expect((await why(curl([`Authorization: "Bearer ${token}"`]))).cause).toBe(
      'The whole value of Authorization stands in quotation marks, which are sent along.',
    );
    const message = await why(`GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer "${await sign(ACCESS)}"\n\n`);
    expect(failed(message)).toEqual(['access token: form']);
    const name = await why(curl([`Authorization : Bearer ${await sign(ACCESS)}`]));
    expect([failed(name), name.cause]).toEqual([['header'], expect.stringContaining('has a blank')]);
    expect(failed(await why(curl([`Authorization: Bearer ${await sign(ACCESS)} `, 'X-A: ü '])))).toEqual([]);
  });

  test('a variable in single quotes was sent as its name; one in double quotes is not known here', async () => {
    const literal = await why(`curl -H 'Authorization: Bearer $TOKEN' ${url}`);
    expect(literal.cause).toBe(
      'Single quotes keep the shell from putting in the value of TOKEN: the name itself was sent as authorization.',
    );
    const open = await why(`curl -H "Authorization: Bearer $TOKEN" ${url}`);
    expect(failed(open)).toEqual([]);
    expect(open.checks.find(({ check }) => check === 'authorization')).toMatchObject({
      ok: null,
      actual: 'the variable TOKEN, whose value is not in the command',
    });
  });

  test('a token in the query is no header', async () => {
    const found = await why(`curl 'https://api.example.com/x?access_token=hunter2'`);
    expect(found.cause).toContain('The token is in the address');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('the answer of the server is heeded', async () => {
    const transcript = (answer: string, token: string): string =>
      `> POST /transfers HTTP/1.1\n> Host: api.example.com\n> Authorization: Bearer ${token}\n>\n${answer}`;
    const token = await sign({ ...ACCESS, scope: 'other' });
    const scope = await why(
      transcript(
        '< HTTP/1.1 403 Forbidden\n< WWW-Authenticate: Bearer error="insufficient_scope", scope="transfer:write"\n<\n',
        token,
      ),
    );
    expect(scope.cause).toBe('The access token does not hold transfer:write.');
    expect(scope.checks.find(({ check }) => check === 'answer')?.actual).toBe('status 403, insufficient_scope');
    const nonce = await why(
      transcript(
        '< HTTP/1.1 401 Unauthorized\n< WWW-Authenticate: DPoP error="use_dpop_nonce"\n< DPoP-Nonce: n-1\n<\n',
        token,
      ),
    );
    expect(nonce.cause).toBe(
      'The server wants its nonce in the proof: that is no refusal but the first half of an exchange.',
    );
  });

  test.each([
    ['a raw request', (token: string) => `GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer ${token}\n\n`],
    ['a curl command', (token: string) => `curl -i https://a/x -H 'Authorization: Bearer ${token}'\n\n`],
  ])('the answer behind %s is heeded', async (_what, request) => {
    const answer =
      'HTTP/1.1 403 Forbidden\nWWW-Authenticate: Bearer error="insufficient_scope", scope="other:scope"\n\n{}';
    const found = await why(request(await sign(ACCESS)) + answer);
    expect([found.kind, found.cause]).toEqual(['request', 'The access token does not hold other:scope.']);
    expect(found.checks.find(({ check }) => check === 'answer')?.actual).toBe('status 403, insufficient_scope');
    expect(found.checks.some(({ check }) => check === 'input')).toBe(false);
  });

  const USE_NONCE = '401 Unauthorized\n< WWW-Authenticate: DPoP error="use_dpop_nonce"\n< DPoP-Nonce: new';
  const OLD = 'The nonce of the proof is not the one that the server takes now: it is too old, or of another server.';
  const FIRST = 'The server wants its nonce in the proof: that is no refusal but the first half of an exchange.';
  test.each([
    ['an old one', 'old', USE_NONCE, false, OLD],
    ['none', undefined, USE_NONCE, false, FIRST],
    [
      'the same',
      'new',
      USE_NONCE,
      null,
      'The server refuses a proof with the nonce that it gives: it may take each nonce once.',
    ],
    ['an old one, and the server does not say why', 'old', '400 Bad Request\n< DPoP-Nonce: new', false, OLD],
    ['one that was good, and the next is given', 'old', '200 OK\n< DPoP-Nonce: new', null, undefined],
    [
      'one, and another error',
      'old',
      '401 No\n< WWW-Authenticate: DPoP error="invalid_token"\n< DPoP-Nonce: new',
      null,
      undefined,
    ],
    ['none, and the server gives one', undefined, '401 No\n< DPoP-Nonce: new', null, undefined],
    ['the one that the server gives again', 'new', '200 OK\n< DPoP-Nonce: new', true, undefined],
  ])('the nonce of the proof is held against that of the answer: %s', async (_what, nonce, answer, ok, cause) => {
    const [token, proof] = await bound({ proof: { nonce } });
    const found = await why(
      `* SSL connection\n> POST /transfers HTTP/1.1\n> Host: api.example.com\n> Authorization: DPoP ${token}\n> DPoP: ${proof}\n>\n< HTTP/1.1 ${answer}\n<\n`,
    );
    const row = found.checks.find(({ check }) => check === 'proof: nonce')!;
    expect(row).toMatchObject({ ok, expected: expect.stringMatching(/^new\b/), actual: nonce ?? 'none' });
    expect(found.cause).toMatch(cause ?? /^Everything that could be checked holds;/);
    expect(failed(found).length > 0).toBe(ok === false);
  });

  test('what goes out alone, copied from curl -v, is no fault of the scheme', async () => {
    const [token, proof] = await bound();
    const found = await why(
      `> POST /transfers HTTP/2\n> Host: api.example.com\n> Authorization: DPoP ${token}\n> DPoP: ${proof}\n>\n`,
    );
    expect(failed(found)).toEqual([]);
  });

  test.each([
    ['in milliseconds', SECONDS * 1000, 'The proof has an iat that is none: in milliseconds instead of seconds.'],
    [
      'by a clock that is ahead',
      SECONDS + 600,
      "The proof is from the future: its iat is 10 min ahead of the server's clock.",
    ],
  ])('a proof whose time is %s does not make its token old', async (_what, iat, cause) => {
    const [token, proof] = await bound({ claims: { exp: SECONDS - 60 }, proof: { iat } });
    const found = await why(curl([`Authorization: DPoP ${token}`, `DPoP: ${proof}`]));
    expect(found.cause).toBe(cause);
    expect(failed(found)).toContain('access token: exp');
  });

  test('behind a proxy: what it tells fits, and whether the server heeds it is its own matter', async () => {
    const [token, proof] = await bound();
    const received = (more: string): string =>
      `POST /transfers HTTP/1.1\r\nHost: 10.0.0.5:3000\r\n${more}Authorization: DPoP ${token}\r\nDPoP: ${proof}\r\n\r\n`;
    const told = await why(received('X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example.com\r\n'));
    expect(failed(told)).toEqual([]);
    expect(told.cause).toBe(
      'The proof is for the public address, and a server behind a proxy that compares it with its own refuses it.',
    );
    const said = await why(received('Forwarded: for=1.2.3.4;proto=https;host=api.example.com\r\n'), {
      url: 'http://10.0.0.5:3000/transfers',
    });
    expect(failed(said)).toEqual(['proof: htu']);
    const silent = await why(received(''));
    expect(silent.cause).toBe('The proof is for another host: api.example.com and not 10.0.0.5:3000.');
  });

  test('a call of Prelude itself wants no ath, and the jti of its challenge token', async () => {
    const challenge = raw({ alg: 'ES256', typ: 'challenge+jwt' }, { challenge_id: 'c', jti: 'c-1' }, 'AAAA');
    const call = async (jti: string): Promise<Explanation> => {
      const to = `https://${ISSUER}/v1/session/stepup/continue`;
      const proof = await sign({ jti, htm: 'POST', htu: to, iat: SECONDS }, key, {
        alg: 'ES256',
        typ: 'dpop+jwt',
        jwk: key.jwk,
      });
      return why(
        `curl ${to} -H 'Authorization: Bearer ${await sign(ACCESS)}' -H 'DPoP: ${proof}' -d '{"challenge_token":"${challenge}"}'`,
      );
    };
    expect(failed(await call('c-1'))).toEqual([]);
    expect((await call('c-2')).cause).toContain('has the jti of the challenge token in its body');
    const refresh = await why(`POST /v1/session/refresh HTTP/1.1\nHost: ${ISSUER}\nX-Refresh-Token: hunter2\n\n`);
    expect(failed(refresh)).toEqual([]);
    expect(JSON.stringify(refresh)).not.toContain('hunter2');
  });
});

describe('at Dynamic', () => {
  const dynamic: Partial<World> = {
    provider: 'dynamic',
    issuers: ['app.dynamic.xyz/env-1'],
    audience: 'https://app.example.com',
  };
  const COMMON = {
    iss: 'app.dynamic.xyz/env-1',
    aud: 'https://app.example.com',
    sub: 'u-1',
    sid: 's-1',
    environment_id: 'env-1',
    iat: SECONDS,
    exp: SECONDS + 60,
  };
  const access = (more: object = {}): Promise<string> => sign({ ...COMMON, scope: 'user:basic', ...more });
  const elevated = (more: object = {}): Promise<string> =>
    sign({ ...COMMON, scope: 'wallet:export', singleUse: true, ...more });
  const pair = async (one: Promise<string>, other: Promise<string>): Promise<string> =>
    `GET /x HTTP/1.1\nHost: a\nAuthorization: Bearer ${await one}\nX-Dyn-Elevated-Access-Token: ${await other}\n\n`;

  test('the pair holds, also as two tokens alone', async () => {
    const found = await why(await pair(access(), elevated()), { ...dynamic, scopes: ['wallet:export'] });
    expect(failed(found)).toEqual([]);
    expect(
      ['elevated token: scope', 'pair: sub', 'pair: sid', 'elevated token: aud'].map((name) => okOf(found, name)),
    ).toEqual([true, true, true, true]);
    const alone = await why(`${await elevated()}\n${await access()}`, { ...dynamic, scopes: ['wallet:export'] });
    expect([alone.kind, failed(alone), okOf(alone, 'pair: sub')]).toEqual(['request', [], true]);
  });

  test.each([
    [
      'one of another user',
      () => pair(access(), elevated({ sub: 'u-2' })),
      'The elevated token is of another user than the access token.',
    ],
    [
      'one of another session',
      () => pair(access(), elevated({ sid: 's-2' })),
      'The elevated token is of another session than the access token.',
    ],
    [
      'the wrong scope',
      () => pair(access(), elevated({ scope: 'wallet:sign' })),
      'The elevated token does not hold wallet:export.',
    ],
    ['the access token twice', () => pair(access(), access()), 'This is an access token, which goes in Authorization.'],
    [
      'the elevated token alone',
      async () => `curl https://a -H "Authorization: Bearer ${await elevated()}"`,
      'This is an elevated token, which goes beside the access token, in x-dyn-elevated-access-token.',
    ],
    [
      'no elevated token',
      async () => `curl https://a -H "Authorization: Bearer ${await access()}"`,
      'The request carries no elevated token: at Dynamic wallet:export is in a token of its own, in x-dyn-elevated-access-token.',
    ],
    [
      'another origin',
      () => pair(access({ aud: 'https://evil.example' }), elevated()),
      'The access token is for another origin: https://evil.example, and not https://app.example.com.',
    ],
  ])('with %s', async (_what, make, cause) => {
    expect((await why(await make(), { ...dynamic, scopes: ['wallet:export'] })).cause).toBe(cause);
  });
});

describe('a verification token', () => {
  const CLAIMS = {
    sub: 'usr_01',
    challenge_id: 'chl_01',
    key: 'kyc_review',
    status: 'completed',
    jti: 'v-1',
    iat: SECONDS,
    nbf: SECONDS,
    exp: SECONDS + 300,
  };
  const challenges = [
    {
      challengeId: 'chl_01',
      userId: 'usr_01',
      currentStep: 'kyc_review',
      steps: [{ key: 'verify_sms' }, { key: 'kyc_review' }],
    },
  ];

  test('that is good holds', async () => {
    const token = await sign(CLAIMS);
    const found = await why(token, { challenges });
    expect([found.kind, failed(found)]).toEqual(['verification-token', []]);
    expect(['challenge_id', 'sub', 'key', 'status', 'signature'].map((name) => okOf(found, name))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    withoutSignatures(found, token);
  });

  const cases: [string, () => Promise<string> | string, string][] = [
    ['another user', () => sign({ ...CLAIMS, sub: 'u-1' }), 'The verification token is about another user than the challenge.'],
    ['a step that is not current', () => sign({ ...CLAIMS, key: 'verify_sms' }), 'The verification token is for the step verify_sms, and the current one is kyc_review.'],
    ['an unknown step', () => sign({ ...CLAIMS, key: 'selfie' }), 'The challenge has no step selfie.'],
    ['another status', () => sign({ ...CLAIMS, status: 'done' }), 'The status of the token must be the text completed.'],
    ['no jti', () => sign({ ...CLAIMS, jti: undefined }), 'The verification token has no jti.'],
    ['too long a life', () => sign({ ...CLAIMS, exp: SECONDS + 86_400 }), 'The verification token lives too long to be taken.'],
    ['no kid', () => sign(CLAIMS, KEY, { kid: undefined }), 'The verification token does not say by which key it is signed (kid).'],
    ['an unpublished key', () => sign(CLAIMS, rsaKey('key-9')), `The verification token is signed by a key that is not in the set at https://${ISSUER}/.well-known/jwks.json: it is of another application or environment, or the key has been replaced.`],
    ['another algorithm', () => raw({ alg: 'ES256', kid: 'key-1' }, CLAIMS, 'AAAA'), 'The verification token is signed with ES256, and only RS256 is taken.'],
    ['its time over', () => sign({ ...CLAIMS, iat: SECONDS - 600, nbf: SECONDS - 600, exp: SECONDS - 300 }), 'The verification token has expired: it ended 5 min ago.'],
  ]; // prettier-ignore

  test.each(cases)('with %s', async (_what, make, cause) => {
    expect((await why(await make(), { challenges }, 'verification-token')).cause).toBe(cause);
  });

  test('of a challenge that is not open here is left open', async () => {
    const found = await why(await sign(CLAIMS));
    expect(['challenge_id', 'sub', 'key'].map((name) => okOf(found, name))).toEqual([null, null, null]);
  });

  test('without a claim names it; another token is none', async () => {
    expect((await why(await sign({ ...CLAIMS, challenge_id: undefined }), {}, 'verification-token')).cause).toBe(
      'This is no verification token: by its claims it is an access token.',
    );
    expect((await why(await sign({ ...CLAIMS, sub: undefined }))).cause).toBe('The verification token has no sub.');
  });
});

describe('a call of a hook', () => {
  const BODY =
    '{"scope_requested":"transfer:write","user_id":"usr_01","identifiers":[],"signals":{"ip":"203.0.113.1"}}';
  const signed = (body: string, key = KEY): string =>
    `rsassa-pss-sha256=${signBytes('sha256', Buffer.from(body), { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }).toString('base64url')}`;
  const call = (body: string, signature: string, kid = 'key-1', more = ''): string =>
    `POST /hooks/stepup HTTP/1.1\r\nHost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Webhook-Signature: ${signature}\r\nX-Webhook-Signature-Key-Id: ${kid}\r\n${more}\r\n${body}`;

  test('that is good holds, also as curl', async () => {
    const signature = signed(BODY);
    const found = await why(call(BODY, signature));
    expect([found.kind, found.cause, failed(found)]).toEqual(['hook', 'Everything that can be checked holds.', []]);
    expect(JSON.stringify(found)).not.toContain(signature.slice(-40));
    const curl = await why(
      `curl https://a -H 'X-Webhook-Signature: ${signature}' -H 'X-Webhook-Signature-Key-Id: key-1' --data-raw '${BODY}'`,
    );
    expect([curl.kind, failed(curl)]).toEqual(['hook', []]);
  });

  test.each([
    [
      'written again as JSON',
      () => call(JSON.stringify(JSON.parse(BODY), null, 2), signed(BODY)),
      'The signature is over other bytes: it fits the body as compact JSON.',
    ],
    [
      'with a line end too many',
      () => call(`${BODY}\n`, signed(BODY)),
      'The signature is over other bytes: it fits the body without the line end after it.',
    ],
    [
      'by another key of the set',
      () => call(BODY, signed(BODY, OTHER)),
      'The signature is of the key key-2, and not of key-1, which the call names.',
    ],
    [
      'with a changed body',
      () => call(BODY.replace('usr_01', 'usr_02'), signed(BODY)),
      'The signature fits neither the body nor a usual rewriting of it.',
    ],
    [
      'without a signature',
      () => call(BODY, signed(BODY)).replace(/X-Webhook-Signature: .*\r\n/, ''),
      'The call is not signed: there is no x-webhook-signature.',
    ],
    ['with GET', () => call(BODY, signed(BODY)).replace('POST', 'GET'), 'Hooks are called with POST, and not GET.'],
    ['with an empty body', () => call('', signed(BODY)), 'The body is empty.'],
    [
      'with another body',
      () => call('{}', signed('{}')),
      'The body lacks scope_requested, user_id, identifiers, signals: it is not what Prelude sends.',
    ],
  ])('%s', async (_what, make, cause) => {
    expect((await why(make(), {}, 'hook')).cause).toBe(cause);
  });

  test('by an unknown key, and without a key set', async () => {
    const found = await why(call(BODY, signed(BODY, STRANGER), 'key-9'));
    expect(found.cause).toMatch(
      /^The call is of another application than that of .*, or its key is new\. The set has no key/,
    );
    const keys = (): ReturnType<World['keys']> => Promise.resolve({ problem: 'offline' });
    expect(okOf(await why(call(BODY, signed(BODY)), { keys }), 'signature')).toBeNull();
  });
});

describe('hostile input', () => {
  test('is nothing of the kind, or is refused by its form', () => {
    for (const text of [
      '',
      ' \n ',
      'hello',
      '{}',
      'GET',
      '\u001b[2J',
      'HTTP/1.1 401 No\r\n\r\n',
      'a.b',
      '....',
      'null',
    ]) {
      expect(readSubject(Buffer.from(text), undefined, ELEVATED)).toHaveProperty('problem');
    }
    expect(readSubject(Buffer.from('hello'), 'request', ELEVATED)).toHaveProperty('problem');
    expect(readSubject(Buffer.from('hello'), 'hook', ELEVATED)).toHaveProperty('problem');
  });

  test('what is shown is short and has no control character', async () => {
    const nasty = `\u001b]0;x\u0007\u009b2J\u202e${'y'.repeat(5000)}`;
    const token = raw(
      { alg: nasty, kid: nasty, typ: nasty },
      { iss: nasty, sub: nasty, scope: nasty, exp: nasty },
      'AAAA',
    );
    const found = await why(token, { scopes: [nasty] });
    const texts = found.checks.flatMap(({ expected, actual, hint = '' }) => [expected, actual, hint]);
    for (const text of [found.cause, found.todo ?? '', ...texts]) {
      expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
      expect(text.length).toBeLessThan(1200);
    }
  });

  test('deep JSON, a megabyte of it, and thousands of headers', async () => {
    const started = cpuSeconds();
    const deep = Buffer.from('[{"a":'.repeat(2000)).toString('base64url');
    expect((await why(`eyJhbGciOiJSUzI1NiJ9.${deep}.AAAA`, {}, 'token')).cause).toContain('damaged in its middle');
    const deepBody = '['.repeat(60_000) + ']'.repeat(60_000);
    await why(`POST / HTTP/1.1\r\nX-Webhook-Signature: AAAA\r\nX-Webhook-Signature-Key-Id: key-1\r\n\r\n${deepBody}`);
    const shallow = '['.repeat(30_000) + ']'.repeat(30_000);
    await why(
      `POST / HTTP/1.1\r\nX-Webhook-Signature: ${'A'.repeat(342)}\r\nX-Webhook-Signature-Key-Id: key-1\r\n\r\n${shallow}`,
    );
    await why(`GET / HTTP/1.1\r\n${'DPoP: eyJ.a.b\r\n'.repeat(1000)}Authorization: Bearer a.b.c\r\n\r\n`);
    await why(`GET / HTTP/1.1\r\nAuthorization: Bearer ${'a.'.repeat(500_000)}\r\n\r\n`);
    await why(`eyJ${'a'.repeat(1_000_000)}`, {}, 'token');
    await why('eyJ.'.repeat(250_000), {}, 'token');
    await why(`curl x -H 'Authorization: Bearer ${' '.repeat(900_000)}x'`);
    await why(`curl x -H 'Authorization: ${'a-'.repeat(450_000)}'`);
    await why(`curl x -H 'Authorization: Bearer a${'"'.repeat(500_000)}b'`);
    expect(cpuSeconds() - started).toBeLessThan(20);
  });

  test('what Windows writes is read', async () => {
    const token = await sign(ACCESS);
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${token}\r\n`, 'utf16le')]);
    expect(failed(await why(utf16))).toEqual([]);
    expect(failed(await why(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(token)])))).toEqual([]);
  });
});
