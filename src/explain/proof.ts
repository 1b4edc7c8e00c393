/** A DPoP proof: every check of RFC 9449 §4.3 that can be made without the server's memory. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { RANKS, type Finding } from './check.js';
import { htuFinding, type Called } from './htu.js';
import { readJws, type Jws } from './jws.js';
import { fits } from './keys.js';
import { aToken, kindOf, NAMES } from './kinds.js';
import { nonceFinding, type AnsweredNonce } from './nonce.js';
import { shown } from './shown.js';
import { madeAt, proofTimeFinding } from './times.js';
import type { World } from './world.js';

export interface ProofPlace {
  prefix?: string | undefined;
  method?: string | undefined;
  called: Called;
  /** The access token that goes along, as it is sent. */
  accessToken?: string | undefined;
  /** Whether the proof must name it (`ath`); where not, it may. Prelude's own calls want none. */
  needsHash?: boolean | undefined;
  /** Thumbprint of the key that the access token is bound to. */
  boundTo?: string | undefined;
  /** Prelude: a proof of a challenge call has the `jti` of its challenge token. */
  challengeJti?: string | undefined;
  /** Whether it is what a header has, with all that is around it. */
  asSent?: boolean | undefined;
  /** The nonce of the answer, where that was pasted too. */
  answered?: AnsweredNonce | undefined;
}

/** Looks at a proof. `sentAt`: when it was made, in milliseconds, where what it says of that can be believed. */
export async function proofFindings(
  text: string,
  world: World,
  place: ProofPlace,
): Promise<{ findings: Finding[]; sentAt?: number | undefined; nonce?: unknown }> {
  const { prefix = '', method = world.method, called } = place;
  const { jws, form } = readJws(text, NAMES.proof, place.asSent);
  if (!jws) return { findings: [{ ...form, check: `${prefix}form` }] };
  const { htm, htu, iat, jti, nonce } = jws.claims;
  return {
    sentAt: madeAt(iat, world),
    nonce,
    findings: [
      { ...form, check: `${prefix}form` },
      typeFinding(jws, prefix),
      algorithmFinding(jws, prefix),
      ...(await keyFindings(jws, world, place)),
      methodFinding(htm, method, prefix),
      htuFinding(htu, called, prefix),
      proofTimeFinding(iat, world, prefix),
      ...jtiFindings(jti, place),
      hashFinding(jws.claims['ath'], place),
      nonceFinding(nonce, prefix, place.answered),
    ],
  };
}

function typeFinding(jws: Jws, prefix: string): Finding {
  const { typ } = jws.header;
  const finding = { check: `${prefix}typ`, expected: 'dpop+jwt', actual: shown(typ), rank: RANKS.kind };
  if (typ === 'dpop+jwt') return { ...finding, ok: true };
  const kind = kindOf(jws);
  const cause =
    kind === 'proof'
      ? `The typ of the proof is ${shown(typ)}, and must be dpop+jwt.`
      : `What stands for the proof is ${aToken(kind)}.`;
  return {
    ...finding,
    ok: false,
    cause,
    hint: 'Make one with a DPoP library: its typ keeps it apart from other tokens.',
  };
}

/** RFC 9449 §4.3 (5): asymmetric, and not none. Prelude takes ES256 alone. */
function algorithmFinding({ header: { alg } }: Jws, prefix: string): Finding {
  const finding = { check: `${prefix}alg`, expected: 'ES256', actual: shown(alg), rank: RANKS.algorithm };
  if (alg === 'ES256') return { ...finding, ok: true };
  if (typeof alg === 'string' && /^(RS|PS|ES)\d{3}$|^EdDSA$|^Ed25519$/.test(alg)) {
    const hint = 'Prelude takes ES256 alone; whether your server takes others is its own matter.';
    return { ...finding, ok: null, hint };
  }
  const cause =
    typeof alg === 'string' && alg.startsWith('HS')
      ? `The proof is signed with a shared secret (${shown(alg)}): it proves no key.`
      : `The proof is not signed with a key of its own: alg is ${shown(alg)}.`;
  return { ...finding, ok: false, cause, hint: 'Sign with ES256.' };
}

async function keyFindings(jws: Jws, { session }: World, { prefix = '', boundTo }: ProofPlace): Promise<Finding[]> {
  const { jwk } = jws.header;
  const check = `${prefix}jwk`;
  const expected = 'a public key in the header';
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    const cause = 'The proof does not carry its public key (jwk).';
    return [{ check, ok: false, expected, actual: shown(jwk), cause, rank: RANKS.claim }];
  }
  if ('d' in jwk || 'k' in jwk) {
    const cause = 'The proof carries its PRIVATE key: everybody who has seen it can sign in its name.';
    const hint = 'Throw that key away, make a new one, and put only kty, crv, x and y into the header.';
    return [{ check, ok: false, expected, actual: 'a private key', cause, hint, rank: RANKS.form }];
  }
  const key = jwk as JWK;
  const thumbprint = await thumbprintOf(key);
  if (thumbprint === undefined) {
    const cause = 'The public key in the proof (jwk) is damaged or not whole.';
    return [{ check, ok: false, expected, actual: 'a damaged key', cause, rank: RANKS.claim }];
  }
  const ofSession = session?.thumbprint === thumbprint ? ', the key of the session in this store' : '';
  const signed = await fits(jws, key);
  return [
    { check, ok: true, expected, actual: `${shown(key.crv ?? key.kty)}, thumbprint ${thumbprint}${ofSession}` },
    {
      check: `${prefix}signature`,
      ok: signed,
      expected: 'one by the key in its header',
      actual: signed ? 'by that key' : 'not by that key',
      cause: 'The proof is signed by another key than the one in its header, or was changed afterwards.',
      hint: 'Sign with the private half of jwk; an ES256 signature is r and s of 32 bytes each, not DER.',
      rank: RANKS.signature,
    },
    ...(boundTo === undefined ? [] : [bindingFinding(thumbprint, boundTo, prefix)]),
  ];
}

