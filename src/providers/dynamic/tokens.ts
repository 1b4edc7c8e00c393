/** A look into Dynamic's tokens: the session's, and the elevated ones. */
import * as v from 'valibot';
import { malformed } from '../../http/failures.js';
import type { StoredGrant } from '../grants.js';
import { iso, localInstant } from '../instants.js';
import { readToken } from '../parse.js';
import type { Answer } from './api.js';

const instant = v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799));
const text = v.optional(v.fallback(v.optional(v.string()), undefined));

const accessSchema = v.object({
  sub: v.string(),
  sid: text,
  exp: v.optional(instant),
  signin_credential_id: text,
});
export type AccessClaims = v.InferOutput<typeof accessSchema>;

const elevatedSchema = v.object({
  sub: text,
  scope: v.unknown(),
  exp: instant,
  singleUse: v.optional(v.fallback(v.boolean(), false), false),
});

/** The claims of an access token. Throws UnreachableError ANSWER_MALFORMED. */
export function readAccessToken(token: string): AccessClaims {
  return readToken(accessSchema, token, 'an access token');
}

/**
 * An elevated token as a grant. Dynamic: `scope` is one string with blanks between; a list of scopes is what the official client cannot
 * take either, so it is refused and not guessed at. Throws UnreachableError ANSWER_MALFORMED. `now` is in milliseconds.
 */
export function grantOf(
  token: string,
  answer: Answer,
  {
    factor,
    challengeId,
    now,
    userId,
  }: { factor: string; challengeId?: string | undefined; now: number; userId: string },
): StoredGrant {
  const { sub, scope, exp, singleUse } = readToken(elevatedSchema, token, 'an elevated token');
  if (sub !== undefined && sub !== userId) throw malformed('The service sent an elevated token of another user.');
  if (typeof scope !== 'string') {
    throw malformed(
      'The service sent an elevated token whose scope is no text; the official client would refuse it too.',
    );
  }
  return {
    scopes: scope.split(' ').filter((each) => each !== ''),
    token,
    expiresAt: localInstant(exp, answer),
    grantedAt: iso(now),
    singleUse,
    mode: singleUse ? 'single-use' : 'time-bound',
    factors: [factor],
    challengeId,
  };
}
