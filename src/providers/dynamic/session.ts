/** The session's life: what a proof brings is kept, its token is renewed, its end is told. */
import { SessionError, StepupError } from '../../errors.js';
import type { DpopKey } from '../../http/dpop.js';
import { malformed } from '../../http/failures.js';
import type { CredentialKey, Store } from '../../store/store.js';
import { hasPassed, iso, localInstant } from '../instants.js';
import { parseAnswer } from '../parse.js';
import type { AccessToken } from '../provider.js';
import type { Refusal } from '../refusal.js';
import type { Answer, Api, Call } from './api.js';
import { credentialOf, identifierOf } from './credentials.js';
import { cookiesOnly } from './environment.js';
import { endsSession, mayEndSession, refusalError, sessionOver } from './errors.js';
import { compressed } from './keys.js';
import type { Nonces } from './nonces.js';
import type { Records, Session } from './record.js';
import { readAccessToken } from './tokens.js';
import { userSchema, verifySchema, type WireVerify } from './wire.js';

/** A session this near to its end is renewed, as long as the service does. Milliseconds. */
const RENEW_MS = 60_000;
/** A token must be good for so long. Milliseconds. */
const MARGIN_MS = 10_000;

/** Dynamic: the calls that the device signs, under `/api/v0/sdk/ENVIRONMENT`. */
const SIGNED =
  /^\/(externalAuth\/signin|refresh|providers\/[^/]+\/signIn|verify(\/(link|merge|transfer))?|wallets\/verify|(sms|email)Verifications\/(verify|signin)|deviceRegistrations?(\/[^/]+)?)$/;

