/** Dynamic behind the provider interface. */
import { thumbprint } from '../../http/dpop.js';
import { SPENDING_TIMEOUT_MS, type Http } from '../../http/client.js';
import type { Store } from '../../store/store.js';
import type { System } from '../../system.js';
import { liveGrants } from '../grants.js';
import { hasPassed } from '../instants.js';
import { createKeyring } from '../keyring.js';
import type { SessionInfo } from '../provider.js';
import { sessionKeyOf, type DynamicTarget } from '../target.js';
import { createApi } from './api.js';
import { createChallenges, discardAll, KINDS, named, scopeMissing, type Underway } from './challenges.js';
import { ask, checkScope } from './check.js';
import { checkCaptcha, contactOf, sendCode } from './codes.js';
import { shownCredentials } from './credentials.js';
import { createElevation } from './elevation.js';
import { readEnvironment } from './environment.js';
import { createFactors } from './factors.js';
import { parseScopes } from './input.js';
import { createLinkedWallets } from './linked-wallets.js';
import { login } from './login.js';
import { createNonces } from './nonces.js';
import { callOwnApi } from './own-api.js';
import type { DynamicProvider } from './provider.js';
import { createRecords, type Session } from './record.js';
import { isKnownScope } from './scopes.js';
import { createKeeper } from './session.js';
import { codeNotSent, noCodeStep, noSuchCredential, refuseOtherScopes } from './step-errors.js';
import { codeSent, createStepUp, FORMS } from './stepup.js';
import { serviceNow } from './totp.js';
import { createWays } from './ways.js';

export interface DynamicOptions extends Pick<System, 'now' | 'randomBytes' | 'sleep' | 'signal'> {
  target: DynamicTarget;
  http: Http;
  store: Store;
}

/** The provider for one environment. Its session lies in the store under `sessionKeyOf(target)`. */
export function createDynamic({
  target,
  http,
  store,
  now,
  randomBytes,
  sleep,
  signal,
}: DynamicOptions): DynamicProvider {
  const key = sessionKeyOf(target);
  const ownerOf = (userId: string): string => `dynamic://${key.host}#${key.application} ${userId}`;
  const api = createApi({ http, target, now, randomBytes });
  const records = createRecords(store, key);
  const keyring = createKeyring(store);
  const nonces = createNonces(api, records, now);
  // A holder may need its call twice (the nonces), and one that was killed is passed over after 15 s.
  const lockWaitMs = 2 * Math.max(SPENDING_TIMEOUT_MS, http.timeoutMs) + 5_000;
  const keeper = createKeeper({ store, key, records, api, nonces, now, lockWaitMs });
  const clock = { now, sleep, signal, offsetSeconds: () => api.offsetSeconds };
  const tools = { keeper, keyring, nonces, target, now, serviceNow: () => serviceNow(clock), records };
  const elevation = createElevation(records, keeper, now);
  const challenges = createChallenges(records, now, randomBytes);
  const ways = createWays(keeper, keyring, target);
  const environment = () => readEnvironment(api, target.environmentId);

  async function send(underway: Underway): Promise<Underway> {
    await checkCaptcha(records, environment, now);
    const { verificationUUID, at } = await sendCode((call) => keeper.call(call), contactOf(underway), now);
    return challenges.noteSent(underway, { verificationUUID, at });
  }

  /** A scope that this release does not know is the service's to rule on, before anything is sent to the user. */
  async function checkUnknown(scopes: string[]): Promise<void> {
    for (const scope of scopes.filter((each) => !isKnownScope(each))) await ask(keeper, scope);
  }

  const stepUp = createStepUp({ ...tools, challenges, ways, clock, ownerOf, send, checkUnknown });

  async function describe(session: Session): Promise<SessionInfo> {
    return {
      provider: 'dynamic',
      host: key.host,
      application: key.application,
      userId: session.userId,
      sessionId: session.sessionId,
      identifier: session.identifier,
      accessTokenExpiresAt: session.accessTokenExpiresAt,
      thumbprint: await thumbprint(session.key),
    };
  }

  return {
    name: 'dynamic',
    codeForm: FORMS.otp,
    async *login(method) {
      yield* login({ ...tools, environment }, method);
      yield { type: 'logged-in', session: await describe(await records.session()) };
    },
    logout: () => keeper.logout(),
    async session() {
      const { session } = await records.read();
      return session && describe(session);
    },
    accessToken: () => keeper.accessToken(),
    credentialsFor: elevation.credentialsFor,
    check: (scope) => checkScope(records, keeper, scope, now()),
    request: stepUp.request,
    resume: stepUp.resume,
    challenges: () => challenges.list(),
    challengeState: (challengeId) => challenges.state(challengeId),
    discard: (challengeId) => challenges.discard(challengeId),
    async grants() {
      const { session } = await records.read();
      // The service binds them to the session.
      return session && !hasPassed(session.accessTokenExpiresAt, now()) ? liveGrants(session, now()) : [];
    },
    async sendCode(challengeId) {
      const underway = await challenges.take(challengeId);
      const channel = channelFor(underway);
      return codeSent(await send(underway), channel);
    },
    async checkCode(challengeId, code, scopes = []) {
      const taken = await challenges.take(challengeId);
      if (KINDS[taken.stored.key] === 'otp' && !taken.stored.sent) throw codeNotSent(taken);
      if (!['otp', 'totp', 'recovery'].includes(KINDS[taken.stored.key])) throw noCodeStep(taken);
      if (scopes.length === 0 && taken.stored.scopes.length === 0) throw scopeMissing(challengeId);
      const wanted = scopes.length === 0 ? taken.stored.scopes : parseScopes(scopes, '--scope');
      refuseOtherScopes(taken, wanted);
      await checkUnknown(wanted);
      return stepUp.checkCode(named(taken, wanted), code);
    },
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
    environment,
    // The service tells a user of no other session.
    async sessions({ limit, offset }) {
      const { sessionId, accessTokenExpiresAt: expiresAt, identifier } = await records.session();
      const all = [{ sessionId, current: true, expiresAt, identifier }];
      return { sessions: all.slice(offset, offset + limit), total: all.length };
    },
    credentials: async () => {
      await keeper.refreshUser();
      return shownCredentials(await records.session(), keyring);
    },
    ...createFactors({ ...tools, elevation, clock, randomBytes, ownerOf }),
    ...createLinkedWallets({ ...tools, elevation }),
    async openCode(credentialId) {
      const session = await keeper.session();
      const found = session.credentials.find(({ id, email, phone, signInEnabled }) =>
        credentialId === undefined ? signInEnabled && (email ?? phone) !== undefined : id === credentialId,
      );
      if (!found || (found.email ?? found.phone) === undefined) throw noSuchCredential(credentialId, found);
      const way = found.email === undefined ? ('verify_sms' as const) : ('verify_email' as const);
      const underway = await challenges.open({ key: way, using: found.id, label: found.label ?? '' }, []);
      try {
        return codeSent(await send(underway), channelFor(underway));
      } catch (error) {
        // Nobody has been told of it yet.
        await challenges.refused(underway.id);
        throw error;
      }
    },
    call: (request) => callOwnApi({ api, keeper, elevation }, request),
  };
}

function channelFor(underway: Underway): 'sms' | 'email' {
  if (underway.stored.key === 'verify_email') return 'email';
  if (underway.stored.key === 'verify_sms') return 'sms';
  throw noCodeStep(underway);
}
