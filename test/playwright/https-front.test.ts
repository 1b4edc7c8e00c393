import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveOverHttps, type HttpsFront } from '../../src/playwright/https-front.js';

let app: Server;
let front: HttpsFront;

beforeAll(async () => {
  app = createServer((incoming, outgoing) => {
    const { host } = incoming.headers;
    if (incoming.url === '/absolute') return outgoing.writeHead(302, { location: `http://${host}/here?a=1` }).end();
    if (incoming.url === '/relative') return outgoing.writeHead(302, { location: '/here' }).end();
    if (incoming.url === '/away') return outgoing.writeHead(302, { location: 'http://localhost.example.com/' }).end();
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
    incoming.on('end', () => {
      const { 'x-forwarded-proto': proto, 'x-forwarded-host': forwardedHost } = incoming.headers;
      outgoing.end(JSON.stringify({ method: incoming.method, url: incoming.url, host, proto, forwardedHost, body }));
    });
  });
  app.on('upgrade', (incoming, socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${incoming.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
    );
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((up) => app.listen(0, '127.0.0.1', up));
  front = await serveOverHttps(`http://127.0.0.1:${(app.address() as AddressInfo).port}`);
});
afterAll(async () => {
  await front.close();
  app.closeAllConnections();
  await new Promise((closed) => app.close(closed));
});

interface Got {
  status: number | undefined;
  location: string | undefined;
  body: string;
}

function get(path: string, { url, certificate } = front, method = 'GET', sent = ''): Promise<Got> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { ca: certificate, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, location: response.headers.location, body }));
    });
    call.on('error', reject).end(sent);
  });
}

test('passes requests on with the host that the browser sees', async () => {
  const { status, body } = await get('/a?b=c', front, 'POST', 'sent');
  const { host } = new URL(front.url);
  const seen = { method: 'POST', url: '/a?b=c', host, proto: 'https', forwardedHost: host, body: 'sent' };
  expect([status, JSON.parse(body)]).toEqual([200, seen]);
});

test('a redirect to the http address becomes one to the https address; others stay', async () => {
  expect((await get('/absolute')).location).toBe(`${front.url}/here?a=1`);
  expect((await get('/relative')).location).toBe('/here');
  expect((await get('/away')).location).toBe('http://localhost.example.com/');
});

test('passes web sockets on', async () => {
  const { port, host } = new URL(front.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost', ca: front.certificate });
  socket.write(`GET /live HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
  socket.setEncoding('utf8');
  const [head] = (await once(socket, 'data')) as [string];
  expect(head).toContain('101 Switching Protocols\r\nUpgrade: websocket\r\n');
  socket.write('echo');
  expect((await once(socket, 'data'))[0]).toBe('echo');
  socket.destroy();
});

test('says so when nothing answers there, and takes no address that is not http', async () => {
  const unused = createServer();
  await new Promise<void>((up) => unused.listen(0, '127.0.0.1', up));
  const address = `http://127.0.0.1:${(unused.address() as AddressInfo).port}`;
  await new Promise((closed) => unused.close(closed));
  const other = await serveOverHttps(address);
  expect(await get('/', other)).toMatchObject({
    status: 502,
    body: expect.stringContaining(`${address} does not answer`),
  });
  await other.close();
  await expect(serveOverHttps('https://localhost:1')).rejects.toThrow(TypeError);
});
