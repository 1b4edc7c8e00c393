/** Prelude's frontend API: one call with its proof, the nonce dance and the clock's correction (RFC 9449 §8, Prelude: DPoP). */
import { clockOffset, makeProof, uuid, type DpopKey } from '../../http/dpop.js';
import { cookieHeader, takeCookies, type Cookies } from '../../http/cookies.js';
import type { Http } from '../../http/client.js';
import { hostOf, type PreludeTarget } from '../target.js';
import type { Refusal } from '../refusal.js';
import { clockSkew, refusalOf } from './errors.js';

/** A login's key with what the service taught us about its proofs. Calls change `nonce` and `skewSeconds`. */
export interface Prover {
  readonly key: DpopKey;
  nonce?: string | undefined;
  /** Seconds by which the service's clock is ahead of ours. */
  skewSeconds: number;
}

export interface FrontendCall {
  /** Under `/v1/session`, e.g. `/refresh`. */
  path: string;
  /** A POST when it is left out; the others carry no proof. */
  method?: 'GET' | 'DELETE' | undefined;
  body?: object | undefined;
  bearer?: string | undefined;
  /** With it the call carries a proof: a regular one, or the proof of a challenge when `challengeJti` is there. */
  prover?: Prover | undefined;
  /** The `jti` of the challenge token in the body. */
  challengeJti?: string | undefined;
  refreshToken?: string | undefined;
  verificationToken?: string | undefined;
  cookies?: Cookies | undefined;
  /** Spends a token that is good once: see `HttpRequest.spends`. */
  spends?: boolean | undefined;
  /** Called with the head of each successful answer, before its body is read. */
  onSuccessHead?: ((headers: Headers) => void) | undefined;
}

export interface FrontendAnswer {
  status: number;
  headers: Headers;
  json: unknown;
  /** Set for 400 and above. */
  refusal?: Refusal | undefined;
  /** Seconds by which the service's clock is ahead of ours, from this answer's `Date`; 0 without one. */
  offsetSeconds: number;
}

export interface Frontend {
  /** Host and path, as shown to a person. */
  readonly host: string;
  /**
   * Sends one call. A demand for a nonce, and a proof refused while the clocks differ, are each answered once. Throws
   * RefusedError CLOCK_SKEW, and whatever `Http.send` throws; all other refusals are in the answer.
   */
  call(wanted: FrontendCall): Promise<FrontendAnswer>;
}

export interface FrontendOptions {
  http: Http;
  target: PreludeTarget;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/** A difference below this is no reason to speak of the clock. Seconds. */
const NOTABLE_SKEW = 5;

/** Builds the client of one application's frontend API. */
export function createFrontend({ http, target, now, randomBytes }: FrontendOptions): Frontend {
  const base = `${target.frontendUrl.replace(/\/+$/, '')}/v1/session`;

  async function once(wanted: FrontendCall): Promise<FrontendAnswer> {
    const url = base + wanted.path;
    const answer = await http.send({
      method: wanted.method ?? 'POST',
      url,
      json: wanted.body,
      bearer: wanted.bearer,
      spends: wanted.spends,
      headers: {
        // The service expects it on calls without a body too.
        'Content-Type': 'application/json',
        'X-SDK-User-Agent': http.userAgent,
        DPoP: wanted.prover && (await proofOf(wanted, wanted.prover, url)),
        'X-Refresh-Token': wanted.refreshToken,
        'X-Verification-Token': wanted.verificationToken,
        Cookie: cookieHeader(wanted.cookies),
      },
      onHead: (status, headers) => {
        const nonce = headers.get('dpop-nonce');
        if (nonce && wanted.prover) wanted.prover.nonce = nonce;
        if (status < 300) wanted.onSuccessHead?.(headers);
      },
    });
    const offsetSeconds = clockOffset(answer.headers.get('date'), now()) ?? 0;
    return { ...answer, refusal: refusalOf(answer, (text) => http.redact(text)), offsetSeconds };
  }

  function proofOf(wanted: FrontendCall, prover: Prover, htu: string): Promise<string> {
    const iat = Math.floor(now() / 1000) + prover.skewSeconds;
    // A challenge's proof repeats the challenge token's jti and never has a nonce.
    if (wanted.challengeJti !== undefined)
      return makeProof(prover.key, { htm: 'POST', htu, iat, jti: wanted.challengeJti });
    return makeProof(prover.key, { htm: 'POST', htu, iat, jti: uuid(randomBytes(16)), nonce: prover.nonce });
  }

  async function call(wanted: FrontendCall): Promise<FrontendAnswer> {
    const { prover } = wanted;
    let sentNonce = prover?.nonce;
    let answer = await once(wanted);
    if (!prover) return answer;
    let nonceTried = false;
    let skewTried = false;
    for (;;) {
      const code = answer.refusal?.code;
      const fresh = prover.nonce !== undefined && prover.nonce !== sentNonce;
      if (code === 'use_dpop_nonce' && !nonceTried && fresh && wanted.challengeJti === undefined) {
        nonceTried = true;
      } else if (code === 'invalid_dpop_proof' && !skewTried && learnSkew(prover, answer)) {
        skewTried = true;
      } else {
        if (code === 'invalid_dpop_proof' && skewTried && Math.abs(prover.skewSeconds) >= NOTABLE_SKEW) {
          throw clockSkew(prover.skewSeconds, answer.refusal!);
        }
        return answer;
      }
      sentNonce = prover.nonce;
      answer = await once(wanted);
    }
  }

  return { host: hostOf(target.frontendUrl), call };
}

/** Takes over the clock difference that an answer shows. False when it is the one that the proof had already. */
function learnSkew(prover: Prover, answer: FrontendAnswer): boolean {
  if (!answer.headers.has('date') || Math.abs(answer.offsetSeconds - prover.skewSeconds) < 1) return false;
  prover.skewSeconds = answer.offsetSeconds;
  return true;
}

/** The cookies of an answer that carry a refresh token; undefined when there are none. */
export function refreshCookies(headers: Headers): Cookies | undefined {
  const kept = Object.entries(takeCookies({}, headers)).filter(([name]) => name.includes('refresh_'));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
