/** Prelude behind the provider interface. */
import { UnreachableError, UsageError } from '../../errors.js';
import { thumbprint } from '../../http/dpop.js';
import { SPENDING_TIMEOUT_MS, type Http } from '../../http/client.js';
import type { Store } from '../../store/store.js';
import { createKeyring } from '../keyring.js';
import type { SessionInfo } from '../provider.js';
import { sessionKeyOf, type PreludeTarget } from '../target.js';
import { createAccount } from './account.js';
import { createApiCredentials } from './api-credentials.js';
import { createChallenges, discardAll } from './challenges.js';
import { createCompletion } from './completion.js';
import { createFrontend } from './frontend.js';
import { liveGrants } from '../grants.js';
import { checkScope, isOver } from './grants.js';
import { parseScope } from './input.js';
import { login } from './login.js';
import { createSteps } from './otp.js';
import { createPasskeys } from './passkeys.js';
import type { PreludeProvider } from './provider.js';
import type { Session } from './record.js';
import { createRecords } from './records.js';
import { createSessionKeeper } from './session.js';
import { createStepUp } from './stepup.js';
import { COMPLETED, readAccessToken, scopesOf } from './tokens.js';

export interface PreludeOptions {
  target: PreludeTarget;
  http: Http;
  store: Store;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/** The provider for one Prelude application. Its session lies in the store under `sessionKeyOf(target)`. */
export function createPrelude({ target, http, store, now, randomBytes }: PreludeOptions): PreludeProvider {
  const key = sessionKeyOf(target);
  const frontend = createFrontend({ http, target, now, randomBytes });
  const records = createRecords(store, key);
  // A holder may need its call twice (the nonce), and one that was killed is passed over after 15 s.
  const lockWaitMs = 2 * Math.max(SPENDING_TIMEOUT_MS, http.timeoutMs) + 5_000;
  const keeper = createSessionKeeper({ store, key, records, frontend, now, lockWaitMs });
  const challenges = createChallenges(records, now);
  const steps = createSteps(frontend, challenges, keeper, now);
  const completion = createCompletion(challenges, keeper, now);
  const passkeys = { keyring: createKeyring(store), origin: target.origin };
  const stepUp = { frontend, records, keeper, challenges, steps, completion, passkeys };
  const { request, resume } = createStepUp(stepUp);

  async function describe(session: Session): Promise<SessionInfo> {
    return {
      provider: 'prelude',
      host: key.host,
      application: key.application,
      userId: session.userId,
      sessionId: session.sessionId,
      identifier: session.identifier,
      accessTokenExpiresAt: session.accessTokenExpiresAt,
      scopes:
        session.accessToken === undefined || isOver(session, now())
          ? []
          : scopesOf(readAccessToken(session.accessToken)),
      thumbprint: await thumbprint(session.key),
    };
  }

  return {
    name: 'prelude',
    async *login(method) {
      yield* login({ frontend, records, passkeys, now, randomBytes }, method);
      yield { type: 'logged-in', session: await describe(await records.session()) };
    },
    logout: () => keeper.logout(),
    async session() {
      const { session } = await records.read();
      return session && describe(session);
    },
    accessToken: () => keeper.accessToken(),
    credentialsFor: createApiCredentials({ records, keeper, now, randomBytes }),
    async check(scope) {
      parseScope(scope);
      const session = await records.session();
      const found = checkScope(session, scope, now());
      if (!found.required || !isOver(session, now())) return found;
      // The token is over, which says nothing of a scope that the session or the user holds for longer: the next one tells.
      try {
        await keeper.accessToken();
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        return { scope, required: true, reason: 'check-failed', problem: error.message };
      }
      return checkScope(await records.session(), scope, now());
    },
    request,
    resume,
    challenges: () => challenges.list(),
    challengeState: (challengeId) => challenges.state(challengeId),
    discard: (challengeId) => challenges.discard(challengeId),
    async grants() {
      const { session } = await records.read();
      return session ? liveGrants(session, now()) : [];
    },
    async sendCode(challengeId, { again }) {
      return steps.sendCode(await challenges.take(challengeId), again);
    },
    async checkCode(challengeId, code, scopes = []) {
      if (scopes.length > 0) throw scopeIsFixed();
      await steps.checkCode(await challenges.take(challengeId), code);
      const { facts } = await challenges.take(challengeId);
      return facts.currentStep === COMPLETED ? completion.finish(challengeId) : { challenge: facts };
    },
    ...createAccount({ frontend, records, keeper, now }),
    ...createPasskeys({ ...passkeys, frontend, records, keeper, randomBytes, now }),
    async reset({ grants }) {
      const { session } = await records.read();
      if (!session) return { challenges: 0, grants: 0 };
      const forgotten = {
        challenges: (await challenges.list()).length,
        grants: grants ? liveGrants(session, now()).length : 0,
      };
      await records.updateSession(session.sessionId, (current) => ({
        ...discardAll(current, now()),
        grants: grants ? [] : current.grants,
      }));
      return forgotten;
    },
  };
}

function scopeIsFixed(): UsageError {
  return new UsageError(
    'COMMAND_UNSUPPORTED',
    '--scope is of Dynamic: a challenge of Prelude is for the scope that opened it.',
    {
      field: '--scope',
      hint: 'See what it is for with: stepup challenge list',
    },
  );
}
