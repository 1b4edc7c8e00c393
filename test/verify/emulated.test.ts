/** Tokens of the emulated services, good ones and with each defect. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFECTS, type Defect } from '../../src/emulator/defects.js';
import { createVerifier } from '../../src/verify/verify.js';
import type { Service, Verifier } from '../../src/verify/types.js';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { bearer } from './key-set.js';

let house: TestEmulator;
beforeAll(async () => {
  house = await startTestEmulator({ httpsPort: undefined });
});
afterAll(() => house.stop());

async function mint(
  provider: string,
  defect: Defect,
  claims: object = {},
): Promise<{ token: string; claims: { sid: string; sub: string } }> {
  const answer = await house.control.call('POST', '/tokens', { provider, defect, claims });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Awaited<ReturnType<typeof mint>>;
}

const prelude = (): Service => {
  const { issuer, jwksUrl } = house.emulator.ready.prelude;
  return { prelude: { issuer, jwksUrl } };
};
const dynamic = (): Service => {
  const { environmentId, apiBaseUrl } = house.emulator.ready.dynamic;
  return { dynamic: { environmentId, apiUrl: apiBaseUrl } };
};

/** Sessions that are over, as a backend may know them. */
const over = new Set<string>();
const options = { isRevoked: (sid: string) => over.has(sid) };

const REFUSALS: Record<Exclude<Defect, 'none' | 'spent'>, [prelude: string, dynamic: string]> = {
  expired: ['401 invalid_token', '403 insufficient_scope'],
  'not-yet-valid': ['401 invalid_token', '401 invalid_token'],
  'wrong-key': ['401 invalid_token', '401 invalid_token'],
  'wrong-issuer': ['401 invalid_token', '401 invalid_token'],
  'wrong-app': ['401 invalid_token', '401 invalid_token'],
  'alg-none': ['401 invalid_token', '401 invalid_token'],
  'hs256-public-key': ['401 invalid_token', '401 invalid_token'],
  'missing-scope': ['403 insufficient_scope', '403 insufficient_scope'],
  'scope-substring': ['403 insufficient_scope', '403 insufficient_scope'],
  'challenge-token': ['401 invalid_token', '403 insufficient_scope'],
  'revoked-session': ['401 invalid_token', '401 invalid_token'],
};

it('has a refusal for each defect', () => {
  expect([...Object.keys(REFUSALS), 'none', 'spent'].sort()).toEqual([...DEFECTS].sort());
});

async function outcome(verifier: Verifier, request: Request, scope: string): Promise<string> {
  const result = await verifier.requireScope(request, scope);
  return result.ok ? 'in' : `${result.status} ${result.error}`;
}

describe('Prelude', () => {
  const scope = 'transfer:write';

  it('lets a good token in, and says whose it is', async () => {
    const { token, claims } = await mint('prelude', 'none', { scope: `account:read ${scope}` });
    const result = await createVerifier(prelude(), options).requireScope(bearer(token), scope);
    expect(result).toMatchObject({
      ok: true,
      userId: claims.sub,
      sessionId: claims.sid,
      scopes: ['account:read', 'transfer:write'],
    });
  });

  it('finds issuer and key set by the address alone', async () => {
    const { url } = house.emulator.ready;
    const { token } = await mint('prelude', 'none', { scope, iss: new URL(url).host });
    expect(await outcome(createVerifier({ prelude: url }), bearer(token), scope)).toBe('in');
  });

  it.each(Object.entries(REFUSALS))('refuses %s', async (defect, [expected]) => {
    const { token, claims } = await mint('prelude', defect as Defect, { scope });
    if (defect === 'revoked-session') over.add(claims.sid);
    expect(await outcome(createVerifier(prelude(), options), bearer(token), scope)).toBe(expected);
  });

  it('takes a token once where the scope is for a single use', async () => {
    const verifier = createVerifier(prelude());
    const { token } = await mint('prelude', 'none', { scope: `${scope} key:export` });
    const take = async (name: string) => (await verifier.requireScope(bearer(token), name, { once: true })).ok;
    const both = await Promise.all([take(scope), take(scope)]);
    expect(both.sort()).toEqual([false, true]);
    expect(await take('key:export')).toBe(true);
    expect(await take('key:export')).toBe(false);
    expect(await verifier.requireScope(bearer(token), scope)).toMatchObject({ ok: true });
  });
});

