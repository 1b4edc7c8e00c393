/** What the server said, where its answer was pasted too (RFC 6750 §3.1, RFC 9470 §3, RFC 9449 §7.1). */
import { demandOf, nonceOf, type Demand } from '../resource/demand.js';
import { readChallenges } from '../resource/www-authenticate.js';
import { RANKS, type Finding } from './check.js';
import type { Answer } from './http-answer.js';
import { valuesOf } from './http-head.js';
import type { AnsweredNonce } from './nonce.js';
import { shownText } from './shown.js';

/** What an answer says of itself. `sentNonce`: that of the proof, if it has one. */
export function answerFindings(answer: Answer | undefined, sentNonce: unknown): Finding[] {
  if (!answer) return [];
  const said = errorsOf(answer).map(shownText);
  const actual = `status ${answer.status}${said.length > 0 ? `, ${said.join(', ')}` : ''}`;
  const finding = { check: 'answer', ok: null, expected: 'what the server says itself', actual };
  // Of a nonce that was sent its own row says what is wrong.
  if (demandIn(answer)?.kind !== 'nonce' || sentNonce !== undefined) return [finding];
  const cause = 'The server wants its nonce in the proof: that is no refusal but the first half of an exchange.';
  const hint = 'Make a new proof with the nonce of its header DPoP-Nonce, and send the request once more.';
  return [{ ...finding, ok: false, cause, hint, rank: RANKS.kind }];
}

/** The scopes that an answer demands. */
export function scopesOf(answer: Answer | undefined): string[] {
  const demand = answer && demandIn(answer);
  return demand?.kind === 'scope' || demand?.kind === 'authentication' ? demand.scopes : [];
}

/** The nonce that an answer gives. */
export function nonceIn(answer: Answer | undefined): AnsweredNonce | undefined {
  const nonce = answer && nonceOf(headersOf(answer.headers));
  if (!answer || nonce === undefined) return undefined;
  const isDemanded = demandIn(answer)?.kind === 'nonce';
  // RFC 9449 §8: an authorization server says 400, and why only in the body.
  const isSilent = (answer.status === 400 || answer.status === 401) && errorsOf(answer).length === 0;
  return { nonce, isDemanded, isRefusal: isDemanded || isSilent };
}

function demandIn({ status, headers }: Answer): Demand | undefined {
  return demandOf(status, headersOf(headers));
}

function errorsOf({ headers }: Answer): string[] {
  const { challenges } = readChallenges(valuesOf(headers, 'www-authenticate').join(', '));
  return challenges.map(({ params }) => params.get('error')).filter((error) => error !== undefined);
}

/** As the runtime has them; what it would refuse is left out. */
function headersOf(pairs: readonly [string, string][]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs) {
    if (/^[\w-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.append(name, value);
  }
  return headers;
}
