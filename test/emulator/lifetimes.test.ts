/**
 * Every age follows the moved clock, and every time on the wire is real: each thing is good five seconds before its lifetime has passed
 * on the emulator's clock, and over when it has.
 */
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assert, register } from './dynamic/authenticator.js';
import { Client as DynamicClient, elevatedOf, totp } from './dynamic/client.js';
import {
  Client,
  direct,
  loggedIn,
  newKey,
  proof,
  serveHttp,
  startWorld,
  tokenOf,
  type World,
} from './prelude/client.js';

const PHONE = '+33612345678';
const EMAIL = 'ada@example.com';
const SCOPE = 'transfer:write';

let world: World;
let base = '';
beforeAll(async () => {
  world = await startWorld();
  const { dynamic } = world.emulator.ready;
  base = `${dynamic.apiBaseUrl}/sdk/${dynamic.environmentId}`;
});
afterAll(() => world.stop());
beforeEach(() => world.control.clearState());

interface Used {
  status: number;
  code: unknown;
}
const told = ({ status, body }: { status: number; body: Record<string, unknown> }): Used => ({
  status,
  code: body.code,
});
const dynamicClient = (): DynamicClient => new DynamicClient({ ...world, base });
const sessionFor = async (): Promise<DynamicClient> => {
  const client = dynamicClient();
  await client.signIn(EMAIL);
  return client;
};

/** Makes a thing; the function that it returns uses it. */
type Make = () => Promise<() => Promise<Used>>;

const prelude: [name: string, seconds: number, make: Make, over: Used][] = [
  [
    'login OTP',
    600,
    async () => {
      const client = new Client(world, await newKey());
      const sent = await client.call('/otp', { body: { identifier: { type: 'phone_number', value: PHONE } } });
      const code = await world.code(PHONE);
      const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
      return async () => told(await client.call('/otp/check', { body: { code }, headers }));
    },
    { status: 401, code: 'bad_check_code' },
  ],
  [
    'login token',
    600,
    async () => {
      const client = new Client(world, await newKey());
      const sent = await client.call('/otp', { body: { identifier: { type: 'phone_number', value: PHONE } } });
      const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
      const checked = await client.call('/otp/check', { body: { code: await world.code(PHONE) }, headers });
      const body = { challenge_token: checked.body.challenge_token };
      return async () => told(await client.call('/login/finalize', { body, proof: 'regular' }));
    },
    { status: 400, code: 'expired_challenge_token' },
  ],
  [
    'DPoP nonce',
    300,
    async () => {
      const client = await loggedIn(world, PHONE);
      await client.refreshWith();
      return async () =>
        told(await client.once('/refresh', { headers: { 'x-refresh-token': client.refresh }, proof: 'regular' }));
    },
    { status: 400, code: 'use_dpop_nonce' },
  ],
  [
    'access token at the service',
    60,
    async () => {
      const client = await loggedIn(world, PHONE);
      return async () => told(await client.call('/me/list', { method: 'GET', bearer: client.access }));
    },
    { status: 401, code: 'unauthorized' },
  ],
  [
    'refresh token and session',
    30 * 86_400,
    async () => {
      const client = await loggedIn(world, PHONE);
      return async () => told(await client.refreshWith());
    },
    { status: 401, code: 'unauthorized' },
  ],
  [
    'challenge: its step',
    300,
    async () => {
      const { client, token } = await challenged(['verify_sms']);
      return async () => told(await client.sendCode(token));
    },
    { status: 400, code: 'expired_challenge_token' },
  ],
  [
    'challenge: completed',
    250,
    async () => {
      // A completed token does not outlive its grant.
      const { client, token } = await challenged(['verify_sms'], { granted_for: 250 });
      await client.sendCode(token);
      const done = tokenOf(await client.checkCode(token, await world.code(PHONE)));
      return async () => told(await client.refreshWith(done));
    },
    { status: 400, code: 'expired_challenge_token' },
  ],
  [
    'passkey registration',
    300,
    async () => {
      const origin = 'https://example.com';
      await world.manage('PUT', '/config/passkey', {
        rp_id: 'example.com',
        rp_name: 'Example',
        allowed_origins: [origin],
      });
      await world.control.settings({ accessTokenSeconds: 3600 });
      const write = direct('prld:passkey:write', [], { status: 'continue', steps: undefined, granted_for: 3600 });
      await world.configure([write]);
      const client = await loggedIn(world, PHONE);
      await client.refreshWith(tokenOf(await client.request('prld:passkey:write')));
      const auth = { bearer: client.access, proof: 'regular' } as const;
      const begun = await client.call('/me/passkeys/register/begin', { body: { username: PHONE }, ...auth });
      const made = register(begun.body.public_key as Record<string, unknown>, origin).body;
      const { clientDataJson, ...response } = made.response as Record<string, unknown>;
      const attestation = { ...made, response: { ...response, clientDataJSON: clientDataJson } };
      const body = { registration_token: begun.body.registration_token, attestation };
      return async () => told(await client.call('/me/passkeys/register/finish', { body, ...auth }));
    },
    { status: 400, code: 'passkey_registration_failed' },
  ],
];

