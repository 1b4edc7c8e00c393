/** `stepup probe` on the sample backends: it finds each planted mistake by the rows that it should, and accuses the correct one of nothing. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from '../../src/backend/case.js';
import type { Ready } from '../../src/emulator/emulator.js';
import { createStore } from '../../src/store/create.js';
import type { CredentialKey, JsonObject } from '../../src/store/store.js';
import type { Env } from '../../src/system.js';
import { startApplication, type Application } from '../support/application.js';
import { startEnvironment, type Environment } from '../support/dynamic-application.js';
import { mistakesAt, SCOPES, startSample, type BackendOptions, type ProviderName } from './sample-backend.js';
import { keyPair } from '../support/key-pair.js';

const CODES = ['--code-command', 'inbox'];

interface Found {
  status: number;
  faults: string[];
  advice: string[];
  untried: string[];
}

/** The emulator's control token, which mints: these emulators are under no store. */
const knowing = ({ controlToken }: Ready): Env => ({ STEPUP_EMULATOR_CONTROL_TOKEN: controlToken });

/** The names of the cases, by what became of them. */
function found(status: number, cases: readonly Case[]): Found {
  const names = (is: (one: Case) => boolean): string[] =>
    cases.filter((one) => !one.holds && is(one)).map(({ name }) => name);
  return {
    status,
    faults: names(({ advice, untried }) => !advice && !untried),
    advice: names(({ advice }) => advice === true),
    untried: names(({ untried }) => untried === true),
  };
}

/** What `stepup probe` finds out about one of the sample backends. Throws where it could not be probed. */
async function probed(
  { ready, run, shell }: Pick<Application | Environment, 'ready' | 'run' | 'shell'>,
  provider: ProviderName,
  options: BackendOptions,
  more: string[] = [],
): Promise<Found> {
  const backend = await startSample(provider, ready, options);
  const flags = ['--scope', SCOPES[provider], '--allow-origin', backend.origin, '--json', ...CODES, ...more];
  const { status, json, stderr } = await run(['probe', `${backend.origin}/transfer`, ...flags], {
    run: shell,
    env: knowing(ready),
  });
  await backend.close();
  if (status !== 0 && status !== 3) throw new Error(stderr);
  return found(status, json<{ cases: Case[] }>().cases);
}

const NOTHING: Omit<Found, 'untried'> = { status: 0, faults: [], advice: [] };
const ADVICE: Record<string, string[]> = {
  'no-www-authenticate': ['how nobody is refused', 'how a missing scope is refused', 'how a bad token is refused'],
  '401-for-403': ['how a missing scope is refused'],
  '403-for-401': ['how nobody is refused', 'how a bad token is refused'],
  // Whoever comes with nothing is told to step up.
  'access-token-not-looked-at': ['how nobody is refused'],
  'no-scope-named': ['how a missing scope is refused'],
};

/** At Prelude proofs are refused the same way. */
const OF_PROOFS = new Set(['no-www-authenticate', '403-for-401']);
const PROOF_STYLE = 'how a bad proof is refused';

const FORGED = ['signed by another key', 'alg none', 'HS256 with the public key'];
const OPEN = [
  'no token',
  'the token before the step-up',
  'another scope',
  'the scope as a part of another',
  'expired',
  'not yet valid',
  ...FORGED,
  'another issuer',
  'another app',
  'a challenge token',
];

