/** Calls of the developer's API as the user who is logged in: with their tokens, and once more after a step-up that it asks for. */
import { RefusedError, UsageError } from '../errors.js';
import type { ApiCredentials, Provider } from '../providers/provider.js';
import { authorizationHeaders } from './authorization.js';
import { demandOf, nonceOf, type Demand } from './demand.js';
import { exchange, NotSent, setAside, type ApiExchange, type ExchangeOptions, type RequestBody } from './exchange.js';

export interface ApiRequest {
  /** In upper case. */
  method: string;
  /** http or https, without a user or a password. */
  url: string;
  /** What the caller adds; the tokens go over them. */
  headers: Headers;
  body?: RequestBody | undefined;
  /** Scopes whose token goes along where one is held, and for which `elevate` is asked where the API names none itself. */
  scopes: string[];
  /** How many redirects within the origin are followed; none without it. */
  redirects?: number | undefined;
  /** A token for a single use goes only with a call that was refused without it: who makes the calls does not say which needs it. */
  sparing?: boolean | undefined;
  /** Ends this call alone, with InterruptedError. */
  signal?: AbortSignal | undefined;
}

export interface ApiResponse extends ApiExchange {
  /** What answered, redirects followed. */
  url: string;
  /** Scopes that were asked of the tokens that went with the last request. */
  scopes: string[];
  steppedUp: boolean;
  /** What the API wants still. */
  demand?: Demand | undefined;
  /** Another origin that the answer leads to; nothing has gone there. */
  leadsTo?: string | undefined;
}

export interface ApiCaller {
  /**
   * Makes one call. A demand for a nonce is answered once for each time that the request goes out; a demand for scopes, or for a fresh
   * authentication, once in all: whatever comes then is the answer. Throws UsageError URL_INVALID and ORIGIN_NOT_ALLOWED before a token
   * is touched, RefusedError REFUSED (too many redirects), UnreachableError, InterruptedError, and what the provider and `elevate` throw.
   */
  call(request: ApiRequest): Promise<ApiResponse>;
}

export interface ApiCallerOptions extends ExchangeOptions {
  provider: Pick<Provider, 'credentialsFor'>;
  /** Whether the user lets their tokens go to an origin. */
  allows(origin: string): Promise<boolean>;
  /**
   * Gets the user a token that holds these scopes, anew; `sent` is what was not enough. False when that is not to be: the API's answer
   * stands.
   */
  elevate(scopes: string[], sent: ApiCredentials): Promise<boolean>;
  /** The header of an elevated token that stands beside the access token. */
  elevatedHeader?: string | undefined;
  /** Told of the scopes of a token for one use that went out and is gone. */
  onSpent?: ((scopes: string[]) => void) | undefined;
}

/** A refusal up to this size is read before the user steps up: the connection would not live as long. Bytes. */
const SET_ASIDE = 1024 * 1024;

/** So often a call steps up for a token that another call takes. */
const TRIES = 5;

interface Elevated {
  fresh: ApiCredentials | undefined;
  steppedUp: boolean;
}

interface Sent {
  answer: ApiExchange;
  url: string;
  demand?: Demand | undefined;
  leadsTo?: string | undefined;
}

