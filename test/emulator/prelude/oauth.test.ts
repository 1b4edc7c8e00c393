/** Login by OAuth at the emulator's own provider. */
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, loggedIn, newKey, startWorld, tokenOf, type Answer, type World } from './client.js';

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
/** RFC 7636 appendix B. */
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const BACK = 'http://127.0.0.1:8976/callback?tab=1';
const EMAIL = 'alice@example.com';

let world: World;
let client: Client;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.control.clearState();
  client = new Client(world, await newKey());
});

const configure = (more: Record<string, unknown> = {}, options: Record<string, unknown> = {}): Promise<Answer> =>
  world.manage('POST', '/config/login/oauth/google', { client_id: 'id', client_secret: 'hush hush', options, ...more });
const authorize = (more: Record<string, unknown> = {}, provider = 'google'): Promise<Answer> =>
  client.call(`/login/oauth/${provider}/authorize`, {
    body: { redirect_uri: BACK, code_challenge: CHALLENGE, code_challenge_method: 'S256', ...more },
  });

/** What a browser does: opens the address, and is sent back. */
async function browse(query = '', answer?: Answer): Promise<URL> {
  const { authorization_url: url } = (answer ?? (await authorize())).body;
  const response = await fetch(`${String(url)}${query}`, { redirect: 'manual' });
  expect([response.status, response.headers.get('referrer-policy')]).toEqual([302, 'no-referrer']);
  return new URL(response.headers.get('location') ?? '');
}
const tokenIn = (back: URL): string => back.searchParams.get('challenge_token') ?? '';
const finalize = (challenge_token: string, code_verifier = VERIFIER): Promise<Answer> =>
  client.call('/login/finalize', { body: { challenge_token, code_verifier }, proof: 'regular' });

