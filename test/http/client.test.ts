import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttp, type Http, type HttpOptions } from '../../src/http/client.js';

const NOON = Date.UTC(2026, 2, 1, 12);
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`;
}

/** Waits that only end when they are stopped: nothing times out. */
const forever: HttpOptions['sleep'] = (_ms, signal) =>
  new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(new Error('stopped'))));

function client(options: Partial<HttpOptions> = {}): Http {
  return createHttp({
    fetch,
    now: () => NOON,
    sleep: forever,
    signal: new AbortController().signal,
    timeoutMs: 30_000,
    userAgent: 'stepup/test',
    ...options,
  });
}

describe('a request that spends what it sends', () => {
  it('outlives Ctrl-C, which takes effect at the next call', async () => {
    const stop = new AbortController();
    const url = await serve((_request, response) => {
      stop.abort();
      setImmediate(() => response.end('{"answered":true}'));
    });
    const http = client({ signal: stop.signal });
    expect(await http.send({ method: 'POST', url, spends: true })).toMatchObject({ json: { answered: true } });
    await expect(http.send({ method: 'POST', url, spends: true })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('has at least 15 seconds, whatever --timeout says', async () => {
    const waits: number[] = [];
    const url = await serve((_request, response) => response.end('{}'));
    const sleep: HttpOptions['sleep'] = (ms, signal) => (waits.push(ms), forever(ms, signal));
    const http = client({ sleep, timeoutMs: 1000 });
    await http.send({ method: 'POST', url, spends: true });
    await http.send({ method: 'POST', url });
    expect(waits).toEqual([15_000, 1000]);
  });
});

describe('send', () => {
  it.each([200, 403])('a body that nests without end is malformed, status %i', async (status) => {
    const url = await serve((_request, response) =>
      response.writeHead(status).end('['.repeat(400_000) + ']'.repeat(400_000)),
    );
    await expect(client().send({ method: 'GET', url })).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
  });

  it('a mistake of its caller stays what it is', async () => {
    const url = await serve((_request, response) => response.end('{}'));
    const onHead = (): never => {
      throw new TypeError('our own mistake');
    };
    await expect(client().send({ method: 'GET', url, onHead })).rejects.toThrow(new TypeError('our own mistake'));
  });

  it('sends JSON with its headers and gives the parsed answer', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const { accept, authorization, 'content-type': type, 'user-agent': agent, 'x-own': own } = request.headers;
      seen.push(request.method, request.url, accept, authorization, type, agent, own);
      request.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
      request.on('end', () => response.writeHead(404, { 'X-Here': 'yes' }).end('{"code":"not_found"}'));
    });
    const answer = await client().send({
      method: 'POST',
      url: `${url}/a?b=c`,
      json: { d: 1 },
      bearer: 'key',
      headers: { 'X-Own': 'own', 'X-None': undefined },
    });
    expect(seen).toEqual([
      'POST',
      '/a?b=c',
      'application/json',
      'Bearer key',
      'application/json',
      'stepup/test',
      'own',
      '{"d":1}',
    ]);
    expect([answer.status, answer.headers.get('x-here'), answer.json]).toEqual([404, 'yes', { code: 'not_found' }]);
  });

  it('an empty answer has no JSON', async () => {
    const url = await serve((_request, response) => response.writeHead(204).end());
    expect((await client().send({ method: 'POST', url })).json).toBeUndefined();
  });

  it('a refused connection names the host and what happened', async () => {
    const closed = await listen(createServer());
    await new Promise((done) => servers.pop()?.close(done));
    await expect(
      client().send({ method: 'POST', url: `http://127.0.0.1:${closed}/x`, bearer: 'secret-key' }),
    ).rejects.toMatchObject({
      name: 'UnreachableError',
      code: 'SERVICE_UNREACHABLE',
      message: `127.0.0.1:${closed} refused the connection (ECONNREFUSED).`,
    });
  });

  it('a name that DNS does not know is unreachable', async () => {
    const unknown: typeof fetch = () =>
      Promise.reject(
        new TypeError('fetch failed', { cause: Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }) }),
      );
    await expect(
      client({ fetch: unknown }).send({ method: 'POST', url: 'https://nowhere.invalid/' }),
    ).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: 'nowhere.invalid is not known to DNS (ENOTFOUND).',
    });
  });

  it('a certificate that nobody vouches for is said with the variable that would', async () => {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=localhost',
      keys,
      signingAlgorithm: algorithm,
    });
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----`;
    const port = await listen(createTlsServer({ key, cert: certificate.toString('pem') }));
    await expect(client().send({ method: 'GET', url: `https://127.0.0.1:${port}/` })).rejects.toMatchObject({
      code: 'TLS_UNTRUSTED',
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
    });
  });

  it('https towards a plain port says to check the address', async () => {
    const url = await serve((_request, response) => response.end());
    await expect(client().send({ method: 'POST', url: url.replace('http:', 'https:') })).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      hint: 'Check the address: does it speak https?',
    });
  });

  it.each(['head', 'body'])('a %s that does not come in time names --timeout', async (part) => {
    let reached: () => void = () => undefined;
    const arrived = new Promise<void>((done) => (reached = done));
    const url = await serve((_request, response) => {
      if (part === 'body') response.writeHead(200).write('{');
      reached();
    });
    await expect(client({ sleep: () => arrived }).send({ method: 'GET', url })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: `${new URL(url).host} did not answer within 30 s.`,
      hint: expect.stringContaining('--timeout') as string,
    });
  });

  it.each([
    ['120', 120],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('RFC 9110 §10.2.3: Retry-After %s with 429 is %s s', async (value, retryAfter) => {
    const url = await serve((_request, response) =>
      response.writeHead(429, { 'Retry-After': value, Date: 'Sun, 01 Mar 2026 12:00:00 GMT' }).end('<html>'),
    );
    await expect(client().send({ method: 'POST', url })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter,
      status: 429,
      hint: `Wait ${retryAfter === undefined ? 'a while' : `${retryAfter} s`}, then run the same command again.`,
    });
  });

  it('5xx is the service’s failure, with its code and request id', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(502).end('{"code":"internal","request_id":"req_1"}'),
    );
    await expect(client().send({ method: 'POST', url })).rejects.toMatchObject({
      code: 'SERVICE_FAILING',
      status: 502,
      serviceCode: 'internal',
      requestId: 'req_1',
    });
  });

  it.each([
    [200, '<!doctype html><p>secret page'],
    [404, '<html>secret page</html>'],
    [200, '{"cut": "off'],
    [200, 'secret page'],
  ])('an answer of %d that is no JSON is malformed and not quoted: %s', async (status, body) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    await expect(client().send({ method: 'POST', url })).rejects.toMatchObject({
      code: 'ANSWER_MALFORMED',
      message: expect.not.stringMatching(/secret|off/) as string,
    });
  });

  it.each([true, false])('more than 1 MB is refused (said in advance: %s)', async (announced) => {
    const body = JSON.stringify('x'.repeat(1024 * 1024));
    const url = await serve((_request, response) =>
      response.writeHead(200, announced ? { 'Content-Length': body.length } : {}).end(body),
    );
    await expect(client().send({ method: 'POST', url })).rejects.toMatchObject({
      code: 'ANSWER_MALFORMED',
      message: expect.stringContaining('more than 1024 KB') as string,
    });
  });

  it('does not follow a redirect, so no credential goes elsewhere', async () => {
    let elsewhere = 0;
    const other = await serve((_request, response) => {
      elsewhere += 1;
      response.end('{}');
    });
    const url = await serve((_request, response) => response.writeHead(307, { Location: other }).end());
    await expect(client().send({ method: 'POST', url, bearer: 'key' })).rejects.toMatchObject({
      code: 'ANSWER_MALFORMED',
    });
    expect(elsewhere).toBe(0);
  });

  it.each([
    ['GET', 3],
    ['POST', 1],
    ['PUT', 1],
    ['DELETE', 1],
  ] as const)('a %s over a broken network is tried %d times', async (method, tries) => {
    let count = 0;
    const url = await serve((request) => {
      count += 1;
      request.socket.destroy();
    });
    const sleep: HttpOptions['sleep'] = (ms, signal) => (ms < 1000 ? Promise.resolve() : forever(ms, signal));
    await expect(client({ sleep }).send({ method, url })).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE' });
    expect(count).toBe(tries);
  });

  it('a GET that is refused by the service is not tried again', async () => {
    let count = 0;
    const url = await serve((_request, response) => {
      count += 1;
      response.writeHead(503).end();
    });
    await expect(client().send({ method: 'GET', url })).rejects.toMatchObject({ code: 'SERVICE_FAILING' });
    expect(count).toBe(1);
  });

  it('Ctrl-C ends the wait, and everything after it', async () => {
    const interruption = new AbortController();
    const url = await serve(() => interruption.abort());
    const http = client({ signal: interruption.signal });
    await expect(http.send({ method: 'GET', url })).rejects.toMatchObject({
      name: 'InterruptedError',
      code: 'INTERRUPTED',
    });
    await expect(http.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('a header that cannot be one is a bug, and its value is not told', async () => {
    await expect(client().send({ method: 'GET', url: 'http://127.0.0.1/', bearer: 'secret\nvalue' })).rejects.toThrow(
      '"Authorization" has characters that no header can carry',
    );
  });

  it('shows each exchange to debug without its secrets, and hides them in later texts', async () => {
    const shown: string[] = [];
    const url = await serve((_request, response) =>
      response
        .writeHead(200, {
          'Set-Cookie': 'refresh=cookie-secret; Path=/',
          'X-Refresh-Token': 'refresh-secret',
          'X-Refresh-Token-Expires-At': '2026-04-01',
        })
        .end('{"access_token":"access-secret","expires_at":5,"note":"for bearer-secret"}'),
    );
    const http = client({ debug: (text) => shown.push(text) });
    await http.send({
      method: 'POST',
      url: `${url}/x?token=query-secret&a=b`,
      bearer: 'bearer-secret',
      json: {
        code: '135791',
        nested: [{ password: 'pass-secret', challenge_token: 'challenge-secret' }],
        scope: 'a:b',
      },
    });
    const text = shown.join('\n');
    expect(text).not.toMatch(/secret|135791/);
    expect(text).toContain(`> POST ${url}/x?token=redacted&a=b`);
    expect(text).toContain('"scope":"a:b"');
    expect(text).toContain('< 200 (0 ms)');
    expect(text).toContain('< x-refresh-token-expires-at: 2026-04-01');
    expect(text).toContain('"note":"for [redacted]"');
    expect(http.redact('code 135791, token access-secret')).toBe('code [redacted], token [redacted]');
  });
});
