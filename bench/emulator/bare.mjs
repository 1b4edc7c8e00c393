/**
 * What any server in Node could do here: the flows' signatures and verifications over `node:http`, and nothing else. No state, no check of
 * what is asked, one code for all. Prints where it listens, as our emulator does.
 */
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signAside = promisify(sign);
const proofKeys = new Map();

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsIn = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const raw = (key) => ({ key, dsaEncoding: 'ieee-p1363' });
let made = 0;

function challengeToken() {
  const input = `${encode({ alg: 'ES256', typ: 'challenge+jwt', kid: 'bare' })}.${encode({ jti: `chg_${made++}`, pad: 'x'.repeat(300) })}`;
  return `${input}.${sign('sha256', Buffer.from(input), raw(ec.privateKey)).toString('base64url')}`;
}

/** Off the main thread, as this is the dearest. */
async function accessToken(scope) {
  const input = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'bare' })}.${encode({ scope, pad: 'x'.repeat(300) })}`;
  return `${input}.${(await signAside('sha256', Buffer.from(input), rsa.privateKey)).toString('base64url')}`;
}

function checkToken(token, key) {
  const end = token.lastIndexOf('.');
  if (!verify('sha256', Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'))) {
    throw new Error('a signature does not verify');
  }
}

function checkProof(proof) {
  const { jwk } = claimsIn(proof.split('.', 1)[0]);
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  const key = proofKeys.get(thumbprint) ?? createPublicKey({ key: jwk, format: 'jwk' });
  if (proofKeys.size > 1000) proofKeys.clear();
  proofKeys.set(thumbprint, key);
  checkToken(proof, raw(key));
}

const answers = {
  '/v1/session/otp': async (body) => {
    if (body.challenge_token) checkToken(body.challenge_token, raw(ec.publicKey));
    return {};
  },
  '/v1/session/otp/check': async (body, headers) => {
    if (headers.dpop) checkProof(headers.dpop);
    if (body.challenge_token) checkToken(body.challenge_token, raw(ec.publicKey));
    return { challenge_token: challengeToken() };
  },
  '/v1/session/login/finalize': async (body, headers) => {
    checkProof(headers.dpop);
    checkToken(body.challenge_token, raw(ec.publicKey));
    return { access_token: await accessToken('') };
  },
  '/v1/session/stepup/request': async (body, headers) => {
    checkToken(headers.authorization.slice('Bearer '.length), rsa.publicKey);
    return { challenge_token: challengeToken() };
  },
  '/v1/session/refresh': async (body, headers) => {
    checkProof(headers.dpop);
    if (body.step_up_token) checkToken(body.step_up_token, raw(ec.publicKey));
    return { access_token: await accessToken('transfer:write') };
  },
};

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const found = await answers[request.url]?.(text === '' ? {} : JSON.parse(text), request.headers);
  response.writeHead(200, {
    'content-type': 'application/json',
    'dpop-nonce': 'x'.repeat(40),
    'x-verification-token': 'x'.repeat(40),
    'x-refresh-token': 'x'.repeat(40),
  });
  response.end(JSON.stringify(found ?? { messages: [{ code: '123456' }] }));
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
