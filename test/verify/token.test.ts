/** What a token may be, and what is answered to one that is not. */
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createVerifier,
  type Refusal,
  type Service,
  type Verifier,
  type VerifierOptions,
} from '../../src/verify/verify.js';
import {
  ACCESS,
  bearer,
  DYNAMIC,
  ELEVATED,
  ENVIRONMENT,
  KEY,
  NOW,
  OTHER,
  raw,
  request,
  SECONDS,
  sign,
  startKeySet,
  STRANGER,
  type KeySetServer,
} from './key-set.js';
import { keyPair } from '../support/key-pair.js';

const SCOPE = 'transfer:write';
let server: KeySetServer;
beforeAll(async () => {
  server = await startKeySet();
});
beforeEach(() => {
  Object.assign(server, { keys: [KEY.jwk], status: 200, asked: 0 });
});
afterAll(() => server.close());

const verifierOf = (options: VerifierOptions = {}): Verifier =>
  createVerifier(server.service, { now: () => NOW, ...options });

async function refused(incoming: Request, options?: VerifierOptions): Promise<Refusal> {
  const result = await verifierOf(options).requireScope(incoming, SCOPE);
  if (result.ok) throw new Error('it was let in');
  return result;
}

describe('an access token', () => {
  it.each<[string, object, string]>([
    ['of another issuer', { iss: 'other.session.prelude.dev' }, 'the token is of another issuer'],
    ['of an issuer that begins alike', { iss: `${ACCESS.iss}.evil.example` }, 'the token is of another issuer'],
    ['of a list of issuers', { iss: [ACCESS.iss] }, 'the token is of another issuer'],
    ['of no issuer', { iss: undefined }, 'the token is of another issuer'],
    ['without an end', { exp: undefined }, 'the token does not say when it ends'],
    ['with an end in words', { exp: '2099' }, 'the token does not say when it ends'],
    ['that is over', { exp: SECONDS - 15 }, 'the token has expired'],
    ['that begins later', { nbf: SECONDS + 16 }, 'the token is not good yet'],
    ['that begins in words', { nbf: 'now' }, 'the token is not good yet'],
    ['made later', { iat: SECONDS + 16 }, 'the token is not good yet'],
    ['of nobody', { sub: '' }, 'the token names no user'],
    ['of no session', { sid: 5 }, 'the token names no session'],
    ['of a challenge', { challenge_id: 'chl_1' }, 'it is another kind of token'],
    ['that is a proof', { htm: 'GET' }, 'it is another kind of token'],
  ])('%s is refused', async (_name, claims, reason) => {
    const token = await sign({ ...ACCESS, ...claims });
    expect(await refused(bearer(token))).toMatchObject({ status: 401, error: 'invalid_token', reason });
  });

  it.each<[string, object, string]>([
    ['challenge+jwt', { typ: 'challenge+jwt' }, 'it is another kind of token'],
    ['dpop+jwt', { typ: 'dpop+jwt' }, 'it is another kind of token'],
    ['a list', { typ: ['JWT'] }, 'it is another kind of token'],
    ['no kid', { kid: undefined }, 'the token does not say by which key it is signed'],
    ['another kid', { kid: 'key-9' }, 'the token is signed by a key that the service has not'],
    ['a path as kid', { kid: '../../etc/passwd' }, 'the token is signed by a key that the service has not'],
    ['an extension', { crit: ['b64'], b64: true }, 'the token has an extension that nobody knows'],
  ])('with %s in its header is refused', async (_name, header, reason) => {
    const token = await sign(ACCESS, KEY, header);
    expect(await refused(bearer(token))).toMatchObject({ status: 401, error: 'invalid_token', reason });
  });

  it('signed otherwise is refused: by another key, PS256, ES256, HS256, not at all, with a key of its own', async () => {
    const header = { typ: 'JWT', kid: 'key-1' };
    const { privateKey } = keyPair('ec', { namedCurve: 'P-256' });
    const pem = new TextEncoder().encode(JSON.stringify(KEY.jwk));
    const tokens = [
      await sign(ACCESS, STRANGER),
      await sign(ACCESS, OTHER, { kid: 'key-1', jwk: OTHER.jwk, jku: 'http://127.0.0.1:1/' }),
      await new SignJWT(ACCESS).setProtectedHeader({ ...header, alg: 'PS256' }).sign(KEY.privateKey),
      await new SignJWT(ACCESS).setProtectedHeader({ ...header, alg: 'ES256' }).sign(privateKey),
      await new SignJWT(ACCESS).setProtectedHeader({ ...header, alg: 'HS256' }).sign(pem),
      raw({ ...header, alg: 'none' }, ACCESS),
      raw({ ...header, alg: 'RS256' }, ACCESS),
      raw({ ...header, alg: 'RS256' }, ACCESS, 'AAAA'),
    ];
    for (const token of tokens) expect(await refused(bearer(token))).toMatchObject({ error: 'invalid_token' });
  });

  it.each(['JWT', 'at+jwt', 'application/at+JWT', undefined])(
    'of typ %s is let in, within the tolerance',
    async (typ) => {
      const edge = { exp: SECONDS - 14, nbf: SECONDS + 15, iat: SECONDS + 15 };
      const token = await sign({ ...ACCESS, ...edge }, KEY, { typ });
      expect(await verifierOf().requireScope(bearer(token), SCOPE)).toMatchObject({ ok: true });
      expect(await refused(bearer(token), { clockTolerance: 0 })).toMatchObject({ error: 'invalid_token' });
    },
  );

  it('may write its issuer with https://', async () => {
    const token = await sign({ ...ACCESS, iss: `https://${ACCESS.iss}` });
    expect(await verifierOf().requireScope(bearer(token), SCOPE)).toMatchObject({ ok: true });
  });
});

