/** Stands between a client and the emulator, on http and on https, and writes down every request as it came over the wire. */
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { JudgedEmulator } from './emulator.js';

export interface Recorded {
  method: string;
  path: string;
  /** As the client called it, origin included. */
  url: string;
  /** Names are lower-case. */
  headers: Record<string, string>;
  body: string;
  status: number;
}

export interface Recorder {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** `localhost:PORT` of the https side: the SDK's `domain`. */
  domain: string;
  /** The requests since the last call, preflights left out. */
  take(): Recorded[];
  close(): Promise<void>;
}

/** Hosts and paths go through as they are, so that a proof's `htu` is checked against what the client called. */
export async function startRecorder({ ready, folder }: JudgedEmulator): Promise<Recorder> {
  const recorded: Recorded[] = [];
  const pem = await readFile(join(folder, 'tls.pem'), 'utf8');
  const forward =
    (scheme: string, base: string, send: typeof httpsRequest) =>
    async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const { method = '', url: path = '', headers } = request;
      const onward = send(new URL(path, base), { method, headers, rejectUnauthorized: false }, (answer) => {
        if (method !== 'OPTIONS') {
          recorded.push({
            method,
            path,
            url: `${scheme}://${headers.host}${path}`,
            headers: flat(headers),
            body: body.toString('utf8'),
            status: answer.statusCode ?? 0,
          });
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      onward.end(body);
    };
  const plain = createServer(forward('http', ready.url, httpRequest));
  const secure = createTlsServer({ cert: pem, key: pem }, forward('https', ready.httpsUrl, httpsRequest));
  const [port, tlsPort] = await Promise.all([plain, secure].map(listening));
  return {
    url: `http://127.0.0.1:${port}`,
    domain: `localhost:${tlsPort}`,
    take: () => recorded.splice(0),
    close: async () => {
      await Promise.all([plain, secure].map(closing));
    },
  };
}

type AnyServer = ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>;

function listening(server: AnyServer): Promise<number> {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));
}

function closing(server: AnyServer): Promise<void> {
  return new Promise((closed) => {
    server.close(() => closed());
    server.closeAllConnections();
  });
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}
