/** The nonce of a proof against the one that the server has answered with (RFC 9449 §8 and §9). */
import { RANKS, type Finding } from './check.js';
import { shown } from './shown.js';

/** What an answer gives as nonce for the next proof. */
export interface AnsweredNonce {
  nonce: string;
  /** Whether the server says that it refuses the request for its nonce. */
  isDemanded: boolean;
  /** Whether the request was refused, for its nonce or for what the server does not say. */
  isRefusal: boolean;
}

/** Checks the nonce of a proof. `answered`: that of the answer, where it was pasted too. */
export function nonceFinding(nonce: unknown, prefix: string, answered?: AnsweredNonce): Finding {
  const finding = {
    check: `${prefix}nonce`,
    expected: answered ? shown(answered.nonce) : 'the one that the server gave last, if it gives any',
    actual: shown(nonce),
  };
  if (nonce !== undefined && typeof nonce !== 'string') {
    return { ...finding, ok: false, cause: 'The nonce of the proof is no text.', rank: RANKS.claim };
  }
  if (!answered) {
    const hint = 'A server that wants one answers use_dpop_nonce with a DPoP-Nonce: take that, and try once more.';
    return { ...finding, ok: null, hint };
  }
  const { isDemanded, isRefusal } = answered;
  const hint = 'Make a new proof with the nonce of the latest answer (DPoP-Nonce), and send the request once more.';
  const rank = isDemanded ? RANKS.kind : RANKS.claim;
  if (nonce === answered.nonce) {
    const cause = 'The server refuses a proof with the nonce that it gives: it may take each nonce once.';
    return isDemanded ? { ...finding, ok: null, cause, hint } : { ...finding, ok: true };
  }
  if (nonce === undefined) {
    const cause = 'The proof has no nonce, and the server demands its own.';
    // The row of the answer says more: it goes first.
    return isDemanded ? { ...finding, ok: false, cause, hint, rank: rank + 1 } : { ...finding, ok: null, hint };
  }
  if (isRefusal) {
    const cause = `The nonce of the proof is not the one that the server takes now: it is too old, or of another server.`;
    return { ...finding, ok: false, cause, hint, rank };
  }
  return { ...finding, ok: null, expected: `${finding.expected}, from the next proof on`, hint };
}
