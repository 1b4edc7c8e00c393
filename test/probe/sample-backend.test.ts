/** The sample backends themselves: what each lets in that it must not, by tokens of the emulator's control API. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import {
  mistakesAt,
  SCOPES,
  startSample,
  type Backend,
  type BackendOptions,
  type ProviderName,
} from './sample-backend.js';

let world: TestEmulator;
let keys: { server: Server; url: string; sign(claims: object): Promise<string> };
let own: { privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']; jwk: JWK; jkt: string };
let other: typeof own;

beforeAll(async () => {
  world = await startTestEmulator({ httpsPort: undefined });
  [keys, own, other] = await Promise.all([ownKeySet(), proofKey(), proofKey()]);
});
afterAll(async () => {
  keys.server.close();
  await world.stop();
});

interface Minted {
  token: string;
  claims: { sub: string; sid: string };
}

async function mint(provider: ProviderName, claims: object, defect = 'none'): Promise<Minted> {
  const response = await world.control.call('POST', '/tokens', { provider, claims, defect });
  expect(response.status).toBe(201);
  return (await response.json()) as Minted;
}

/** The key set of the developer's own steps, with what signs their verification tokens. */
async function ownKeySet(): Promise<typeof keys> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const body = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'own', alg: 'RS256', use: 'sig' }] });
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sign: (claims) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'own' })
        .setExpirationTime('2m')
        .sign(privateKey),
  };
}

async function proofKey(): Promise<typeof own> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk, 'sha256') };
}

type Headers = Record<string, string>;
type Attack = (backend: Backend) => Promise<Response>;

const call = (backend: Backend, headers: Headers, init: RequestInit = {}): Promise<Response> =>
  fetch(`${backend.origin}/transfer?to=bob`, { ...init, headers });
const bearer = (token: string): Headers => ({ Authorization: `Bearer ${token}` });
const sign = (claims: object, key: typeof own): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }).sign(key.privateKey);

/** Calls with a bound token and a proof that is good but for `change`. */
function proved(
  change: { claims?: object; key?: () => typeof own; headers?: (good: Headers) => Headers } = {},
): Attack {
  return async (backend) => {
    const { token } = await mint('prelude', { scope: SCOPES.prelude, cnf: { jkt: own.jkt } });
    const claims = {
      htm: 'GET',
      htu: `${backend.origin}/transfer`,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...change.claims,
    };
    const good = { Authorization: `DPoP ${token}`, DPoP: await sign(claims, (change.key ?? (() => own))()) };
    const headers = change.headers?.(good) ?? good;
    if (change === REPLAY) await call(backend, headers);
    return call(backend, headers);
  };
}
const REPLAY = {};

const scoped = (defect?: string, scope: string = SCOPES.prelude): Attack => {
  return async (backend) => call(backend, bearer((await mint('prelude', { scope }, defect)).token));
};

const PRELUDE: Record<string, Attack> = {
  nobody: (backend) => call(backend, {}),
  'before the step-up': scoped('missing-scope'),
  'another scope': scoped('none', 'profile:read'),
  'scope-substring': scoped('scope-substring'),
  expired: scoped('expired'),
  'not-yet-valid': scoped('not-yet-valid'),
  'wrong-key': scoped('wrong-key'),
  'wrong-issuer': scoped('wrong-issuer'),
  'wrong-app': scoped('wrong-app'),
  'alg-none': scoped('alg-none'),
  'hs256-public-key': scoped('hs256-public-key'),
  'challenge-token': scoped('challenge-token'),
  'revoked-session': scoped('revoked-session'),
  'verification token': async (backend) =>
    call(backend, bearer(await keys.sign({ sub: 'usr_1', challenge_id: 'chl_1', key: 'kyc', status: 'completed' }))),
  'used twice': async (backend) => {
    const { token } = await mint('prelude', { scope: SCOPES.prelude });
    expect((await call(backend, bearer(token))).status).toBe(200);
    return call(backend, bearer(token));
  },
  'bound, as Bearer': proved({ headers: ({ Authorization = '' }) => bearer(Authorization.slice(5)) }),
  'bound, no proof': proved({ headers: ({ Authorization = '' }) => ({ Authorization }) }),
  "another's proof": proved({ key: () => other }),
  'proof with a forged signature': proved({ key: () => ({ ...other, jwk: own.jwk }) }),
  'proof for POST': proved({ claims: { htm: 'POST' } }),
  'proof for another path': proved({ claims: { htu: 'http://127.0.0.1/other' } }),
  'proof without ath': proved({ claims: { ath: undefined } }),
  'proof an hour old': proved({ claims: { iat: Math.floor(Date.now() / 1000) - 3600 } }),
  'proof replayed': proved(REPLAY),
};

