/** One request to the developer's API and its answer, as it comes: nothing is parsed, retried or followed. */
import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { InterruptedError, StepupError } from '../errors.js';
import { networkFailure, timedOut } from '../http/failures.js';
import type { System } from '../system.js';

/** The whole body, or what opens it anew for each time that it is sent. */
export type RequestBody = Buffer | (() => Readable);

export interface ApiExchange {
  status: number;
  /** The reason phrase, where the server gave one. */
  statusText: string;
  /** As they came; without those that describe a coding in which the body no longer is. */
  headers: Headers;
  /** The bytes, unpacked where the server packed them. Throws UnreachableError and InterruptedError. Undefined where there can be none. */
  body?: AsyncGenerator<Uint8Array, void> | undefined;
  /** Lets go of a body that nobody reads. */
  discard(): Promise<void>;
}

export interface ExchangeOptions extends Pick<System, 'fetch'> {
  /** Ends what is under way, with InterruptedError. */
  signal?: AbortSignal | undefined;
  /** How long the answer's head, and each next piece of its body, may take; without it, for ever. */
  limit?: { ms: number; sleep: System['sleep'] } | undefined;
}

export interface ExchangeRequest {
  method: string;
  url: string;
  headers: Headers;
  body?: RequestBody | undefined;
}

/** A request that certainly has not been sent; `cause` says why. */
export class NotSent extends Error {
  constructor(override readonly cause: StepupError) {
    super(cause.message);
  }
}

/** What fetch unpacks by itself (Fetch standard, "handle content codings"). */
const UNPACKED = 'createZstdDecompress' in zlib ? /^(gzip|x-gzip|deflate|br|zstd)$/ : /^(gzip|x-gzip|deflate|br)$/;

/** Failures from before a connection stands. */
const BEFORE_SENDING = /\((ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_SSL_\w+|bad port)\)/;

/**
 * Sends one request; a redirect is an answer like any other. Throws NotSent where nothing has gone out; UnreachableError
 * (SERVICE_UNREACHABLE, TIMED_OUT, ANSWER_MALFORMED) and InterruptedError where it may have.
 */
export async function exchange(
  { fetch, signal, limit }: ExchangeOptions,
  { method, url, headers, body }: ExchangeRequest,
): Promise<ApiExchange> {
  if (signal?.aborted) throw new NotSent(new InterruptedError());
  const { host } = new URL(url);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  signal?.addEventListener('abort', interrupt, { once: true });
  let late = false;
  const clock = limit && {
    ...limit,
    passed: (): void => {
      late = true;
      stop.abort();
    },
  };
  const failure = (error: unknown): StepupError => {
    if (error instanceof StepupError) return error;
    if (signal?.aborted) return new InterruptedError();
    const ms = limit?.ms ?? 0;
    return late ? timedOut(host, ms) : networkFailure(error, host, ms);
  };
  const over = (): void => signal?.removeEventListener('abort', interrupt);

  let response: Response;
  try {
    response = await within(clock, fetch(url, initOf({ method, url, headers, body }, stop.signal)));
  } catch (error) {
    over();
    const problem = failure(error);
    const unsent = problem.code === 'TLS_UNTRUSTED' || BEFORE_SENDING.test(problem.message);
    throw unsent ? new NotSent(problem) : problem;
  }

  const reader = response.body?.getReader();
  if (!reader) over();
  async function* bytes(from: NonNullable<typeof reader>): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const { done, value } = await within(clock, from.read());
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw failure(error);
    } finally {
      over();
      // Whoever stops early wants no more of it; one that failed has nothing to be told.
      await from.cancel().catch(() => undefined);
    }
  }
  return {
    status: response.status,
    statusText: response.statusText,
    headers: described(response, method),
    body: reader && bytes(reader),
    discard: async () => {
      over();
      await reader?.cancel().catch(() => undefined);
    },
  };
}

/** Reads a body whole as long as it is short, so that its connection is free; a longer one goes on where it was left. */
export async function setAside(answer: ApiExchange, maxBytes: number): Promise<ApiExchange> {
  const { body } = answer;
  if (!body) return answer;
  const kept: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  while (!ended && size <= maxBytes) {
    const next = await body.next();
    if (next.done) ended = true;
    else {
      kept.push(next.value);
      size += next.value.length;
    }
  }
  async function* again(rest: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* kept;
      yield* rest;
    } finally {
      await rest.return();
    }
  }
  return { ...answer, body: again(body) };
}

function initOf({ method, headers, body }: ExchangeRequest, signal: AbortSignal): RequestInit {
  const init: RequestInit = { method, headers, redirect: 'manual', signal };
  if (body === undefined) return init;
  if (typeof body !== 'function') return { ...init, body };
  // A stream goes out while the answer comes; fetch wants to be told so.
  const streamed = { ...init, body: body(), duplex: 'half' };
  return streamed as unknown as RequestInit;
}

function described({ headers, body, status }: Response, method: string): Headers {
  const shown = new Headers(headers);
  const codings = (headers.get('content-encoding') ?? '').toLowerCase().split(',');
  const packed = codings.every((coding) => UNPACKED.test(coding.trim()));
  if (packed && body && method !== 'HEAD' && status !== 204 && status !== 304) {
    shown.delete('content-encoding');
    shown.delete('content-length');
  }
  return shown;
}

async function within<T>(
  clock: { ms: number; sleep: System['sleep']; passed(): void } | undefined,
  work: Promise<T>,
): Promise<T> {
  if (!clock) return work;
  const done = new AbortController();
  // The rejection says only that the timer was stopped.
  void clock.sleep(clock.ms, done.signal).then(clock.passed, () => undefined);
  try {
    return await work;
  } finally {
    done.abort();
  }
}
