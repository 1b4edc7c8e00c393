/** What the API makes of one request. */
import { demandOf } from '../resource/demand.js';
import { readChallenges, type AuthChallenge } from '../resource/www-authenticate.js';

/** An answer of the API; `status` 0 where none came. */
export interface ProbeAnswer {
  status: number;
  headers: Headers;
  /** Where none came: why, in words. */
  problem?: string | undefined;
}

/** `unclear`: neither let in nor refused, because it broke, was too busy or did not answer. */
export type Reception = 'let in' | 'refused' | 'unclear';

/** What an API says to a request that it has let in and does not like: its body, mostly (RFC 9110 §15.5). */
const OWN_REFUSALS = [400, 402, 406, 409, 411, 412, 413, 415, 422, 428];

/**
 * How the API has received a request, beside how it receives a good one, which `gotThrough`. Refused is 401 and 403, and every redirect
 * and 4xx that the good one does not get; where the good one gets a 4xx of its own, getting as far as that is to be let in.
 */
export function receptionOf({ status }: ProbeAnswer, good: ProbeAnswer): Reception {
  if (status === 0 || status === 429 || status >= 500) return 'unclear';
  if (status === 401 || status === 403) return 'refused';
  if (status < 300 || status === good.status) return 'let in';
  // A redirect, to a page for a login perhaps; and what is hidden behind a 404.
  return status < 400 || good.status < 400 ? 'refused' : 'unclear';
}

/**
 * Whether a good request has come through to what it is for, whatever became of it there. A redirect, or an address that there is not,
 * is nothing beside which others could be judged.
 */
export function gotThrough({ status }: ProbeAnswer): boolean {
  return (status >= 200 && status < 300) || OWN_REFUSALS.includes(status);
}

/** The answer in a few words: status, and what WWW-Authenticate says. Nothing of the body, which may carry anything. */
export function inWords({ status, headers, problem }: ProbeAnswer): string {
  if (status === 0) return `no answer: ${problem ?? 'the connection was closed'}`;
  const said = challengesOf(headers).map(({ scheme, params }) => {
    const error = params.get('error');
    return error === undefined ? scheme : `${scheme} ${error}`;
  });
  return [String(status), ...placeOf(status, headers), ...said].join(', ').slice(0, 120);
}

/** Where a redirect leads, without what may be in its query. */
function placeOf(status: number, headers: Headers): string[] {
  const location = headers.get('location');
  return location === null || status < 300 || status >= 400 ? [] : [`to ${location.split(/[?#]/, 1)[0]}`];
}

/** The challenges of the schemes that access tokens have (RFC 6750 §3, RFC 9449 §7.1). */
export function challengesOf(headers: Headers): AuthChallenge[] {
  const field = headers.get('www-authenticate');
  return field === null ? [] : readChallenges(field).challenges.filter(({ scheme }) => /^(bearer|dpop)$/.test(scheme));
}

/** Whether the answer only asks for a nonce (RFC 9449 §9). */
export function wantsNonce({ status, headers }: ProbeAnswer): boolean {
  return demandOf(status, headers)?.kind === 'nonce';
}
