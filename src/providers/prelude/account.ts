/** What a user does with their own account: sessions elsewhere, the password. */
import { RefusedError, SessionError } from '../../errors.js';
import { parseAnswer } from '../parse.js';
import type { Provider, SessionEntry } from '../provider.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { Frontend } from './frontend.js';
import { weakPassword } from './login-others.js';
import type { PreludeProvider } from './provider.js';
import type { Records } from './records.js';
import { reservedScope } from './reserved-scope.js';
import type { SessionKeeper } from './session.js';
import { compliancySchema, sessionsSchema } from './wire.js';

type Account = Pick<Provider, 'sessions'> &
  Pick<PreludeProvider, 'revokeSessions' | 'passwordPolicy' | 'resetPassword'>;

/** Prelude: what setting a password consumes. */
const PASSWORD_SCOPE = 'prld:pwd:write';

export interface AccountOptions {
  frontend: Frontend;
  records: Records;
  keeper: SessionKeeper;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Binds the calls about one user's account. */
export function createAccount({ frontend, records, keeper, now }: AccountOptions): Account {
  const passwordScope = reservedScope({ records, keeper, now }, PASSWORD_SCOPE);
  return {
    async sessions({ limit, offset }) {
      const { sessionId: mine, identifier } = await records.session();
      const path = `/me/list?limit=${limit}&offset=${offset}`;
      const answer = await keeper.authorized((bearer) => frontend.call({ method: 'GET', path, bearer }));
      if (answer.refusal) throw refusalError(answer.refusal);
      const { sessions, total } = parseAnswer(sessionsSchema, answer.json, '/me/list');
      const entries: SessionEntry[] = sessions.map((each) => ({
        sessionId: each.id,
        current: each.id === mine,
        identifier: each.id === mine ? identifier : undefined,
        device: [each.device_model ?? each.device_type, each.os_version].filter(Boolean).join(', ') || undefined,
        country: each.country_code ?? undefined,
        createdAt: each.created_at ?? undefined,
        lastSeenAt: each.last_seen_at ?? undefined,
        expiresAt: each.expires_at ?? undefined,
      }));
      return { sessions: entries, total: total ?? entries.length };
    },
    async revokeSessions(revocation) {
      const { sessionId: mine } = await records.session();
      const id = revocation.target === 'session' ? revocation.sessionId : undefined;
      const query = id === undefined ? '' : `&session_id=${encodeURIComponent(id)}`;
      const path = `/me/revoke?target=${revocation.target}${query}`;
      const answer = await keeper.authorized((bearer) => frontend.call({ path, bearer }));
      if (answer.refusal) throw revocationRefused(answer.refusal, id);
      if (revocation.target === 'others' || (id !== undefined && id !== mine)) return;
      await records.update((record) =>
        record.session?.sessionId === mine ? { ...record, session: undefined } : record,
      );
    },
    async passwordPolicy() {
      const answer = await frontend.call({ method: 'GET', path: '/password/compliancy' });
      if (answer.refusal) throw refusalError(answer.refusal);
      const policy = parseAnswer(compliancySchema, answer.json, '/password/compliancy');
      const { min_length: minLength, max_length: maxLength, uppercase, lowercase, numbers, symbols } = policy;
      return { minLength, maxLength, uppercase, lowercase, numbers, symbols };
    },
    async resetPassword(password) {
      // Not by `authorized`: a refresh in between would drop a scope for a single use.
      const bearer = await passwordScope.bearer();
      const answer = await frontend.call({ path: '/me/password/reset', body: { password }, bearer, spends: true });
      if (answer.refusal?.code === 'insufficient_scope') await passwordScope.consumed();
      if (answer.refusal) throw resetRefused(answer.refusal);
      await passwordScope.consumed();
    },
  };
}

function revocationRefused(refusal: Refusal, id: string | undefined): Error {
  if (refusal.status !== 404) return refusalError(refusal);
  return new RefusedError('REFUSED', `The user has no session ${id ?? ''}.`, {
    field: '--id',
    hint: 'See them with: stepup session list',
    status: refusal.status,
    serviceCode: refusal.code,
    requestId: refusal.requestId,
  });
}

function resetRefused(refusal: Refusal): Error {
  const { status, code: serviceCode, requestId } = refusal;
  const details = { status, serviceCode, requestId };
  if (serviceCode === 'invalid_password') return weakPassword(details);
  if (serviceCode === 'insufficient_scope') {
    return new RefusedError('ELEVATION_REQUIRED', `Setting a password needs the scope ${PASSWORD_SCOPE}.`, {
      ...details,
      hint: `Get it with: stepup request ${PASSWORD_SCOPE}`,
    });
  }
  if (status === 401)
    return new SessionError('SESSION_OVER', 'The session is over: it has ended or was revoked.', details);
  return refusalError(refusal);
}
