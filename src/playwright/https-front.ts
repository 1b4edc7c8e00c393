/** The page under test over https: what is served on `http://localhost` becomes one site with the emulator. */
import { request, type IncomingMessage, type Server } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { signLeaf } from '../emulator/leaf.js';
import { nodeWorld } from '../node-world.js';

export interface HttpsFront {
  /** `https://localhost:PORT`. */
  url: string;
  /** Its self-signed certificate in PEM. */
  certificate: string;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/**
 * Passes everything on to an address of plain http, web sockets too (a development server reloads the page by one). The `Host` that the
 * browser sends stays; a redirect to the http address becomes one to the https address. Throws TypeError for an address that is not http.
 */
export async function serveOverHttps(address: string): Promise<HttpsFront> {
  const target = new URL(address);
  if (target.protocol !== 'http:')
    throw new TypeError(`appUrl takes an address that begins with http://, not ${address}.`);
  const now = nodeWorld.now();
  const leaf = {
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
    serial: nodeWorld.randomBytes(16),
  };
  const { cert, key } = await signLeaf(leaf);
  const server = createServer({ cert, key });
  const sockets = new Set<Duplex>();
  const watch = (socket: Duplex): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('secureConnection', watch);

  server.on('request', (incoming, outgoing) => {
    const upstream = request(
      {
        host: target.hostname,
        port: target.port || 80,
        method: incoming.method,
        path: incoming.url,
        headers: forwarded(incoming),
        agent: false,
      },
      (answer) => {
        const { location } = answer.headers;
        const headers =
          location === undefined ? answer.headers : { ...answer.headers, location: overHttps(location, incoming) };
        outgoing.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', ({ message }) => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502, { 'content-type': 'text/plain' }).end(`${address} does not answer: ${message}\n`);
    });
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });

  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upstream: Socket = connect(Number(target.port || 80), target.hostname, () => {
      upstream.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headerLines(incoming)}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    watch(upstream);
    for (const [one, other] of [
      [upstream, socket],
      [socket, upstream],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });

  await listening(server);
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate: cert,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };

  function overHttps(location: string, { headers: { host = '' } }: IncomingMessage): string {
    const from = [target.origin, `http://${host}`].find(
      (origin) => location === origin || location.startsWith(`${origin}/`),
    );
    return from === undefined ? location : `https://${host}${location.slice(from.length)}`;
  }
}

function forwarded({ headers }: IncomingMessage): IncomingMessage['headers'] {
  return { ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': headers.host };
}

function headerLines({ rawHeaders }: IncomingMessage): string {
  const lines: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return lines.join('\r\n');
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}
