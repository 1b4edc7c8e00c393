/** The delegation hook, against real servers. */
import { constants, createPublicKey, verify } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { JSONWebKeySet } from 'jose';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { targetFault } from '../../../src/emulator/callout.js';
import { loggedIn, serveHttp, startWorld, tokenOf, type Client, type Received, type World } from './client.js';

const SCOPE = 'transfer:write';
const PHONE = '+33655500001';
let world: World;
let client: Client;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  world = await startWorld();
  client = await loggedIn(world, PHONE);
  await world.control.settings({ accessTokenSeconds: 3600 });
  await client.refreshWith();
});
afterAll(() => world.stop());
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const delegated = (delegation_hook: string) => ({ scope: SCOPE, mode: 'delegated', delegated: { delegation_hook } });

async function hook(listener: RequestListener): Promise<string> {
  const server = await serveHttp(listener);
  closers.push(server.close);
  const url = `${server.url}/hooks/stepup?secret=s3cret`;
  await world.configure([delegated(url)], { step_keys: [{ key: 'kyc_review', description: 'manual KYC' }] });
  return url;
}

const json =
  (body: unknown, status = 200, type = 'application/json'): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const review = (...keys: string[]) => ({
  status: 'review',
  grant_mode: 'session-bound',
  granted_for: 300,
  steps: keys.map((key, at) => ({ order: at + 1, key, expiration_duration: 300 })),
});

function recording(received: Received[], answer: unknown): RequestListener {
  return async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(answer));
  };
}

