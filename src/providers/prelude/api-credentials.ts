/** What a call of the developer's API carries. Prelude: the token that a step-up brings is an access token of its own. */
import { UnreachableError } from '../../errors.js';
import { makeProof, uuid } from '../../http/dpop.js';
import { bestGrant, liveGrants, putGrantBack, takeGrant, type StoredGrant } from '../grants.js';
import type { AccessToken, ApiCredentials } from '../provider.js';
import { isOver } from './grants.js';
import { parseScope } from './input.js';
import type { Session } from './record.js';
import type { Records } from './records.js';
import type { SessionKeeper } from './session.js';
import { readAccessToken, scopesOf } from './tokens.js';

export interface ApiCredentialsOptions {
  records: Records;
  keeper: SessionKeeper;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/**
 * Binds `Provider.credentialsFor` to one session. Prelude: the token of a step-up for one use is also the session's own until the next
 * refresh. What is taken for a call without that scope is therefore a refreshed one, and a grant that is taken leaves no trace there.
 */
export function createApiCredentials({
  records,
  keeper,
  now,
  randomBytes,
}: ApiCredentialsOptions): (scopes: readonly string[]) => Promise<ApiCredentials | undefined> {
  return async (wanted) => {
    const scopes = [...new Set(wanted.map((scope) => parseScope(scope)))];
    const taken = (await lasting(scopes)) ?? (await forOneUse(scopes));
    return taken && credentials(taken, scopes);
  };

  /** The session's own token, or a grant that lasts, where one of them holds the scopes. */
  async function lasting(scopes: string[]): Promise<AccessToken | undefined> {
    const session = await records.session();
    const known = isOver(session, now()) ? undefined : scopesOfOwn(session);
    if (scopes.length === 0) return ownToken(session);
    if (known && holdsAll(known, scopes)) {
      const own = await ownToken(session);
      // One near its end was renewed, and the service may have left the scope out.
      if (holdsAll(tokenScopes(own.token), scopes)) return own;
    }
    const grant = bestGrant(lastingGrants(session), scopes);
    if (grant || known) return grant;
    try {
      // What the session holds for longer than its token lasted, the next token tells.
      await keeper.accessToken();
    } catch (error) {
      if (error instanceof UnreachableError && findForOneUse(session, scopes)) return undefined;
      throw error;
    }
    const renewed = await records.session();
    return holdsAll(scopesOfOwn(renewed), scopes) ? ownToken(renewed) : bestGrant(lastingGrants(renewed), scopes);
  }

  function lastingGrants(session: Session): StoredGrant[] {
    return liveGrants(session, now()).filter(({ singleUse }) => !singleUse);
  }

  /** A token that carries no scope for one use: what has one is left to its grant, and the session gets a new one. */
  async function ownToken(session: Session): Promise<AccessToken> {
    if (boundToOneUse(session, session.accessToken).length > 0) {
      await records.updateSession(session.sessionId, (current) => withoutToken(current, session.accessToken));
    }
    return keeper.accessToken();
  }

  /** Scopes of the session's own token, without those that it holds for one use. */
  function scopesOfOwn(session: Session): string[] {
    if (session.accessToken === undefined) return [];
    const spent = boundToOneUse(session, session.accessToken).flatMap(({ scopes }) => scopes);
    return tokenScopes(session.accessToken).filter((scope) => !spent.includes(scope));
  }

  function boundToOneUse(session: Session, token: string | undefined): StoredGrant[] {
    return session.grants.filter((grant) => grant.singleUse && grant.token === token);
  }

  function findForOneUse({ grants }: Pick<Session, 'grants'>, scopes: string[]): StoredGrant | undefined {
    const live = liveGrants({ grants }, now()).filter(({ singleUse }) => singleUse);
    // Such a token may hold, beside its own scope, what the session held.
    const holding = live.filter(({ token, scopes: own }) => holdsAll([...own, ...tokenScopes(token)], scopes));
    return bestGrant(holding, scopes) ?? holding.find((grant) => grant.scopes.some((scope) => scopes.includes(scope)));
  }

  async function forOneUse(scopes: string[]): Promise<TakenGrant | undefined> {
    const session = await records.session();
    if (!findForOneUse(session, scopes)) return undefined;
    const { sessionId } = session;
    const choose = (live: StoredGrant[]): StoredGrant | undefined => findForOneUse({ grants: live }, scopes);
    const grant = await takeGrant(records, sessionId, now, choose, (left, { token }) => withoutToken(left, token));
    return grant && { ...grant, giveBack: () => putGrantBack(records, sessionId, grant) };
  }

  async function credentials(taken: AccessToken | TakenGrant, scopes: string[]): Promise<ApiCredentials> {
    const { token, expiresAt } = taken;
    const { cnf } = readAccessToken(token);
    return {
      accessToken: token,
      scopes,
      expiresAt,
      singleUse: 'giveBack' in taken,
      giveBack: async () => {
        if ('giveBack' in taken) await taken.giveBack();
      },
      ...(cnf ? { proof: await proverFor(token) } : {}),
    };
  }

  /** Signs with the session's key, at the time of the service's clock: the API's is likelier to be like that one than like a wrong one here. */
  async function proverFor(accessToken: string): Promise<NonNullable<ApiCredentials['proof']>> {
    const { key, skewSeconds } = await records.session();
    return ({ method, url, nonce }) => {
      const iat = Math.floor(now() / 1000) + skewSeconds;
      return makeProof(key, { htm: method, htu: url, iat, jti: uuid(randomBytes(16)), nonce, accessToken });
    };
  }
}

type TakenGrant = StoredGrant & { giveBack(): Promise<void> };

function tokenScopes(token: string): string[] {
  return scopesOf(readAccessToken(token));
}

function holdsAll(held: readonly string[], scopes: readonly string[]): boolean {
  return scopes.every((scope) => held.includes(scope));
}

/** The session as if it had to refresh, where this is its token. */
function withoutToken(session: Session, token: string | undefined): Session {
  return session.accessToken === token
    ? { ...session, accessToken: undefined, accessTokenExpiresAt: undefined }
    : session;
}
