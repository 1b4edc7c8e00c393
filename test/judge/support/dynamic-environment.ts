/** The environment at the emulator, its inbox, and a backend of the developer's own. */
import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamicReady } from '../../../src/emulator/emulator.js';
import { startTestEmulator, type ControlClient } from '../../support/emulator.js';
import { keyPair } from '../../support/key-pair.js';

export interface Environment {
  dynamic: DynamicReady;
  control: ControlClient;
  /** Code of the newest message that was sent to this address (E.164 or email). */
  newestCode(to: string): Promise<string>;
  stop(): Promise<void>;
}

/** An emulator of the test's own. One address may be sent as many codes as a test needs. */
export async function startEnvironment(): Promise<Environment> {
  const bugs: Error[] = [];
  const { emulator, control, stop } = await startTestEmulator({
    httpsPort: undefined,
    onBug: (error) => bugs.push(error),
  });
  await control.settings({ dynamic: { otpSends: 1000 } });
  return {
    dynamic: emulator.ready.dynamic,
    control,
    async newestCode(to) {
      const newest = (await control.messages({ to })).at(-1);
      if (!newest) throw new Error(`Nothing was sent to ${to}.`);
      return newest.code;
    },
    async stop() {
      await stop();
      if (bugs[0]) throw bugs[0];
    },
  };
}

export interface WatchedFetch {
  fetch: typeof globalThis.fetch;
  /**
   * The calls since the last one, e.g. `POST stepUp/check 200`. What the client does in the background is left out: nonces for
   * later, and that a wallet was connected.
   */
  calls(): string[];
  /** Headers of the newest call to such a path. */
  headersOf(path: string): Headers;
}

export function watchFetch({ apiBaseUrl, environmentId }: DynamicReady): WatchedFetch {
  const base = `${apiBaseUrl}/sdk/`;
  const seen: { line: string; path: string; headers: Headers }[] = [];
  let reported = 0;
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const response = await fetch(request);
      const path = request.url.slice(base.length + environmentId.length + 1).replace(/\?.*/, '');
      if (path !== 'nonces' && path !== 'connect') {
        seen.push({ line: `${request.method} ${path} ${response.status}`, path, headers: request.headers });
      }
      return response;
    },
    calls() {
      const fresh = seen.slice(reported).map(({ line }) => line);
      reported = seen.length;
      return fresh;
    },
    headersOf(path) {
      const found = seen.findLast((call) => call.path === path);
      if (!found) throw new Error(`${path} was not called.`);
      return found.headers;
    },
  };
}

export interface Backend {
  jwksUrl: string;
  /** Signed by the backend's key; good for five minutes unless the claims say else. */
  assertion(claims: Record<string, unknown>): string;
  close(): Promise<void>;
}

/** A backend with users of its own: it publishes a key and signs assertions with it. */
export async function startBackend(): Promise<Backend> {
  const { publicKey, privateKey } = keyPair('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'judge', use: 'sig', alg: 'RS256' }] };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(jwks));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`,
    assertion(claims) {
      const now = Math.floor(Date.now() / 1000);
      const all = { jti: crypto.randomUUID(), iat: now, exp: now + 300, ...claims };
      const input = `${part({ alg: 'RS256', typ: 'JWT', kid: 'judge' })}.${part(all)}`;
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
