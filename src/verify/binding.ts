/** The key that a token is bound to (RFC 9449 §6, RFC 7800), and the proof that has to come with it. */
import { asked, saysYes, SPARE } from './asked.js';
import type { Authorization } from './authorization.js';
import type { Incoming } from './incoming.js';
import { checkProof } from './proof.js';
import { Refused } from './refusal.js';
import { bad } from './token.js';
import type { Claims, VerifierOptions } from './types.js';

export interface BindingWorld {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Seconds by which the time of a proof may be off, either way. */
  window: number;
  firstUse: NonNullable<VerifierOptions['firstUse']>;
  nonces: VerifierOptions['nonces'];
}

/**
 * A token that is bound to a key comes with a proof by it, and any other as Bearer (RFC 9449 §7.1, §7.2). Throws Refused `invalid_token`,
 * `invalid_dpop_proof`, `use_dpop_nonce`, and `temporarily_unavailable` when what the backend gave fails.
 */
export async function checkBinding(
  { now, window, nonces, firstUse }: BindingWorld,
  { method, header, address }: Incoming,
  { scheme, token, claims }: Authorization & { claims: Claims },
): Promise<void> {
  if (claims['cnf'] === undefined) {
    if (scheme === 'DPoP') throw bad('the token is bound to no key, and came with a proof');
    return;
  }
  const jkt = thumbprintIn(claims);
  if (jkt === undefined) throw bad('the token is bound to something that cannot be checked');
  if (scheme !== 'DPoP') throw new Refused('invalid_token', 'the token needs a proof', { scheme: 'DPoP' });
  const place = { method, address, accessToken: token, jkt, now: now() / 1000, window };
  const { id, iat, nonce } = await checkProof(header('dpop'), place);
  const isKnown = !nonces || (typeof nonce === 'string' && (await saysYes(() => nonces.accepts(nonce))));
  if (!isKnown) {
    const next = await asked(() => nonces.issue());
    throw new Refused('use_dpop_nonce', 'the proof needs a nonce of this backend', { nonce: next });
  }
  if (!(await saysYes(() => firstUse(`proof:${id}`, (iat + window + SPARE) * 1000)))) {
    throw new Refused('invalid_dpop_proof', 'the proof was used before');
  }
}

/** Thumbprint of the key that a token is bound to; undefined when it is bound to none, or to something else. */
export function thumbprintIn({ cnf }: Claims): string | undefined {
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return undefined;
  return typeof cnf.jkt === 'string' && cnf.jkt !== '' ? cnf.jkt : undefined;
}