describe('the call', () => {
  it('has the documented body and headers, signed by the key that its id names', async () => {
    const received: Received[] = [];
    await hook(recording(received, review('verify_sms', 'kyc_review')));
    const asked = await client.call('/stepup/request', {
      body: { scope: SCOPE, metadata: { amount: '500' } },
      bearer: client.access,
      headers: { 'user-agent': 'Test/1', 'x-sdk-user-agent': 'Prelude/0.6.0 Core/0.1.2 (Web)' },
    });
    expect(asked.body.status).toBe('review');
    expect(decodeJwt(tokenOf(asked)).current_step).toBe('verify_sms');
    const [{ headers, body }] = received as [Received];
    expect(JSON.parse(body.toString())).toEqual({
      scope_requested: SCOPE,
      user_id: decodeJwt(client.access).sub,
      identifiers: [{ type: 'phone_number', value: PHONE }],
      signals: { user_agent: 'Test/1', platform: 'WEB', ip: '127.0.0.1' },
      metadata: { amount: '500' },
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Prelude-SessionStepUpHook/1.0',
    });
    const keySet = (await (await fetch(world.emulator.ready.prelude.jwksUrl)).json()) as JSONWebKeySet;
    const jwk = keySet.keys.find(({ kid }) => kid === headers['x-webhook-signature-key-id']);
    const [prefix, signature = ''] = String(headers['x-webhook-signature']).split('=');
    expect(prefix).toBe('rsassa-pss-sha256');
    expect(signature).toMatch(/^[\w-]{342}$/);
    const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    expect(verify('sha256', body, options, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('leaves the prefix and absent metadata out', async () => {
    const received: Received[] = [];
    await hook(recording(received, review('verify_sms')));
    await world.control.settings({ signaturePrefix: false });
    await client.request(SCOPE);
    await world.control.settings({ signaturePrefix: true });
    expect(received[0]?.headers['x-webhook-signature']).toMatch(/^[\w-]{342}$/);
    expect(JSON.parse(received[0]?.body.toString() ?? '')).not.toHaveProperty('metadata');
  });

  it('is in the event log with verdict and time, without the query of its address', async () => {
    const url = await hook(json(review('verify_sms')));
    const before = world.events.length;
    await client.request(SCOPE);
    const [event] = world.events.slice(before).filter(({ type }) => type === 'hook');
    expect(event).toMatchObject({ url: url.split('?')[0], scope: SCOPE, verdict: 'review', ms: expect.any(Number) });
    expect(JSON.stringify(world.events)).not.toContain('s3cret');
  });
});

describe('the verdict', () => {
  it('continue gives a completed token, whatever its steps', async () => {
    await hook(json({ ...review('verify_sms'), status: 'continue' }));
    const asked = await client.request(SCOPE);
    expect(asked.body.status).toBe('continue');
    expect(decodeJwt(tokenOf(asked))).toMatchObject({ current_step: 'completed', steps: [] });
  });

  it('block needs no other field, and gives no token', async () => {
    await hook(json({ status: 'block' }));
    expect(await client.request(SCOPE)).toMatchObject({ status: 200, body: { status: 'block' } });
  });

  it('steps are sorted by order', async () => {
    const steps = [
      { order: 9, key: 'kyc_review', expiration_duration: 60 },
      { order: -1, key: 'verify_sms', expiration_duration: 0 },
    ];
    await hook(json({ ...review(), steps }));
    const claims = decodeJwt(tokenOf(await client.request(SCOPE)));
    expect(claims.current_step).toBe('verify_sms');
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
  });

  it('a single use may be granted for 0 seconds', async () => {
    await hook(json({ ...review('verify_sms'), grant_mode: 'single-use', granted_for: 0 }));
    expect((await client.request(SCOPE)).status).toBe(200);
  });
});

const good = review('verify_sms');
const failures: [name: string, listener: RequestListener, reason: string][] = [
  ['status 500', json(good, 500), 'invalid_status_code'],
  ['status 404', json(good, 404), 'invalid_status_code'],
  ['an HTML page', json('<html></html>', 200, 'text/html'), 'response_decode_failed'],
  ['JSON under another content type', json(good, 200, 'text/plain'), 'response_decode_failed'],
  ['broken JSON', json('{"status":'), 'response_decode_failed'],
  ['70 KB', json({ ...good, pad: 'x'.repeat(70_000) }), 'response_decode_failed'],
  ['nothing', json(''), 'response_decode_failed'],
  ['a list', json([good]), 'invalid_response'],
  ['null', json('null'), 'invalid_response'],
  ['no status', json({ ...good, status: undefined }), 'invalid_status'],
  ['another status', json({ ...good, status: 'allow' }), 'invalid_status'],
  ['no grant_mode', json({ ...good, grant_mode: undefined }), 'invalid_grant_mode'],
  ['grant_mode session-start', json({ ...good, grant_mode: 'session-start' }), 'invalid_grant_mode'],
  ['no granted_for', json({ ...good, granted_for: undefined }), 'invalid_granted_for'],
  ['granted_for 86401', json({ ...good, granted_for: 86_401 }), 'invalid_granted_for'],
  ['granted_for 0 for a bound grant', json({ ...good, granted_for: 0 }), 'invalid_granted_for'],
  ['granted_for 1.5', json({ ...good, granted_for: 1.5 }), 'invalid_granted_for'],
  ['granted_for as text', json({ ...good, granted_for: '300' }), 'invalid_granted_for'],
  ['no steps', json({ ...good, steps: undefined }), 'missing_steps'],
  ['an empty list of steps', json(review()), 'missing_steps'],
  ['steps that are no list', json({ ...good, steps: { verify_sms: 1 } }), 'invalid_step'],
  ['a step without duration', json({ ...good, steps: [{ order: 1, key: 'verify_sms' }] }), 'invalid_step'],
  [
    'a step of a day and a second',
    json({ ...good, steps: [{ order: 1, key: 'verify_sms', expiration_duration: 86_401 }] }),
    'invalid_step',
  ],
  ['a key with a space', json(review('verify sms')), 'invalid_step'],
  ['a key that is not registered', json(review('selfie')), 'invalid_step'],
  ['a key twice', json(review('verify_sms', 'verify_sms')), 'invalid_step'],
  [
    'an order twice',
    json({ ...good, steps: ['verify_sms', 'kyc_review'].map((key) => ({ order: 1, key, expiration_duration: 1 })) }),
    'invalid_step',
  ],
  ['a step without identifier', json(review('verify_email')), 'invalid_step'],
  ['a connection that is closed', (request) => request.socket.destroy(), 'request_failed'],
  [
    'half an answer',
    (_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': '900' })
        .write('{', () => response.destroy()),
    'request_failed',
  ],
];

describe('a failure grants nothing and is told by its reason', () => {
  const expectFailure = async (reason: string): Promise<void> => {
    const before = world.events.length;
    const asked = await client.request(SCOPE);
    expect(asked).toMatchObject({ status: 500, body: { code: 'internal', type: 'internal' } });
    expect(asked.body).not.toHaveProperty('challenge_token');
    const events = world.events.slice(before);
    expect(events.find(({ type }) => type === 'step_up.hook_failed')).toMatchObject({
      user_id: decodeJwt(client.access).sub,
      reason,
    });
    expect(events.find(({ type }) => type === 'hook')).toMatchObject({ verdict: null, reason });
    expect(events.some(({ type }) => type === 'challenge')).toBe(false);
  };

  it.each(failures)('%s', async (_, listener, reason) => {
    await hook(listener);
    await expectFailure(reason);
  });

  it('no answer within the limit', async () => {
    await hook((request) => void request.resume());
    await world.control.settings({ hookTimeoutSeconds: 0.1 });
    await expectFailure('request_failed');
    await world.control.settings({ hookTimeoutSeconds: 5 });
  });

  it('an answer that drips past the limit', async () => {
    await hook((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    await world.control.settings({ hookTimeoutSeconds: 0.2 });
    await expectFailure('request_failed');
    await world.control.settings({ hookTimeoutSeconds: 5 });
  });

  it('a redirect, which is not followed', async () => {
    let followed = 0;
    const target = await serveHttp((request, response) => {
      followed += 1;
      json(good)(request, response);
    });
    closers.push(target.close);
    await hook((_, response) => void response.writeHead(307, { location: target.url }).end());
    await expectFailure('invalid_status_code');
    expect(followed).toBe(0);
  });

  it('nobody listens', async () => {
    const gone = await serveHttp(json(good));
    await gone.close();
    await world.configure([delegated(gone.url)]);
    await expectFailure('request_failed');
  });

  it('verify_passkey is refused by name', async () => {
    await hook(json(review('verify_passkey')));
    await world.manage('DELETE', '/config/passkey');
    expect(await client.request(SCOPE)).toMatchObject({ status: 403, body: { code: 'passkey_not_configured' } });
  });
});

it.each([
  ['https://hooks.example.com/stepup', true],
  ['http://127.0.0.1:4800/hook', true],
  ['http://localhost:4800/hook', true],
  ['http://[::1]:4800/hook', true],
  ['http://hooks.example.com/stepup', false],
  ['http://169.254.169.254/latest', false],
  ['https://169.254.169.254/latest', false],
  ['https://[fe80::1]/', false],
  ['https://[::ffff:169.254.169.254]/', false],
  ['https://0.0.0.0/', false],
  ['http://10.0.0.5/', false],
  ['ftp://127.0.0.1/', false],
  ['file:///etc/passwd', false],
  ['https://user:password@hooks.example.com/', false],
  ['hook', false],
])('targetFault: %s may be called: %s', (address, allowed) => {
  expect(targetFault(address) === undefined).toBe(allowed);
});
