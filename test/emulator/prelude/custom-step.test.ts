/** `/stepup/continue` with verification tokens that a developer's backend signs. */
import { randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, direct, loggedIn, newKey, serveHttp, startWorld, tokenOf, type Answer, type World } from './client.js';

const SCOPE = 'transfer:write';
const PHONE = '+33666600001';
let world: World;
let client: Client;
let backend: { url: string; close(): Promise<void> };
let key: CryptoKey;
let keySet: { keys: JWK[] };
let fetches = 0;
let token: string;

beforeAll(async () => {
  world = await startWorld();
  await world.control.settings({ accessTokenSeconds: 3600 });
  const pair = await generateKeyPair('RS256', { extractable: true });
  key = pair.privateKey;
  keySet = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }] };
  backend = await serveHttp((_, response) => {
    fetches += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(keySet));
  });
});
afterAll(async () => {
  await world.stop();
  await backend.close();
});

beforeEach(async () => {
  await world.control.clock({ offset: 0 });
  client = await loggedIn(world, PHONE);
  await configure(['kyc_review', 'selfie']);
  token = tokenOf(await client.request(SCOPE));
});

const step_keys = [{ key: 'kyc_review', description: '' }, { key: 'selfie' }];
const configure = (keys: string[], jwks_url = `${backend.url}/jwks.json`): Promise<void> =>
  world.configure([direct(SCOPE, keys)], { jwks_url, step_keys });

interface Making {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: CryptoKey | Uint8Array;
}

/** What a good backend signs, changed. */
function verification({ claims = {}, header = {}, key: signer = key }: Making = {}): Promise<string> {
  const { challenge_id, sub = '' } = decodeJwt(token);
  const now = Math.floor(Date.now() / 1000);
  const good = {
    sub,
    challenge_id,
    key: 'kyc_review',
    status: 'completed',
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 300,
  };
  return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(signer);
}

async function proceed(verification_token: string, challenge_token = token, who = client): Promise<Answer> {
  const { jti = '' } = decodeJwt(challenge_token);
  return who.call('/stepup/continue', {
    body: { challenge_token, verification_token },
    bearer: who.access,
    proof: { jti },
  });
}

describe('custom steps', () => {
  it('are walked to completion and a token with the scope', async () => {
    const second = tokenOf(await proceed(await verification()));
    expect(decodeJwt(second)).toMatchObject({ current_step: 'selfie', steps: [{ done: true }, { done: false }] });
    const third = tokenOf(await proceed(await verification({ claims: { key: 'selfie' } }), second));
    expect(decodeJwt(third).current_step).toBe('completed');
    expect((await client.refreshWith(third)).status).toBe(200);
    expect(client.scopes).toBe(SCOPE);
  });

  it('have no code', async () => {
    expect(await client.sendCode(token)).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });

  it('take one of several at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => verification()));
    const answers = await Promise.all(tokens.map((one) => proceed(one)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'token_reused')).toHaveLength(9);
  });
});

const rows: [name: string, making: Making, code: string][] = [
  ['a time that has passed', { claims: { iat: 1, nbf: 1, exp: 2 } }, 'invalid_verification_token'],
  [
    'a time to come',
    { claims: { nbf: 4_000_000_000, exp: 4_000_000_100, iat: 4_000_000_000 } },
    'invalid_verification_token',
  ],
  ['two hours', { claims: { exp: Math.floor(Date.now() / 1000) + 7200 } }, 'invalid_verification_token'],
  ['no jti', { claims: { jti: undefined } }, 'invalid_verification_token'],
  ['no nbf', { claims: { nbf: undefined } }, 'invalid_verification_token'],
  ['no exp', { claims: { exp: undefined } }, 'invalid_verification_token'],
  ['no status', { claims: { status: undefined } }, 'invalid_verification_token'],
  ['no kid', { header: { kid: undefined } }, 'invalid_verification_token'],
  ['an unknown kid', { header: { kid: 'k2' } }, 'invalid_verification_token'],
  ['HS256', { header: { alg: 'HS256' }, key: Buffer.alloc(32, 1) }, 'invalid_verification_token'],
  ['a managed step', { claims: { key: 'verify_sms' } }, 'invalid_verification_token'],
  ["another challenge's id", { claims: { challenge_id: 'chl_other' } }, 'token_mismatch'],
  ["another user's sub", { claims: { sub: 'usr_other' } }, 'token_mismatch'],
  ['an unknown step', { claims: { key: 'palm' } }, 'step_not_found'],
  ['a later step', { claims: { key: 'selfie' } }, 'step_bypassed'],
  ['status failed', { claims: { status: 'failed' } }, 'step_not_completed'],
];

