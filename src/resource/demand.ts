/** What an API wants before it answers: more scopes, a fresh proof of who it is, or a nonce. */
import { readChallenges, type AuthChallenge } from './www-authenticate.js';

export type Demand =
  /** The token must hold more (RFC 6750 §3.1, `insufficient_scope`). The scopes are what the API names; none where it names none. */
  | { kind: 'scope'; scopes: string[] }
  /** The user must prove themselves anew (RFC 9470 §3). `maxAge` is in seconds. */
  | { kind: 'authentication'; scopes: string[]; acrValues: string[]; maxAge?: number | undefined }
  /** The proof must carry this nonce (RFC 9449 §9). */
  | { kind: 'nonce'; nonce: string }
  /** Something is demanded in a header that cannot be read. `words` is half a sentence that quotes nothing of it. */
  | { kind: 'malformed'; words: string };

/** Schemes of access tokens: RFC 6750 §3, RFC 9449 §7.1. */
const SCHEMES = ['bearer', 'dpop'];

/**
 * What an answer demands, from its `WWW-Authenticate` (several challenges in one header or in several); undefined where it demands
 * nothing that a client could do something about, as with `invalid_token`. Of several demands a nonce comes first, then scopes.
 */
export function demandOf(status: number, headers: Headers): Demand | undefined {
  const field = headers.get('www-authenticate');
  if ((status !== 401 && status !== 403) || field === null) return undefined;
  const { challenges, fault } = readChallenges(field);
  const ours = challenges.filter(({ scheme }) => SCHEMES.includes(scheme));
  const saying = (error: string): AuthChallenge | undefined => ours.find(({ params }) => params.get('error') === error);
  const demanded =
    (status === 401 && saying('use_dpop_nonce') ? nonceIn(headers) : undefined) ??
    scopeIn(saying('insufficient_scope')) ??
    authenticationIn(saying('insufficient_user_authentication'));
  if (demanded) return demanded;
  return fault === undefined
    ? undefined
    : { kind: 'malformed', words: `its WWW-Authenticate cannot be read: ${fault}` };
}

/** The nonce that an answer gives for the next proof (RFC 9449 §8.1 and §8.2); undefined without one, or for what is none. */
export function nonceOf(headers: Headers): string | undefined {
  const nonce = headers.get('dpop-nonce');
  return nonce !== null && /^[\x21\x23-\x5b\x5d-\x7e]{1,4096}$/.test(nonce) ? nonce : undefined;
}

function nonceIn(headers: Headers): Demand {
  const nonce = nonceOf(headers);
  if (nonce !== undefined) return { kind: 'nonce', nonce };
  return { kind: 'malformed', words: 'it wants a nonce in the proof, and its DPoP-Nonce gives none' };
}

function scopeIn(challenge: AuthChallenge | undefined): Demand | undefined {
  if (!challenge) return undefined;
  const scopes = words(challenge, 'scope');
  return scopes ? { kind: 'scope', scopes } : malformed('scope', 'no list of scopes');
}

function authenticationIn(challenge: AuthChallenge | undefined): Demand | undefined {
  if (!challenge) return undefined;
  const scopes = words(challenge, 'scope');
  if (!scopes) return malformed('scope', 'no list of scopes');
  const acrValues = words(challenge, 'acr_values');
  if (!acrValues) return malformed('acr_values', 'no list of words');
  const age = challenge.params.get('max_age');
  if (age !== undefined && !/^\d{1,10}$/.test(age)) return malformed('max_age', 'no number of seconds');
  return {
    kind: 'authentication',
    scopes,
    acrValues,
    ...(age === undefined ? {} : { maxAge: Number(age) }),
  };
}

function malformed(name: string, what: string): Demand {
  return { kind: 'malformed', words: `${name} in its WWW-Authenticate is ${what}` };
}

/** Words with blanks between, each once (RFC 6749 §3.3); undefined when one has characters that none can have. */
function words({ params }: AuthChallenge, name: string): string[] | undefined {
  const all = (params.get(name) ?? '').split(' ').filter((word) => word !== '');
  return all.every((word) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(word)) ? [...new Set(all)] : undefined;
}
