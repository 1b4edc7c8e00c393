/** The end of every login: what was proved becomes a session with a key of its own. */
import { RefusedError, UnreachableError } from '../../errors.js';
import { malformed } from '../../http/failures.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { Frontend, FrontendAnswer, FrontendCall, Prover } from './frontend.js';
import type { Session } from './record.js';
import { learnt } from './records.js';
import { isLost, mint, rotation, type Minted } from './session.js';

/** A fresh session before it has a name. */
export interface Opened {
  minted: Minted;
  fields: Partial<Session>;
}

/** Turns a login's challenge token into a session (Prelude: `/login/finalize`). Throws RefusedError CHALLENGE_OVER. */
export async function finalize(
  frontend: Frontend,
  prover: Prover,
  { challengeToken, codeVerifier }: { challengeToken: string; codeVerifier?: string | undefined },
): Promise<Opened> {
  const body = {
    challenge_token: challengeToken,
    ...(codeVerifier === undefined ? {} : { code_verifier: codeVerifier }),
  };
  const answer = await spend(frontend, { path: '/login/finalize', body, prover });
  if (answer.refusal) throw loginRefused(answer.refusal);
  return opened(answer);
}

/** Makes the call that spends a login's proof. When its answer is lost, the login is: only a new proof leads on. */
export async function spend(frontend: Frontend, wanted: FrontendCall): Promise<FrontendAnswer> {
  try {
    return await frontend.call({ ...wanted, spends: true });
  } catch (error) {
    if (!isLost(error)) throw error;
    throw new UnreachableError(error.code, error.message, {
      hint: 'The proof may be spent all the same. Start again with: stepup login',
      cause: error,
    });
  }
}

/** What an answer opens; `before` is what an earlier one of the same login has handed out. */
export function opened(answer: FrontendAnswer, before: Partial<Session> = {}): Opened {
  const fields = { ...before, ...rotation(answer.headers) };
  if (!fields.refreshToken && !fields.refreshCookies) throw malformed('The service logged in without a refresh token.');
  return { minted: mint(answer), fields };
}

/** The session as the store keeps it. */
export function sessionOf({ minted, fields }: Opened, prover: Prover, identifier: string | undefined): Session {
  const { userId, sessionId, token, expiresAt } = minted;
  return {
    key: prover.key,
    ...learnt(prover),
    ...fields,
    accessToken: token,
    accessTokenExpiresAt: expiresAt,
    userId,
    sessionId,
    identifier,
    challenges: {},
    grants: [],
  };
}

/** While logging in a 401 is about the proof in play, not about a session. */
export function loginRefused(refusal: Refusal): Error {
  const over = ['unauthorized', 'invalid_challenge_token', 'expired_challenge_token', 'token_reused'];
  if (!over.includes(refusal.code ?? '')) return refusalError(refusal);
  return new RefusedError(
    'CHALLENGE_OVER',
    'This login is over: its code has expired, was used, or had too many wrong tries.',
    {
      hint: 'Start again with: stepup login',
      status: refusal.status,
      serviceCode: refusal.code,
      requestId: refusal.requestId,
    },
  );
}
