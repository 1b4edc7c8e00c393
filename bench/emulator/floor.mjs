/**
 * What a flow cannot be cheaper than in Node: its signatures, verifications and one key import by synchronous node:crypto, and the
 * CPU of a bare node:http server for as many requests. Seconds, on one core.
 */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { Pool } from 'undici';

/** What a flow's protocol demands of the server, with one user agent and a session of its own. */
export const costs = {
  // finalize and refresh each check a proof and sign an access token; check makes the login's token, which finalize verifies
  'phone-sign-in': { requests: 5, es256Sign: 1, es256Verify: 3, rs256Sign: 2, rs256Verify: 0, imports: 1 },
  // and: request verifies the access token and signs the challenge; code and check verify it; check takes a proof and signs again; refresh
  // verifies that
  'step-up': { requests: 9, es256Sign: 3, es256Verify: 7, rs256Sign: 2, rs256Verify: 1, imports: 1 },
};

/** Seconds that each primitive takes, and each request. */
export async function measurePrimitives() {
  const text = Buffer.from('x'.repeat(600));
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ecKey = { key: ec.privateKey, dsaEncoding: 'ieee-p1363' };
  const ecPublic = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' };
  const ecSignature = sign('sha256', text, ecKey);
  const rsaSignature = sign('sha256', text, rsa.privateKey);
  const publicKeyEncoding = { type: 'spki', format: 'jwk' };
  const jwks = Array.from(
    { length: 300 },
    () => generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding }).publicKey,
  );
  let at = 0;
  return {
    es256Sign: each(300, () => sign('sha256', text, ecKey)),
    es256Verify: each(300, () => verify('sha256', text, ecPublic, ecSignature)),
    rs256Sign: each(300, () => sign('sha256', text, rsa.privateKey)),
    rs256Verify: each(300, () => verify('sha256', text, rsa.publicKey, rsaSignature)),
    imports: each(300, () => createPublicKey({ key: jwks[at++ % jwks.length], format: 'jwk' })),
    requests: await serverCpu(),
  };
}

/** The sum for a flow, in seconds. */
export function floorOf(flow, primitives) {
  return Object.entries(costs[flow]).reduce((sum, [name, times]) => sum + times * primitives[name], 0);
}

/** Median of a few batches. */
function each(times, work) {
  const batches = Array.from({ length: 7 }, () => {
    const began = process.cpuUsage();
    for (let count = 0; count < times; count += 1) work();
    return secondsSince(began) / times;
  });
  return batches.toSorted((a, b) => a - b)[3];
}

function secondsSince(began) {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

/** CPU of this process alone is the server's when the client is another: the same is done here with the client's own cost taken off. */
async function serverCpu() {
  const body = JSON.stringify({ access_token: 'x'.repeat(700), expires_in: 60 });
  const server = createServer((request, response) => {
    request.on('data', () => undefined);
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'dpop-nonce': 'x'.repeat(40) });
      response.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const { spawn } = await import('node:child_process');
  const { fileURLToPath } = await import('node:url');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), `http://127.0.0.1:${port}`, '20000'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const began = process.cpuUsage();
  await new Promise((resolve, reject) =>
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`the client failed: ${status}`)))),
  );
  const cpu = secondsSince(began);
  server.close();
  return cpu / 20_000;
}

async function flood(url, requests) {
  const pool = new Pool(url, { connections: 16, pipelining: 1 });
  const body = JSON.stringify({ code: '123456', challenge_token: 'x'.repeat(600) });
  let left = requests;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) {
        const headers = { 'content-type': 'application/json', dpop: 'x'.repeat(500) };
        const answer = await pool.request({ method: 'POST', path: '/v1/session/otp/check', headers, body });
        await answer.body.text();
      }
    }),
  );
  await pool.close();
}

const [, script, url, requests] = process.argv;
if (url !== undefined && script?.endsWith('floor.mjs')) await flood(url, Number(requests));
