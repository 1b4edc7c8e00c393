/** Grants at work: which call demands which scope, and how a grant goes along with it. */
import { StepupError, type ErrorCode } from '../../errors.js';
import { bestGrant, putGrantBack, takeGrant, type StoredGrant } from '../grants.js';
import type { ApiCredentials } from '../provider.js';
import type { Answer, Call } from './api.js';
import { isAboutElevation, refusalError } from './errors.js';
import { parseScopes } from './input.js';
import type { Records } from './record.js';
import type { Keeper } from './session.js';

/** Dynamic: the calls that an elevated token goes with, as the official clients attach it. */
const GATES: readonly [method: string, path: RegExp, scope: string][] = [
  ['GET', /^\/users\/mfa\/register\/totp$/, 'credential:link'],
  ['POST', /^\/users\/passkeys\/register$/, 'credential:link'],
  ['POST', /^\/users\/mfa\/register\/passkey$/, 'credential:link'],
  ['POST', /^\/verify\/link$/, 'credential:link'],
  ['POST', /^\/providers\/[^/]+\/verify$/, 'credential:link'],
  ['DELETE', /^\/users\/mfa\/[^/]+$/, 'credential:unlink'],
  ['DELETE', /^\/users\/passkeys$/, 'credential:unlink'],
  ['POST', /^\/verify\/unlink$/, 'credential:unlink'],
  ['POST', /^\/waas\/[^/]+\/privateKey\/export$/, 'wallet:export'],
  ['POST', /^\/waas\/[^/]+\/signMessage$/, 'wallet:sign'],
  ['POST', /^\/waas\/[^/]+\/refresh$/, 'wallet:refresh'],
  ['POST', /^\/waas\/[^/]+\/reshare$/, 'wallet:reshare'],
];

/** The scope that the service is known to demand for a call, without its query. */
export function scopeFor(method: string, path: string): string | undefined {
  const bare = path.replace(/[?#].*$/, '');
  return GATES.find(([each, form]) => each === method && form.test(bare))?.[2];
}

export interface Elevation {
  /** Calls with a grant for the scope, where one is held; whatever the service answers comes back. */
  attach(
    scope: string,
    call: Omit<Call, 'bearer' | 'sessionKey'>,
  ): Promise<{ answer: Answer; with?: StoredGrant | undefined }>;
  /** The same, for a call that must succeed. Throws RefusedError ELEVATION_REQUIRED and what the refusal means. */
  gated(scope: string, call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer>;
  /** See `Provider.credentialsFor`. Dynamic: the elevated token goes beside the access token, which holds none of the scopes. */
  credentialsFor(scopes: readonly string[]): Promise<ApiCredentials | undefined>;
}

/** Failures of a call that has not reached the service, or that the service has not looked at. */
const UNSPENT: ReadonlySet<ErrorCode> = new Set([
  'SERVICE_UNREACHABLE',
  'TLS_UNTRUSTED',
  'RATE_LIMITED',
  'INTERRUPTED',
]);

function spentNothing(error: unknown): boolean {
  return error instanceof StepupError && UNSPENT.has(error.code);
}

/** Binds the grants of one session. `now` gives milliseconds. */
export function createElevation(records: Records, keeper: Keeper, now: () => number): Elevation {
  const take = (sessionId: string, scopes: readonly string[]): Promise<StoredGrant | undefined> =>
    takeGrant(records, sessionId, now, (live) => bestGrant(live, scopes));
  const putBack = (sessionId: string, grant: StoredGrant): Promise<void> => putGrantBack(records, sessionId, grant);

  async function attach(
    scope: string,
    call: Omit<Call, 'bearer' | 'sessionKey'>,
  ): Promise<{ answer: Answer; with?: StoredGrant | undefined }> {
    const { sessionId } = await keeper.session();
    const grant = await take(sessionId, [scope]);
    const headers = { ...call.headers, 'x-dyn-elevated-access-token': grant?.token };
    try {
      const answer = await keeper.call({ ...call, headers, spends: grant?.singleUse });
      if (grant && answer.refusal && isAboutElevation(answer.refusal)) await drop(sessionId, grant);
      else if (grant && answer.refusal) await putBack(sessionId, grant);
      return { answer, with: grant };
    } catch (error) {
      if (grant && spentNothing(error)) await putBack(sessionId, grant);
      throw error;
    }
  }

  /** The service does not take it any more. */
  async function drop(sessionId: string, { token }: StoredGrant): Promise<void> {
    await records.updateSession(sessionId, (session) => ({
      ...session,
      grants: session.grants.filter((each) => each.token !== token),
    }));
  }

  return {
    attach,
    async credentialsFor(wanted) {
      const scopes = wanted.length === 0 ? [] : parseScopes(wanted);
      const { sessionId, accessToken, accessTokenExpiresAt } = await keeper.session();
      const grant = scopes.length === 0 ? undefined : await take(sessionId, scopes);
      if (scopes.length > 0 && !grant) return undefined;
      const ends = [accessTokenExpiresAt, grant?.expiresAt ?? accessTokenExpiresAt];
      return {
        accessToken,
        elevatedToken: grant?.token,
        scopes,
        expiresAt: ends.sort((a, b) => Date.parse(a) - Date.parse(b))[0]!,
        singleUse: grant?.singleUse ?? false,
        giveBack: async () => {
          if (grant) await putBack(sessionId, grant);
        },
      };
    },
    async gated(scope, call) {
      const { answer } = await attach(scope, call);
      if (answer.refusal) throw refusalError(answer.refusal, { scopes: [scope], gated: true });
      return answer;
    },
  };
}
