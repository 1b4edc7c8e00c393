/** Grants at work: which call demands which scope, and how a grant goes along with it. */
import { StepupError, type ErrorCode } from '../../errors.js';
import { liveGrants, withGrant, type StoredGrant } from '../grants.js';
import type { Answer, Call } from './api.js';
import { isAboutElevation, refusalError } from './errors.js';
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
  /**
   * Takes a grant that holds the scope: a lasting one before one for a single use, and of these the one with the fewest scopes. One for
   * a single use is gone at once, so that no two calls have it.
   */
  async function take(sessionId: string, scope: string): Promise<StoredGrant | undefined> {
    let taken: StoredGrant | undefined;
    await records.updateSession(sessionId, (session) => {
      const live = liveGrants(session, now());
      const [best] = live
        .filter(({ scopes }) => scopes.includes(scope))
        .sort((a, b) => Number(a.singleUse) - Number(b.singleUse) || a.scopes.length - b.scopes.length);
      taken = best;
      return taken?.singleUse ? { ...session, grants: live.filter((each) => each !== taken) } : session;
    });
    return taken;
  }

  async function attach(
    scope: string,
    call: Omit<Call, 'bearer' | 'sessionKey'>,
  ): Promise<{ answer: Answer; with?: StoredGrant | undefined }> {
    const { sessionId } = await keeper.session();
    const grant = await take(sessionId, scope);
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

  async function putBack(sessionId: string, grant: StoredGrant): Promise<void> {
    if (!grant.singleUse) return;
    await records.updateSession(sessionId, (session) => ({ ...session, grants: withGrant(session.grants, grant) }));
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
    async gated(scope, call) {
      const { answer } = await attach(scope, call);
      if (answer.refusal) throw refusalError(answer.refusal, { scopes: [scope], gated: true });
      return answer;
    },
  };
}
