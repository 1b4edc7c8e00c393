import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator, type TestOptions } from '../support/emulator.js';
import type { EmulatorEvent } from '../../src/emulator/emulator.js';

describe('the door of the emulator', () => {
  const started: TestEmulator[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop();
  });
  async function start(options: TestOptions = {}): Promise<TestEmulator> {
    const one = await startTestEmulator({ httpsPort: undefined, ...options });
    started.push(one);
    return one;
  }

  interface Answer {
    status: number;
    headers: Record<string, unknown>;
    body: string;
  }
  function ask(
    { emulator }: TestEmulator,
    path: string,
    { headers = {}, method = 'GET', body }: { headers?: Record<string, string>; method?: string; body?: string } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port: emulator.port, path, method, headers },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += String(chunk);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  const PATHS = [
    '/v1/session/refresh',
    '/.well-known/jwks.json',
    '/__emulator/health',
    '/__emulator/ui',
    '/api/v0/sdk/x',
  ];

  it.each([
    'evil.example.com',
    'localhost.evil.example.com',
    '127.0.0.1.nip.io:80',
    '[::2]',
    '127.0.0.2',
    'localhost.',
  ])('answers nobody who asks for %s: that is how DNS rebinding looks', async (host) => {
    const one = await start();
    for (const path of PATHS) {
      const answer = await ask(one, path, { headers: { host } });
      expect(answer).toMatchObject({ status: 421, headers: { 'x-stepup-emulator': 'yes' } });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('answers nobody whose request line names another host, whatever Host says', async () => {
    const one = await start();
    const socket = connect(one.emulator.port, '127.0.0.1');
    socket.write(
      'GET http://evil.example.com/__emulator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 4(21|00) /);
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:99', '[::1]:4780'])('answers those who ask for %s', async (host) => {
    expect((await ask(await start(), '/__emulator/health', { headers: { host } })).status).toBe(200);
  });

  it.each([
    { origin: 'https://evil.example.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('the control API answers no page of another origin: %j', async (headers) => {
    const one = await start();
    const authorization = `Bearer ${one.emulator.ready.controlToken}`;
    for (const path of ['/__emulator/messages', '/__emulator/health', '/__emulator/state']) {
      const answer = await ask(one, path, { headers: { ...headers, authorization } });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('refuses an address of more than 8 KB, a body of more than 64 KB or 16 levels, and says so in the events', async () => {
    const events: EmulatorEvent[] = [];
    const one = await start({ onEvent: (event) => events.push(event) });
    expect((await ask(one, `/v1/session/${'x'.repeat(9000)}`)).status).toBe(414);
    const post = (body: string): Promise<Answer> =>
      ask(one, '/v1/session/otp', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    for (const body of [`{"a":"${'x'.repeat(70_000)}"}`, `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad_request' });
    }
    expect(events.filter(({ type }) => type === 'refusal').map(({ reason }) => reason)).toEqual([
      'body: expected at most 65536 bytes, got more',
      'body: expected at most 16 levels, got more',
    ]);
    const control = await one.control.call('POST', '/tenants', JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`));
    expect(control.status).toBe(400);
  });

  it('behind a proxy that ends TLS a proof is about the https address', async () => {
    const one = await start({ publicUrl: 'https://stepup.test.example.com' });
    const { ready } = one.emulator;
    expect(ready).toMatchObject({
      url: 'https://stepup.test.example.com',
      controlUrl: 'https://stepup.test.example.com/__emulator',
      prelude: { sessionDomain: 'stepup.test.example.com', issuer: 'stepup.test.example.com' },
      dynamic: { apiBaseUrl: 'https://stepup.test.example.com/api/v0' },
    });
    const host = 'stepup.test.example.com';
    const json = { host, 'content-type': 'application/json' };
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const jwk = { kty, crv, x, y } as Record<string, string>;
    const identifier = { type: 'phone_number', value: '+33612345678' };
    const sent = await ask(one, '/v1/session/otp', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ identifier }),
    });
    const verification = { 'x-verification-token': String(sent.headers['x-verification-token']) };
    const inbox = await ask(one, '/__emulator/messages', {
      headers: { host, authorization: `Bearer ${ready.controlToken}` },
    });
    const [{ code }] = (JSON.parse(inbox.body) as { messages: [{ code: string }] }).messages;
    const checked = await ask(one, '/v1/session/otp/check', {
      method: 'POST',
      headers: { ...json, ...verification },
      body: JSON.stringify({ code }),
    });
    const finalize = async (htu: string, nonce?: string): Promise<Answer> => {
      const claims = { htm: 'POST', htu, iat: Math.floor(Date.now() / 1000), jti: crypto.randomUUID(), nonce };
      const dpop = await new SignJWT(claims)
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .sign(privateKey);
      return ask(one, '/v1/session/login/finalize', { method: 'POST', headers: { ...json, dpop }, body: checked.body });
    };
    const path = '/v1/session/login/finalize';
    const nonce = String((await finalize(`https://${host}${path}`)).headers['dpop-nonce']);
    expect((await finalize(`http://${host}${path}`, nonce)).status).toBe(400);
    const done = await finalize(`https://${host}${path}`, nonce);
    expect(done.status).toBe(200);
    const claims = decodeJwt((JSON.parse(done.body) as { access_token: string }).access_token);
    expect(claims.iss).toContain(host);
    // Loopback stays open for health checks on the machine itself.
    expect((await ask(one, '/__emulator/health', { headers: { host: 'localhost' } })).status).toBe(200);
  });

  it('a certificate for others names them, beside the loopback names', async () => {
    const one = await start({ httpsPort: 0, publicUrl: 'http://ci-emulator:9000' });
    const { ready } = one.emulator;
    expect(ready.caCert).toMatch(/cert-ci-emulator\.pem$/);
    const { X509Certificate } = await import('node:crypto');
    const { readFile } = await import('node:fs/promises');
    const leaf = new X509Certificate(await readFile(ready.caCert));
    expect(leaf.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:ci-emulator',
    );
    expect(leaf.ca).toBe(false);
  });
});