export interface Keeper {
  /** The session, its token good for ten seconds at least. Throws SessionError NOT_LOGGED_IN or SESSION_OVER. */
  session(): Promise<Session>;
  accessToken(): Promise<AccessToken>;
  /** Calls as the user who is logged in. Throws SessionError SESSION_OVER when the service says so. */
  call(call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer>;
  /** Calls as somebody who is about to log in with this key. */
  callAsNobody(key: DpopKey, call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer>;
  /**
   * Keeps what a proof has brought: fresh tokens, the user, and what `change` makes of the session. Throws UnreachableError
   * ANSWER_MALFORMED, RefusedError COOKIE_MODE.
   */
  keep(
    before: Session,
    answer: Answer,
    change?: (session: Session, verified: WireVerify) => Session,
  ): Promise<WireVerify>;
  /** The session that a sign-in has brought. */
  opened(key: DpopKey, answer: Answer): { session: Session; verified: WireVerify };
  /** Reads the user again: credentials may have changed elsewhere. */
  refreshUser(): Promise<void>;
  /** Ends the session at the service and here. False when nobody was logged in. */
  logout(): Promise<boolean>;
}

export interface KeeperOptions {
  store: Store;
  key: CredentialKey;
  records: Records;
  api: Api;
  nonces: Nonces;
  /** Milliseconds since the epoch. */
  now(): number;
  /** How long another process may hold the lock. Milliseconds. */
  lockWaitMs: number;
}

/** By what the service knows a session. */
export function asUser({ accessToken, key }: Session): Pick<Call, 'bearer' | 'sessionKey'> {
  return { bearer: accessToken, sessionKey: compressed(key) };
}

/** Builds the keeper of one session. */
export function createKeeper({ store, key, records, api, nonces, now, lockWaitMs }: KeeperOptions): Keeper {
  async function send(call: Call): Promise<Answer> {
    if (!SIGNED.test(call.path)) return api.call(call);
    const answer = await api.call({ ...call, headers: { ...call.headers, ...(await nonces.deviceHeaders(call)) } });
    // A nonce that the service has forgotten is no reason to fail; the signature is looked at before anything is spent.
    if (answer.refusal?.code !== 'invalid_device_signature') return answer;
    await nonces.forget();
    return api.call({ ...call, headers: { ...call.headers, ...(await nonces.deviceHeaders(call)) } });
  }

  async function callWith(held: Session, call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer> {
    const answer = await send({ ...call, ...asUser(held) });
    if (answer.refusal && (await isOver(held, call.path, answer.refusal))) {
      await records.updateSession(held.sessionId, (current) =>
        current.accessToken === held.accessToken ? { ...current, accessTokenExpiresAt: iso(now()) } : current,
      );
      const { status, code: serviceCode, requestId } = answer.refusal;
      throw sessionOver({ status, serviceCode, requestId });
    }
    return answer;
  }

  /** A 401 without a code may be about the call alone; whether the session has ended, the user's own record tells. */
  async function isOver(held: Session, path: string, refusal: Refusal): Promise<boolean> {
    if (!mayEndSession(refusal)) return endsSession(refusal);
    if (path === '/users' || path === '/refresh') return true;
    const { refusal: second } = await api.call({ method: 'GET', path: '/users', ...asUser(held) });
    return second?.status === 401;
  }

  async function session(): Promise<Session> {
    const held = await records.session();
    if (!hasPassed(held.accessTokenExpiresAt, now(), RENEW_MS)) return held;
    if (hasPassed(held.accessTokenExpiresAt, now())) throw sessionOver();
    return store.withSessionLock(key, lockWaitMs, () => renewed(held));
  }

  /** The service may renew a session near its end; when it does not, the token at hand serves until it ends. */
  async function renewed(held: Session): Promise<Session> {
    const current = await records.session();
    if (current.accessToken !== held.accessToken) return current; // another process was quicker
    try {
      const answer = await callWith(current, { method: 'POST', path: '/refresh', spends: true });
      if (answer.refusal) throw refusalError(answer.refusal);
      await keep(current, answer);
      return await records.session();
    } catch (error) {
      const bearable = error instanceof StepupError && !(error instanceof SessionError);
      if (bearable && !hasPassed(current.accessTokenExpiresAt, now(), MARGIN_MS)) return current;
      throw error;
    }
  }

  function verifiedIn(answer: Answer): { verified: WireVerify; token: string; expiresAt: string } {
    const verified = parseAnswer(verifySchema, answer.json, 'the proof');
    const { minifiedJwt: token } = verified;
    if (!token) throw cookiesOnly();
    const seconds = verified.expiresAt ?? readAccessToken(token).exp;
    if (seconds === undefined || seconds === null) throw malformed('The service sent a session that has no end.');
    return { verified, token, expiresAt: localInstant(seconds, answer) };
  }

  function opened(dpopKey: DpopKey, answer: Answer): { session: Session; verified: WireVerify } {
    const { verified, token, expiresAt } = verifiedIn(answer);
    const { sub, sid, signin_credential_id: signInCredentialId } = readAccessToken(token);
    const credentials = verified.user.verifiedCredentials.map(credentialOf);
    return {
      verified,
      session: {
        userId: sub,
        sessionId: sid ?? verified.user.sessionId ?? '',
        identifier: identifierOf(credentials, signInCredentialId),
        accessToken: token,
        accessTokenExpiresAt: expiresAt,
        key: dpopKey,
        signInCredentialId,
        credentials,
        challenges: {},
        grants: [],
      },
    };
  }

  async function keep(
    before: Session,
    answer: Answer,
    change: (session: Session, verified: WireVerify) => Session = (same) => same,
  ): Promise<WireVerify> {
    const { session: fresh, verified } = opened(before.key, answer);
    if (fresh.userId !== before.userId) throw malformed('The service answered with the session of another user.');
    await records.updateSession(before.sessionId, (current) =>
      change(
        {
          ...fresh,
          identifier: current.identifier,
          challenges: current.challenges,
          ended: current.ended,
          grants: current.grants,
        },
        verified,
      ),
    );
    return verified;
  }

  return {
    session,
    async accessToken() {
      const { accessToken: token, accessTokenExpiresAt: expiresAt } = await session();
      return { token, expiresAt };
    },
    call: async (call) => callWith(await session(), call),
    callAsNobody: (dpopKey, call) => send({ ...call, sessionKey: compressed(dpopKey) }),
    keep,
    opened,
    async refreshUser() {
      const held = await session();
      const answer = await callWith(held, { method: 'GET', path: '/users' });
      if (answer.refusal) throw refusalError(answer.refusal);
      const credentials = parseAnswer(userSchema, answer.json, '/users').verifiedCredentials.map(credentialOf);
      await records.updateSession(held.sessionId, (current) => ({ ...current, credentials }));
    },
    async logout() {
      const { session: held } = await records.read();
      if (!held) return false;
      if (!hasPassed(held.accessTokenExpiresAt, now())) {
        const headers = { 'x-dyn-logout-reason': 'user-intent' };
        const answer = await api.call({ method: 'POST', path: '/revoke', headers, ...asUser(held) });
        if (answer.refusal && answer.refusal.status !== 401) throw refusalError(answer.refusal);
      }
      await records.update((record) =>
        record.session?.sessionId === held.sessionId ? { ...record, session: undefined } : record,
      );
      return true;
    },
  };
}