/** A session and an elevated token of it. `defect` is of the elevated one. */
const elevated = (
  defect?: string,
  { scope = SCOPES.dynamic, other: changes = {} }: { scope?: string; other?: object } = {},
): Attack => {
  return async (backend) => {
    const { token, claims } = await mint('dynamic', {});
    const session = { sub: claims.sub, sid: claims.sid, ...changes };
    const second = await mint('dynamic', { scope, ...session }, defect);
    return call(backend, { ...bearer(token), 'x-dyn-elevated-access-token': second.token });
  };
};
/** The same, where the defect is of the access token. */
const session = (defect: string): Attack => {
  return async (backend) => {
    const { token, claims } = await mint('dynamic', {}, defect);
    const second = await mint('dynamic', { scope: SCOPES.dynamic, sub: claims.sub, sid: claims.sid });
    return call(backend, { ...bearer(token), 'x-dyn-elevated-access-token': second.token });
  };
};

/** A good elevated token of a live session. */
const ofSession = async (): Promise<string> => {
  const { sub, sid } = (await mint('dynamic', {})).claims;
  return (await mint('dynamic', { scope: SCOPES.dynamic, sub, sid })).token;
};

const DYNAMIC: Record<string, Attack> = {
  nobody: (backend) => call(backend, {}),
  'before the step-up': async (backend) => call(backend, bearer((await mint('dynamic', {})).token)),
  'another scope': elevated('none', { scope: 'wallet:sign' }),
  'scope-substring': elevated('scope-substring'),
  expired: elevated('expired'),
  'not-yet-valid': elevated('not-yet-valid'),
  'wrong-key': elevated('wrong-key'),
  'wrong-issuer': elevated('wrong-issuer'),
  'wrong-app': elevated('wrong-app'),
  'alg-none': elevated('alg-none'),
  'hs256-public-key': elevated('hs256-public-key'),
  'challenge-token': elevated('challenge-token'),
  'revoked-session': session('revoked-session'),
  'access token expired': session('expired'),
  'access token by another key': session('wrong-key'),
  'access token twice': async (backend) => {
    const { token } = await mint('dynamic', {});
    return call(backend, { ...bearer(token), 'x-dyn-elevated-access-token': token });
  },
  'no access token': async (backend) => call(backend, { 'x-dyn-elevated-access-token': await ofSession() }),
  'elevated token twice': async (backend) => {
    const token = await ofSession();
    return call(backend, { ...bearer(token), 'x-dyn-elevated-access-token': token });
  },
  "another user's": elevated('none', { other: { sub: 'somebody-else' } }),
  "another session's": elevated('none', { other: { sid: 'another-session' } }),
  'used twice': async (backend) => {
    const { token, claims } = await mint('dynamic', {});
    const second = await mint('dynamic', { scope: SCOPES.dynamic, sub: claims.sub, sid: claims.sid });
    const headers = { ...bearer(token), 'x-dyn-elevated-access-token': second.token };
    expect((await call(backend, headers)).status).toBe(200);
    return call(backend, headers);
  },
};

const ATTACKS = { prelude: PRELUDE, dynamic: DYNAMIC };
const GOOD: Record<ProviderName, Attack[]> = { prelude: [scoped(), proved()], dynamic: [elevated()] };

/** What each mistake lets in. Those of style let nobody in. */
const LET_IN: Record<ProviderName, Record<string, string[]>> = {
  prelude: {
    'open-to-everyone': Object.keys(PRELUDE),
    'signature-not-checked': ['wrong-key', 'alg-none', 'hs256-public-key'],
    'alg-none': ['alg-none'],
    'hs256-public-key': ['hs256-public-key'],
    'expiry-ignored': ['expired'],
    'not-before-ignored': ['not-yet-valid'],
    'issuer-ignored': ['wrong-issuer', 'wrong-app'],
    'application-ignored': ['wrong-app'],
    'scope-not-checked': ['before the step-up', 'another scope', 'scope-substring'],
    'scope-as-text': ['scope-substring'],
    'any-scope': ['another scope', 'scope-substring'],
    'challenge-token': ['challenge-token'],
    'verification-token': ['verification token'],
    'session-ignored': ['revoked-session'],
    'taken-twice': ['used twice'],
    'proof-not-demanded': ['bound, as Bearer', 'bound, no proof'],
    'proof-not-verified': ['proof with a forged signature'],
    'proof-of-any-key': ["another's proof"],
    'proof-of-any-method': ['proof for POST'],
    'proof-of-any-address': ['proof for another path'],
    'proof-of-any-token': ['proof without ath'],
    'proof-of-any-age': ['proof an hour old'],
    'proof-replayed': ['proof replayed'],
  },
  dynamic: {
    'open-to-everyone': Object.keys(DYNAMIC),
    'signature-not-checked': ['wrong-key', 'alg-none', 'hs256-public-key'],
    'alg-none': ['alg-none'],
    'hs256-public-key': ['hs256-public-key'],
    'expiry-ignored': ['expired'],
    'not-before-ignored': ['not-yet-valid'],
    'issuer-ignored': ['wrong-issuer'],
    'application-ignored': ['wrong-app'],
    'scope-not-checked': ['another scope', 'scope-substring', 'challenge-token', 'access token twice'],
    'scope-as-text': ['scope-substring'],
    'any-scope': ['another scope', 'scope-substring', 'access token twice'],
    'challenge-token': ['challenge-token'],
    'session-ignored': ['revoked-session'],
    'taken-twice': ['used twice'],
    'elevated-of-anyone': ["another user's", "another session's"],
    'elevated-not-looked-at': [
      'before the step-up',
      'another scope',
      'scope-substring',
      'expired',
      'not-yet-valid',
      'wrong-key',
      'wrong-issuer',
      'wrong-app',
      'alg-none',
      'hs256-public-key',
      'challenge-token',
      'access token twice',
      "another user's",
      "another session's",
      'used twice',
    ],
    'access-token-not-looked-at': [
      'revoked-session',
      'access token expired',
      'access token by another key',
      'no access token',
      'elevated token twice',
      "another user's",
      "another session's",
    ],
  },
};

