/** Puts the client together: the store, the application, its provider. */
import { isLoopback } from '../address.js';
import { resolveTarget } from '../target/target.js';
import type { TargetFlags } from '../target/given.js';
import { version } from '../version.js';
import { FailedError, InterruptedError, UsageError } from '../errors.js';
import { homeFolder } from '../home.js';
import { createHttp, type Http } from '../http/client.js';
import { memberProblem } from '../members.js';
import { nodeWorld } from '../node-world.js';
import type { ApiCredentials, Provider } from '../providers/provider.js';
import { sessionKeyOf, type Target } from '../providers/target.js';
import { createApiCaller } from '../resource/call.js';
import { isHeld, oneAtATime } from '../resource/turns.js';
import { createStore } from '../store/create.js';
import type { Store } from '../store/store.js';
import { stepUp, unlessAborted } from './answering.js';
import { requestOf, responseOf, scopesOf } from './call.js';
import type { Answers, Client, ClientOptions } from './types.js';

const DEFAULT_TIMEOUT_SECONDS = 30;

/**
 * Opens a client on the store. Sends nothing. Rejects with StepupError: PROFILE_UNKNOWN, EMULATOR_NOT_FOUND, URL_INVALID,
 * ORIGIN_INVALID and the others by which a command says that no application is named.
 */
export async function createClient(options: ClientOptions = {}): Promise<Client> {
  checkOptions(options);
  const { home, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, allowOrigins = [], answers, ...named } = options;
  const allowed = allowOrigins.map(originOf);
  const { env, fetch, now, sleep } = nodeWorld;
  const ending = new AbortController();
  const { signal } = ending;
  const store = createStore(home ?? (await homeFolder(env)), { signal });
  const flags: TargetFlags = named;
  const target = await resolveTarget(flags, env, store);
  const http = createHttp({
    fetch,
    now,
    sleep,
    signal,
    timeoutMs: timeoutSeconds * 1000,
    userAgent: `stepup/${version}`,
  });
  const provider = await openProvider(target, { http, store, signal });

  const inTurn = oneAtATime();
  /** What is found without a step-up, or after one. One at a time: whoever has waited for another's may hold what is wanted by then. */
  function elevated<T>(scopes: readonly string[], until: AbortSignal, found: () => Promise<T>): Promise<T> {
    const turn = inTurn(async () => {
      if (until.aborted) throw new InterruptedError();
      const before = await found();
      if (before) return before;
      await unlessAborted(stepUp(provider, scopes, answers ?? {}, until), until);
      return found();
    });
    return unlessAborted(turn, until);
  }

  return {
    provider: provider.name,
    login: (method) => provider.login(method),
    logout: () => provider.logout(),
    session: () => provider.session(),
    check: (scope) => provider.check(scope),
    request: (scope, wish = {}) => provider.request(scopesOf(scope), wish),
    resume: (challengeId) => provider.resume(challengeId),
    challenges: () => provider.challenges(),
    grants: () => provider.grants(),

    async token({ scope } = {}) {
      const scopes = scopesOf(scope);
      const held = (): Promise<ApiCredentials | undefined> => provider.credentialsFor(scopes);
      const credentials = (await held()) ?? (await elevated(scopes, signal, held));
      if (credentials) return tokenOf(credentials);
      throw new FailedError('GRANT_GONE', `The step-up has ended, but no one token holds ${scopes.join(' and ')}.`);
    },

    async fetch(url, init = {}) {
      const request = await requestOf(url, init, http.userAgent);
      const until = init.signal ? AbortSignal.any([signal, init.signal]) : signal;
      const caller = createApiCaller({
        provider,
        fetch,
        signal: until,
        elevatedHeader: init.elevatedHeader,
        allows: async (origin) =>
          isSecure(origin) &&
          (allowed.includes(origin) || (await store.allowedOrigins(sessionKeyOf(target))).includes(origin)),
        // What only the API names is the program's to decide: it sees the answer.
        elevate: async (wanted, sent) => {
          if (!wanted.every((each) => request.scopes.includes(each))) return false;
          await elevated(wanted, until, () => isHeld(provider, wanted, sent));
          return true;
        },
      });
      return responseOf(await caller.call(request), request.url, init);
    },

    close: () => ending.abort(new InterruptedError()),
  };
}

interface Parts {
  http: Http;
  store: Store;
  signal: AbortSignal;
}

async function openProvider(target: Target, { http, store, signal }: Parts): Promise<Provider> {
  const { now, randomBytes, sleep } = nodeWorld;
  const services = { http, store, now, randomBytes };
  if (target.provider === 'prelude') {
    const { createPrelude } = await import('../providers/prelude/prelude.js');
    return createPrelude({ ...services, target });
  }
  const { createDynamic } = await import('../providers/dynamic/dynamic.js');
  return createDynamic({ ...services, target, sleep, signal });
}

function tokenOf({
  accessToken,
  elevatedToken,
  expiresAt,
  singleUse,
}: ApiCredentials): Awaited<ReturnType<Client['token']>> {
  return { accessToken, expiresAt, singleUse, ...(elevatedToken === undefined ? {} : { elevatedToken }) };
}

/** Plain http is for this machine. */
function isSecure(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' || isLoopback(hostname);
}

function originOf(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text && isSecure(text)) return text;
  throw new UsageError('ORIGIN_INVALID', `This is no origin that tokens may go to: ${text}`, {
    field: 'allowOrigins',
    hint: 'It is scheme, host and perhaps a port, as in https://api.example.com; plain http is for this machine.',
  });
}

const ANSWERS = ['code', 'verificationToken', 'choose'] satisfies (keyof Answers)[];
const OPTIONS = [
  'profile',
  'emulator',
  'tenant',
  'provider',
  'app',
  'domain',
  'environment',
  'apiUrl',
  'origin',
  'home',
  'timeoutSeconds',
  'allowOrigins',
  'answers',
] satisfies (keyof ClientOptions)[];

/** No compiler has looked at those of a program in plain JavaScript. Throws UsageError FLAG_INVALID. */
function checkOptions(options: ClientOptions): void {
  const refuse = (message: string, field?: string): never => {
    throw new UsageError('FLAG_INVALID', message, { field });
  };
  const problem =
    memberProblem(options, OPTIONS, 'The options') ?? memberProblem(options.answers ?? {}, ANSWERS, 'The answers');
  if (problem !== undefined) refuse(problem);
  const { timeoutSeconds: seconds = DEFAULT_TIMEOUT_SECONDS, allowOrigins = [], answers: _, ...names } = options;
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= 3600)) {
    refuse('timeoutSeconds is a number from 0 to 3600.', 'timeoutSeconds');
  }
  if (!Array.isArray(allowOrigins)) refuse('allowOrigins is a list.', 'allowOrigins');
  for (const [name, value] of Object.entries(names)) {
    if (value !== undefined && typeof value !== 'string') refuse(`${name} is a text.`, name);
  }
}
