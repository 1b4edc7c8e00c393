/** Flows at the emulated Prelude: a phone sign-in, and that with a step-up. Each is a user agent with a key of its own. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

/** A user agent: makes proofs with its key and the newest nonce, which all agents of this process share. */
function agent(target, call) {
  // Not exported afterwards: in Node 20 garbage that is collected during an export of a key made just before stops the process for ever.
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'jwk' },
  });
  const { kty, crv, x, y } = publicKey;
  const header = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' };
  const proof = (path, claims) => {
    const iat = Math.floor(Date.now() / 1000);
    const input = `${header}.${encode({ htm: 'POST', htu: `${target.url}${path}`, iat, ...claims })}`;
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  };
  return {
    /** A call under the session API; `jti` makes the proof of a challenge, `regular` one with a nonce. */
    async post(path, { headers = {}, body, regular = false, jti } = {}) {
      const full = `/v1/session${path}`;
      const claims = jti === undefined ? { jti: randomUUID(), nonce: target.nonce } : { jti };
      const dpop = regular || jti !== undefined ? { dpop: proof(full, claims) } : {};
      const answer = await call('POST', full, { headers: { ...headers, ...dpop }, body });
      target.nonce = answer.headers['dpop-nonce'] ?? target.nonce;
      return answer;
    },
    async code(to) {
      const path = `/__emulator/messages?to=${encodeURIComponent(to)}`;
      const { body } = await call('GET', path, { headers: { authorization: `Bearer ${target.controlToken}` } });
      return body.messages.at(-1).code;
    },
  };
}

async function logIn({ post, code }, phone) {
  const sent = await post('/otp', { body: { identifier: { type: 'phone_number', value: phone } } });
  const headers = { 'x-verification-token': sent.headers['x-verification-token'] };
  const checked = await post('/otp/check', { headers, body: { code: await code(phone) } });
  const { challenge_token } = checked.body;
  return post('/login/finalize', { body: { challenge_token }, regular: true });
}

const phoneOf = (number) => `+336${String(number).padStart(8, '0')}`;
const refresh = ({ post }, from, body) =>
  post('/refresh', { headers: { 'x-refresh-token': from.headers['x-refresh-token'] }, body, regular: true });

/** Send the code, read it, sign in, refresh: 5 requests. */
export const phoneSignIn = (target, call) => async (number) => {
  const user = agent(target, call);
  await refresh(user, await logIn(user, phoneOf(number)));
};

/** Login start, check, finalize, step-up request, code, check, refresh: 7 requests, and 2 that read the codes. */
export const stepUp = (target, call) => async (number) => {
  const user = agent(target, call);
  const phone = phoneOf(number);
  const session = await logIn(user, phone);
  const asked = await user.post('/stepup/request', {
    headers: { authorization: `Bearer ${session.body.access_token}` },
    body: { scope: target.scope },
  });
  const { challenge_token } = asked.body;
  await user.post('/otp', { body: { challenge_token } });
  const { jti } = claimsOf(challenge_token);
  const done = await user.post('/otp/check', { body: { code: await user.code(phone), challenge_token }, jti });
  const elevated = await refresh(user, session, { step_up_token: done.body.challenge_token });
  if (claimsOf(elevated.body.access_token).scope !== target.scope) throw new Error('the step-up gave no scope');
};
