/** The session's life after login: its access token, its refresh, its end. One refresh at a time, across processes too. */
import { FailedError, SessionError, UnreachableError } from '../../errors.js';
import type { CredentialKey, Store } from '../../store/store.js';
import type { AccessToken } from '../provider.js';
import { endsSession, refusalError } from './errors.js';
import { refreshCookies, type Frontend, type FrontendAnswer } from './frontend.js';
import { grantsAfterRefresh } from './grants.js';
import { hasPassed, localInstant } from '../instants.js';
import { refreshCredential, type Session } from './record.js';
import { learnt, proverOf, type Records } from './records.js';
import { readAccessToken, scopesOf } from './tokens.js';
import { parseAnswer } from '../parse.js';
import { mintedSchema } from './wire.js';

/** A token this near to its end is renewed. Milliseconds. */
const MARGIN_MS = 10_000;

/** A fresh access token. `expiresAt` is ISO 8601, by our clock. */
export interface Minted {
  token: string;
  expiresAt: string;
  scopes: string[];
  userId: string;
  sessionId: string;
}

export interface Exchange {
  /** A completed challenge token to spend. */
  stepUpToken?: string | undefined;
  /** Called when the step-up token is refused (not for a refused session); throws what that means. */
  onRefused?: ((answer: FrontendAnswer) => Promise<never>) | undefined;
  /** Further changes to the session, written together with the new tokens. */
  apply?: ((session: Session, minted: Minted) => Session) | undefined;
}

export interface SessionKeeper {
  /** A token good for ten seconds at least. Throws SessionError NOT_LOGGED_IN or SESSION_OVER, UnreachableError. */
  accessToken(): Promise<AccessToken>;
  /** Calls with the access token; on 401 once more with a new one. */
  authorized(call: (bearer: string) => Promise<FrontendAnswer>): Promise<FrontendAnswer>;
  /** Holds the session's lock; `work` gets what `/refresh` needs. */
  exclusively<T>(work: (exchange: (how: Exchange) => Promise<Minted>) => Promise<T>): Promise<T>;
  /** Ends the session at the service and here. False when nobody was logged in. */
  logout(): Promise<boolean>;
}

export interface SessionOptions {
  store: Store;
  key: CredentialKey;
  records: Records;
  frontend: Frontend;
  /** Milliseconds since the epoch. */
  now(): number;
  /** How long another process may hold the lock. Milliseconds. */
  lockWaitMs: number;
}