async function challenged(
  keys: string[],
  more: Record<string, unknown> = {},
): Promise<{ client: Client; token: string }> {
  await world.configure([direct(SCOPE, keys, more)]);
  const client = await loggedIn(world, PHONE);
  return { client, token: tokenOf(await client.request(SCOPE)) };
}

const dynamic: [name: string, seconds: number, make: Make, over: Used][] = [
  [
    'OTP',
    600,
    async () => {
      const client = dynamicClient();
      const body = await client.send(EMAIL);
      return async () => told(await client.post('emailVerifications/signin', body));
    },
    { status: 422, code: 'invalid_email_verification' },
  ],
  [
    'session and its access token',
    7200,
    async () => {
      const client = await sessionFor();
      return async () => told(await client.get('users/mfa/methods'));
    },
    { status: 401, code: 'unauthorized' },
  ],
  [
    'elevated token for one use',
    300,
    async () => {
      const client = await sessionFor();
      const elevated = await client.elevate(EMAIL, ['wallet:export']);
      return async () => told(await client.post('waas/w1/privateKey/export', {}, { elevated }));
    },
    { status: 403, code: 'elevated_access_token_expired' },
  ],
  [
    'elevated token for a time',
    600,
    async () => {
      const client = await sessionFor();
      const elevated = await client.elevate(EMAIL, ['credential:link']);
      return async () => told(await client.get('users/mfa/register/totp', { elevated }));
    },
    { status: 403, code: 'elevated_access_token_expired' },
  ],
  [
    'passkey ceremony',
    60,
    async () => {
      const client = await sessionFor();
      const elevated = await client.elevate(EMAIL, ['credential:link']);
      const made = register((await client.get('users/passkeys/register')).body, client.origin);
      client.keep(await client.post('users/passkeys/register', made.body, { elevated }));
      const options = (await client.get('users/passkeys/authenticate')).body;
      const body = { ...assert(options, made.credential, client.origin), requestedScopes: ['wallet:export'] };
      return async () => told(await client.post('users/mfa/auth/passkey', body));
    },
    { status: 422, code: 'invalid_verification' },
  ],
  [
    'a block after wrong codes ends',
    300,
    async () => {
      const client = await sessionFor();
      const { secret } = await client.enrolTotp(EMAIL, Date.now());
      for (let tries = 0; tries < 6; tries++) await client.post('users/mfa/auth/totp', { code: 'abcdef' });
      // Turned round: it is refused while it lasts.
      return async () => {
        const answer = await client.post('users/mfa/auth/totp', { code: totp(secret, Date.now()) });
        return answer.status === 200 ? { status: 422, code: 'no longer blocked' } : { status: 200, code: undefined };
      };
    },
    { status: 422, code: 'no longer blocked' },
  ],
];

