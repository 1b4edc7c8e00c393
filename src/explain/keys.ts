/** By which key a token is signed (RFC 7515 §4.1, RFC 8725 §3.1): the algorithm, the key that it names, the signature. */
import { createHmac, createPublicKey, timingSafeEqual, type JsonWebKey } from 'node:crypto';
import { compactVerify, errors, importJWK, type JWK } from 'jose';
import { RANKS, type Finding } from './check.js';
import type { Jws } from './jws.js';
import { shown, shownList } from './shown.js';
import type { FoundKeys } from './world.js';

export interface Signed {
  /** `access token`. */
  what: string;
  prefix: string;
  /** The only one that is taken. */
  alg: string;
  /** Whose the keys are: `the service`, `your backend`. */
  owner: string;
  /** Whether a token without a `kid` is refused. */
  needsKid: boolean;
}

/** Checks algorithm, key and signature against a key set. */
export async function signatureFindings(jws: Jws, found: FoundKeys, signed: Signed): Promise<Finding[]> {
  const { what, prefix } = signed;
  const alg = algorithmFinding(jws, found, signed);
  if ('problem' in found) {
    const open = { ok: null, actual: `not checked: ${found.problem}`, hint: found.hint };
    return [
      alg,
      { check: `${prefix}kid`, expected: `a key of ${signed.owner}`, ...open },
      { check: `${prefix}signature`, expected: `one by ${signed.owner}`, ...open },
    ];
  }
  const { keys, from } = found;
  const { kid } = jws.header;
  const named = keys.find((each) => typeof kid === 'string' && each.kid === kid);
  const fitting = alg.ok === false ? undefined : await fittingKey(jws, named ? [named, ...keys] : keys);
  const expected = `one by a key of ${signed.owner}`;
  const signature = { check: `${prefix}signature`, expected, rank: RANKS.signature };
  const kidCheck = kidFinding(jws, { named, fitting, keys, from }, signed);
  if (!jws.hasSignature) {
    const cause = `The ${what} has no signature.`;
    return [alg, kidCheck, { ...signature, ok: false, actual: 'none', cause, rank: RANKS.algorithm }];
  }
  if (fitting) return [alg, kidCheck, { ...signature, ok: true, actual: `by the key ${shown(fitting.kid)}` }];
  if (alg.ok === false) {
    return [alg, kidCheck, { ...signature, ok: null, actual: 'not checked: the algorithm is not taken' }];
  }
  return [
    alg,
    kidCheck,
    {
      ...signature,
      ok: false,
      actual: named ? `not by the key ${shown(kid)}, which it names` : 'by none of the keys',
      cause: named
        ? `The signature of the ${what} does not fit: it was changed after it was signed, or signed by another key.`
        : undefined,
      hint: named ? 'Copy it whole, and let nothing change its header or claims.' : undefined,
      // An unknown key says the same, and more.
      rank: named ? RANKS.signature : RANKS.signature + 1,
    },
  ];
}

function algorithmFinding({ header, text }: Jws, found: FoundKeys, { what, prefix, alg: taken }: Signed): Finding {
  const { alg, crit } = header;
  const finding = { check: `${prefix}alg`, expected: taken, actual: shown(alg), rank: RANKS.algorithm };
  const hint = `Take ${taken} alone, whatever the token says (RFC 8725 §3.1).`;
  if (crit !== undefined) {
    const cause = `The ${what} has critical extensions (crit), which nobody knows here.`;
    return { ...finding, ok: false, actual: `${shown(alg)} with crit`, cause };
  }
  if (alg === taken) return { ...finding, ok: true };
  if (typeof alg === 'string' && alg.toLowerCase() === 'none') {
    return {
      ...finding,
      ok: false,
      cause: `The ${what} is not signed (alg none): anybody can write such a one.`,
      hint,
    };
  }
  if (typeof alg === 'string' && /^HS\d{3}$/.test(alg)) {
    const forged = !('problem' in found) && found.keys.some((key) => isPublicKeyAsSecret(text, alg, key));
    const cause = forged
      ? `The ${what} is forged: its ${alg} signature has a public key of the set as its secret.`
      : `The ${what} is signed with a shared secret (${alg}), and only ${taken} is taken.`;
    return { ...finding, ok: false, cause, hint };
  }
  return { ...finding, ok: false, cause: `The ${what} is signed with ${shown(alg)}, and only ${taken} is taken.` };
}