describe('scopes', () => {
  const scopesIn = async (scope: unknown, wanted: string): Promise<boolean> =>
    (await verifierOf().requireScope(bearer(await sign({ ...ACCESS, scope })), wanted)).ok;

  it.each<[unknown, string, boolean]>([
    ['transfer:write', 'transfer:write', true],
    ['a transfer:write b', 'transfer:write', true],
    [['a', 'transfer:write'], 'transfer:write', true],
    ['transfer:write account:read', 'account:read transfer:write', true],
    ['transfer:write', 'account:read transfer:write', false],
    ['transfer:write:all', 'transfer:write', false],
    ['xtransfer:write', 'transfer:write', false],
    ['Transfer:Write', 'transfer:write', false],
    ['transfer:write,account:read', 'transfer:write', false],
    ['transfer:write\taccount:read', 'transfer:write', false],
    [['transfer:write account:read'], 'transfer:write', false],
    [{ 'transfer:write': true }, 'transfer:write', false],
    [['toString', 5, null], 'transfer:write', false],
    ['', 'transfer:write', false],
    [undefined, 'transfer:write', false],
  ])('%j for %s: %s', async (scope, wanted, expected) => {
    expect(await scopesIn(scope, wanted)).toBe(expected);
  });

  it.each(['', ' ', 'a"b', 'a\\b', 'é', 'a\nb'])('a developer cannot demand %j', async (scope) => {
    await expect(verifierOf().requireScope(request(), scope)).rejects.toThrow(TypeError);
  });
});

