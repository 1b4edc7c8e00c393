/** How a refusal should look, for a client to know what helps: RFC 6750 §3, RFC 9470 §3, RFC 9449 §7.1. All of it is advice. */
import type { Case } from '../backend/case.js';
import { challengesOf, inWords, receptionOf, type ProbeAnswer } from './answer.js';
import type { Refusal } from './attempt.js';

/** A request that was refused, and how. */
export interface Refused {
  name: string;
  refusal: Refusal;
  answer: ProbeAnswer;
}

interface Rule {
  name: string;
  expected: string;
  hint: string;
  holds(answer: ProbeAnswer, scope: string): boolean;
}

const RULES: Record<Exclude<Refusal, 'open'>, Rule> = {
  nobody: {
    name: 'how nobody is refused',
    expected: '401, WWW-Authenticate: Bearer or DPoP, without an error',
    hint: 'Answer 401 with WWW-Authenticate: Bearer; who has sent no token has made no error (RFC 6750 §3.1).',
    holds: ({ status, headers }) => status === 401 && says(headers, undefined),
  },
  scope: {
    name: 'how a missing scope is refused',
    expected: '403 insufficient_scope with scope, or 401 insufficient_user_authentication',
    hint: 'Say which scope helps: WWW-Authenticate: Bearer error="insufficient_scope", scope="…" (RFC 6750 §3.1). A client steps up by it.',
    holds: ({ status, headers }, scope) =>
      (status === 403 && says(headers, 'insufficient_scope', scope)) ||
      (status === 401 && says(headers, 'insufficient_user_authentication')),
  },
  token: {
    name: 'how a bad token is refused',
    expected: '401 invalid_token',
    hint: 'Answer 401 with WWW-Authenticate: Bearer error="invalid_token" (RFC 6750 §3.1): the client gets itself another.',
    holds: ({ status, headers }) => status === 401 && says(headers, 'invalid_token'),
  },
  proof: {
    name: 'how a bad proof is refused',
    expected: '401 DPoP, invalid_dpop_proof or invalid_token',
    hint: 'Answer 401 with WWW-Authenticate: DPoP error="invalid_dpop_proof" (RFC 9449 §7.1).',
    holds: ({ status, headers }) =>
      status === 401 && (says(headers, 'invalid_dpop_proof') || says(headers, 'invalid_token')),
  },
};

/** One piece of advice for each kind of refusal that there was. */
export function adviceOn(refused: readonly Refused[], scope: string): Case[] {
  return Object.entries(RULES).flatMap(([kind, { name, expected, hint, holds }]) => {
    const ours = refused.filter(({ refusal }) => refusal === kind);
    if (ours.length === 0) return [];
    const other = ours.filter(({ answer }) => !holds(answer, scope));
    const [first] = other;
    const got = first
      ? `${inWords(first.answer)} (${first.name}${other.length > 1 ? `, and ${other.length - 1} more` : ''})`
      : 'so';
    return [{ name, holds: !first, expected, got, hint, advice: true as const }];
  });
}

/** Whether a request was refused, for `adviceOn`. */
export function isRefused(answer: ProbeAnswer, good: ProbeAnswer): boolean {
  return receptionOf(answer, good) === 'refused';
}

/** Whether a challenge names this error (undefined: none at all), and all of the scopes. */
function says(headers: Headers, error: string | undefined, scope?: string): boolean {
  return challengesOf(headers).some(
    ({ params }) =>
      params.get('error') === error && (scope === undefined || (params.get('scope') ?? '').split(' ').includes(scope)),
  );
}
