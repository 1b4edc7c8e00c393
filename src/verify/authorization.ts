/** The access token of a request, as its `Authorization` has it (RFC 6750 §2.1, RFC 9449 §7.1). */
import { PROOF_ALGORITHM, Refused, type Scheme } from './refusal.js';
import type { Sent } from './incoming.js';
import type { TokenService } from './service.js';
import { bad, MAX_TOKEN } from './token.js';

export interface Authorization {
  scheme: Scheme;
  token: string;
}

/** Reads it. Throws Refused `unauthorized` when there is none, `invalid_request` for several, `invalid_token` for one too long. */
export function authorizationOf(sent: Sent, service: TokenService): Authorization {
  if (sent?.several) throw new Refused('invalid_request', 'there is more than one Authorization');
  const text = sent?.text ?? '';
  if (text.length > MAX_TOKEN + 10) throw bad('the token is longer than any of the service');
  const [name = '', ...rest] = text.trim().split(/ +/);
  const scheme = SCHEMES.get(name.toLowerCase());
  const token = rest.join(' ');
  if (scheme === undefined || token === '') {
    // Only Prelude binds its tokens to keys.
    const also = service.dynamic ? undefined : `DPoP algs="${PROOF_ALGORITHM}"`;
    throw new Refused('unauthorized', 'no access token came', { scheme: 'Bearer', also });
  }
  return { scheme, token };
}

const SCHEMES = new Map<string, Scheme>([
  ['bearer', 'Bearer'],
  ['dpop', 'DPoP'],
]);
