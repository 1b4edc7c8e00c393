import { constants, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stepup, temporaryHome, type Outcome } from '../../../support/stepup.js';
import { keyPair } from '../../../support/key-pair.js';

const BODY = '{"scope_requested":"transfer:write","user_id":"usr_1"}';
const pair = keyPair('rsa', { modulusLength: 2048 });
const SET = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'RS256' }] };
const SIGNATURE = `rsassa-pss-sha256=${sign('sha256', Buffer.from(BODY), {
  key: pair.privateKey,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: 32,
}).toString('base64url')}`;

let home: string;
let remove: () => Promise<void>;
let body: string;
let jwks: string;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  body = await file('body.json', BODY);
  jwks = await file('jwks.json', JSON.stringify(SET));
});
afterEach(() => remove());

async function file(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}
const verify = (args: string[], stdin?: string): Promise<Outcome> =>
  stepup(['hook', 'verify', ...args], { home, ...(stdin === undefined ? {} : { stdin }) });

test('a signature that fits: status 0', async () => {
  const args = ['--body', body, '--signature', SIGNATURE, '--kid', 'key-1', '--jwks', jwks];
  const { status, json } = await verify([...args, '--json']);
  expect([status, json()]).toEqual([0, { valid: true, keyId: 'key-1', saltLength: 32, notes: [], warnings: [] }]);
  expect((await verify(args)).stdout).toBe('The signature fits the body: key key-1, salt of 32 bytes.\n');
  const piped = await verify(['--body', '-', ...args.slice(2)], BODY);
  expect(piped.status).toBe(0);
});

test('one that does not: status 3, and why', async () => {
  const args = ['--signature', SIGNATURE, '--kid', 'key-1', '--jwks', jwks];
  const { status, json } = await verify(['--body', '-', ...args, '--json'], `${BODY}\n`);
  expect([status, json()]).toEqual([
    3,
    {
      valid: false,
      keyId: 'key-1',
      problem: 'other_bytes',
      message: 'The signature is over other bytes: it fits the body without the line end after it.',
      hint: 'Check the raw bytes as they arrived, before anything parses or rewrites them.',
      warnings: [],
    },
  ]);
  const pretty = await verify(['--body', '-', ...args], JSON.stringify(JSON.parse(BODY), null, 2));
  expect(pretty.stdout).toMatch(
    /^The signature does not fit \(other_bytes\)\. .*compact JSON\.\n {2}Check the raw bytes/,
  );
});

test('the signature from a file, or with the key id from headers as they were recorded', async () => {
  const signature = await file('signature.txt', `${SIGNATURE}\n`);
  expect((await verify(['--body', body, '--signature-file', signature, '--kid', 'key-1', '--jwks', jwks])).status).toBe(
    0,
  );
  for (const text of [
    `POST /hooks HTTP/1.1\r\nX-Webhook-Signature-Key-Id: key-1\r\nX-Webhook-Signature: ${SIGNATURE}\r\n`,
    `> x-webhook-signature: ${SIGNATURE}\n> x-webhook-signature-key-id: key-1\n`,
    JSON.stringify({ 'x-webhook-signature': SIGNATURE, 'x-webhook-signature-key-id': 'key-1' }),
    JSON.stringify({ 'X-Webhook-Signature-Key-Id': 'key-1', 'X-Webhook-Signature': SIGNATURE }, null, 2),
  ]) {
    const { status, json } = await verify([
      '--body',
      body,
      '--headers',
      await file('headers.txt', text),
      '--jwks',
      jwks,
      '--json',
    ]);
    expect([status, json()]).toMatchObject([0, { valid: true, keyId: 'key-1', notes: [] }]);
  }
});

test('a key set from an address; warnings go to standard error', async () => {
  const leaked = { keys: [...SET.keys, { ...pair.privateKey.export({ format: 'jwk' }), kid: 'oops' }] };
  const server = await serve((path) => (path === '/jwks.json' ? [200, JSON.stringify(leaked)] : [404, '{}']));
  const { port } = server.address() as AddressInfo;
  const args = ['--body', body, '--signature', SIGNATURE, '--kid', 'key-1', '--jwks'];
  const { status, stdout, stderr } = await verify([...args, `http://127.0.0.1:${port}/jwks.json`]);
  expect([status, stdout]).toEqual([0, expect.stringContaining('The signature fits')]);
  expect(stderr).toContain('THE SET HAS A PRIVATE KEY (kid oops)');
  const missing = await verify([...args, `http://127.0.0.1:${port}/other`, '--json']);
  expect([missing.status, missing.error()]).toMatchObject([2, { code: 'DOCUMENT_INVALID', field: '--jwks' }]);
  server.close();
  server.closeAllConnections();
  const gone = await verify([...args, `http://127.0.0.1:${port}/jwks.json`, '--json']);
  expect([gone.status, gone.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
});

test('what is missing, twice, or unreadable is status 2', async () => {
  const signed = ['--signature', SIGNATURE];
  const html = await file('page.html', '<html>');
  const headers = await file('headers.txt', 'Content-Type: application/json');
  for (const [args, code, field] of [
    [[...signed, '--jwks', jwks], 'FLAG_INVALID', '--body'],
    [['--body', body, '--jwks', jwks], 'FLAG_INVALID', '--signature'],
    [['--body', body, ...signed, '--headers', headers, '--jwks', jwks], 'FLAG_CONFLICT', '--signature'],
    [['--body', '-', '--signature-file', '-', '--jwks', jwks], 'FLAG_CONFLICT', '--signature'],
    [['--body', body, '--headers', headers, '--jwks', jwks], 'FLAG_INVALID', '--headers'],
    [['--body', join(home, 'none'), ...signed, '--jwks', jwks], 'FILE_UNREADABLE', '--body'],
    [['--body', home, ...signed, '--jwks', jwks], 'FILE_UNREADABLE', '--body'],
    [['--body', body, ...signed, '--jwks', html], 'DOCUMENT_INVALID', '--jwks'],
    [['--body', body, ...signed, '--jwks', join(home, 'none')], 'FILE_UNREADABLE', '--jwks'],
    [['--body', body, ...signed], 'PROFILE_UNKNOWN', '--profile'],
  ] as const) {
    const outcome = await verify([...args, '--json', '--no-input']);
    const error = outcome.error();
    expect([args, outcome.status, error.code, error.field]).toEqual([args, 2, code, field]);
  }
});

async function serve(answer: (path: string) => [number, string]): Promise<Server> {
  const server = createServer((request, response) => {
    const [status, text] = answer(request.url ?? '');
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}