describe('Dynamic', () => {
  const verifierFor = (): Verifier =>
    createVerifier(
      { dynamic: { environmentId: ENVIRONMENT, apiUrl: server.apiUrl, issuer: DYNAMIC.iss } },
      { now: () => NOW },
    );
  const decide = async (access: object, elevated?: object, scope = 'wallet:export'): Promise<string> => {
    const more = elevated && { 'x-dyn-elevated-access-token': await sign(elevated) };
    const result = await verifierFor().requireScope(bearer(await sign(access), more), scope);
    return result.ok ? 'in' : `${result.status} ${result.error}: ${result.reason}`;
  };

  it.each<[string, object, object | undefined, string]>([
    ['both', DYNAMIC, ELEVATED, 'in'],
    [
      'no elevated token',
      DYNAMIC,
      undefined,
      '403 insufficient_scope: the token does not hold the scope that is demanded',
    ],
    [
      'another scope',
      DYNAMIC,
      { ...ELEVATED, scope: 'wallet:exports' },
      '403 insufficient_scope: the token does not hold the scope that is demanded',
    ],
    [
      'the access token twice',
      DYNAMIC,
      DYNAMIC,
      '403 insufficient_scope: the token does not hold the scope that is demanded',
    ],
    [
      'an elevated token that is over',
      DYNAMIC,
      { ...ELEVATED, exp: SECONDS - 15 },
      '403 insufficient_scope: the elevated token has expired',
    ],
    [
      'one of another user',
      DYNAMIC,
      { ...ELEVATED, sub: 'user-2' },
      '401 invalid_token: the elevated token is of another session',
    ],
    [
      'one of another session',
      DYNAMIC,
      { ...ELEVATED, sid: 'session-2' },
      '401 invalid_token: the elevated token is of another session',
    ],
    [
      'one of another environment',
      DYNAMIC,
      { ...ELEVATED, environment_id: 'other' },
      '401 invalid_token: the token is of another environment',
    ],
    [
      'one of another issuer',
      DYNAMIC,
      { ...ELEVATED, iss: 'app.dynamic.xyz/other' },
      '401 invalid_token: the token is of another issuer',
    ],
    [
      'one of another key',
      DYNAMIC,
      { ...ELEVATED, cnf: { jkt: 'x' } },
      '401 invalid_token: the elevated token is of another key',
    ],
    [
      'one for a single use without jti',
      DYNAMIC,
      { ...ELEVATED, jti: undefined },
      '401 invalid_token: the token is for a single use, and has no jti',
    ],
    ['two elevated tokens', ELEVATED, ELEVATED, '401 invalid_token: it is no token of a session'],
    [
      'a session whose second factor is due',
      { ...DYNAMIC, scope: 'user:basic requiresAdditionalAuth' },
      ELEVATED,
      '401 invalid_token: the second factor of the session is still due',
    ],
    [
      'a session of another environment',
      { ...DYNAMIC, environment_id: 'other' },
      ELEVATED,
      '401 invalid_token: the token is of another environment',
    ],
  ])('%s', async (_name, access, elevated, expected) => {
    expect(await decide(access, elevated)).toBe(expected);
  });

  it('a scope of the session itself needs no elevated token, and one that is over does no harm', async () => {
    expect(await decide(DYNAMIC, undefined, 'user:basic')).toBe('in');
    expect(await decide(DYNAMIC, { ...ELEVATED, exp: SECONDS - 15 }, 'user:basic')).toBe('in');
  });

  it('at Prelude its header is nothing', async () => {
    const token = await sign({ ...ACCESS, scope: '' });
    const incoming = bearer(token, { 'x-dyn-elevated-access-token': await sign(ACCESS) });
    expect(await refused(incoming)).toMatchObject({ status: 403 });
  });
});