describe('Dynamic', () => {
  const scope = 'wallet:export';

  async function pair(defect: Defect, claims: object = {}): Promise<{ request: Request; sid: string }> {
    const access = await mint('dynamic', 'none');
    const { sid, sub } = access.claims;
    const elevated = await mint('dynamic', defect, { scope, sid, sub, ...claims });
    return { request: bearer(access.token, { 'x-dyn-elevated-access-token': elevated.token }), sid };
  }

  it('lets an elevated token in beside the access token, once where it is for a single use', async () => {
    const verifier = createVerifier(dynamic(), options);
    const { request, sid } = await pair('none');
    expect(await verifier.requireScope(request, scope)).toMatchObject({
      ok: true,
      sessionId: sid,
      scopes: ['user:basic', 'wallet:export'],
      elevated: { scope, singleUse: true },
    });
    expect(await outcome(verifier, request, scope)).toBe('403 insufficient_scope');
    expect(await verifier.requireSession(request)).toMatchObject({ ok: true });
  });

  it('takes one for several uses several times', async () => {
    const verifier = createVerifier(dynamic());
    const { request } = await pair('none', { scope: 'credential:link', singleUse: false });
    expect(await outcome(verifier, request, 'credential:link')).toBe('in');
    expect(await outcome(verifier, request, 'credential:link')).toBe('in');
  });

  it('takes one for several uses once for each scope, where the backend wants that', async () => {
    const verifier = createVerifier(dynamic());
    const { request } = await pair('none', { scope: 'credential:link credential:unlink', singleUse: false });
    const take = async (name: string) => (await verifier.requireScope(request, name, { once: true })).ok;
    expect([await take('credential:link'), await take('credential:unlink')]).toEqual([true, true]);
    expect([await take('credential:link'), await take('credential:unlink')]).toEqual([false, false]);
  });

  it.each(Object.entries(REFUSALS))('refuses %s', async (defect, [, expected]) => {
    const { request, sid } = await pair(defect as Defect);
    if (defect === 'revoked-session') over.add(sid);
    expect(await outcome(createVerifier(dynamic(), options), request, scope)).toBe(expected);
  });

  it.each(Object.keys(REFUSALS).filter((defect) => defect !== 'missing-scope'))(
    'refuses %s as access token',
    async (defect) => {
      const { token, claims } = await mint('dynamic', defect as Defect);
      if (defect === 'revoked-session') over.add(claims.sid);
      const result = await createVerifier(dynamic(), options).requireSession(bearer(token));
      // Without a scope there is no other scope for it to be a part of: that token is for the one that is usual.
      expect(result).toMatchObject({ ok: false, status: 401, error: 'invalid_token' });
    },
  );

  it('refuses an elevated token as access token, and one of another session, user or environment', async () => {
    const verifier = createVerifier(dynamic());
    const own = await mint('dynamic', 'none');
    const another = await mint('dynamic', 'none', { scope });
    expect(await outcome(verifier, bearer(another.token), scope)).toBe('401 invalid_token');
    for (const claims of [{}, { sub: own.claims.sub }, { sid: own.claims.sid }]) {
      const { token } = await mint('dynamic', 'none', { scope, ...claims });
      const request = bearer(own.token, { 'x-dyn-elevated-access-token': token });
      const isWhole = 'sid' in claims;
      // The emulator makes the session of a `sid` that lives the token's own, user and all.
      expect(await outcome(verifier, request, scope)).toBe(isWhole ? 'in' : '401 invalid_token');
    }
  });
});