interface Found {
  named: JWK | undefined;
  fitting: JWK | undefined;
  keys: JWK[];
  from: string;
}

function kidFinding(
  { header }: Jws,
  { named, fitting, keys, from }: Found,
  { what, prefix, owner, needsKid }: Signed,
): Finding {
  const { kid } = header;
  const known = keys.length === 0 ? 'none at all' : shownList(keys.map((key) => key.kid ?? 'one without a kid'));
  const finding = {
    check: `${prefix}kid`,
    expected: `a key of ${owner}: ${known}`,
    actual: shown(kid),
    rank: RANKS.origin,
  };
  if (named) {
    if (!fitting || fitting === named || fitting.kid === named.kid) return { ...finding, ok: true };
    return {
      ...finding,
      ok: false,
      cause: `The ${what} names the key ${shown(kid)}, and is signed by ${shown(fitting.kid)}.`,
      hint: 'Name the key that signs.',
    };
  }
  if (typeof kid !== 'string' || kid === '') {
    const cause = `The ${what} does not say by which key it is signed (kid).`;
    if (needsKid) return { ...finding, ok: false, cause, hint: 'Set kid in its header to that of the published key.' };
    return { ...finding, ok: null, actual: 'none: each key of the set was tried' };
  }
  if (fitting) {
    const cause = `The ${what} names a key that ${owner} does not publish, and is signed by ${shown(fitting.kid)}.`;
    return { ...finding, ok: false, cause, hint: 'Name the key that signs by the kid under which it is published.' };
  }
  return {
    ...finding,
    ok: false,
    cause: `The ${what} is signed by a key that is not in the set at ${shown(from)}: it is of another application or environment, or the key has been replaced.`,
    hint: 'See for which application it was made (iss), and name that one with --profile, or its keys with --jwks.',
  };
}

async function fittingKey(jws: Jws, keys: JWK[]): Promise<JWK | undefined> {
  for (const key of keys) if (await fits(jws, key)) return key;
  return undefined;
}

/** Whether a key has made the signature; false also for a key that cannot be used for its algorithm. */
export async function fits({ text, header: { alg } }: Pick<Jws, 'text' | 'header'>, key: JWK): Promise<boolean> {
  if (typeof alg !== 'string') return false;
  try {
    await compactVerify(text, await importJWK(publicPart(key), alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // What a key set has in it is not ours to trust: damaged keys throw what they like.
    if (error instanceof errors.JOSEError || error instanceof Error) return false;
    throw error;
  }
}

/** Without its secret members, if somebody has published those. */
function publicPart({ kty, crv, n, e, x, y, alg, use }: JWK): JWK {
  const members = { kty, crv, n, e, x, y, alg, use };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The classic forgery: HMAC with the PEM of a public key (RFC 8725 §2.1). */
function isPublicKeyAsSecret(text: string, alg: string, key: JWK): boolean {
  const at = text.lastIndexOf('.');
  const signature = Buffer.from(text.slice(at + 1), 'base64url');
  const hash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }[alg];
  if (hash === undefined) return false;
  return pemsOf(key).some((pem) => {
    const own = createHmac(hash, pem).update(text.slice(0, at)).digest();
    return own.length === signature.length && timingSafeEqual(own, signature);
  });
}

function pemsOf(key: JWK): string[] {
  try {
    const pem = createPublicKey({ key: publicPart(key) as JsonWebKey, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    return [String(pem), String(pem).trimEnd()];
  } catch {
    return []; // no public key: nobody can have taken it for a secret
  }
}
