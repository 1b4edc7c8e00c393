/** Requests of both kinds, hostile ones too, and the answers to them. */
import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerifier, type NodeRequest, type Verifier } from '../../src/verify/verify.js';
import {
  ACCESS,
  bearer,
  DYNAMIC,
  ecKey,
  ENVIRONMENT,
  NOW,
  request,
  SECONDS,
  sign,
  startKeySet,
  type KeySetServer,
} from './key-set.js';

const SCOPE = 'transfer:write';
const HOLDER = ecKey();
let server: KeySetServer;
let verifier: Verifier;
let token: string;
let backend: Server;
let origin: string;
/** How the backend hands its request on, as a framework would. */
let handed: (incoming: IncomingMessage) => NodeRequest = (incoming) => incoming;

beforeAll(async () => {
  server = await startKeySet();
  verifier = createVerifier(server.service, { now: () => NOW });
  token = await sign(ACCESS);
  backend = createServer((incoming, response) => {
    void verifier.requireScope(handed(incoming), SCOPE).then((result) => {
      if (!result.ok) return result.send(response);
      return void response.end(JSON.stringify({ userId: result.userId }));
    });
  });
  await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((done) => {
    backend.close(done);
    backend.closeAllConnections();
  });
  await server.close();
});

async function prove(jwt: string, htu: string): Promise<string> {
  const ath = createHash('sha256').update(jwt).digest('base64url');
  return new SignJWT({ htm: 'GET', htu, iat: SECONDS, jti: crypto.randomUUID(), ath })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: HOLDER.jwk })
    .sign(HOLDER.privateKey);
}
const bound = async (): Promise<string> => sign({ ...ACCESS, cnf: { jkt: await calculateJwkThumbprint(HOLDER.jwk) } });

/** A request whose head is written by hand; resolves with the head and body of the answer. */
function raw(lines: string[]): Promise<string> {
  const { port } = new URL(origin);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write([...lines, 'Connection: close', '', ''].join('\r\n')),
    );
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

