/** An application's key set of a test's own, and tokens that its key signs. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ISSUER, KEY, SECONDS } from '../explain/world.js';

export { ACCESS, ecKey, KEY, NOW, OTHER, raw, SECONDS, sign, STRANGER } from '../explain/world.js';

export const ENVIRONMENT = '2762a57b-faa4-41ce-9f16-abff9300e2c9';
/** An environment's tokens: of a session, and elevated. */
export const DYNAMIC = {
  iss: `app.dynamic.xyz/${ENVIRONMENT}`,
  sub: 'user-1',
  sid: 'session-1',
  environment_id: ENVIRONMENT,
  scope: 'user:basic',
  iat: SECONDS - 100,
  exp: SECONDS + 3600,
  jti: 'd-1',
};
export const ELEVATED = { ...DYNAMIC, scope: 'wallet:export', singleUse: true, exp: SECONDS + 200, jti: 'd-2' };

export interface KeySetServer {
  service: { prelude: { issuer: string; jwksUrl: string } };
  apiUrl: string;
  /** What it publishes; a text is sent as it is. */
  keys: object[] | string;
  status: number;
  /** How often it was asked. */
  asked: number;
  close(): Promise<void>;
}

/** Starts one, with the key of these tests. */
export async function startKeySet(): Promise<KeySetServer> {
  const server = createServer((_request, response) => {
    state.asked += 1;
    const body = typeof state.keys === 'string' ? state.keys : JSON.stringify({ keys: state.keys });
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: KeySetServer = {
    service: { prelude: { issuer: ISSUER, jwksUrl: `${apiUrl}/jwks.json` } },
    apiUrl,
    keys: [KEY.jwk],
    status: 200,
    asked: 0,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return state;
}

/** A request of fetch to a backend on this machine. */
export function request(
  headers: Record<string, string> = {},
  url = 'http://localhost:3000/transfers?x=1',
  method = 'GET',
): Request {
  return new Request(url, { method, headers });
}

export function bearer(token: string, more: Record<string, string> = {}): Request {
  return request({ authorization: `Bearer ${token}`, ...more });
}
