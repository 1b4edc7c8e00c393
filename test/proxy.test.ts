import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fetchFor } from '../src/proxy.js';

let service: Server;
let proxy: Server;
let tunnels: string[] = [];
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  service = createServer((_request, response) => response.end('hello'));
  proxy = createServer((request, response) => {
    tunnels.push(String(request.url));
    response.end('by the proxy');
  });
  proxy.on('connect', (request, client, head) => {
    tunnels.push(String(request.url));
    const upstream = connect(portOf(service), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  for (const server of [service, proxy]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});

afterAll(() => {
  for (const server of [service, proxy]) {
    server.closeAllConnections();
    server.close();
  }
});

beforeEach(() => {
  tunnels = [];
});

test('without a proxy it is the direct fetch itself', () => {
  const direct: typeof fetch = () => Promise.reject(new Error('not called'));
  expect(fetchFor({}, direct)).toBe(direct);
  expect(fetchFor({ HTTPS_PROXY: '' }, direct)).toBe(direct);
});

test('a call goes through the proxy', async () => {
  const through = fetchFor({ HTTP_PROXY: `http://127.0.0.1:${portOf(proxy)}` }, fetch);
  const response = await through('http://service.test/path');
  expect(await response.text()).toBe('hello');
  expect(tunnels).toEqual(['service.test:80']);
});

test('a call to this machine does not', async () => {
  const through = fetchFor({ HTTP_PROXY: `http://127.0.0.1:${portOf(proxy)}` }, fetch);
  expect(await (await through(`http://localhost:${portOf(service)}/`)).text()).toBe('hello');
  expect(await (await through(new URL(`http://127.0.0.1:${portOf(service)}/`))).text()).toBe('hello');
  expect(tunnels).toEqual([]);
});

test('NO_PROXY is honoured', async () => {
  const env = { http_proxy: `http://127.0.0.1:${portOf(proxy)}`, no_proxy: 'service.invalid' };
  await expect(fetchFor(env, fetch)('http://service.invalid/')).rejects.toThrow('fetch failed');
  expect(tunnels).toEqual([]);
});