/** Builds the keeper of one session. */
export function createSessionKeeper({ store, key, records, frontend, now, lockWaitMs }: SessionOptions): SessionKeeper {
  let renewing: Promise<AccessToken> | undefined;

  async function accessToken(): Promise<AccessToken> {
    return usable(await records.session()) ?? renew(undefined);
  }

  function usable({ accessToken: token, accessTokenExpiresAt: expiresAt }: Session): AccessToken | undefined {
    return token && expiresAt && !hasPassed(expiresAt, now(), MARGIN_MS) ? { token, expiresAt } : undefined;
  }

  /** `stale` is a token that the service refuses although its time is not over. */
  function renew(stale: string | undefined): Promise<AccessToken> {
    renewing ??= locked(async (lost) => {
      const session = await records.session();
      const held = usable(session);
      // Another process was quicker.
      if (held && held.token !== stale) return held;
      const { token, expiresAt } = await exchange(session, {}, lost);
      return { token, expiresAt };
    }).finally(() => (renewing = undefined));
    return renewing;
  }

  function locked<T>(work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    return store.withSessionLock(key, lockWaitMs, work);
  }

  async function exchange(session: Session, how: Exchange, lost: AbortSignal): Promise<Minted> {
    if (lost.aborted) {
      throw new FailedError('STORE_LOCKED', 'This process was stopped for so long that another may have refreshed.', {
        hint: 'Run the command again.',
      });
    }
    const sent = refreshCredential(session);
    const prover = proverOf(session);
    let rotated: Partial<Session> = {};
    let answer: FrontendAnswer;
    try {
      answer = await frontend.call({
        path: '/refresh',
        body: how.stepUpToken === undefined ? undefined : { step_up_token: how.stepUpToken },
        prover,
        refreshToken: session.refreshToken,
        cookies: session.refreshCookies,
        spends: true,
        onSuccessHead: (headers) => (rotated = rotation(headers)),
      });
      if (!answer.refusal) {
        const minted = mint(answer);
        await keep(sent, (current) => afterMint(current, minted, { ...rotated, ...learnt(prover) }, how));
        return minted;
      }
    } catch (error) {
      // The old refresh token is spent as soon as a new one has come, however the rest of the answer looks.
      if (Object.keys(rotated).length > 0)
        await keep(sent, (current) => ({ ...current, ...rotated, ...learnt(prover) }));
      throw isLost(error) ? answerLost(error) : error;
    }
    if (endsSession(answer.refusal)) return over(session, how, lost);
    if (how.onRefused) await how.onRefused(answer);
    throw refusalError(answer.refusal);
  }

  function afterMint(session: Session, minted: Minted, fields: Partial<Session>, how: Exchange): Session {
    const renewed: Session = {
      ...session,
      ...fields,
      accessToken: minted.token,
      accessTokenExpiresAt: minted.expiresAt,
      grants: grantsAfterRefresh(session.grants, minted, now()),
    };
    return how.apply?.(renewed, minted) ?? renewed;
  }

  /** Changes the session that the sent refresh token belongs to, not one that a login elsewhere has put in its place. */
  async function keep(sent: string, change: (session: Session) => Session): Promise<void> {
    let kept = false;
    await records.update((record) => {
      if (!record.session || refreshCredential(record.session) !== sent) return record;
      kept = true;
      return { ...record, session: change(record.session) };
    });
    if (!kept) throw replaced();
  }

  /** The refresh token is refused: the session goes, unless a newer one has taken its place meanwhile. */
  async function over(refused: Session, how: Exchange, lost: AbortSignal): Promise<Minted> {
    const credential = refreshCredential(refused);
    let newer: Session | undefined;
    await records.update((record) => {
      newer = record.session && refreshCredential(record.session) !== credential ? record.session : undefined;
      return { ...record, session: newer };
    });
    if (newer) return exchange(newer, how, lost);
    throw new SessionError('SESSION_OVER', 'The session is over: it has ended, or was revoked elsewhere.', {
      hint: 'Log in again with: stepup login',
      status: 401,
    });
  }

  async function authorized(call: (bearer: string) => Promise<FrontendAnswer>): Promise<FrontendAnswer> {
    const first = await accessToken();
    const answer = await call(first.token);
    if (answer.status !== 401) return answer;
    const second = await renew(first.token);
    return call(second.token);
  }

  async function logout(): Promise<boolean> {
    if (!(await records.read()).session) return false;
    return locked(async () => {
      const { session } = await records.read();
      if (!session) return false;
      const { refreshToken, refreshCookies: cookies } = session;
      const { refusal } = await frontend.call({ path: '/revoke', prover: proverOf(session), refreshToken, cookies });
      if (refusal && !endsSession(refusal)) throw refusalError(refusal);
      await records.update((record) =>
        record.session?.sessionId === session.sessionId ? { ...record, session: undefined } : record,
      );
      return true;
    });
  }

  return {
    accessToken,
    authorized,
    exclusively: (work) => locked((lost) => work(async (how) => exchange(await records.session(), how, lost))),
    logout,
  };
}

/** Whether a request may have been done though no answer came. */
export function isLost(error: unknown): error is UnreachableError {
  return (
    error instanceof UnreachableError && (error.code === 'TIMED_OUT' || /ECONNRESET|UND_ERR_SOCKET/.test(error.message))
  );
}

/** A refresh token is good once: if the service has taken it, the next try finds the session over. */
function answerLost(error: UnreachableError): UnreachableError {
  return new UnreachableError(error.code, error.message, {
    hint: 'Try again. If the service has renewed the session all the same, it is over then: log in again with: stepup login',
    cause: error,
  });
}

/** The refresh token that an answer hands out, as fields of the session. */
export function rotation(headers: Headers): Partial<Session> {
  const refreshToken = headers.get('x-refresh-token');
  if (refreshToken) return { refreshToken, refreshCookies: undefined };
  const cookies = refreshCookies(headers);
  return cookies ? { refreshToken: undefined, refreshCookies: cookies } : {};
}

/** The access token in an answer, its end told by our own clock. Throws UnreachableError ANSWER_MALFORMED. */
export function mint(answer: FrontendAnswer): Minted {
  const { access_token: token, expires_at } = parseAnswer(mintedSchema, answer.json, 'the token call');
  const claims = readAccessToken(token);
  return {
    token,
    expiresAt: localInstant(expires_at, answer),
    scopes: scopesOf(claims),
    userId: claims.sub,
    sessionId: claims.sid,
  };
}

function replaced(): SessionError {
  return new SessionError('SESSION_OVER', 'Another login has replaced this session meanwhile.', {
    hint: 'Run the command again.',
  });
}
