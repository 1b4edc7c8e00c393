import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type Limits, type Listener } from '../../src/emulator/listener.js';

const QUICK: Limits = { headMs: 150, requestMs: 300, checkMs: 25, connections: 3 };

describe('a listener', () => {
  let listener: Listener | undefined;
  afterEach(async () => {
    await listener?.close(100);
    listener = undefined;
  });

  async function start(limits?: Limits): Promise<number> {
    listener = await listen({
      host: '127.0.0.1',
      port: 0,
      flag: '--port',
      limits,
      fetch: async (request) => new Response(`${request.method} ${(await request.text()).length}`),
    });
    return listener.port;
  }

  /** Everything that comes back until the connection ends. */
  async function exchange(port: number, ...parts: string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    for (const part of parts) socket.write(part);
    return rest(socket);
  }

  async function rest(socket: Socket): Promise<string> {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    // A reset is an end, too.
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('answers %s with 400 in JSON and closes', async (_what, text) => {
    const answer = await exchange(await start(), text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code: 'bad_request' });
  });

  it('answers a head of more than 16 KB with 431', async () => {
    const head = `GET / HTTP/1.1\r\nHost: localhost\r\n${'X: yyyyyyyy\r\n'.repeat(2000)}\r\n`;
    expect(await exchange(await start(), head)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('gives up on a head that comes too slowly, and on a body', async () => {
    const port = await start(QUICK);
    expect(await exchange(port, 'GET / HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1\.1 408 /);
    expect(await exchange(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nslow')).toMatch(
      /^HTTP\/1\.1 408 /,
    );
  });

  it('takes so many connections at once and closes further ones', async () => {
    const port = await start(QUICK);
    const first = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    );
    expect(await exchange(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    for (const socket of first) socket.destroy();
  });

  it('what comes after a good request on the same connection is judged by itself', async () => {
    const good = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok';
    const answer = await exchange(await start(), `${good}${good}garbage\r\n\r\n`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)?.[0]).toBe('HTTP/1.1 200');
    expect(answer).not.toContain('500');
  });
});
