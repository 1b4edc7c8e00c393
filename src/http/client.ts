/** The shared API client: JSON over HTTP, with every failure mapped to our errors and every secret kept out of them. */
import { InterruptedError, StepupError, UnreachableError } from '../errors.js';
import type { System } from '../system.js';
import { readAnswer } from './answer.js';
import { networkFailure, timedOut } from './failures.js';
import { createRedactor } from './redact.js';
import { showAnswer, showRequest } from './exchange.js';

/** Takes clock, waits, fetch and Ctrl-C from the outside world. */
export interface HttpOptions extends Pick<System, 'fetch' | 'now' | 'sleep' | 'signal'> {
  /** Limit of one attempt, answer included. Milliseconds. */
  timeoutMs: number;
  userAgent: string;
  /** Gets each exchange as text, without its secrets. */
  debug?: ((text: string) => void) | undefined;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string | undefined> | undefined;
  /** The body; without it none is sent. */
  json?: unknown;
  /** Sent as `Authorization: Bearer`. */
  bearer?: string | undefined;
  /**
   * What is sent spends something that cannot be sent again (a refresh token), so the answer must not be lost: once sent, the call
   * outlives Ctrl-C, which takes effect at the next call, and a time limit below 15 seconds.
   */
  spends?: boolean | undefined;
  /** Request or answer is a whole state: of any size, and so full of secrets that `--debug` shows no body. */
  bulk?: boolean | undefined;
  /** Called as soon as the answer's head is there, also when its body then turns out to be unusable. */
  onHead?: ((status: number, headers: Headers) => void) | undefined;
}

export interface HttpAnswer {
  /** 200–299 or 400–499 without 429; all else is thrown. */
  status: number;
  headers: Headers;
  /** The parsed body; undefined when it is empty. */
  json: unknown;
}

export interface Http {
  /**
   * Sends one request. Redirects are never followed; a GET is tried up to three times when the network fails, nothing
   * else is tried twice. Throws UnreachableError: SERVICE_UNREACHABLE, TLS_UNTRUSTED, TIMED_OUT, RATE_LIMITED (with
   * `retryAfter`), SERVICE_FAILING, ANSWER_MALFORMED; and InterruptedError.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** A text from a service without the secrets that this client has sent or got so far. */
  redact(text: string): string;
  readonly userAgent: string;
  readonly timeoutMs: number;
}

const RETRY_WAITS_MS = [200, 600];
/** The least time for an answer that must not be lost. Milliseconds. */
export const SPENDING_TIMEOUT_MS = 15_000;

/** Builds the client. */
export function createHttp(options: HttpOptions): Http {
  const { now, sleep, signal, timeoutMs, userAgent, debug } = options;
  const redactor = createRedactor();

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt(request);
      } catch (error) {
        const wait = RETRY_WAITS_MS[tries];
        if (request.method !== 'GET' || wait === undefined || !isNetworkFailure(error)) throw error;
        await pause(wait);
      }
    }
  }

  async function attempt(request: HttpRequest): Promise<HttpAnswer> {
    if (signal.aborted) throw new InterruptedError();
    const host = new URL(request.url).host;
    const headers = headersOf(request);
    const body = request.json === undefined ? undefined : JSON.stringify(request.json);
    const shownRequest = showRequest(
      request.method,
      request.url,
      headers,
      request.bulk ? undefined : request.json,
      redactor,
    );
    debug?.(shownRequest);
    const startedAt = now();

    const stop = new AbortController();
    const timer = new AbortController();
    let late = false;
    const interrupt = (): void => stop.abort();
    if (!request.spends) signal.addEventListener('abort', interrupt, { once: true });
    const limitMs = request.spends ? Math.max(timeoutMs, SPENDING_TIMEOUT_MS) : timeoutMs;
    const limit = (): void => {
      late = true;
      stop.abort();
    };
    // The rejection says only that the timer was stopped.
    void sleep(limitMs, timer.signal).then(limit, () => undefined);

    /** A failure of the network or the service in our words. Our own mistakes happen outside, and stay what they are. */
    const reached = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        if (error instanceof StepupError) throw error;
        const failure = explain(error, host, late, limitMs);
        debug?.(`< ${failure.message}`);
        throw failure;
      }
    };
    try {
      const init = { method: request.method, headers, redirect: 'manual' as const, signal: stop.signal };
      const response = await reached(options.fetch(request.url, body === undefined ? init : { ...init, body }));
      request.onHead?.(response.status, response.headers);
      const answer = await reached(readAnswer(response, host, now(), request.bulk));
      const shownAnswer = showAnswer(response, request.bulk ? undefined : answer.json, now() - startedAt, redactor);
      debug?.(shownAnswer);
      if (answer.failure) throw answer.failure;
      return { status: response.status, headers: response.headers, json: answer.json };
    } finally {
      timer.abort();
      signal.removeEventListener('abort', interrupt);
    }
  }

  function explain(error: unknown, host: string, late: boolean, limitMs: number): StepupError {
    if (signal.aborted) return new InterruptedError();
    return late ? timedOut(host, limitMs) : networkFailure(error, host, limitMs);
  }

  async function pause(ms: number): Promise<void> {
    try {
      await sleep(ms, signal);
    } catch (error) {
      if (signal.aborted) throw new InterruptedError();
      throw error;
    }
  }

  function headersOf(request: HttpRequest): Headers {
    const headers = new Headers();
    set(headers, 'Accept', 'application/json');
    set(headers, 'User-Agent', userAgent);
    if (request.json !== undefined) set(headers, 'Content-Type', 'application/json');
    if (request.bearer !== undefined) set(headers, 'Authorization', `Bearer ${request.bearer}`);
    for (const [name, value] of Object.entries(request.headers ?? {}))
      if (value !== undefined) set(headers, name, value);
    return headers;
  }

  return { send, redact: (text) => redactor.text(text), userAgent, timeoutMs };
}

/** The runtime's own error would quote the value, which may be a secret. */
function set(headers: Headers, name: string, value: string): void {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    throw new TypeError(`"${name}" has characters that no header can carry`);
  headers.set(name, value);
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof UnreachableError && error.code === 'SERVICE_UNREACHABLE';
}