describe('a verification token is refused', () => {
  it.each(rows)('with %s, and the step can still be passed', async (_, making, code) => {
    expect(await proceed(await verification(making))).toMatchObject({ status: 400, body: { code } });
    expect((await proceed(await verification())).status).toBe(200);
  });

  it('with PS256, another key, or no form at all', async () => {
    const ps = await generateKeyPair('PS256');
    expect((await proceed(await verification({ header: { alg: 'PS256' }, key: ps.privateKey }))).body.code).toBe(
      'invalid_verification_token',
    );
    const other = await generateKeyPair('RS256');
    expect((await proceed(await verification({ key: other.privateKey }))).body.code).toBe('invalid_verification_token');
    expect((await proceed('x.y.z')).body.code).toBe('invalid_verification_token');
  });

  it('the second time, by its jti', async () => {
    const jti = randomUUID();
    const second = tokenOf(await proceed(await verification({ claims: { jti } })));
    const reuse = await proceed(await verification({ claims: { jti, key: 'selfie' } }), second);
    expect(reuse).toMatchObject({ status: 409, body: { code: 'token_reused' } });
  });
});

describe('the call is refused', () => {
  it('in the order bearer, challenge token, expiry, proof, session, reuse', async () => {
    const body = { challenge_token: token, verification_token: await verification() };
    const { jti = '' } = decodeJwt(token);
    const call = (more: Parameters<Client['call']>[1]): Promise<Answer> =>
      client.call('/stepup/continue', { body, ...more });
    expect(await call({ proof: { jti } })).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const bearer = client.access;
    expect((await call({ bearer, body: { ...body, challenge_token: client.access } })).body.code).toBe(
      'invalid_challenge_token',
    );
    expect((await call({ bearer })).body.code).toBe('missing_dpop_proof');
    expect((await call({ bearer, proof: { jti: 'x' } })).body.code).toBe('invalid_dpop_proof');
    const elsewhere = new Client(world, client.key);
    await elsewhere.logIn(PHONE);
    expect((await proceed(body.verification_token, token, elsewhere)).body.code).toBe('token_mismatch');
    const thief = await loggedIn(world, PHONE);
    const stolen = new Client(world, await newKey());
    stolen.access = thief.access;
    expect((await proceed(body.verification_token, token, stolen)).body.code).toBe('dpop_key_mismatch');
    await proceed(body.verification_token);
    expect(await proceed(await verification())).toMatchObject({ status: 409, body: { code: 'token_reused' } });
  });

  it('after the time of the step', async () => {
    await world.control.clock({ advance: 300 });
    expect(await proceed(await verification())).toMatchObject({
      status: 400,
      body: { code: 'expired_challenge_token' },
    });
  });

  it('without a verification token, with a passkey beside it, and for a passkey where no step wants one', async () => {
    const { jti = '' } = decodeJwt(token);
    const call = (body: Record<string, unknown>): Promise<Answer> =>
      client.call('/stepup/continue', {
        bearer: client.access,
        proof: { jti },
        body: { challenge_token: token, ...body },
      });
    expect((await call({})).body.code).toBe('bad_request');
    const passkey_assertion = {
      id: 'AA',
      response: { clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' },
    };
    expect((await call({ passkey_assertion, verification_token: 'x' })).body.code).toBe('bad_request');
    expect((await call({ passkey_assertion: { id: 'x' } })).body.code).toBe('bad_request');
    expect(await call({ passkey_assertion })).toMatchObject({ status: 400, body: { code: 'step_not_found' } });
  });

  it('for a managed step', async () => {
    await configure(['verify_sms']);
    token = tokenOf(await client.request(SCOPE));
    const answer = await proceed(await verification({ claims: { key: 'verify_sms' } }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_verification_token' } });
  });

  it('without a jwks_url', async () => {
    await configure(['kyc_review'], '');
    expect(await proceed(await verification())).toMatchObject({ status: 403, body: { code: 'not_configured' } });
  });

  it('when the key set cannot be had', async () => {
    const gone = await serveHttp(() => undefined);
    await gone.close();
    await configure(['kyc_review'], gone.url);
    expect((await proceed(await verification())).body.code).toBe('invalid_verification_token');
  });
});

it('a key set with a private key, or with two keys of one kid, is told of as an event', async () => {
  const pair = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.privateKey)), kid: 'k-private', use: 'sig', alg: 'RS256' };
  const bad = await serveHttp((_, response) => {
    response.writeHead(200).end(JSON.stringify({ keys: [jwk, { ...keySet.keys[0], kid: 'k-private' }] }));
  });
  await configure(['kyc_review'], bad.url);
  token = tokenOf(await client.request(SCOPE));
  await proceed(await verification({ header: { kid: 'k-private' } }));
  await bad.close();
  const warnings = world.events.filter(({ type }) => type === 'warning').map(({ words }) => words);
  expect(warnings).toEqual([
    expect.stringContaining('A PRIVATE KEY IS PUBLISHED (kid k-private)'),
    expect.stringContaining('kid k-private: expected one key, got several'),
  ]);
  expect(JSON.stringify(world.events)).not.toContain(jwk.d);
});

