/** Whole flows of both services; nothing secret that went over the wire is in the stream of events. */
import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assert, register } from './dynamic/authenticator.js';
import { Client as DynamicClient, totp } from './dynamic/client.js';
import {
  Client,
  direct,
  loggedIn,
  newKey,
  serveHttp,
  startWorld,
  tokenOf,
  wrong,
  type World,
} from './prelude/client.js';

const PHONE = '+33612345678';
const EMAIL = 'ada@example.com';
const PASSWORD = 'Correct-horse-battery-1';

/** Fields and headers whose long values are ids, public keys or plain facts. Every other long value is taken for a secret. */
const PUBLIC = new Set(
  `id sub sid iss aud kid jkt user_id userId sessionId session_id challenge_id challengeId request_id login_config_id kty n e x y alg
  projectEnvironmentId environment_id verificationUUID lastVerifiedCredentialId public_identifier passkey_id credentialId credential_id
  mfaDeviceId rawId environmentName session_public_key host date user-agent content-type accept access-control-allow-origin origin
  access-control-expose-headers content-length connection keep-alive cache-control vary accept-language sec-fetch-mode accept-encoding
  x-webhook-signature-key-id scope scope_requested rpId uri url jwks_url jwks_uri verificationId userHandle x-refresh-token-expires-at
  clientDataJson clientDataJSON attestationObject authenticatorData publicKey public_key created_at updated_at last_seen_at expires_at
  providers appId displayName defaultId primaryWalletId lastVisit firstVisit message createdAt verifiedAt`
    .split(/\s+/)
    .filter(Boolean),
);

const secrets = new Map<string, string>();
const found = (name: string, value: string): void => void secrets.set(value, name);
const JWT = /[\w-]{8,}\.[\w-]{8,}\.[\w-]{20,}/g;

/** Collects whatever a text or a JSON value on the wire has that must not be told. */
function collect(name: string, value: unknown): void {
  if (typeof value === 'string') {
    for (const [token] of value.matchAll(JWT)) {
      found(`${name} (token)`, token);
      found(`${name} (signature)`, token.split('.')[2] ?? '');
    }
    // What an error is called.
    if ((name === 'code' || name === 'type') && /^[a-z]+(_[a-z]+)+$/.test(value)) return;
    if (PUBLIC.has(name) || value.length < 16 || / /.test(value.trim())) return;
    found(name, value);
  } else if (Array.isArray(value)) {
    for (const one of value) collect(name, one);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) collect(key, one);
  }
}

function collectText(text: string): void {
  try {
    collect('body', JSON.parse(text));
  } catch {
    collect('text', text);
  }
}

function collectHeaders(headers: Headers): void {
  for (const [name, value] of headers) {
    if (name === 'authorization') collect('authorization', value.replace(/^Bearer /, ''));
    else if (name === 'set-cookie') for (const line of headers.getSetCookie()) collect('cookie', line.split(/[=;]/)[1]);
    else if (name !== 'location') collect(name, value);
  }
}

const realFetch = globalThis.fetch;
let world: World;
let base = '';

beforeAll(async () => {
  world = await startWorld();
  const { dynamic, controlUrl } = world.emulator.ready;
  base = `${dynamic.apiBaseUrl}/sdk/${dynamic.environmentId}`;
  globalThis.fetch = async (input, init) => {
    const response = await realFetch(input, init);
    const address = input instanceof Request ? input.url : String(input);
    // The control API is the tester's own; its answers are the subject here.
    if (address.startsWith(controlUrl)) return response;
    collectHeaders(new Headers(init?.headers));
    collectHeaders(response.headers);
    if (typeof init?.body === 'string') collectText(init.body);
    const text = await response.clone().text();
    if (text !== '') collectText(text);
    return response;
  };
});
afterAll(async () => {
  globalThis.fetch = realFetch;
  await world.stop();
});

async function walkPrelude(hook: string, sign: (claims: object) => Promise<string>): Promise<void> {
  const SCOPE = 'transfer:write';
  await world.configure(
    [
      direct(SCOPE, ['verify_sms', 'kyc']),
      { scope: 'hooked', mode: 'delegated', delegated: { delegation_hook: `${hook}/hook?key=developers-hook-secret` } },
      direct('prld:pwd:write', [], { status: 'continue', steps: undefined }),
    ],
    { step_keys: [{ key: 'kyc' }], jwks_url: `${hook}/jwks.json` },
  );
  await world.control.settings({ accessTokenSeconds: 3600 });
  const client = await loggedIn(world, PHONE);
  await client.refreshWith();
  const first = tokenOf(await client.request(SCOPE));
  await client.sendCode(first);
  const code = await world.code(PHONE);
  await client.checkCode(first, wrong(code));
  const second = tokenOf(await client.checkCode(first, code));
  const { challenge_id, sub = '', jti = '' } = decodeJwt(second);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub,
    challenge_id,
    key: 'kyc',
    status: 'completed',
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 60,
  };
  const proceed = { bearer: client.access, proof: { jti } };
  const broken = await sign({ ...claims, status: 'begun' });
  await client.call('/stepup/continue', { body: { challenge_token: second, verification_token: broken }, ...proceed });
  const verification_token = await sign(claims);
  const done = tokenOf(
    await client.call('/stepup/continue', { body: { challenge_token: second, verification_token }, ...proceed }),
  );
  await client.refreshWith(done);
  await client.refreshWith(done);
  await client.request('hooked', { metadata: { amount: '100' } });
  await client.request('not-there');
  await client.refreshWith(tokenOf(await client.request('prld:pwd:write')));
  await client.call('/me/password/reset', { body: { password: PASSWORD }, bearer: client.access, proof: 'regular' });
  await client.call('/login/email/password', {
    body: { identifier: { type: 'email_address', value: EMAIL }, password: PASSWORD },
  });
  await client.call('/refresh', {
    headers: { 'x-refresh-token': 'an-unknown-refresh-token-of-mine' },
    proof: 'regular',
  });
  await client.call('/refresh', {
    headers: { cookie: `prld_refresh=${client.refresh}`, dpop: 'no-proof-at-all-but-long' },
  });
  await client.call('/me/list', { method: 'GET', bearer: 'a-bearer-that-is-no-token' });
  await client.call('/me/list', { method: 'GET', bearer: done });
  const login = new Client(world, await newKey());
  const verifier = 'a-code-verifier-of-forty-three-characters-xx';
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  await login.call('/otp', { body: { identifier: { type: 'phone_number', value: PHONE }, code_challenge } });
  await login.call('/otp/check', {
    body: { code: '000000' },
    headers: { 'x-verification-token': 'not-a-verification-token' },
  });
  await client.call('/revoke', { headers: { 'x-refresh-token': client.refresh }, proof: 'regular' });
}