describe.each([
  ['Prelude', prelude],
  ['Dynamic', dynamic],
] as const)('%s', (_, rows) => {
  describe.each(rows)('%s', (_name, seconds, make, over) => {
    it(`is good after ${seconds - 5} s`, async () => {
      const use = await make();
      await world.control.clock({ advance: seconds - 5 });
      const { status, code } = await use();
      expect([status < 300, code]).toEqual([true, undefined]);
    });

    it(`is over after ${seconds} s, in its own words`, async () => {
      const use = await make();
      await world.control.clock({ advance: seconds });
      expect(await use()).toEqual(over);
    });
  });

  it('nothing grows older while the clock is frozen', async () => {
    const uses: (() => Promise<Used>)[] = [];
    await world.control.clock({ freeze: true });
    for (const [, , make] of rows.slice(0, 2)) uses.push(await make());
    for (const use of uses) expect((await use()).status).toBeLessThan(300);
  });
});

describe('a grant', () => {
  it('ends with the clock, and the tokens minted until then end with it', async () => {
    const { client, token } = await challenged(['verify_sms'], { granted_for: 300 });
    await client.sendCode(token);
    await client.refreshWith(tokenOf(await client.checkCode(token, await world.code(PHONE))));
    await world.control.clock({ advance: 280 });
    await client.refreshWith();
    const { scope, exp = 0, iat = 0 } = decodeJwt(client.access);
    expect(scope).toBe(SCOPE);
    expect(exp - iat).toBeGreaterThanOrEqual(15);
    expect(exp - iat).toBeLessThanOrEqual(20);
    await world.control.clock({ advance: 20 });
    await client.refreshWith();
    expect(decodeJwt(client.access).scope).toBe('');
  });
});

describe('what is told in real time, wherever the clock stands', () => {
  const good = async (token: string, jwksUrl: string): Promise<void> => {
    const keys = (await (await fetch(jwksUrl)).json()) as JSONWebKeySet;
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { maxTokenAge: '10 s' });
    expect(payload.exp).toBeGreaterThan(Date.now() / 1000);
  };

  it.each([86_400, -86_400, 40 * 86_400])('tokens minted at %i s are good', async (offset) => {
    const { prelude: one, dynamic: other } = world.emulator.ready;
    const before = await sessionFor();
    await world.control.clock({ offset });
    const client = await loggedIn(world, PHONE);
    await good(client.access, one.jwksUrl);
    const answer = await client.refreshWith();
    await good(client.access, one.jwksUrl);
    expect(Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())).toBeLessThan(5000);
    const session = await sessionFor();
    await good(session.access, other.jwksUrl);
    await good(await session.elevate(EMAIL, ['wallet:export']), other.jwksUrl);
    if (offset < 0) {
      // A session that the clock has made younger has tokens that last longer, in real time as well.
      before.keep(await before.post('refresh'));
      await good(before.access, other.jwksUrl);
    }
  });

  it('a session of a frozen clock has good tokens, however long that lasts', async () => {
    let now = Date.now();
    const late = await startWorld({ now: () => now });
    try {
      const { dynamic: there } = late.emulator.ready;
      const client = new DynamicClient({ ...late, base: `${there.apiBaseUrl}/sdk/${there.environmentId}` });
      await late.control.clock({ freeze: true });
      await client.signIn(EMAIL);
      now += 86_400_000;
      const elevated = await client.elevate(EMAIL, ['wallet:export']);
      for (const token of [client.access, elevated]) {
        const { iat, exp = 0 } = decodeJwt(token);
        expect(iat).toBe(Math.floor(now / 1000));
        expect(exp).toBeGreaterThan(now / 1000);
      }
    } finally {
      await late.stop();
    }
  });

  it('a TOTP code follows real time', async () => {
    const client = await sessionFor();
    const { secret } = await client.enrolTotp(EMAIL, Date.now());
    await world.control.clock({ advance: 3600 });
    const body = { code: totp(secret, Date.now()), requestedScopes: ['wallet:export'] };
    expect(elevatedOf(await client.post('users/mfa/auth/totp', body))).toBeTypeOf('string');
  });

  it("a proof's iat is checked against real time, and its nonce against the clock", async () => {
    const client = await loggedIn(world, PHONE);
    await world.control.clock({ advance: 3600 });
    expect((await client.refreshWith()).status).toBe(200);
  });
});