describe.each(['prelude', 'dynamic'] as const)('a sample backend of %s', (provider) => {
  const once = { once: provider === 'prelude' };
  const start = (options: BackendOptions = {}): Promise<Backend> =>
    startSample(provider, world.emulator.ready, { verificationJwksUrl: keys.url, ...options });

  /** The attacks that get in. One for a single use is tried on a backend of its own that takes each token once. */
  async function letIn(mistake?: string): Promise<string[]> {
    const [backend, single] = await Promise.all([start({ mistake }), start({ mistake, ...once })]);
    const found: string[] = [];
    for (const [name, attack] of Object.entries(ATTACKS[provider])) {
      const { status } = await attack(name === 'used twice' ? single : backend);
      if (status === 200) found.push(name);
      else if (status !== 401 && status !== 403) throw new Error(`${name}: ${status}`);
    }
    await Promise.all([backend.close(), single.close()]);
    return found;
  }

  test('lets the right ones in', async () => {
    const backend = await start();
    for (const good of GOOD[provider]) {
      const response = await good(backend);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ transferred: false, by: expect.any(String) });
    }
    await backend.close();
  });

  test('without a mistake lets nothing else in', async () => {
    expect(await letIn()).toEqual([]);
  });

  test.each(Object.entries(mistakesAt(provider)))('%s', async (mistake, { style }) => {
    expect(await letIn(mistake)).toEqual(style ? [] : LET_IN[provider][mistake]);
  });

  test('what is no token at all is refused, whatever the mistake', async () => {
    for (const mistake of [undefined, ...Object.keys(mistakesAt(provider))]) {
      if (mistake === 'open-to-everyone') continue;
      const backend = await start({ mistake });
      for (const text of [
        'Bearer',
        'Bearer a.b.c',
        'Bearer ..',
        'Bearer e30.e30.',
        'DPoP x',
        'Basic YTpi',
        '\u00e9',
        'Bearer a b',
      ]) {
        const response = await call(backend, {
          Authorization: text,
          DPoP: 'x',
          'x-dyn-elevated-access-token': 'x.y.z',
        });
        expect([401, 403]).toContain(response.status);
        expect(await response.text()).not.toContain('e30');
      }
      await backend.close();
    }
  });

  test('lets nobody in while the service cannot be asked, and does not blame the caller', async () => {
    const backend = await start({ isLive: () => Promise.reject(new Error('down')) });
    expect((await GOOD[provider][0]?.(backend))?.status).toBe(503);
    await backend.close();
  });
});

test('of ten calls at once with a token for one use, one is let in', async () => {
  const backend = await startSample('prelude', world.emulator.ready, { once: true });
  const { token } = await mint('prelude', { scope: SCOPES.prelude });
  const answers = await Promise.all(Array.from({ length: 10 }, () => call(backend, bearer(token))));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 403)]);
  await backend.close();
});

test('a refusal says what would help', async () => {
  const backend = await startSample('prelude', world.emulator.ready);
  const said = async (attack: string): Promise<unknown[]> => {
    const response = await PRELUDE[attack]!(backend);
    return [response.status, response.headers.get('www-authenticate')];
  };
  expect(await said('nobody')).toEqual([401, 'Bearer realm="transfers"']);
  expect(await said('expired')).toEqual([
    401,
    'Bearer realm="transfers", error="invalid_token", error_description="expired"',
  ]);
  expect(await said('before the step-up')).toEqual([
    403,
    'Bearer realm="transfers", error="insufficient_scope", error_description="step up first", scope="transfer:write"',
  ]);
  expect(await said('proof for POST')).toEqual([
    401,
    'DPoP realm="transfers", error="invalid_dpop_proof", error_description="htm", algs="ES256"',
  ]);
  await backend.close();
});
