/** A developer's API of a test's own: it checks tokens with jose against the service's published keys, and proofs as RFC 9449 says. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, createRemoteJWKSet, EmbeddedJWK, jwtVerify, type JWTPayload } from 'jose';

export interface Heard {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface Api {
  origin: string;
  /** Every request that came, oldest first. */
  heard: Heard[];
  /** A path that answers by a function of the test's own. */
  on(path: string, answer: (request: Heard, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export interface ApiOptions {
  jwksUrl: string;
  issuer: string;
  /** Dynamic: where the elevated token comes. Without it the access token holds the scopes. */
  elevatedHeader?: string;
  /** Takes each token once. */
  once?: boolean;
}

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly challenge: string,
  ) {
    super(challenge);
  }
}

/** The words of a `scope` claim. */
function wordsOf(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ') : [];
}

/** Starts one on loopback. `/me` takes any good token; `/needs/SCOPE` one that holds the scope. */
export async function startApi({ jwksUrl, issuer, elevatedHeader, once = false }: ApiOptions): Promise<Api> {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  const heard: Heard[] = [];
  const own = new Map<string, Parameters<Api['on']>[1]>();
  const proofs = new Set<unknown>();
  const spent = new Set<unknown>();
  const nonce = randomUUID();

  async function verified(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, keys, { issuer, algorithms: ['RS256'], requiredClaims: ['exp', 'sub'] })).payload;
    } catch {
      throw new Refused(401, 'Bearer error="invalid_token"');
    }
  }

  async function authorized({ method, url, headers }: Heard, scope?: string): Promise<JWTPayload> {
    const [, scheme = '', token = ''] = /^(\S+) (.+)$/.exec(headers.authorization ?? '') ?? [];
    if (token === '') throw new Refused(401, 'Bearer realm="api"');
    const claims = await verified(token);
    const { jkt } = (claims['cnf'] ?? {}) as { jkt?: string };
    if (scheme !== (jkt === undefined ? 'Bearer' : 'DPoP')) throw new Refused(401, 'DPoP error="invalid_token"');
    if (jkt !== undefined) await checkProof({ method, url, headers }, token, jkt);
    const extra = elevatedHeader === undefined ? undefined : headers[elevatedHeader];
    const elevated: JWTPayload =
      elevatedHeader === undefined ? claims : extra === undefined ? {} : await verified(String(extra));
    if (elevatedHeader !== undefined && extra !== undefined && elevated.sub !== claims.sub) {
      throw new Refused(401, 'Bearer error="invalid_token"');
    }
    if (scope !== undefined) {
      if (!wordsOf(elevated['scope']).includes(scope)) {
        throw new Refused(403, `Bearer realm="api", error="insufficient_scope", scope="${scope}"`);
      }
      const { jti } = elevated;
      if (once && spent.has(jti)) throw new Refused(403, `Bearer error="insufficient_scope", scope="${scope}"`);
      spent.add(jti);
    }
    return claims;
  }

  async function checkProof({ method, url, headers }: Omit<Heard, 'body'>, token: string, jkt: string): Promise<void> {
    const refuse = (why: string): Refused =>
      new Refused(401, `DPoP error="invalid_dpop_proof", error_description="${why}"`);
    const proof = headers['dpop'];
    if (typeof proof !== 'string') throw refuse('none');
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
    }).catch(() => {
      throw refuse('signature');
    });
    if ((await calculateJwkThumbprint(protectedHeader.jwk!, 'sha256')) !== jkt) throw refuse('another key');
    if (payload['htm'] !== method) throw refuse('htm');
    if (payload['htu'] !== `${api.origin}${new URL(url, api.origin).pathname}`) throw refuse('htu');
    if (payload['ath'] !== createHash('sha256').update(token).digest('base64url')) throw refuse('ath');
    if (Math.abs(payload.iat! - Date.now() / 1000) > 60) throw refuse('iat');
    if (payload['nonce'] !== nonce) throw new Refused(401, 'DPoP error="use_dpop_nonce", algs="ES256"');
    if (proofs.has(payload.jti)) throw refuse('jti');
    proofs.add(payload.jti);
  }

  async function answer(request: Heard, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url, 'http://api');
    const given = own.get(pathname);
    if (given) return given(request, response);
    try {
      const [, scope] = /^\/needs\/(.+)$/.exec(pathname) ?? [];
      const { sub } = await authorized(request, scope && decodeURIComponent(scope));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ sub, method: request.method, body: request.body.toString() }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      response.writeHead(error.status, { 'www-authenticate': error.challenge, 'dpop-nonce': nonce });
      response.end('{"error":"refused"}');
    }
  }

  const server = createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(pieces) };
      heard.push(request);
      answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const api: Api = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    on: (path, given) => void own.set(path, given),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return api;
}
