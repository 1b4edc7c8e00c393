/** A developer's step-up hook as Prelude's documentation describes it, written without any of our own code. */
import { constants, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HookCall {
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  /** The RSA-PSS signature of the raw body is that of the named key in the application's JWKS. */
  signed: boolean;
}

export interface Hook {
  url: string;
  /** Calls so far, oldest first. */
  calls: HookCall[];
  /** What the next calls are answered with. */
  answer(verdict: Record<string, unknown>): void;
  close(): Promise<void>;
}

export async function startHook(jwksUrl: string): Promise<Hook> {
  let verdict: Record<string, unknown> = { status: 'block' };
  const calls: HookCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const signed = await isSigned(jwksUrl, request.headers, body);
    calls.push({ headers: request.headers, body: JSON.parse(body.toString('utf8')), signed });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(verdict));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/stepup`,
    calls,
    answer: (next) => void (verdict = next),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function isSigned(jwksUrl: string, headers: IncomingHttpHeaders, body: Buffer): Promise<boolean> {
  const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  const jwk = keys.find(({ kid }) => kid === headers['x-webhook-signature-key-id']);
  if (!jwk) return false;
  const signature = String(headers['x-webhook-signature']).replace(/^rsassa-pss-sha256=/, '');
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), padding: constants.RSA_PKCS1_PSS_PADDING };
  return verify(
    'sha256',
    body,
    { ...key, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
    Buffer.from(signature, 'base64url'),
  );
}