describe('how the user has proved who they are (RFC 9470)', () => {
  const decide = async (claims: object, demand: object): Promise<string> => {
    const result = await verifierOf().requireScope(bearer(await sign({ ...ACCESS, ...claims })), SCOPE, demand);
    return result.ok ? 'in' : (result.headers['www-authenticate'] ?? '');
  };

  it.each<[object, object]>([
    [{ auth_time: SECONDS - 300 }, { maxAge: 300 }],
    [{ acr: 'mfa' }, { acrValues: ['phr', 'mfa'] }],
    [
      { acr: 'mfa', auth_time: SECONDS },
      { acrValues: ['mfa'], maxAge: 0 },
    ],
  ])('%j is enough for %j', async (claims, demand) => {
    expect(await decide(claims, demand)).toBe('in');
  });

  it.each<[object, object, string]>([
    [{ auth_time: SECONDS - 316 }, { maxAge: 300 }, 'max_age="300"'],
    [{}, { maxAge: 300 }, 'max_age="300"'],
    [{ auth_time: 'now' }, { maxAge: 300 }, 'max_age="300"'],
    [{ auth_time: SECONDS + 999 }, { maxAge: 300 }, 'max_age="300"'],
    [{ acr: 'pwd' }, { acrValues: ['phr', 'mfa'] }, 'acr_values="phr mfa"'],
    [{ acr: ['mfa'] }, { acrValues: ['mfa'] }, 'acr_values="mfa"'],
  ])('%j is not for %j', async (claims, demand, said) => {
    const challenge = await decide(claims, demand);
    expect(challenge).toMatch(
      /^Bearer error="insufficient_user_authentication", error_description="[^"]+", scope="transfer:write", /,
    );
    expect(challenge.endsWith(said)).toBe(true);
  });

  it('is not spoken of where it was not asked for, nor before the scope', async () => {
    expect(await decide({ scope: '' }, {})).toBe(
      'Bearer error="insufficient_scope", error_description="the token does not hold the scope that is demanded", scope="transfer:write"',
    );
    expect(await decide({ scope: '' }, { maxAge: 5 })).toMatch(/^Bearer error="insufficient_scope"/);
  });

  it('Dynamic: the elevated token is of when they did', async () => {
    const service: Service = { dynamic: { environmentId: ENVIRONMENT, apiUrl: server.apiUrl, issuer: DYNAMIC.iss } };
    const verifier = createVerifier(service, { now: () => NOW });
    const incoming = bearer(await sign(DYNAMIC), { 'x-dyn-elevated-access-token': await sign(ELEVATED) });
    expect(await verifier.requireScope(incoming, 'wallet:export', { maxAge: 60 })).toMatchObject({
      ok: false,
      status: 401,
    });
    expect(await verifier.requireScope(incoming, 'wallet:export', { maxAge: 100 })).toMatchObject({ ok: true });
  });

  it('Dynamic: the session’s own token, made anew by each refresh, tells of no step-up', async () => {
    const service: Service = { dynamic: { environmentId: ENVIRONMENT, apiUrl: server.apiUrl, issuer: DYNAMIC.iss } };
    const verifier = createVerifier(service, { now: () => NOW });
    const refreshed = await sign({ ...DYNAMIC, iat: SECONDS });
    const proof = await sign({ ...DYNAMIC, iat: SECONDS, scope: undefined });
    for (const token of [refreshed, proof]) {
      const incoming = bearer(refreshed, { 'x-dyn-elevated-access-token': token });
      expect(await verifier.requireSession(incoming, { maxAge: 60 })).toMatchObject({
        ok: false,
        error: 'insufficient_user_authentication',
      });
    }
  });

  it('Dynamic: a token for a single use tells it once', async () => {
    const service: Service = { dynamic: { environmentId: ENVIRONMENT, apiUrl: server.apiUrl, issuer: DYNAMIC.iss } };
    const verifier = createVerifier(service, { now: () => NOW });
    const incoming = bearer(await sign(DYNAMIC), {
      'x-dyn-elevated-access-token': await sign({ ...ELEVATED, iat: SECONDS }),
    });
    expect(await verifier.requireSession(incoming, { maxAge: 60 })).toMatchObject({ ok: true });
    expect(await verifier.requireSession(incoming, { maxAge: 60 })).toMatchObject({
      error: 'insufficient_user_authentication',
    });
    expect(await verifier.requireScope(incoming, 'wallet:export')).toMatchObject({ error: 'insufficient_scope' });
  });

  it.each([{ maxAge: -1 }, { maxAge: 1.5 }, { maxAge: Number.NaN }, { acrValues: [] }, { acrValues: ['a b'] }])(
    'a developer cannot demand %j',
    async (demand) => {
      await expect(verifierOf().requireSession(request(), demand)).rejects.toThrow(TypeError);
    },
  );

  it.each<[unknown, unknown]>([
    [SCOPE, { maxage: 300 }],
    [SCOPE, 300],
    [SCOPE, null],
    [[SCOPE], {}],
    [undefined, {}],
  ])('no name that is written wrong is passed over: %j, %j', async (scope, demand) => {
    const [wrong, demands] = [scope as string, demand as object];
    await expect(verifierOf().requireScope(request(), wrong, demands)).rejects.toThrow(TypeError);
  });

  it('a session cannot be asked for a scope', async () => {
    const wrong = SCOPE as unknown as object;
    await expect(verifierOf().requireSession(request(), wrong)).rejects.toThrow(TypeError);
  });
});