it('a key set is kept for ten minutes, and fetched early for an unknown kid', async () => {
  await configure(['kyc_review', 'selfie'], `${backend.url}/of-its-own.json`);
  const before = fetches;
  for (let round = 0; round < 3; round++) {
    token = tokenOf(await client.request(SCOPE));
    expect((await proceed(await verification())).status).toBe(200);
  }
  expect(fetches - before).toBe(1);
  const next = await generateKeyPair('RS256', { extractable: true });
  keySet.keys.push({ ...(await exportJWK(next.publicKey)), kid: 'k-next' });
  token = tokenOf(await client.request(SCOPE));
  expect((await proceed(await verification({ header: { kid: 'k-next' }, key: next.privateKey }))).status).toBe(200);
  expect(fetches - before).toBe(2);
  await world.control.clock({ advance: 600 });
  token = tokenOf(await client.request(SCOPE));
  expect((await proceed(await verification())).status).toBe(200);
  expect(fetches - before).toBe(3);
});

it('a key set may have keys of other kinds, for other uses, and broken ones, which are passed over', async () => {
  await configure(['kyc_review', 'selfie'], `${backend.url}/mixed.json`);
  const [good = {}, ...rest] = keySet.keys;
  const others = [
    { kty: 'oct', kid: 'k1', k: 'AA' },
    { ...good, kid: 'for-encryption', use: 'enc' },
    { ...good, kid: 'for-pss', alg: 'PS256' },
    { kty: 'RSA', kid: 'broken', n: 'AA' },
  ];
  keySet.keys = [...others, good];
  token = tokenOf(await client.request(SCOPE));
  for (const kid of ['for-encryption', 'for-pss', 'broken']) {
    expect((await proceed(await verification({ header: { kid } }))).body.code).toBe('invalid_verification_token');
  }
  expect((await proceed(await verification())).status).toBe(200);
  keySet.keys = [good, ...rest];
});