/** What each mistake lets in. */
const FAULTS: Record<ProviderName, Record<string, string[]>> = {
  prelude: {
    'open-to-everyone': [...OPEN, 'a verification token', 'a revoked session'],
    'signature-not-checked': FORGED,
    'alg-none': ['alg none'],
    'hs256-public-key': ['HS256 with the public key'],
    'expiry-ignored': ['expired'],
    'not-before-ignored': ['not yet valid'],
    'issuer-ignored': ['another issuer', 'another app'],
    'application-ignored': ['another app'],
    'scope-not-checked': ['the token before the step-up', 'another scope', 'the scope as a part of another'],
    'scope-as-text': ['the scope as a part of another'],
    'any-scope': ['another scope', 'the scope as a part of another'],
    'challenge-token': ['a challenge token'],
    'verification-token': ['a verification token'],
    'session-ignored': ['a revoked session'],
  },
  dynamic: {
    'open-to-everyone': [
      ...OPEN.slice(0, 2),
      'a token for one use, used',
      ...OPEN.slice(2),
      'a revoked session',
      'the access token in both places',
      'the elevated token alone',
      'the elevated token in both places',
      "another user's elevated token",
      "another session's elevated token",
      'an expired access token',
      'an access token by another key',
    ],
    'signature-not-checked': FORGED,
    'alg-none': ['alg none'],
    'hs256-public-key': ['HS256 with the public key'],
    'expiry-ignored': ['expired'],
    'not-before-ignored': ['not yet valid'],
    'issuer-ignored': ['another issuer'],
    'application-ignored': ['another app'],
    'scope-not-checked': [
      'another scope',
      'the scope as a part of another',
      'a challenge token',
      'the access token in both places',
    ],
    'scope-as-text': ['the scope as a part of another'],
    'any-scope': ['another scope', 'the scope as a part of another', 'the access token in both places'],
    'challenge-token': ['a challenge token'],
    'session-ignored': ['a revoked session'],
    'taken-twice': ['a token for one use, used'],
    'elevated-of-anyone': ["another user's elevated token", "another session's elevated token"],
    'elevated-not-looked-at': [
      'the token before the step-up',
      'a token for one use, used',
      ...OPEN.slice(2),
      'the access token in both places',
      "another user's elevated token",
      "another session's elevated token",
    ],
    'access-token-not-looked-at': [
      'a revoked session',
      'the elevated token alone',
      'the elevated token in both places',
      "another user's elevated token",
      "another session's elevated token",
      'an expired access token',
      'an access token by another key',
    ],
  },
};

/** The same at Prelude where the tokens are bound to a key. */
const PROOFS: Record<string, string[]> = {
  'proof-not-demanded': ['a bound token as Bearer', 'no proof'],
  'proof-not-verified': ['a proof with a forged signature'],
  'proof-of-any-key': ['a proof of another key'],
  'proof-of-any-method': ['a proof for another method'],
  'proof-of-any-address': ['a proof for another address'],
  'proof-of-any-token': ['a proof for another token', 'a proof without ath'],
  'proof-of-any-age': ['an old proof'],
  'proof-replayed': ['a proof sent twice'],
};

const tried = new Set<string>();
function expectedOf(provider: ProviderName, mistake: string): Omit<Found, 'untried'> {
  tried.add(`${provider} ${mistake}`);
  const faults = FAULTS[provider][mistake] ?? (provider === 'prelude' ? PROOFS[mistake] : undefined) ?? [];
  const advice = [
    ...(ADVICE[mistake] ?? []),
    ...(provider === 'prelude' && OF_PROOFS.has(mistake) ? [PROOF_STYLE] : []),
  ];
  return { status: faults.length > 0 ? 3 : 0, faults, advice };
}