describe('a session that is over', () => {
  it.each([true, 1, undefined, 'no'])('isRevoked says %j', async (said) => {
    const isRevoked = (() => said) as () => boolean;
    expect(await refused(bearer(await sign(ACCESS)), { isRevoked })).toMatchObject({
      status: 401,
      error: 'invalid_token',
    });
  });

  it('who cannot be asked has not agreed', async () => {
    const isRevoked = (): never => {
      throw new Error('the database is away');
    };
    expect(await refused(bearer(await sign(ACCESS)), { isRevoked })).toMatchObject({ status: 503 });
  });
});

describe('the key set', () => {
  it('is fetched once for many, also at once', async () => {
    const verifier = verifierOf();
    const token = await sign(ACCESS);
    await Promise.all([1, 2, 3, 4].map(() => verifier.requireScope(bearer(token), SCOPE)));
    await verifier.requireScope(bearer(token), SCOPE);
    expect(server.asked).toBe(1);
  });

  it('is not fetched for what cannot be a token, nor again and again for keys that it lacks', async () => {
    const verifier = verifierOf();
    for (const text of ['x', raw({ alg: 'none' }, ACCESS), 'a'.repeat(1e6)])
      await verifier.requireSession(bearer(text));
    expect(server.asked).toBe(0);
    for (const kid of ['a', 'b', 'c', 'd']) await verifier.requireSession(bearer(await sign(ACCESS, KEY, { kid })));
    expect(server.asked).toBe(1);
  });

  it.each<[string, Partial<KeySetServer>]>([
    ['an error', { status: 500 }],
    ['a redirect', { status: 302 }],
    ['no JSON', { keys: '<html>' }],
    ['no key set', { keys: '{"keys":5}' }],
    ['a broken key', { keys: [{ ...KEY.jwk, n: undefined }] }],
  ])('that is %s lets nobody in, and is asked for again', async (_name, change) => {
    Object.assign(server, change);
    const verifier = verifierOf();
    const token = await sign(ACCESS);
    const refusal = await verifier.requireScope(bearer(token), SCOPE);
    expect(refusal).toMatchObject({
      ok: false,
      status: 503,
      headers: { 'retry-after': '5' },
      cause: expect.any(Error) as Error,
    });
    expect(refusal).toMatchObject({
      headers: expect.not.objectContaining({ 'www-authenticate': expect.anything() as string }) as object,
    });
    if (change.keys !== undefined && typeof change.keys !== 'string') return; // what was fetched is kept
    Object.assign(server, { keys: [KEY.jwk], status: 200 });
    // Whoever comes, it is asked for again after five seconds only.
    expect(await verifier.requireScope(bearer(token), SCOPE)).toMatchObject({ status: 503 });
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 5000);
    expect(await verifier.requireScope(bearer(token), SCOPE)).toMatchObject({ ok: true });
    vi.restoreAllMocks();
  });

  it('that cannot be reached lets nobody in', async () => {
    const away = await startKeySet();
    await away.close();
    const result = await createVerifier(away.service, { now: () => NOW }).requireScope(
      bearer(await sign(ACCESS)),
      SCOPE,
    );
    expect(result).toMatchObject({ ok: false, status: 503 });
  });
});
