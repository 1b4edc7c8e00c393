/** Every check of a token that a backend has to make, each a function of its own: a mistake is one of them done wrong. */
import { compactVerify, createRemoteJWKSet, errors } from 'jose';
import { checkProof, proofChecks } from './proof.mjs';
import { badToken, nobody, refuse, stepUp } from './refusal.mjs';

/** Seconds by which two clocks may differ. */
const LEEWAY = 15;

/** Why jose could not get the keys, as opposed to what is wrong with a token. */
const KEYS_UNREACHABLE = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JWK_INVALID'];

/** The key set of an address; fetched when it is first needed, and again for a `kid` that it does not have. */
export const keySet = (url) => createRemoteJWKSet(new URL(url));

/** The claims of a token that a key of the set signed. Throws a Refusal; anything else when the keys cannot be had. */
export async function verified(token, keys, algorithms) {
  try {
    const { payload, protectedHeader } = await compactVerify(token, keys, { algorithms });
    return { header: protectedHeader, claims: jsonObject(Buffer.from(payload).toString()) };
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || KEYS_UNREACHABLE.includes(error.code)) throw error;
    throw badToken('the signature is not good');
  }
}

/** The object that a text is in JSON. Throws a Refusal. */
export function jsonObject(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw badToken('the token is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badToken('the token has no claims');
  return value;
}

/** Host and path of an issuer: Prelude writes it without `https://`. */
export const bareIssuer = (issuer) => String(issuer).replace(/^https:\/\//, '');

/** Scopes are words with blanks between (RFC 6749 §3.3). */
export const scopesOf = ({ scope }) => (typeof scope === 'string' ? scope.split(' ') : []);

const now = () => Math.floor(Date.now() / 1000);

export const checks = {
  ...proofChecks,

  /** The one algorithm of the service, and its keys: never what the token's own header asks for. */
  async signature(token, { keys }) {
    const { header, claims } = await verified(token, keys, ['RS256']);
    if (!['jwt', 'at+jwt'].includes((header.typ ?? 'JWT').toLowerCase())) throw badToken('another kind of token');
    return claims;
  },

  issuer({ iss }, { issuer }) {
    if (typeof iss !== 'string' || bareIssuer(iss) !== bareIssuer(issuer)) throw badToken('another issuer');
  },

  /** Dynamic names the environment. With Prelude the application is in the issuer. */
  application({ environment_id: given }, { environmentId }) {
    if (environmentId !== undefined && given !== environmentId) throw badToken('another application');
  },

  expiry({ exp }) {
    if (typeof exp !== 'number' || now() >= exp + LEEWAY) throw badToken('expired');
  },

  notBefore({ nbf }) {
    if (nbf !== undefined && (typeof nbf !== 'number' || now() < nbf - LEEWAY)) throw badToken('not yet valid');
  },

  /** Dynamic: an elevated token is no session, nor is one whose second factor is still due. */
  login(claims, { provider }) {
    if (typeof claims.sub !== 'string' || typeof claims.sid !== 'string') throw badToken('nobody in particular');
    if (provider === 'dynamic' && !scopesOf(claims).includes('user:basic')) throw badToken('no access token');
  },

  /** Dynamic: the elevated token of one session is of no use in another, nor for another user. */
  binding(elevated, access) {
    if (elevated.sub !== access.sub || elevated.sid !== access.sid) throw badToken('of another session');
  },

  /** Where the scopes are: in Prelude's access token, in Dynamic's second one. */
  async elevated(rules, backend, { headers, access }) {
    if (backend.provider === 'prelude') return access;
    const token = headers[backend.elevatedHeader];
    if (token === undefined || token === '') throw stepUp(backend.scope, 'step up first');
    const elevated = await readToken(rules, backend, token);
    rules.binding(elevated, access);
    return elevated;
  },

  scope(claims, { scope }) {
    if (!scopesOf(claims).includes(scope)) throw stepUp(scope, 'step up first');
  },

  /** Whether the session still lives, which a signature cannot tell. */
  async session(access, backend, token) {
    if (backend.isLive && !(await backend.isLive(access, token))) throw badToken('the session is over');
  },

  /** Of several calls with a token for one use, at once or later, one is let in. Comes last: a refused call uses nothing up. */
  once({ singleUse, jti, exp }, { once, used, scope }) {
    if (!once && singleUse !== true) return;
    if (typeof jti !== 'string') throw badToken('no jti');
    if (!used.take(jti, exp + LEEWAY)) throw stepUp(scope, 'used already');
  },

  admit,
  refuse,
};

async function readToken(rules, backend, token) {
  const claims = await rules.signature(token, backend);
  rules.issuer(claims, backend);
  rules.application(claims, backend);
  rules.expiry(claims);
  rules.notBefore(claims);
  return claims;
}

/** The claims of whoever may come in. Throws a Refusal. */
async function admit(rules, backend, { method, url, headers }) {
  const [, scheme, token] = /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? '') ?? [];
  if (token === undefined) throw nobody();
  const access = await readToken(rules, backend, token);
  rules.login(access, backend);
  await checkProof(rules, backend, { method, url, proof: headers.dpop, scheme, token, access });
  await rules.session(access, backend, token);
  const elevated = await rules.elevated(rules, backend, { headers, access });
  rules.scope(elevated, backend);
  rules.once(elevated, backend);
  return access;
}