describe('node:http', () => {
  it('lets in, and writes what it refuses', async () => {
    const good = await fetch(`${origin}/a?b=c`, { headers: { authorization: `Bearer ${token}` } });
    expect([good.status, await good.json()]).toEqual([200, { userId: 'usr_01' }]);
    const refused = await fetch(`${origin}/a`, { headers: { authorization: 'Bearer x' } });
    expect(refused.status).toBe(401);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'www-authenticate': 'Bearer error="invalid_token", error_description="what came is no token"',
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    expect(await refused.json()).toEqual({ error: 'invalid_token', error_description: 'what came is no token' });
  });

  it('has no body for HEAD', async () => {
    const answer = await fetch(`${origin}/a`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([401, '']);
  });

  it('refuses several of a header, whichever is good', async () => {
    const host = `Host: ${new URL(origin).host}`;
    const good = `Authorization: Bearer ${token}`;
    expect(await raw(['GET / HTTP/1.1', host, good])).toMatch(/^HTTP\/1.1 200 /);
    for (const other of ['authorization: Bearer x', good]) {
      const answer = await raw(['GET / HTTP/1.1', host, good, other]);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer).toMatch(/www-authenticate: Bearer error="invalid_request"/);
    }
    const jwt = await bound();
    const proof = `DPoP: ${await prove(jwt, `${origin}/`)}`;
    const twice = await raw(['GET / HTTP/1.1', host, `Authorization: DPoP ${jwt}`, proof, proof]);
    expect(twice).toMatch(/^HTTP\/1.1 401 [^]*there are several proofs/);
    expect(await raw(['GET / HTTP/1.1', host, `Authorization: DPoP ${jwt}`, proof])).toMatch(/^HTTP\/1.1 200 /);
  });

  it.each([
    ['/a?b=c', '/a', 200],
    ['//a', '//a', 200],
    ['//evil.example/a', '/a', 401],
    ['http://evil.example/a', '/a', 200],
    ['/a', 'http://evil.example/a', 401],
  ])('a proof for the target %s is for %s: %i', async (target, htu, status) => {
    const jwt = await bound();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const claimed = htu.startsWith('/') ? `${origin}${htu}` : htu;
      prove(jwt, claimed)
        .then((dpop) =>
          httpRequest(origin, { path: target, headers: { authorization: `DPoP ${jwt}`, dpop } }, resolve)
            .on('error', reject)
            .end(),
        )
        .catch(reject);
    });
    answer.resume();
    expect(answer.statusCode).toBe(status);
  });

  it('Express: the address before a router took its own path off counts', async () => {
    const jwt = await bound();
    handed = ({ method, headers, rawHeaders, socket, url }) => ({
      method,
      headers,
      rawHeaders,
      socket,
      url: '/a',
      originalUrl: url,
    });
    const answer = await fetch(`${origin}/api/a`, {
      headers: { authorization: `DPoP ${jwt}`, dpop: await prove(jwt, `${origin}/api/a`) },
    });
    handed = (incoming) => incoming;
    expect(answer.status).toBe(200);
  });

  it('a Host that is somebody else is not believed', async () => {
    const jwt = await bound();
    const dpop = `DPoP: ${await prove(jwt, 'http://evil.example/')}`;
    const answer = await raw(['GET / HTTP/1.1', 'Host: evil.example', `Authorization: DPoP ${jwt}`, dpop]);
    expect(answer).toMatch(/^HTTP\/1.1 401 [^]*lacks its publicUrl/);
  });

  it('a Host of this machine that names another server, or a path, is not believed', async () => {
    const jwt = await bound();
    const { host } = new URL(origin);
    for (const [named, htu] of [
      ['localhost', 'http://localhost/transfers'],
      ['localhost:1', 'http://localhost:1/transfers'],
      [`${host}/me?`, `http://${host}/me`],
      [`user@${host}`, `http://${host}/transfers`],
    ] as const) {
      const proof = `DPoP: ${await prove(jwt, htu)}`;
      const answer = await raw(['GET /transfers HTTP/1.1', `Host: ${named}`, `Authorization: DPoP ${jwt}`, proof]);
      expect(answer).toMatch(/^HTTP\/1.1 401 [^]*lacks its publicUrl/);
    }
  });

  it('a Host of this machine is not believed where the caller is elsewhere', async () => {
    const jwt = await bound();
    const headers = { host: 'localhost:3000', authorization: `DPoP ${jwt}` };
    const dpop = async (): Promise<string> => prove(jwt, 'http://localhost:3000/');
    const from = async (localAddress: string | undefined): Promise<unknown> => {
      const socket = { localAddress, localPort: 3000 };
      const incoming = { method: 'GET', url: '/', headers: { ...headers, dpop: await dpop() }, socket };
      return (await verifier.requireScope(incoming, SCOPE)).ok;
    };
    expect([await from('10.0.0.7'), await from(undefined), await from('::ffff:127.0.0.1'), await from('::1')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it.each<[string, NodeRequest]>([
    ['nothing', { headers: {} }],
    ['an asterisk', { method: 'OPTIONS', url: '*', headers: { host: 'localhost' } }],
    ['no host', { method: 'GET', url: '/', headers: {}, socket: null }],
    ['a host that is none', { method: 'GET', url: '/', headers: { host: 'a b@:99999' } }],
    ['lists', { method: 'GET', url: '/', headers: { dpop: ['a', 'b'] } }],
  ])('of %s: no proof is for it, and it throws nothing', async (_name, incoming) => {
    const jwt = await bound();
    const headers = { dpop: await prove(jwt, 'http://localhost/'), ...incoming.headers, authorization: `DPoP ${jwt}` };
    expect(await verifier.requireScope({ ...incoming, headers }, SCOPE)).toMatchObject({ ok: false, status: 401 });
    const twice = { ...headers, authorization: [`Bearer ${token}`, `Bearer ${token}`] };
    expect(await verifier.requireScope({ ...incoming, headers: twice }, SCOPE)).toMatchObject({
      ok: false,
      status: 400,
    });
  });
});

describe('fetch', () => {
  it('nobody is told what there is, without an error', async () => {
    const result = await verifier.requireScope(request(), SCOPE);
    expect(result).toMatchObject({
      ok: false,
      status: 401,
      error: 'unauthorized',
      headers: { 'www-authenticate': 'Bearer, DPoP algs="ES256"' },
    });
    const dynamic = createVerifier({ dynamic: { environmentId: ENVIRONMENT } });
    expect(await dynamic.requireSession(request())).toMatchObject({ headers: { 'www-authenticate': 'Bearer' } });
  });

  it.each(['', 'Bearer', 'Bearer  ', 'Basic YTpi', 'DPoP', 'Token x', 'Bearerx y'])(
    '%j is nobody',
    async (authorization) => {
      expect(await verifier.requireScope(request({ authorization }), SCOPE)).toMatchObject({
        status: 401,
        error: 'unauthorized',
      });
    },
  );

  it('an answer is one of fetch', async () => {
    const result = await verifier.requireScope(bearer(await sign({ ...ACCESS, scope: 'x' })), SCOPE);
    if (result.ok) throw new Error('it was let in');
    const answer = result.response();
    expect(answer.status).toBe(403);
    expect(Object.fromEntries(answer.headers)).toEqual(result.headers);
    expect(await answer.json()).toEqual({
      error: 'insufficient_scope',
      error_description: 'the token does not hold the scope that is demanded',
      scope: SCOPE,
    });
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({ ok: false, status: 403 });
  });

  it.each(['bearer', 'BEARER'])('the scheme is %s in any letters', async (scheme) => {
    expect(await verifier.requireScope(request({ authorization: `${scheme} ${token}` }), SCOPE)).toMatchObject({
      ok: true,
    });
  });

  it('whatever comes, it is refused in time, in words of its own', async () => {
    const [head, body, signature] = token.split('.') as [string, string, string];
    const deep = Buffer.from(`{"alg":"RS256","kid":${'['.repeat(20_000)}`).toString('base64url');
    const dynamic = createVerifier(
      { dynamic: { environmentId: ENVIRONMENT, apiUrl: server.apiUrl, issuer: DYNAMIC.iss } },
      { now: () => NOW },
    );
    const session = await sign(DYNAMIC);
    const all = [
      `${token}x`,
      `${token}.x`,
      `${token} ${token}`,
      `x${token}`,
      `${head}..${signature}`,
      `${head}.${body}.`,
      '..',
      '.',
      'null',
      `${deep}.e30.AA`,
      `e30.e30.AA`,
      `bnVsbA.e30.AA`,
      `W10.e30.AA`,
      `${'a'.repeat(1e6)}.b.c`,
      '.'.repeat(1e6),
      ' '.repeat(1000) + 'a b',
      '\u00ff\u00fe',
      '"; drop',
    ];
    for (const text of all) {
      const result = await verifier.requireScope(bearer(text), SCOPE);
      expect({ text: text.slice(0, 40), ok: result.ok }).toEqual({ text: text.slice(0, 40), ok: false });
      if (result.ok) continue;
      expect(result.status).toBe(401);
      expect(result.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[\w ]+"$/);
      const elevated = bearer(session, { 'x-dyn-elevated-access-token': text });
      expect(await dynamic.requireScope(elevated, 'wallet:export')).toMatchObject({
        ok: false,
        error: 'invalid_token',
      });
    }
  });

  it('two of one name are refused, whichever came first', async () => {
    const twice = new Headers({ authorization: `Bearer ${token}` });
    twice.append('authorization', 'Bearer x');
    const incoming = new Request('http://localhost:3000/', { headers: twice });
    expect(await verifier.requireScope(incoming, SCOPE)).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  it('nothing of a token is in a refusal', async () => {
    const [head, , signature] = token.split('.') as [string, string, string];
    const forged = `${head}.${Buffer.from('{"secret":"hunter2"}').toString('base64url')}.${signature}`;
    const result = await verifier.requireScope(bearer(forged), SCOPE);
    const text = inspect(result, { depth: 10, maxStringLength: 10_000 });
    for (const part of [...forged.split('.'), 'hunter2']) expect(text).not.toContain(part);
  });
});
