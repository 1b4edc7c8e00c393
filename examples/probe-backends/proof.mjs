/** The checks of a proof of possession, in the order of RFC 9449 §4.3, for a token that is bound to a key. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { badProof, Refusal } from './refusal.mjs';

/** Seconds that a proof is good for, to either side: clocks differ. */
const AGE = 60;

export const proofChecks = {
  /** A token with `cnf.jkt` (RFC 9449 §6) is good for nobody without the key, and is no Bearer token (§7.2). */
  proofDemanded({ access, scheme, proof }) {
    const bound = access.cnf !== undefined;
    if (!bound && scheme.toLowerCase() === 'dpop') throw badProof('the token is bound to no key');
    if (bound && scheme.toLowerCase() !== 'dpop') {
      throw new Refusal(401, 'DPoP', { error: 'invalid_token', why: 'the token needs a proof' });
    }
    if (bound && proof === undefined) throw badProof('no proof');
    return bound;
  },
  /** A proof is signed by the key that it carries: what matters is whose that is. */
  async proofSignature(proof) {
    try {
      const options = { typ: 'dpop+jwt', algorithms: ['ES256'] };
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, options);
      return { claims: payload, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk, 'sha256') };
    } catch {
      throw badProof('no good proof');
    }
  },
  proofKey(thumbprint, access) {
    if (thumbprint !== access.cnf?.jkt) throw badProof('another key');
  },
  proofMethod({ htm }, { method }) {
    if (htm !== method) throw badProof('htm');
  },
  /** Without query and fragment, and against the address that clients use, which a proxy may hide from this process. */
  proofAddress({ htu }, { url }, { origin }) {
    const called = new URL(url, origin);
    if (typeof htu !== 'string' || !URL.canParse(htu)) throw badProof('htu');
    const meant = new URL(htu);
    if (meant.origin !== new URL(origin).origin || meant.pathname !== called.pathname) throw badProof('htu');
  },
  proofToken({ ath }, { token }) {
    if (ath !== createHash('sha256').update(token).digest('base64url')) throw badProof('ath');
  },
  proofAge({ iat }) {
    if (typeof iat !== 'number' || Math.abs(Date.now() / 1000 - iat) > AGE) throw badProof('iat');
  },
  /** Remembered for as long as another check would let it through, and only once all others have. */
  proofReplay({ jti, iat }, thumbprint, { proofs }) {
    if (typeof jti !== 'string' || jti === '') throw badProof('no jti');
    const id = createHash('sha256').update(`${thumbprint} ${jti}`).digest('base64url');
    if (!proofs.take(id, (typeof iat === 'number' ? iat : Date.now() / 1000) + AGE + 1)) throw badProof('used already');
  },
};

/** Makes all of them. Throws a Refusal. */
export async function checkProof(rules, backend, request) {
  if (!rules.proofDemanded(request)) return;
  const { claims, thumbprint } = await rules.proofSignature(request.proof);
  rules.proofKey(thumbprint, request.access);
  rules.proofMethod(claims, request);
  rules.proofAddress(claims, request, backend);
  rules.proofToken(claims, request);
  rules.proofAge(claims);
  rules.proofReplay(claims, thumbprint, backend);
}