describe('login by OAuth', () => {
  it('goes through the provider to a session, bound to the verifier', async () => {
    await configure({ granted_scopes: ['profile:read'] });
    const back = await browse();
    expect(`${back.origin}${back.pathname}`).toBe('http://127.0.0.1:8976/callback');
    expect(back.searchParams.get('tab')).toBe('1');
    expect(decodeJwt(tokenIn(back))).toMatchObject({ grant_mode: 'session-start', pkce_challenge: CHALLENGE });
    const bare = { body: { challenge_token: tokenIn(back) }, proof: 'regular' } as const;
    expect((await client.call('/login/finalize', bare)).body.code).toBe('bad_request');
    expect((await finalize(tokenIn(back), 'x'.repeat(43))).body.code).toBe('invalid_challenge_token');
    client.keep(await finalize(tokenIn(back)));
    expect(client.scopes).toBe('profile:read');
    const again = new Client(world, await newKey());
    const first = decodeJwt(client.access).sub;
    client = again;
    client.keep(await finalize(tokenIn(await browse())));
    expect(decodeJwt(client.access).sub).toBe(first);
    client.keep(await finalize(tokenIn(await browse(`&login_hint=${EMAIL}`))));
    expect(decodeJwt(client.access).sub).not.toBe(first);
  });

  it('a state is good once, and for ten minutes', async () => {
    await configure();
    const answer = await authorize();
    await browse('', answer);
    expect((await fetch(String(answer.body.authorization_url), { redirect: 'manual' })).status).toBe(400);
    const late = await authorize();
    await world.control.clock({ advance: 600 });
    expect((await fetch(String(late.body.authorization_url), { redirect: 'manual' })).status).toBe(400);
    await world.control.clock({ offset: 0 });
    const google = await authorize();
    const github = String(google.body.authorization_url).replace('google', 'github');
    expect((await fetch(github, { redirect: 'manual' })).status).toBe(400);
    expect((await fetch(`${world.url}/oauth-provider/google/authorize`)).status).toBe(400);
    expect((await fetch(`${world.url}/oauth-provider/nothing`)).status).toBe(404);
  });

  it('tells refusals to the page that asked', async () => {
    await configure();
    expect((await browse('&error=access_denied')).searchParams.get('error')).toBe('access_denied');
    expect((await browse('&error=%3Cscript%3E')).searchParams.get('error')).toBe('access_denied');
    expect((await browse('&login_hint=nobody')).searchParams.get('error')).toBe('invalid_request');
    const answer = await authorize();
    await world.manage('DELETE', '/config/login/oauth/google');
    expect((await browse('', answer)).searchParams.get('error')).toBe('oauth_provider_not_configured');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another host', { redirect_uri: 'https://evil.example/callback' }, 'invalid_redirect_uri'],
    ['a host that begins like loopback', { redirect_uri: 'http://localhost.evil.example/' }, 'invalid_redirect_uri'],
    ['a user in the address', { redirect_uri: 'http://localhost@evil.example/' }, 'invalid_redirect_uri'],
    ['a script', { redirect_uri: 'javascript:alert(1)' }, 'invalid_redirect_uri'],
    ['no URL', { redirect_uri: 'callback' }, 'invalid_redirect_uri'],
    ['a longer registered one', { redirect_uri: 'myapp://callback/more' }, 'invalid_redirect_uri'],
    ['no challenge', { code_challenge: undefined }, 'bad_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'bad_request'],
    ['a challenge of another length', { code_challenge: CHALLENGE.slice(1) }, 'bad_request'],
    ['60 000 characters', { redirect_uri: `http://localhost/${'a'.repeat(60_000)}` }, 'bad_request'],
  ])('is refused with %s', async (_, more, code) => {
    await configure({ redirect_uris: ['myapp://callback'] });
    expect(await authorize(more)).toMatchObject({ status: 400, body: { code } });
  });

  it('goes to a registered address, too', async () => {
    await configure({ redirect_uris: ['myapp://callback'] });
    expect((await browse('', await authorize({ redirect_uri: 'myapp://callback' }))).protocol).toBe('myapp:');
  });

  it('is on in a new application, for every provider; the account brings its address', async () => {
    for (const provider of ['google', 'apple', 'microsoft', 'github', 'okta', 'facebook']) {
      client.keep(await finalize(tokenIn(await browse('', await authorize({}, provider)))));
      const identifiers = await client.call('/me/identifiers', { method: 'GET', bearer: client.access });
      expect(identifiers.body.identifiers).toEqual([{ type: 'email_address', value: 'demo@example.com' }]);
    }
  });

  it('needs a configured, enabled provider', async () => {
    await world.manage('DELETE', '/config/login/oauth/google');
    expect((await authorize()).body.code).toBe('oauth_provider_not_configured');
    expect((await authorize({}, 'myspace')).body.code).toBe('oauth_provider_not_configured');
    await configure({ enabled: false });
    expect((await authorize()).body.code).toBe('oauth_provider_disabled');
  });
});

describe("the account's address", () => {
  it('is an identifier where the options say so, and merges into its owner only where they allow it', async () => {
    const owner = decodeJwt((await loggedIn(world, EMAIL)).access).sub;
    await configure({}, { use_email_as_identifier: true });
    expect((await browse(`&login_hint=${EMAIL}`)).searchParams.get('error')).toBe('identifier_already_exists');
    client.keep(await finalize(tokenIn(await browse('&login_hint=new@example.com'))));
    const identifiers = await client.call('/me/identifiers', { method: 'GET', bearer: client.access });
    expect(identifiers.body.identifiers).toEqual([{ type: 'email_address', value: 'new@example.com' }]);
    const options = { use_email_as_identifier: true, allow_email_account_merge: true };
    await world.manage('PUT', '/config/login/oauth/google', { client_id: 'id', options });
    expect(decodeJwt(tokenIn(await browse(`&login_hint=${EMAIL}`))).sub).toBe(owner);
  });

  it('is confirmed by a code where verify_email is set, the first time', async () => {
    await configure({}, { use_email_as_identifier: true, verify_email: true });
    const token = tokenIn(await browse(`&login_hint=${EMAIL}`));
    expect(decodeJwt(token)).toMatchObject({ grant_mode: 'oauth-email-link', metadata: { oauth_email: EMAIL } });
    expect((await finalize(token)).body.code).toBe('invalid_challenge_token');
    expect((await client.call('/otp/check', { body: { code: '000000', challenge_token: token } })).status).toBe(401);
    const sent = await client.call('/otp', { body: { challenge_token: token } });
    const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
    const code = await world.code(EMAIL);
    // The code is this login's, and no other's.
    expect((await client.call('/otp/check', { body: { code }, headers })).body.code).toBe('unauthorized');
    const other = tokenIn(await browse('&login_hint=bob@example.com'));
    expect((await client.call('/otp/check', { body: { code, challenge_token: other }, headers })).status).toBe(401);
    const checked = await client.call('/otp/check', { body: { code, challenge_token: token }, headers });
    expect(decodeJwt(tokenOf(checked))).toMatchObject({ grant_mode: 'session-start', pkce_challenge: CHALLENGE });
    expect((await client.sendCode(token)).body.code).toBe('token_reused');
    client.keep(await finalize(tokenOf(checked)));
    expect(decodeJwt(tokenIn(await browse(`&login_hint=${EMAIL}`))).grant_mode).toBe('session-start');
  });

  it('is confirmed within ten minutes', async () => {
    await configure({}, { verify_email: true });
    const token = tokenIn(await browse());
    await world.control.clock({ advance: 600 });
    expect((await client.sendCode(token)).body.code).toBe('expired_challenge_token');
    await world.control.clock({ offset: 0 });
  });
});

describe('config/login/oauth/{provider}', () => {
  it('is made once, read, replaced and removed, and never shows the secret', async () => {
    expect((await world.manage('GET', '/config/login/oauth/google')).body.config).toMatchObject({ enabled: true });
    const made = await configure();
    expect(made).toMatchObject({
      status: 201,
      body: { config: { provider: 'google', client_id: 'id', enabled: true } },
    });
    expect((await configure()).status).toBe(409);
    const changed = await world.manage('PUT', '/config/login/oauth/google', { client_id: 'other', enabled: false });
    expect((await world.manage('GET', '/config/login/oauth/google')).body).toEqual(changed.body);
    expect((await world.manage('DELETE', '/config/login/oauth/google')).status).toBe(204);
    expect((await world.manage('DELETE', '/config/login/oauth/google')).status).toBe(404);
    expect((await world.manage('GET', '/config/login/oauth/google')).status).toBe(404);
    expect((await world.manage('PUT', '/config/login/oauth/google', { client_id: 'x' })).status).toBe(404);
    expect(JSON.stringify([made, world.events, await world.control.exportState()])).not.toContain('hush hush');
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['another provider', 'myspace', { client_id: 'id' }],
    ['no client', 'google', {}],
    ['an option that is no flag', 'google', { client_id: 'id', options: { verify_email: 'yes' } }],
    ['scopes in one string', 'google', { client_id: 'id', scopes: 'email profile' }],
  ])('400 for %s', async (_, provider, body) => {
    expect((await world.manage('POST', `/config/login/oauth/${provider}`, body)).status).toBe(400);
  });
});

it('a code_challenge binds a login by code as well', async () => {
  expect(createHash('sha256').update(VERIFIER).digest('base64url')).toBe(CHALLENGE);
  const identifier = { type: 'email_address', value: EMAIL };
  const sent = await client.call('/otp', { body: { identifier, code_challenge: CHALLENGE } });
  const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
  const token = tokenOf(await client.call('/otp/check', { body: { code: await world.code(EMAIL) }, headers }));
  expect((await finalize(token, 'wrong')).body.code).toBe('invalid_challenge_token');
  expect((await finalize(token)).status).toBe(200);
});