describe('at Prelude', () => {
  let app: Application;
  let keySet: Server;
  let verification: string[];
  let verificationJwksUrl: string;
  beforeAll(async () => {
    app = await startApplication();
    await app.addUser();
    await app.allow({ scope: SCOPES.prelude, grantedFor: 3600 });
    await app.login();
    const { privateKey, publicKey } = keyPair('rsa', { modulusLength: 2048 });
    const file = join(app.home, 'step-key.pem');
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    verification = ['--sign-with', file];
    const jwk = publicKey.export({ format: 'jwk' }) as JWK;
    const kid = await calculateJwkThumbprint(jwk, 'sha256');
    const keys = JSON.stringify({ keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] });
    keySet = createServer((_, response) => response.setHeader('content-type', 'application/json').end(keys));
    await new Promise<void>((done) => keySet.listen(0, '127.0.0.1', done));
    verificationJwksUrl = `http://127.0.0.1:${(keySet.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    await app.close();
    keySet.close();
  });

  const probe = (options: BackendOptions, more: string[] = verification): Promise<Found> =>
    probed(app, 'prelude', { verificationJwksUrl, ...options }, more);

  test('the correct backend is accused of nothing, and advised nothing', async () => {
    expect(await probe({})).toEqual({ ...NOTHING, untried: ['a token for one use, used'] });
  });

  test.each(Object.keys(mistakesAt('prelude')).filter((name) => name !== 'taken-twice'))('%s', async (mistake) => {
    expect(await probe({ mistake })).toMatchObject(expectedOf('prelude', mistake));
  });

  test('taken-twice, where the scope is for a single use', async () => {
    await app.reset();
    await app.addUser();
    await app.allow({ scope: SCOPES.prelude, grantMode: 'single-use' });
    await app.login();
    tried.add('prelude taken-twice');
    expect(await probe({ once: true }, [])).toEqual({
      ...NOTHING,
      untried: ['a verification token'],
    });
    expect(await probe({ once: true, mistake: 'taken-twice' }, [])).toMatchObject({
      status: 3,
      faults: ['a token for one use, used'],
      advice: [],
    });
  });

  describe('where tokens are bound to a key', () => {
    beforeAll(async () => {
      await app.reset();
      await app.login();
      const key: CredentialKey = {
        provider: 'prelude',
        host: new URL(app.url).host,
        application: app.ready.prelude.appId,
      };
      const store = createStore(app.home);
      const session = (await store.session(key))?.['session'] as JsonObject;
      const jkt = await calculateJwkThumbprint(session['key'] as JWK, 'sha256');
      const wish = { provider: 'prelude', claims: { scope: SCOPES.prelude, cnf: { jkt } } };
      const { token } = (await (await app.control.call('POST', '/tokens', wish)).json()) as { token: string };
      await store.updateSession(key, (record) => ({
        ...record,
        session: { ...(record?.['session'] as JsonObject), accessToken: token },
      }));
    });

    test('the correct backend is accused of nothing', async () => {
      expect(await probe({}, [])).toEqual({
        ...NOTHING,
        untried: ['a token for one use, used', 'a verification token'],
      });
    });

    test.each(Object.keys(PROOFS))('%s', async (mistake) => {
      tried.add(`prelude ${mistake}`);
      expect(await probe({ mistake }, [])).toMatchObject({ status: 3, faults: PROOFS[mistake], advice: [] });
    });

    test('open-to-everyone', async () => {
      const { faults } = await probe({ mistake: 'open-to-everyone' }, []);
      const wanted = [...OPEN, 'a revoked session', ...Object.values(PROOFS).flat()];
      expect(faults.toSorted()).toEqual(wanted.toSorted());
    });
  });
});

describe('at Dynamic', () => {
  let env: Environment;
  beforeAll(async () => {
    env = await startEnvironment();
    await env.login();
  });
  afterAll(() => env.close());

  const probe = (options: BackendOptions): Promise<Found> => probed(env, 'dynamic', options);

  test('the correct backend is accused of nothing, and advised nothing', async () => {
    expect(await probe({})).toEqual({ ...NOTHING, untried: ['a verification token', 'wrong proofs'] });
  });

  test.each(Object.keys(mistakesAt('dynamic')))('%s', async (mistake) => {
    expect(await probe({ mistake })).toMatchObject(expectedOf('dynamic', mistake));
  });
});

test('every planted mistake was looked for', () => {
  const planted = (['prelude', 'dynamic'] as const).flatMap((provider) =>
    Object.keys(mistakesAt(provider)).map((name) => `${provider} ${name}`),
  );
  expect([...tried].toSorted()).toEqual(planted.toSorted());
});