/** Builds the caller. It remembers the nonce that each origin gave last. */
export function createApiCaller(options: ApiCallerOptions): ApiCaller {
  const { provider, allows, elevate, elevatedHeader, onSpent } = options;
  const nonces = new Map<string, string>();

  async function held({ scopes, sparing }: ApiRequest): Promise<{ credentials: ApiCredentials; isSpared: boolean }> {
    const elevated = scopes.length === 0 ? undefined : await provider.credentialsFor(scopes);
    const isSpared = sparing === true && elevated?.singleUse === true;
    if (isSpared) await elevated?.giveBack();
    const credentials = (isSpared ? undefined : elevated) ?? (await provider.credentialsFor([]));
    if (!credentials) throw new TypeError('a session without a token');
    return { credentials, isSpared };
  }

  /** What was spared, or a step-up brings: of several calls at once each needs a token for a single use of its own. */
  async function stepUp(wanted: string[], sent: ApiCredentials, maySpend: boolean): Promise<Elevated> {
    const spared = maySpend ? await provider.credentialsFor(wanted) : undefined;
    if (spared?.singleUse) return { fresh: spared, steppedUp: false };
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (!(await elevate(wanted, sent))) return { fresh: undefined, steppedUp: false };
      const fresh = await provider.credentialsFor(wanted);
      if (fresh) return { fresh, steppedUp: true };
    }
    return { fresh: undefined, steppedUp: true };
  }

  async function once(request: ApiRequest, credentials: ApiCredentials): Promise<ApiExchange> {
    const { origin } = new URL(request.url);
    const headers = new Headers(request.headers);
    const { method, url } = request;
    const nonce = nonces.get(origin);
    const ours = await authorizationHeaders(credentials, { method, url, nonce, elevatedHeader });
    for (const [name, value] of Object.entries(ours)) headers.set(name, value);
    const signals = [options.signal, request.signal].filter((each) => each !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const answer = await exchange({ ...options, signal }, { method, url, headers, body: request.body });
    const fresh = nonceOf(answer.headers);
    if (fresh !== undefined) nonces.set(origin, fresh);
    return answer;
  }

  /** Sends with these tokens until there is an answer that is neither about a nonce nor a redirect to be followed. */
  async function send(first: ApiRequest, credentials: ApiCredentials): Promise<Sent> {
    let request = first;
    let nonceTried = false;
    for (let followed = 0; ;) {
      const answer = await once(request, credentials);
      const demand = demandOf(answer.status, answer.headers);
      if (demand?.kind === 'nonce' && !nonceTried && credentials.proof) {
        nonceTried = true;
        await answer.discard();
        continue;
      }
      const next = redirected(request, answer);
      const leadsTo = next && new URL(next.url).origin;
      if (!next || leadsTo !== new URL(request.url).origin) return { answer, url: request.url, demand, leadsTo };
      if (first.redirects === undefined || first.redirects === 0) return { answer, url: request.url, demand };
      await answer.discard();
      if (followed >= first.redirects) throw tooMany(first.redirects, answer.status);
      followed += 1;
      nonceTried = false;
      request = next;
    }
  }

  /** The same, with a token for one use given back where it was not looked at, or not taken for what it is good for. */
  async function spending(request: ApiRequest, credentials: ApiCredentials): Promise<Sent> {
    if (!credentials.singleUse) return sendOrSay(request, credentials);
    let kept = false;
    try {
      const sent = await send(request, credentials);
      kept = isUntouched(sent, credentials.scopes);
      return sent;
    } catch (error) {
      kept = error instanceof NotSent;
      throw said(error);
    } finally {
      if (kept) await credentials.giveBack();
      else onSpent?.(credentials.scopes);
    }
  }

  async function sendOrSay(request: ApiRequest, credentials: ApiCredentials): Promise<Sent> {
    try {
      return await send(request, credentials);
    } catch (error) {
      throw said(error);
    }
  }

  return {
    async call(request) {
      const url = checkedUrl(request.url);
      if (!(await allows(url.origin))) {
        throw new UsageError('ORIGIN_NOT_ALLOWED', `Tokens may not go to ${url.origin}.`, { field: 'url' });
      }
      const plain = { ...request, url: url.href };
      const { credentials, isSpared } = await held(request);
      const first = await spending(plain, credentials);
      // An API that refuses without a word may want what was spared.
      const isBare = isSpared && !first.demand && [401, 403].includes(first.answer.status);
      const wanted = isBare ? request.scopes : wantedBy(first.demand, request.scopes);
      if (wanted.length === 0) return responseOf(first, credentials, false);

      const answer = await setAside(first.answer, SET_ASIDE);
      const isNamed = wanted.every((scope) => request.scopes.includes(scope));
      const { fresh, steppedUp } = await stepUp(wanted, credentials, isSpared && isNamed);
      if (!fresh) return responseOf({ ...first, answer }, credentials, steppedUp);
      await answer.discard();
      return responseOf(await spending(plain, fresh), fresh, steppedUp);
    },
  };
}

/** Which scopes a step-up would be for: those that the API names, else those of the caller. */
function wantedBy(demand: Demand | undefined, given: string[]): string[] {
  if (demand?.kind !== 'scope' && demand?.kind !== 'authentication') return [];
  return demand.scopes.length > 0 ? demand.scopes : given;
}

/** Too many requests, a nonce that was not to be had, or a demand for other scopes than the token was for: it can still be used. */
function isUntouched({ answer: { status }, demand }: Sent, scopes: string[]): boolean {
  if (status === 429 || demand?.kind === 'nonce') return true;
  return demand?.kind === 'scope' && demand.scopes.some((scope) => !scopes.includes(scope));
}

function responseOf(
  { answer, url, demand, leadsTo }: Sent,
  { scopes }: ApiCredentials,
  steppedUp: boolean,
): ApiResponse {
  return { ...answer, url, scopes, steppedUp, demand, leadsTo };
}

/** The request that a redirect asks for (RFC 9110 §15.4); undefined for what is none. Its method is what curl and browsers make of it. */
function redirected(request: ApiRequest, { status, headers }: ApiExchange): ApiRequest | undefined {
  const location = headers.get('location');
  if (![301, 302, 303, 307, 308].includes(status) || location === null || !URL.canParse(location, request.url)) {
    return undefined;
  }
  const target = new URL(location, request.url);
  if (target.username !== '' || target.password !== '') return undefined;
  const { href: url } = target;
  const becomesGet = status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST';
  if (!becomesGet) return { ...request, url };
  const headersLeft = new Headers(request.headers);
  for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language'])
    headersLeft.delete(name);
  return { ...request, url, method: 'GET', headers: headersLeft, body: undefined };
}

/** The address of a call, without its fragment. Throws UsageError URL_INVALID, which does not repeat it: a password may be in it. */
export function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    url.hash = '';
    return url;
  }
  throw new UsageError('URL_INVALID', 'This is no http or https address without a user and a password.', {
    field: 'url',
  });
}

function tooMany(redirects: number, status: number): RefusedError {
  return new RefusedError('REFUSED', `The API redirects more than ${redirects} times.`, { status });
}

function said(error: unknown): unknown {
  return error instanceof NotSent ? error.cause : error;
}