describe('what was seen once stays seen while real time would let it pass', () => {
  it.each([120, 86_400, -86_400])('a proof, after a move of %i s', async (advance) => {
    await world.control.settings({ requireNonce: false });
    const client = await loggedIn(world, PHONE);
    const url = `${client.base}/refresh`;
    const iat = Math.floor(Date.now() / 1000);
    const dpop = await proof(client.key, { htm: 'POST', htu: url, iat, jti: randomUUID() });
    const send = () => client.call('/refresh', { headers: { 'x-refresh-token': client.refresh, dpop } });
    const first = await send();
    expect(first.status).toBe(200);
    client.keep(first);
    await world.control.clock({ advance });
    expect(told(await send())).toEqual({ status: 400, code: 'invalid_dpop_proof' });
    expect(world.events.findLast(({ type }) => type === 'refusal')).toMatchObject({
      code: 'invalid_dpop_proof',
      reason: 'DPoP proof, jti: expected a new one, got one seen before',
    });
  });

  it('a verification token, whose times are real', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }] };
    const backend = await serveHttp((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(keySet));
    });
    try {
      await world.control.settings({ accessTokenSeconds: 86_400 });
      const more = { step_keys: [{ key: 'kyc' }], jwks_url: `${backend.url}/jwks.json` };
      await world.configure([direct(SCOPE, ['kyc'])], more);
      const client = await loggedIn(world, PHONE);
      const jti = randomUUID();
      const attempt = async (): Promise<Used> => {
        const token = tokenOf(await client.request(SCOPE));
        const { challenge_id, sub = '', jti: ofProof = '' } = decodeJwt(token);
        const now = Math.floor(Date.now() / 1000);
        const claims = { sub, challenge_id, key: 'kyc', status: 'completed', jti, iat: now, nbf: now, exp: now + 300 };
        const verification = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
        const body = { challenge_token: token, verification_token: await verification };
        return told(await client.call('/stepup/continue', { body, bearer: client.access, proof: { jti: ofProof } }));
      };
      expect((await attempt()).status).toBe(200);
      await world.control.clock({ advance: 3600 });
      expect(await attempt()).toEqual({ status: 409, code: 'token_reused' });
      await world.control.clearState();
      await world.configure([direct(SCOPE, ['kyc'])], more);
      await client.logIn(PHONE);
      // A reset forgets it: whoever goes back to the start may use fixed ids.
      expect((await attempt()).status).toBe(200);
    } finally {
      await backend.close();
    }
  });

  it("an assertion of the developer's backend", async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] };
    const backend = await serveHttp((_, response) => response.end(JSON.stringify(keySet)));
    try {
      await world.control.settings({ dynamic: { externalAuth: { jwksUrl: `${backend.url}/jwks.json` } } });
      const sign = (claims: Record<string, unknown>): Promise<string> => {
        const all = { sub: 'ext-1', exp: Math.floor(Date.now() / 1000) + 300, jti: randomUUID(), ...claims };
        return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
      };
      const client = dynamicClient();
      client.keep(await client.post('externalAuth/signin', { jwt: await sign({}) }));
      const jwt = await sign({ scope: 'wallet:export' });
      expect((await client.post('externalAuth/verify', { jwt })).status).toBe(200);
      await world.control.clock({ advance: 3600 });
      expect(told(await client.post('externalAuth/verify', { jwt }))).toEqual({
        status: 422,
        code: 'invalid_external_auth',
      });
    } finally {
      await backend.close();
    }
  });
});
