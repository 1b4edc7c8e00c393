/** One call of an environment's API: the headers that the service expects, and its refusals. */
import type { Http, HttpAnswer, HttpRequest } from '../../http/client.js';
import { clockOffset } from '../../http/dpop.js';
import type { Refusal } from '../refusal.js';
import { hostOf, type DynamicTarget } from '../target.js';
import { refusalOf } from './errors.js';

/** The versions that the official client of 1.27.1 says; the service may answer others otherwise. */
const CLIENT_VERSION = 'ClientSDK/1.27.1';
const MODEL_VERSION = 'API/0.0.1125';

export interface Call {
  method: HttpRequest['method'];
  /** Under the environment: `/stepUp/check`. */
  path: string;
  json?: unknown;
  bearer?: string | undefined;
  headers?: Record<string, string | undefined> | undefined;
  /** Compressed public key of the session. */
  sessionKey?: string | undefined;
  /** See HttpRequest. */
  spends?: boolean | undefined;
}

export interface Answer extends HttpAnswer {
  /** Set when the service said no (400 to 499 without 429, which is thrown). */
  refusal?: Refusal | undefined;
  /** Seconds by which the service's clock is ahead of ours. */
  offsetSeconds: number;
}

export interface Api {
  /** Host and path, for words. */
  readonly host: string;
  /** Base of every call: `https://…/api/v0/sdk/ENVIRONMENT`. */
  readonly base: string;
  /** Seconds by which the service's clock was ahead of ours at the last answer; 0 before one. */
  readonly offsetSeconds: number;
  /** Sends one call. Throws what `Http.send` throws. */
  call(call: Call): Promise<Answer>;
}

export interface ApiOptions {
  http: Http;
  target: DynamicTarget;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Builds the client of one environment. Dynamic: the request id is new for each call, the session id one for a client. */
export function createApi({ http, target, now, randomBytes }: ApiOptions): Api {
  const base = `${target.apiUrl}/sdk/${target.environmentId}`;
  const random = (length: number): string =>
    Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  const clientId = random(32);
  let offsetSeconds = 0;
  return {
    host: hostOf(target.apiUrl),
    base,
    get offsetSeconds() {
      return offsetSeconds;
    },
    async call({ method, path, json, bearer, headers, sessionKey, spends }) {
      const answer = await http.send({
        method,
        url: base + path,
        json,
        bearer,
        spends,
        headers: {
          // The service expects it on calls without a body too.
          'Content-Type': 'application/json',
          Origin: target.origin,
          'x-dyn-version': CLIENT_VERSION,
          'x-dyn-api-version': MODEL_VERSION,
          'x-dynamic-platform': 'web',
          'x-dyn-request-id': random(50),
          'x-dyn-session-id': clientId,
          'x-dyn-session-public-key': sessionKey,
          ...headers,
        },
      });
      offsetSeconds = clockOffset(answer.headers.get('date'), now()) ?? offsetSeconds;
      return { ...answer, refusal: refusalOf(answer, (text) => http.redact(text)), offsetSeconds };
    },
  };
}
