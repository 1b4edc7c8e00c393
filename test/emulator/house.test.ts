import { once } from 'node:events';
import { createServer } from 'node:http';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceApp } from '../../src/emulator/app.js';
import { loadKeys as loadDynamicKeys } from '../../src/emulator/dynamic/keys.js';
import type { EmulatorEvent } from '../../src/emulator/emulator.js';
import { folderKeys } from '../../src/emulator/key-store.js';
import { loadKeys as loadPreludeKeys } from '../../src/emulator/prelude/keys.js';
import type { Services, Variables } from '../../src/emulator/services.js';
import { httpsGet, startTestEmulator, type TestEmulator, type TestOptions } from '../support/emulator.js';

const MESSAGE = {
  channel: 'sms',
  to: '+33612345678',
  code: '424242',
  purpose: 'login',
  provider: 'prelude',
  challengeId: null,
  suppressed: false,
} as const;

describe('house', () => {
  const started: TestEmulator[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop();
  });

  async function start(routes: (app: ServiceApp, services: Services) => void, options: TestOptions = {}) {
    const one = await startTestEmulator({
      httpsPort: undefined,
      ...options,
      services: async (services) => {
        const app = new Hono<{ Variables: Variables }>();
        routes(app, services);
        return [app];
      },
    });
    started.push(one);
    return one;
  }
  const hello = (app: ServiceApp): void => void app.get('/hello', (c) => c.json({ tenant: c.var.tenant.id }));

  it('is ready when it says so, with the constants of the default tenant', async () => {
    const { emulator, folder } = await start(hello, { httpsPort: 0, controlToken: 'control-token' });
    const { url, httpsUrl } = emulator.ready;
    const domain = `localhost:${new URL(httpsUrl).port}`;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(emulator.ready).toEqual({
      type: 'ready',
      url,
      httpsUrl: `https://${domain}`,
      caCert: join(folder, 'cert.pem'),
      controlUrl: `${url}/__emulator`,
      controlToken: 'control-token',
      prelude: {
        appId: 'demo',
        sessionDomain: domain,
        managementUrl: url,
        managementKey: 'sk_emulator_demo',
        issuer: domain,
        jwksUrl: `${url}/.well-known/jwks.json`,
      },
      dynamic: {
        environmentId: '00000000-0000-4000-8000-000000000001',
        apiBaseUrl: `${url}/api/v0`,
        issuer: `${new URL(url).host}/00000000-0000-4000-8000-000000000001`,
        jwksUrl: `${url}/api/v0/sdk/00000000-0000-4000-8000-000000000001/.well-known/jwks`,
      },
    });
    expect(await (await fetch(`${url}/hello`)).json()).toEqual({ tenant: 'default' });
    expect(await httpsGet(`${httpsUrl}/hello`, emulator.ready.caCert)).toEqual({
      status: 200,
      body: '{"tenant":"default"}',
    });
    const port = new URL(httpsUrl).port;
    expect((await httpsGet(`https://127.0.0.1:${port}/hello`, emulator.ready.caCert)).status).toBe(200);
  });

  it('without https: no certificate, and the http port in the issuer', async () => {
    const { emulator, folder } = await start(hello);
    const { url, httpsUrl, caCert, prelude } = emulator.ready;
    expect({ httpsUrl, caCert }).toEqual({ httpsUrl: '', caCert: '' });
    expect(prelude.issuer).toBe(`localhost:${new URL(url).port}`);
    await expect(access(join(folder, 'tls.pem'))).rejects.toThrow('ENOENT');
  });

  it('several run in one process, each with a state and a control token of its own', async () => {
    const [one, two] = [await start(hello), await start(hello)];
    expect(one.emulator.ready.controlToken).not.toBe(two.emulator.ready.controlToken);
    expect(one.emulator.ready.controlToken.length).toBeGreaterThanOrEqual(32);
    await one.control.settings({ otpAttempts: 2 });
    expect((await two.control.settings()).otpAttempts).toBe(5);
  });

  it('a port in use is PORT_IN_USE with the flag, for http and for https, and leaves nothing running', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const taken = (squatter.address() as AddressInfo).port;
    await expect(start(hello, { port: taken })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${taken} on 127.0.0.1 is in use.`,
      field: '--port',
    });

    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((done) => free.close(done));
    await expect(start(hello, { port, httpsPort: taken })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      field: '--https-port',
    });
    const again = await start(hello, { port });
    expect(new URL(again.emulator.ready.url).port).toBe(String(port));
    await new Promise((done) => squatter.close(done));
  });

  it('a host that is not of this machine is LISTEN_FAILED', async () => {
    await expect(start(hello, { host: '192.0.2.1', allowRemote: true })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      field: '--port',
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'a folder below /proc is FILE_UNWRITABLE at once, for the keys too',
    { timeout: 5000 },
    async () => {
      const refused = {
        code: 'FILE_UNWRITABLE',
        message: 'The folder /proc/nope/x cannot be made: it does not exist.',
      };
      await expect(start(hello, { folder: '/proc/nope/x' })).rejects.toMatchObject(refused);
      await expect(loadPreludeKeys(folderKeys('/proc/nope/x'))).rejects.toMatchObject(refused);
      await expect(loadDynamicKeys(folderKeys('/proc/nope/x'))).rejects.toMatchObject(refused);
    },
  );

  it('a folder that cannot be made is FILE_UNWRITABLE', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepup-house-'));
    await writeFile(join(folder, 'file'), '');
    const inside = join(folder, 'file', 'inside');
    await expect(start(hello, { folder: inside })).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `The folder ${inside} cannot be made: a part of its path is not a folder.`,
      hint: expect.stringContaining('STEPUP_HOME') as string,
    });
    await rm(folder, { recursive: true });
  });

  it('services that cannot be made leave nothing running', async () => {
    const failing = startTestEmulator({
      httpsPort: undefined,
      services: async ({ tenant }) => {
        throw new Error(`no keys at ${(await tenant('default'))?.prelude.managementUrl}`);
      },
    });
    const error = await failing.catch((thrown: Error) => thrown);
    const url = /http:\S+/.exec((error as Error).message)?.[0] ?? '';
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it.each([
    ['localhost:1234', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1', 200],
    ['[::1]:80', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example:4780', 421],
    ['192.168.1.5', 421],
  ])('Host %s is answered with %i, on services and control API', async (host, status) => {
    const { emulator } = await start(hello);
    const { url, controlUrl } = emulator.ready;
    expect((await rawGet(`${url}/hello`, { Host: host })).status).toBe(status);
    expect((await rawGet(`${controlUrl}/health`, { Host: host })).status).toBe(status);
  });

  it('stamps Date with the real time, whatever the control API makes of the age', async () => {
    const { emulator, control } = await start(hello, { now: () => Date.UTC(2026, 5, 1, 12) });
    await control.clock({ advance: 3600 });
    const { headers } = await fetch(`${emulator.ready.url}/hello`);
    expect(headers.get('date')).toBe('Mon, 01 Jun 2026 12:00:00 GMT');
  });

  it('an unknown path, when no service says otherwise, is 404 in JSON', async () => {
    const { emulator } = await start(hello);
    const response = await fetch(`${emulator.ready.url}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ code: 'not_found', type: 'not_found' });
  });

  it('tells a service whose request it is', async () => {
    const { emulator } = await start((app) => app.get('*', (c) => c.text(c.var.tenant.prelude.appId)));
    for (const path of ['/v1/session/x', '/t/default/v1/session/x', '/v2/session/apps/demo/config']) {
      expect(await (await fetch(`${emulator.ready.url}${path}`)).text()).toBe('demo');
    }
  });

  it('refuses a body over 100 KB, announced or not, and hands on a smaller one whole', async () => {
    const { emulator } = await start((app) =>
      app.post('/size', async (c) => {
        let size = 0;
        for await (const chunk of c.req.raw.body ?? []) size += chunk.byteLength;
        return c.json({ size });
      }),
    );
    const post = (body: NonNullable<RequestInit['body']>): Promise<Response> =>
      fetch(`${emulator.ready.url}/size`, { method: 'POST', body, duplex: 'half' });
    const streamed = (size: number): ReadableStream => new Blob([Buffer.alloc(size)]).stream();

    expect(await (await post(Buffer.alloc(100_000))).json()).toEqual({ size: 100_000 });
    expect(await (await post(streamed(100_000))).json()).toEqual({ size: 100_000 });
    for (const body of [Buffer.alloc(102_401), streamed(102_401)]) {
      const refused = await post(body);
      expect(refused.status).toBe(413);
      expect(await refused.json()).toEqual({ code: 'bad_request', type: 'bad_request' });
    }
  });

  it('an exception of a route is a plain 500; its stack goes to onBug, its place to the events', async () => {
    const bugs: Error[] = [];
    const events: EmulatorEvent[] = [];
    const { emulator } = await start(
      (app) =>
        app.get('/broken', () => {
          throw new RangeError('code 424242 of +33612345678');
        }),
      { onBug: (error) => bugs.push(error), onEvent: (event) => events.push(event) },
    );
    const response = await fetch(`${emulator.ready.url}/broken?secret=1`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: 'internal', type: 'internal' });
    expect(bugs.map(({ name, message }) => [name, message])).toEqual([['RangeError', 'code 424242 of +33612345678']]);
    expect(events.map(({ type, path }) => [type, path])).toEqual([
      ['bug', '/broken'],
      ['request', '/broken'],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/424242|secret/);
  });

  it('events tell method, path, status and refusal, and a message without its code', async () => {
    const events: EmulatorEvent[] = [];
    const { emulator } = await start(
      (app, { deliver }) =>
        app.post('/otp', async (c) => {
          await deliver('default', MESSAGE);
          c.set('refusal', 'the code has expired');
          return c.json({}, 401);
        }),
      { onEvent: (event) => events.push(event), now: () => Date.UTC(2026, 0, 2, 3, 4, 5) },
    );
    await fetch(`${emulator.ready.url}/otp?token=abc`, {
      method: 'POST',
      headers: { Authorization: 'Bearer secret-token' },
      body: '{"code":"424242"}',
    });
    const at = '2026-01-02T03:04:05.000Z';
    const { code, ...message } = MESSAGE;
    expect(events).toEqual([
      { id: 1, type: 'message', at, tenant: 'default', ...message, messageId: 'msg_1' },
      {
        id: 2,
        type: 'refusal',
        at,
        tenant: 'default',
        method: 'POST',
        path: '/otp',
        status: 401,
        code: null,
        reason: 'the code has expired',
      },
      {
        id: 3,
        type: 'request',
        at,
        tenant: 'default',
        method: 'POST',
        path: '/otp',
        status: 401,
        refusal: 'the code has expired',
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(code);
  });

  it('stop lets a request under way finish, ends a waiting call, and refuses new ones', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((done) => (release = done));
    let entered: () => void = () => undefined;
    const underWay = new Promise<void>((done) => (entered = done));
    const { emulator, control } = await start((app) =>
      app.get('/slow', async (c) => {
        entered();
        await released;
        return c.text('done');
      }),
    );
    const silent = connect(Number(new URL(emulator.ready.url).port), '127.0.0.1');
    await once(silent, 'connect');
    const waiting = control.messages({ wait: '60' });
    const slow = fetch(`${emulator.ready.url}/slow`);
    await underWay;
    const stopped = emulator.stop();
    expect(await waiting).toEqual([]);
    release();
    expect(await (await slow).text()).toBe('done');
    await Promise.all([stopped, emulator.stop(), once(silent, 'close')]);
    await expect(fetch(`${emulator.ready.url}/hello`)).rejects.toThrow('fetch failed');
  });

  it('stop does not wait for ever for a request that does not end', async () => {
    let entered: () => void = () => undefined;
    const underWay = new Promise<void>((done) => (entered = done));
    const { emulator } = await start((app) =>
      app.get('/never', () => {
        entered();
        return new Promise<Response>(() => undefined);
      }),
    );
    const never = fetch(`${emulator.ready.url}/never`).catch((error: Error) => error);
    await underWay;
    await emulator.stop();
    expect(await never).toBeInstanceOf(TypeError);
  });
});

function rawGet(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    request.on('error', reject).end();
  });
}
