/** How tokens are presented to the API: as Bearer, or with a proof by a key of the probe's own where the real token is bound to one. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { generateDpopKey, makeProof, thumbprint, uuid, type DpopKey, type ProofClaims } from '../http/dpop.js';
import type { Claims, ProbeWorld, TokenHeaders } from './attempt.js';
import type { Original } from './forged.js';

export interface Presenter {
  /** Whether the real token is bound to a key (RFC 9449 §6): those that are minted and forged are then bound to the probe's. */
  bound: boolean;
  key: DpopKey;
  /** Another one, to which nothing is bound. */
  foreign: DpopKey;
  /** The real token that holds the scope. */
  original: Original;
  /** Claims for a token that is good but for its defect: of the same user and session. */
  claims(changes?: Claims): Claims;
  /** The same, bound to the probe's key in any case. */
  boundClaims(): Claims;
  /** What a forgery is made of: the real token's, under an id of its own. */
  copy(): Original;
  /** Presents a token that claims to hold the scope: as the access token, or at Dynamic beside the real one. */
  show(token: string, nonce: string | undefined): Promise<TokenHeaders>;
  /** A proof for a token, by the probe's key unless another is named. */
  prove(token: string, nonce: string | undefined, changes?: Partial<ProofClaims>, key?: DpopKey): Promise<string>;
}

/** Makes the probe's keys and binds the presenter to the real tokens. */
export async function createPresenter(world: ProbeWorld): Promise<Presenter> {
  const { provider, credentials, elevatedHeader, method, url, scope } = world;
  const real = credentials.elevatedToken ?? credentials.accessToken;
  const original: Original = { header: { ...decodeProtectedHeader(real) }, claims: decodeJwt(real) };
  const bound = credentials.proof !== undefined;
  const [key, foreign] = await Promise.all([generateDpopKey(), generateDpopKey()]);
  const toKey: Claims = { cnf: { jkt: await thumbprint(key) } };
  const binding = bound ? toKey : {};
  const { sub, sid } = original.claims;
  const newId = (): string => uuid(world.randomBytes(16));

  const prove: Presenter['prove'] = (accessToken, nonce, changes = {}, by = key) =>
    makeProof(by, {
      htm: method,
      htu: url,
      iat: Math.floor(world.now() / 1000),
      jti: newId(),
      nonce,
      accessToken,
      ...changes,
    });

  return {
    bound,
    key,
    foreign,
    original,
    claims: (changes) => ({ scope, sub, sid, ...binding, ...changes }),
    boundClaims: () => ({ scope, sub, sid, ...toKey }),
    copy: () => ({ ...original, claims: { ...original.claims, jti: newId(), ...binding } }),
    async show(token, nonce) {
      if (provider === 'dynamic') {
        return { authorization: `Bearer ${credentials.accessToken}`, [elevatedHeader]: token };
      }
      return bound
        ? { authorization: `DPoP ${token}`, dpop: await prove(token, nonce) }
        : { authorization: `Bearer ${token}` };
    },
    prove,
  };
}
