/** A backend with step-up: the hook and key set that Prelude calls, a step of its own, and a route that needs a scope. */
import { constants, createPublicKey, randomUUID, verify } from 'node:crypto';
import express from 'express';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const { PORT = '3000', STEPUP_PRELUDE_JWKS_URL, STEPUP_PRELUDE_ISSUER } = process.env;

// What a scope takes. Both steps are run in this order: a code that Prelude sends, then one of our own.
const STEPS = { 'transfer:write': ['verify_sms', 'kyc_review'] };

/** The answer to the hook: what Prelude is to ask for, before it grants the scope. */
function decide(call) {
  const grant = { grant_mode: 'session-bound', granted_for: 300 };
  if (!Object.hasOwn(STEPS, call.scope_requested)) return { status: 'block', ...grant, steps: [] };
  const steps = STEPS[call.scope_requested].map((key, at) => ({ order: at + 1, key, expiration_duration: 600 }));
  return { status: 'review', ...grant, steps };
}

let hookKeys = new Map();
let loading;

async function loadHookKeys() {
  const { keys } = await (await fetch(STEPUP_PRELUDE_JWKS_URL)).json();
  hookKeys = new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
}

/** Whether Prelude signed these very bytes. Check it before parsing. */
async function isFromPrelude(body, signature, kid) {
  if (!signature || !kid) return false;
  // Once for all calls that wait for it.
  if (!hookKeys.has(kid)) await (loading ??= loadHookKeys().finally(() => (loading = undefined)));
  const key = hookKeys.get(kid);
  if (!key) return false;
  const bytes = Buffer.from(signature.replace(/^rsassa-pss-sha256=/, ''), 'base64url');
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
  return verify('sha256', body, { key, padding, saltLength }, bytes);
}

const accessKeys = createRemoteJWKSet(new URL(STEPUP_PRELUDE_JWKS_URL));

/** Claims of a good access token; throws for any other. */
async function session(authorization = '') {
  const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
  const options = { issuer: STEPUP_PRELUDE_ISSUER, algorithms: ['RS256'], requiredClaims: ['exp', 'sub', 'sid'] };
  const { payload } = await jwtVerify(token, accessKeys, options);
  return payload;
}

// In production the key comes from your secrets, and stays the same.
const { publicKey, privateKey } = await generateKeyPair('RS256');
const KID = 'kyc-1';
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, use: 'sig', alg: 'RS256' }] };

/** Says to Prelude that this user has done our step of this challenge. */
function verificationToken(sub, challengeId) {
  return new SignJWT({ challenge_id: challengeId, key: 'kyc_review', status: 'completed' })
    .setProtectedHeader({ alg: 'RS256', kid: KID })
    .setSubject(sub)
    .setJti(randomUUID())
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime('2m')
    .sign(privateKey);
}

const app = express();

app.post('/hooks/stepup', express.raw({ type: '*/*', limit: '64kb' }), async (request, response) => {
  // Without a body Express has none here.
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { 'x-webhook-signature': signature, 'x-webhook-signature-key-id': kid } = request.headers;
  if (!(await isFromPrelude(body, signature, kid)))
    return response.status(401).json({ error: 'not signed by Prelude' });
  return response.json(decide(JSON.parse(body)));
});

app.get('/.well-known/jwks.json', (_request, response) => {
  response.set('Cache-Control', 'public, max-age=600').json(jwks);
});

/** Lets only those through whose access token is good, with this scope if one is named. */
const needs = (scope) => async (request, response, next) => {
  try {
    request.session = await session(request.headers.authorization);
  } catch {
    return response.status(401).json({ error: 'no good access token' });
  }
  if (scope && !(request.session.scope ?? '').split(' ').includes(scope)) {
    return response.status(403).json({ error: 'step-up needed', scope });
  }
  return next();
};

// The step itself: here whoever is logged in passes. Yours looks at a document, or asks a colleague.
app.post('/kyc', needs(), express.json(), async (request, response) => {
  const challengeId = request.body?.challenge_id;
  if (typeof challengeId !== 'string') return response.status(400).json({ error: 'challenge_id is missing' });
  return response.json({ verification_token: await verificationToken(request.session.sub, challengeId) });
});

app.post('/transfer', needs('transfer:write'), (request, response) => {
  response.json({ transferred: true, by: request.session.sub });
});

app.listen(Number(PORT), 'localhost', function () {
  console.log(`http://localhost:${this.address().port}`);
});