async function walkDynamic(): Promise<void> {
  const client = new DynamicClient({ ...world, base });
  await client.signIn(EMAIL);
  await client.post('emailVerifications/signin', { ...(await client.send(EMAIL)), verificationToken: '000000' });
  const elevated = await client.elevate(EMAIL, ['credential:link']);
  const { body } = await client.get('users/mfa/register/totp', { elevated });
  const secret = String(body.secret);
  const code = totp(secret, Date.now());
  found('totp', code);
  client.keep(await client.post('users/mfa/auth/totp', { code, requestedScopes: ['credential:link'] }));
  await client.post('users/mfa/auth/totp', { code });
  const again = await client.post('users/mfa/auth/totp', {
    code: totp(secret, Date.now() + 30_000),
    requestedScopes: ['credential:link'],
  });
  const next = String(again.body.elevatedAccessToken);
  const made = register((await client.get('users/passkeys/register')).body, client.origin);
  await client.post('users/passkeys/register', made.body, { elevated: next });
  const options = (await client.get('users/passkeys/authenticate')).body;
  const assertion = assert(options, made.credential, client.origin);
  client.keep(await client.post('users/mfa/auth/passkey', { ...assertion, requestedScopes: ['wallet:export'] }));
  await client.post('users/mfa/auth/passkey', { ...assertion, requestedScopes: ['wallet:export'] });
  const codes = await client.get('users/mfa/recovery');
  for (const one of (codes.body.recoveryCodes ?? []) as string[]) found('recovery code', one);
  await client.post('users/mfa/auth/recovery', { code: 'aaaa-aaaa-aaaa' });
  await client.post('waas/w1/privateKey/export', {}, { elevated: 'an-elevated-token-that-is-none' });
  await client.post('externalAuth/signin', { jwt: 'no-jwt-but-a-long-enough-text' });
  await client.get('nonces?count=5');
  client.keep(await client.post('refresh'));
  await client.post('revoke');
  await client.get('users/mfa');
}

it('has no code, token, key, nonce or cookie', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }] };
  let signature = '';
  const hook = await serveHttp((request, response) => {
    if (request.url === '/jwks.json') return void response.end(JSON.stringify(keySet));
    signature = String(request.headers['x-webhook-signature']);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      '{"status":"review","grant_mode":"session-bound","granted_for":60,"steps":[{"order":1,"key":"verify_sms","expiration_duration":60}]}',
    );
  });
  try {
    const sign = (claims: object): Promise<string> =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
    await walkPrelude(hook.url, sign);
    await walkDynamic();
  } finally {
    await hook.close();
  }
  for (const { code } of await world.control.messages()) found('code', code);
  found('hook query', 'developers-hook-secret');
  found('password', PASSWORD);

  // That much went over the wire, in all its kinds; else the walks have gone wrong.
  const kinds = new Set(secrets.values());
  for (const kind of ['dpop', 'dpop-nonce', 'x-refresh-token', 'x-verification-token', 'cookie', 'dpop (signature)'])
    expect([...kinds]).toContain(kind);
  for (const kind of [
    'challenge_token',
    'verification_token',
    'secret',
    'challenge',
    'code',
    'elevatedAccessToken',
    'recovery code',
  ])
    expect([...kinds]).toContain(kind);
  expect(secrets.size).toBeGreaterThan(120);
  const types = new Set(world.events.map(({ type }) => type));
  for (const type of ['request', 'refusal', 'message', 'challenge', 'hook', 'token', 'session'])
    expect([...types]).toContain(type);

  const stream = JSON.stringify(world.events);
  // That of a hook call is there to be looked at: it is good for that very body, which asks a question and changes nothing.
  const shown = signature.replace('rsassa-pss-sha256=', '');
  expect(stream).toContain(shown);
  secrets.delete(shown);
  const leaked = [...secrets].filter(([secret]) => secret.length >= 4 && stream.includes(secret));
  expect(leaked.filter(([secret]) => !isNumberOfEvent(secret, stream))).toEqual([]);

  // And each refusal says what was expected and what came.
  const reasons = world.events
    .filter(({ type, path }) => type === 'refusal' && !String(path).startsWith('/v2/'))
    .map(({ reason }) => String(reason));
  expect(reasons.length).toBeGreaterThan(10);
  for (const reason of reasons) expect(reason).toMatch(/expected .+, got .+/);
});

/** Six digits can be a part of a time or an id by chance; as a value of their own they never may be there. */
function isNumberOfEvent(secret: string, stream: string): boolean {
  return /^\d{4,8}$/.test(secret) && !new RegExp(`(?<![\\w.:-])${secret}(?![\\w.:-])`).test(stream);
}