function bindingFinding(thumbprint: string, boundTo: string, prefix: string): Finding {
  return {
    check: `${prefix}key`,
    ok: thumbprint === boundTo,
    expected: `${shown(boundTo)} (cnf.jkt of the access token)`,
    actual: thumbprint,
    cause: 'The proof is by another key than the one that the access token is bound to (cnf.jkt).',
    hint: 'Sign with the key of the session that got the token; a new login has a new key.',
    rank: RANKS.binding,
  };
}

async function thumbprintOf(key: JWK): Promise<string | undefined> {
  try {
    return await calculateJwkThumbprint(key, 'sha256');
  } catch {
    return undefined; // said by the caller
  }
}

function methodFinding(htm: unknown, method: string | undefined, prefix: string): Finding {
  const check = `${prefix}htm`;
  if (method === undefined) {
    const hint = 'Say how it was called: --method METHOD';
    return { check, ok: null, expected: 'the method that was called', actual: shown(htm), hint };
  }
  const finding = { check, expected: shown(method), actual: shown(htm), rank: RANKS.target };
  if (htm === method) return { ...finding, ok: true };
  const cased = typeof htm === 'string' && htm.toUpperCase() === method.toUpperCase();
  return {
    ...finding,
    ok: false,
    cause: cased
      ? `The htm of the proof is written ${shown(htm)}, and methods know capitals: ${shown(method)}.`
      : `The proof is for ${shown(htm)}, and the request is ${shown(method)}.`,
    hint: 'Make a new proof for each request, with its own method.',
  };
}

function jtiFindings(jti: unknown, { prefix = '', challengeJti }: ProofPlace): Finding[] {
  const finding = { check: `${prefix}jti`, expected: 'a text of its own', actual: shown(jti), rank: RANKS.claim };
  if (typeof jti !== 'string' || jti === '') {
    const cause = 'The proof has no jti, by which a server knows it again.';
    return [{ ...finding, ok: false, cause, hint: 'Set jti to a random text, new for each proof (RFC 9449 §4.2).' }];
  }
  if (challengeJti !== undefined) {
    return [
      {
        ...finding,
        ok: jti === challengeJti,
        expected: `${shown(challengeJti)}, the jti of the challenge token`,
        cause:
          'Prelude: the proof of a challenge call has the jti of the challenge token in its body, and this one has another.',
        hint: 'Take the jti of the latest challenge token.',
      },
    ];
  }
  const tooLong = jti.length > 256;
  return [
    {
      ...finding,
      ok: !tooLong,
      actual: tooLong ? `${jti.length} characters` : finding.actual,
      cause: 'The jti of the proof is longer than servers keep it.',
      hint: 'A UUID is enough.',
    },
    {
      check: `${prefix}replay`,
      ok: null,
      expected: 'not seen before',
      actual: 'only the server knows',
      hint: 'A proof is good for one request: a retry needs a new one, with a jti of its own.',
    },
  ];
}

/** RFC 9449 §4.3 (11). `accessToken` is what is sent: another encoding of it is another text. */
function hashFinding(ath: unknown, { prefix = '', accessToken, needsHash = false }: ProofPlace): Finding {
  const check = `${prefix}ath`;
  if (accessToken === undefined) {
    const expected = 'the hash of the access token, at an API';
    return { check, ok: null, expected, actual: shown(ath), hint: 'Give the whole request, with its access token.' };
  }
  const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
  const finding = { check, expected: hash(accessToken), actual: shown(ath), rank: RANKS.binding };
  if (ath === finding.expected) return { ...finding, ok: true };
  if (ath === undefined && !needsHash) {
    return { ...finding, ok: null, expected: 'the hash of the access token, where the server demands it' };
  }
  if (ath === undefined) {
    const cause = 'The proof has no ath: at an API it must have the hash of the access token (RFC 9449 §4.2).';
    return { ...finding, ok: false, cause, hint: 'Set ath to the SHA-256 of the access token, in base64url.' };
  }
  const hex = createHash('sha256').update(accessToken).digest('hex');
  const padded = createHash('sha256').update(accessToken).digest('base64');
  const known =
    typeof ath === 'string' &&
    (ath.toLowerCase() === hex
      ? 'in hexadecimal'
      : ath.replace(/=$/, '') === padded.replace(/=$/, '') || ath === `${finding.expected}=`
        ? 'in padded or standard base64'
        : undefined);
  return {
    ...finding,
    ok: false,
    cause: known
      ? `The ath of the proof is the right hash ${known}, and must be base64url without padding.`
      : 'The proof was made for another access token: its ath is not the hash of the one that is sent.',
    hint: known
      ? 'Encode it as base64url without padding.'
      : 'Make the proof after the refresh, with the token that goes along.',
  };
}
