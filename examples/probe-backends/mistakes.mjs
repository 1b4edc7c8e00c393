/** One mistake each: which check is done wrong, and how such a backend comes to be written. */
import { createHmac, createPublicKey, timingSafeEqual } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { bareIssuer, checks, jsonObject, scopesOf, verified } from './checks.mjs';
import { stepUp } from './refusal.mjs';

const BOTH = ['prelude', 'dynamic'];
const PRELUDE = ['prelude'];
const DYNAMIC = ['dynamic'];
const nothing = () => {};
const host = (issuer) => bareIssuer(issuer).split('/')[0];

/** Name → what it is, at which services it can be made, the checks that it replaces, and whether all it spoils is the refusal. */
export const mistakes = {
  'open-to-everyone': {
    is: 'the route was never put behind the check',
    providers: BOTH,
    checks: { admit: async () => ({ sub: 'anybody' }) },
  },
  'signature-not-checked': {
    is: 'tokens are decoded, not verified',
    providers: BOTH,
    checks: { signature: async (token) => decoded(token) },
  },
  'alg-none': {
    is: 'the token says that it has no signature, and is believed',
    providers: BOTH,
    checks: {
      signature: async (token, backend) =>
        headerOf(token).alg === 'none' ? decoded(token) : checks.signature(token, backend),
    },
  },
  'hs256-public-key': {
    is: 'the token chooses the algorithm: the public key becomes an HMAC secret, which everybody knows',
    providers: BOTH,
    checks: {
      signature: async (token, backend) =>
        headerOf(token).alg === 'HS256' ? hmacVerified(token, backend) : checks.signature(token, backend),
    },
  },
  'expiry-ignored': { is: '`exp` is not looked at', providers: BOTH, checks: { expiry: nothing } },
  'not-before-ignored': { is: '`nbf` is not looked at', providers: BOTH, checks: { notBefore: nothing } },
  'issuer-ignored': { is: '`iss` is not looked at', providers: BOTH, checks: { issuer: nothing } },
  'application-ignored': {
    is: 'any application of the service will do',
    providers: BOTH,
    checks: {
      application: nothing,
      issuer: ({ iss }, backend) => checks.issuer({ iss: host(iss) }, { issuer: host(backend.issuer) }),
    },
  },
  'scope-not-checked': { is: 'a good token is enough', providers: BOTH, checks: { scope: nothing } },
  'scope-as-text': {
    is: '`scope.includes(…)` on the text in place of its words',
    providers: BOTH,
    checks: {
      scope(claims, { scope }) {
        if (!String(claims.scope ?? '').includes(scope)) throw stepUp(scope, 'step up first');
      },
    },
  },
  'any-scope': {
    is: 'any scope is enough',
    providers: BOTH,
    checks: {
      scope(claims, { scope }) {
        if (scopesOf(claims).join('') === '') throw stepUp(scope, 'step up first');
      },
    },
  },
  'challenge-token': {
    is: 'a step-up that is under way counts as one that is done',
    providers: BOTH,
    checks: {
      async signature(token, backend) {
        if (headerOf(token).typ !== 'challenge+jwt') return checks.signature(token, backend);
        const { claims } = await verified(token, backend.stepUpKeys, ['ES256']);
        return { ...claims, iss: backend.issuer, scope: claims.scope_requested };
      },
      // Dynamic: the older proof of a second factor, which is for no scope.
      scope(claims, backend) {
        if (claims.scope !== undefined || claims.singleUse === undefined) checks.scope(claims, backend);
      },
    },
  },
  'verification-token': {
    is: 'the token by which the backend says that its own step is done opens its route, too',
    providers: PRELUDE,
    checks: {
      async signature(token, backend) {
        if (decoded(token).challenge_id === undefined) return checks.signature(token, backend);
        const { claims } = await verified(token, backend.verificationKeys, ['RS256']);
        return { sid: 'unknown', ...claims, iss: backend.issuer, scope: backend.scope };
      },
      session: (access, ...more) => (access.sid === 'unknown' ? undefined : checks.session(access, ...more)),
    },
  },
  'session-ignored': {
    is: 'a token is taken until it expires, whatever became of its session',
    providers: BOTH,
    checks: { session: nothing },
  },
  'taken-twice': { is: 'a token for one use is taken again', providers: BOTH, checks: { once: nothing } },
  'proof-not-demanded': {
    is: 'a token that is bound to a key is taken as Bearer, or without a proof',
    providers: PRELUDE,
    checks: {
      proofDemanded: ({ access, proof }) => access.cnf !== undefined && proof !== undefined,
    },
  },
  'proof-not-verified': {
    is: 'a proof is decoded, its signature not checked',
    providers: PRELUDE,
    checks: {
      async proofSignature(proof) {
        const { jwk } = headerOf(proof);
        return { claims: decoded(proof), thumbprint: await calculateJwkThumbprint(jwk, 'sha256') };
      },
    },
  },
  'proof-of-any-key': {
    is: 'a proof is checked, not whose it is',
    providers: PRELUDE,
    checks: { proofKey: nothing },
  },
  'proof-of-any-method': { is: '`htm` is not looked at', providers: PRELUDE, checks: { proofMethod: nothing } },
  'proof-of-any-address': { is: '`htu` is not looked at', providers: PRELUDE, checks: { proofAddress: nothing } },
  'proof-of-any-token': { is: '`ath` is not looked at', providers: PRELUDE, checks: { proofToken: nothing } },
  'proof-of-any-age': { is: '`iat` is not looked at', providers: PRELUDE, checks: { proofAge: nothing } },
  'proof-replayed': { is: '`jti` is not remembered', providers: PRELUDE, checks: { proofReplay: nothing } },
  'elevated-of-anyone': {
    is: 'whose the elevated token is, is not looked at',
    providers: DYNAMIC,
    checks: { binding: nothing },
  },
  'elevated-not-looked-at': {
    is: 'being logged in is enough',
    providers: DYNAMIC,
    checks: { elevated: async (_rules, { scope }) => ({ scope }) },
  },

  'access-token-not-looked-at': {
    is: 'the elevated token alone is enough',
    providers: DYNAMIC,
    checks: {
      async admit(rules, backend, { headers }) {
        const elevated = await rules.elevated({ ...rules, binding: nothing }, backend, { headers, access: {} });
        rules.scope(elevated, backend);
        rules.once(elevated, backend);
        return elevated;
      },
    },
  },

  'no-www-authenticate': {
    is: 'a refusal does not say what would help',
    providers: BOTH,
    style: true,
    checks: { refuse: (refusal, response) => checks.refuse({ ...refusal, scheme: undefined }, response) },
  },
  '401-for-403': {
    is: 'whoever has to step up is told to log in',
    providers: BOTH,
    style: true,
    checks: { refuse: (refusal, response) => checks.refuse({ ...refusal, status: 401 }, response) },
  },
  '403-for-401': {
    is: 'whoever has to log in is told that it is forbidden',
    providers: BOTH,
    style: true,
    checks: { refuse: (refusal, response) => checks.refuse({ ...refusal, status: 403 }, response) },
  },
  'no-scope-named': {
    is: 'a refusal does not say which scope to step up to',
    providers: BOTH,
    style: true,
    checks: { refuse: (refusal, response) => checks.refuse({ ...refusal, scope: undefined }, response) },
  },
};

const headerOf = (token) => orRefused(() => decodeProtectedHeader(token));
const decoded = (token) => orRefused(() => decodeJwt(token));

/** A text that is no token is refused even here. */
function orRefused(read) {
  try {
    return read();
  } catch {
    return jsonObject('');
  }
}

async function hmacVerified(token, backend) {
  const [header, payload, signature] = token.split('.');
  const { kid } = headerOf(token);
  // Asked for as a token of the service's would be: fetches the keys when there are none yet.
  await checks.signature(token, backend).catch(() => undefined);
  const published = backend.keys.jwks()?.keys.find((key) => key.kid === kid);
  if (!published) return jsonObject('');
  const secret = createPublicKey({ key: published, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected) ? decoded(token) : jsonObject('');
}
