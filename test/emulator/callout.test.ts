import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createCallOut, targetFault, type CallOptions, type Resolve } from '../../src/emulator/callout.js';

const GET: CallOptions = { method: 'GET', headers: {}, timeoutMs: 2000, maxBytes: 1000 };

describe('calls to a backend', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function backend(answer: RequestListener, host = '127.0.0.1'): Promise<number> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  /** A resolver that knows these names; it counts how often it is asked. */
  function names(known: Record<string, string[]>): Resolve & { asked: number } {
    const resolve = Object.assign(
      async (hostname: string) => {
        resolve.asked += 1;
        const found = known[hostname];
        if (!found) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
        return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      },
      { asked: 0 },
    );
    return resolve;
  }

  it('reach loopback, by address and by name', async () => {
    const port = await backend((request, response) => response.end(`host ${request.headers.host}`));
    const callOut = createCallOut([], names({ localhost: ['::1', '127.0.0.1'], 'app.localhost': ['127.0.0.1'] }));
    for (const host of ['127.0.0.1', 'localhost', 'app.localhost', '[::ffff:127.0.0.1]']) {
      const result = await callOut(`http://${host}:${port}/hook`, GET);
      expect(result).toMatchObject({ outcome: 'answered', status: 200 });
    }
  });

  it('follow no redirect', async () => {
    let calls = 0;
    const port = await backend((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await createCallOut([])(`http://127.0.0.1:${port}/`, GET)).toMatchObject({
      outcome: 'answered',
      status: 302,
    });
    expect(calls).toBe(1);
  });

  it('do not leave this machine unless the backend is named, host and port', async () => {
    const resolve = names({ 'hooks.example.com': ['203.0.113.7'] });
    for (const allowed of [[], ['hooks.example.com:8443'], ['example.com:443'], ['203.0.113.7:443']]) {
      expect(await createCallOut(allowed, resolve)('https://hooks.example.com/hook', GET)).toEqual({
        outcome: 'failed',
        words: expect.stringContaining('start with --allow-callback hooks.example.com:443') as string,
      });
    }
    expect(await createCallOut([])('https://203.0.113.7/hook', GET)).toMatchObject({
      words: expect.stringContaining('--allow-callback 203.0.113.7:443') as string,
    });
  });

  it('judge the address that a name stands for, not the name', async () => {
    const resolve = names({
      'metadata.example.com': ['169.254.169.254'],
      'mapped.example.com': ['::ffff:169.254.169.254'],
      'loop.example.com': ['203.0.113.7', '127.0.0.1'],
    });
    const allowed = ['metadata.example.com:443', 'mapped.example.com:443'];
    for (const host of ['metadata.example.com', 'mapped.example.com']) {
      expect(await createCallOut(allowed, resolve)(`https://${host}/`, GET)).toMatchObject({
        words: expect.stringContaining('a forbidden one') as string,
      });
    }
    // Of several addresses only that of this machine is called: http, which nobody has to allow there.
    const port = await backend((_request, response) => response.end('here'));
    const refused = await createCallOut([], resolve)(`http://loop.example.com:${port}/`, GET);
    expect(refused).toMatchObject({ outcome: 'failed', words: expect.stringContaining('https') as string });
  });

  it('a local name that stands for another machine is not called', async () => {
    const resolve = names({ localhost: ['203.0.113.7'] });
    expect(await createCallOut(['localhost:80'], resolve)('http://localhost/', GET)).toEqual({
      outcome: 'failed',
      words: 'expected an address on loopback, got another',
    });
  });

  it('resolve a name once: nothing can be put in between check and connection', async () => {
    const port = await backend((_request, response) => response.end('{}'));
    const resolve = names({ localhost: ['127.0.0.1'] });
    await createCallOut([], resolve)(`http://localhost:${port}/`, GET);
    expect(resolve.asked).toBe(1);
  });

  it('end with words for a name that nobody knows, a refused connection, silence, half an answer and a huge one', async () => {
    const callOut = createCallOut([], names({ localhost: ['127.0.0.1'] }));
    const silent = await backend(() => undefined);
    const half = await backend((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const huge = await backend((_request, response) => response.end('x'.repeat(1001)));
    const gone = await backend(() => undefined);
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    expect(await callOut('http://nowhere.localhost/', GET)).toMatchObject({
      words: expect.stringContaining('ENOTFOUND') as string,
    });
    expect(await callOut(`http://127.0.0.1:${gone}/`, GET)).toMatchObject({
      words: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(await callOut(`http://127.0.0.1:${silent}/`, { ...GET, timeoutMs: 50 })).toMatchObject({
      words: 'expected an answer within 50 ms, got none',
    });
    expect(await callOut(`http://127.0.0.1:${half}/`, GET)).toMatchObject({ outcome: 'failed' });
    expect(await callOut(`http://127.0.0.1:${huge}/`, GET)).toEqual({ outcome: 'too_large', status: 200 });
  });

  it.each([
    ['hooks', 'expected a URL'],
    ['ftp://127.0.0.1/', 'expected an https URL'],
    ['https://user:secret@hooks.example.com/', 'without user and password'],
    ['http://hooks.example.com/', 'http only on loopback'],
    ['https://169.254.169.254/latest', 'not link-local'],
    ['https://[fe80::1]/', 'not link-local'],
    ['http://[::ffff:169.254.169.254]/', 'not link-local'],
    ['https://2852039166/', 'not link-local'],
  ])('the address %s cannot be configured', (address, words) => {
    expect(targetFault(address)).toContain(words);
    expect(targetFault(address)).not.toContain('secret');
  });

  it.each(['hooks', 'hooks:0', 'hooks:99999', 'https://hooks:443', ':443', 'user@hooks:443', '169.254.169.254:443'])(
    '--allow-callback %s is refused',
    (allowed) => {
      expect(() => createCallOut([allowed])).toThrow(
        expect.objectContaining({ code: 'FLAG_INVALID', field: '--allow-callback' }),
      );
    },
  );
});
