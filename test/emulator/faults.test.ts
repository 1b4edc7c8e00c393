import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmulatorEvent } from '../../src/emulator/emulator.js';
import type { Variables } from '../../src/emulator/services.js';
import { httpsGet, startTestEmulator, type TestEmulator } from '../support/emulator.js';

describe('faults', () => {
  let one: TestEmulator;
  let ran: string[];
  let events: EmulatorEvent[];

  beforeEach(async () => {
    ran = [];
    events = [];
    one = await startTestEmulator({
      onEvent: (event) => events.push(event),
      services: async () => {
        const app = new Hono<{ Variables: Variables }>();
        app.all('*', async (c) => {
          ran.push(`${c.req.method} ${c.req.path}`);
          const text = c.req.method === 'POST' ? await new Response(c.req.raw.body).text() : '';
          return c.json({ nonce: c.get('requireNonce') ?? false, text });
        });
        return [app];
      },
    });
  });
  afterEach(() => one.stop());

  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${one.emulator.ready.url}${path}`, init);
  const statuses = async (paths: string[]): Promise<number[]> => {
    const found: number[] = [];
    for (const path of paths) found.push((await call(path)).status);
    return found;
  };

  it('a status answers in place of the route, in the service’s shape', async () => {
    await one.control.fault({ match: { method: 'post', path: '/v1/session/refresh' }, do: { status: 429 } });
    const response = await call('/v1/session/refresh', { method: 'POST', body: '{}' });
    expect(response.status).toBe(429);
    expect(await response.json()).toEqual({ code: 'rate_limited', type: 'rate_limited' });
    expect((await call('/v1/session/refresh')).status).toBe(200);
    expect((await call('/v1/session/otp', { method: 'POST' })).status).toBe(200);
    expect(ran).toEqual(['GET /v1/session/refresh', 'POST /v1/session/otp']);
  });

  it('a status with body and headers of its own: JSON, HTML, text', async () => {
    await one.control.fault({
      times: 1,
      do: { status: 503, body: { code: 'internal', message: 'later' }, headers: { 'Retry-After': '7' } },
    });
    await one.control.fault({ times: 1, do: { status: 502, body: '<html>Bad Gateway</html>' } });
    await one.control.fault({ times: 1, do: { status: 400, body: 'no' } });
    const [json, html, text] = [await call('/a'), await call('/a'), await call('/a')];
    expect([json.status, json.headers.get('retry-after'), await json.json()]).toEqual([
      503,
      '7',
      { code: 'internal', message: 'later' },
    ]);
    expect([html.headers.get('content-type'), await html.text()]).toEqual(['text/html', '<html>Bad Gateway</html>']);
    expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain', 'no']);
  });

  it('a page may read the answer; a management call gets no CORS headers', async () => {
    await one.control.fault({ do: { status: 500 } });
    const headers = { Origin: 'https://app.example' };
    const frontend = await call('/v1/session/refresh', { headers });
    expect(frontend.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(frontend.headers.get('access-control-allow-credentials')).toBe('true');
    expect(frontend.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce');
    const management = await call('/v2/session/apps/demo/config', { headers });
    expect(management.status).toBe(500);
    expect(management.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('happens the given number of times, to every Nth match', async () => {
    await one.control.fault({ match: { path: '/a' }, times: 2, everyNth: 2, do: { status: 500 } });
    expect(await statuses(['/a', '/b', '/a', '/a', '/a', '/a', '/a'])).toEqual([200, 200, 500, 200, 500, 200, 200]);
    const listed = (await (await one.control.call('GET', '/faults')).json()) as { faults: unknown[] };
    expect(listed.faults).toMatchObject([{ matched: 6, happened: 2, times: 2, everyNth: 2, do: { status: 500 } }]);
  });

  it('fifty requests at once use up exactly its times', async () => {
    await one.control.fault({ times: 5, do: { status: 500 } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('/a')));
    expect(answers.filter(({ status }) => status === 500)).toHaveLength(5);
  });

  it.each([
    ['/v1/session/*', '/v1/session/otp/check', true],
    ['/v1/session/*', '/v1/sessions', false],
    ['*/check', '/v1/session/otp/check', false],
    ['/*/check', '/v1/session/otp/check', true],
    ['/a*a', '/a', false],
    ['/a*b*c', '/a1b2b3c', true],
    ['/a*b*c', '/a1c2c', false],
    ['/a', '/a/', false],
  ])('path %s against %s: %s', async (pattern, path, matches) => {
    const response = await one.control.call('POST', '/faults', { match: { path: pattern }, do: { status: 500 } });
    expect(response.status).toBe(pattern.startsWith('/') ? 201 : 400);
    expect((await call(path)).status).toBe(matches ? 500 : 200);
  });

  it('a preflight meets only a fault that names OPTIONS', async () => {
    await one.control.fault({ do: { status: 500 } });
    expect((await call('/a', { method: 'OPTIONS' })).status).toBe(200);
    await one.control.fault({ match: { method: 'OPTIONS' }, do: { status: 503 } });
    expect((await call('/a', { method: 'OPTIONS' })).status).toBe(503);
  });

  describe('identity', () => {
    const jwt = (claims: object): string =>
      `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      call('/v1/session/otp', { method: 'POST', body: JSON.stringify(body), headers });

    it.each<[string, () => Promise<Response>]>([
      ['in the body', () => post({ identifier: { type: 'phone_number', value: 'who' } })],
      ['as the subject of a token in the body', () => post({ challenge_token: jwt({ sub: 'who' }) })],
      ['as the session of the bearer', () => post({}, { Authorization: `Bearer ${jwt({ sub: 'x', sid: 'who' })}` })],
      ['in the path', () => call('/v2/session/apps/demo/users/who')],
    ])('is found %s', async (_, send) => {
      await one.control.fault({ match: { identity: 'who' }, do: { status: 500 } });
      expect((await send()).status).toBe(500);
      expect((await post({ identifier: { value: 'who else' } })).status).toBe(200);
    });

    it('leaves the body whole for the route, JSON or not', async () => {
      await one.control.fault({ match: { identity: '+33612345678' }, do: { status: 500 } });
      for (const body of ['{"identifier":"ü"}', '{"broken', '']) {
        const response = await call('/a', { method: 'POST', body });
        expect(await response.json()).toEqual({ nonce: false, text: body });
      }
    });
  });

  it.each(['http', 'https'] as const)('drop before: the work is not done and no answer comes (%s)', async (scheme) => {
    await one.control.fault({ do: { drop: 'before' }, times: 1 });
    const { ready } = one.emulator;
    const answer = scheme === 'http' ? call('/a') : httpsGet(`${ready.httpsUrl}/a`, ready.caCert);
    await expect(answer).rejects.toThrow(/fetch failed|socket hang up/);
    expect(ran).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'request', path: '/a', status: null, dropped: 'before' });
    expect((await call('/a')).status).toBe(200);
  });

  it('drop after: the work is done, the answer lost', async () => {
    const fault = await one.control.fault({ do: { drop: 'after' }, times: 1 });
    await expect(call('/a', { method: 'POST', body: '{}' })).rejects.toThrow('fetch failed');
    expect(ran).toEqual(['POST /a']);
    expect(events.at(-1)).toMatchObject({ type: 'request', status: null, dropped: 'after', fault });
    expect((await call('/a')).status).toBe(200);
  });

  it('requireNonce tells the route', async () => {
    await one.control.fault({ do: { requireNonce: true }, times: 1 });
    expect(await (await call('/a')).json()).toMatchObject({ nonce: true });
    expect(await (await call('/a')).json()).toMatchObject({ nonce: false });
  });

  it.each([120, -3600])('skews the Date by %i s, and nothing else', async (skewDateSeconds) => {
    await one.control.fault({ match: { path: '/a' }, do: { skewDateSeconds } });
    const off = async (path: string): Promise<number> =>
      (Date.parse((await call(path)).headers.get('date') ?? '') - Date.now()) / 1000;
    expect(Math.abs((await off('/a')) - skewDateSeconds)).toBeLessThan(5);
    expect(Math.abs(await off('/b'))).toBeLessThan(5);
  });

  it.each(['http', 'https'] as const)('truncates the body, then cuts the connection (%s)', async (scheme) => {
    const { ready } = one.emulator;
    const fault = await one.control.fault({ match: { path: '/a' }, times: 2, do: { truncate: 9 } });
    const address = scheme === 'http' ? `${ready.url}/a` : `${ready.httpsUrl}/a`;
    const ca = await readFile(ready.caCert);
    expect(await rawAnswer(address, ca)).toEqual({ length: 25, body: '{"nonce":', whole: false });
    expect(ran).toEqual(['GET /a']);
    expect(events.at(-1)).toMatchObject({ type: 'request', status: 200, fault });
    await expect(call('/a').then((response) => response.text())).rejects.toThrow('terminated');
    expect((await call('/a')).status).toBe(200);
  });

  it('a body that is no longer is sent whole', async () => {
    await one.control.fault({ do: { truncate: 1000 } });
    expect(await (await call('/a')).json()).toEqual({ nonce: false, text: '' });
  });

  it('truncates to nothing, a refusal as well', async () => {
    await one.control.fault({ do: { truncate: 0 } });
    expect(await rawAnswer(`${one.emulator.ready.url}/a`)).toEqual({ length: 25, body: '', whole: false });
  });

  it('tells when it is added, happens, and goes, without the body that it answers', async () => {
    const fault = await one.control.fault({ times: 1, do: { status: 500, body: 'secret-body' } });
    await call('/a');
    await one.control.call('DELETE', `/faults/${fault}`);
    await one.control.clearFaults();
    expect(events.filter(({ type }) => type === 'fault')).toMatchObject([
      { change: 'added', fault, do: { status: 500 }, times: 1 },
      { change: 'happened', fault, do: { status: 500 }, method: 'GET', path: '/a' },
      { change: 'removed', fault },
      { change: 'cleared' },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret-body');
  });

  it('latency holds the request; a stop cuts it short', async () => {
    await one.control.fault({ do: { latencyMs: 600_000 } });
    const held = call('/a');
    const counted = async (): Promise<unknown> =>
      ((await (await one.control.call('GET', '/faults')).json()) as { faults: unknown[] }).faults[0];
    await expect.poll(counted).toMatchObject({ happened: 1 });
    expect(ran).toEqual([]);
    await one.emulator.stop();
    expect((await held).status).toBe(200);
  });

  it('latency ends when the client goes away', async () => {
    await one.control.fault({ do: { latencyMs: 600_000 }, times: 1 });
    const controller = new AbortController();
    const held = call('/a', { signal: controller.signal });
    await expect
      .poll(async () => JSON.stringify(await (await one.control.call('GET', '/faults')).json()))
      .toContain('"happened":1');
    controller.abort();
    await expect(held).rejects.toThrow('aborted');
    await expect.poll(() => ran).toEqual(['GET /a']);
  });

  it('the oldest fault that fits happens; the control API is never met', async () => {
    const first = await one.control.fault({ match: { path: '/a' }, do: { status: 500 } });
    await one.control.fault({ do: { status: 503 } });
    expect(await statuses(['/a', '/b'])).toEqual([500, 503]);
    expect((await one.control.call('DELETE', `/faults/${first}`)).status).toBe(204);
    expect((await one.control.call('DELETE', `/faults/${first}`)).status).toBe(404);
    expect(await statuses(['/a'])).toEqual([503]);
    await one.control.clearFaults();
    expect(await statuses(['/a', '/b'])).toEqual([200, 200]);
  });

  it.each([
    [{}, 400, 'do'],
    [{ do: {} }, 400, 'do'],
    [{ do: { status: 500, drop: 'before' } }, 400, 'do'],
    [{ do: { status: 99 } }, 400, 'do.status'],
    [{ do: { status: 500, haeders: {} } }, 400, 'do.haeders'],
    [{ do: { status: 500, headers: { 'X-A': 'a\r\nb' } } }, 400, 'do.headers.X-A'],
    [{ do: { latencyMs: -1 } }, 400, 'do.latencyMs'],
    [{ do: { drop: 'during' } }, 400, 'do.drop'],
    [{ do: { requireNonce: false } }, 400, 'do.requireNonce'],
    [{ match: { url: '/a' }, do: { status: 500 } }, 400, 'match.url'],
    [{ times: 0, do: { status: 500 } }, 400, 'times'],
    [{ everyNth: 1.5, do: { status: 500 } }, 400, 'everyNth'],
    [{ do: { skewDateSeconds: 0.5 } }, 400, 'do.skewDateSeconds'],
    [{ do: { truncate: -1 } }, 400, 'do.truncate'],
    [{ do: { rotateKey: 'yes' } }, 400, 'do.rotateKey'],
    [{ do: { hookTimeout: false } }, 400, 'do.hookTimeout'],
    [{ do: { rotateKey: true, hookTimeout: true } }, 400, 'do'],
  ])('%j is refused with %i, naming %s', async (fault, status, field) => {
    const response = await one.control.call('POST', '/faults', fault);
    expect(response.status).toBe(status);
    const answer = (await response.json()) as { field: string; detail: string };
    expect(answer.field).toBe(field);
    expect(answer.detail).toContain(field.split('.').at(-1));
  });
});

/** What the wire has: announced length, bytes of the body, and whether the answer came to its end. */
function rawAnswer(url: string, ca?: Buffer): Promise<{ length: number; body: string; whole: boolean }> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, { agent: false, ...(ca && { ca }) }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      const length = Number(response.headers['content-length']);
      response.on('error', () => undefined).on('close', () => resolve({ length, body, whole: response.complete }));
    });
    request.on('error', reject).end();
  });
}
