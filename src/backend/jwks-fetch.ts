/** Fetches a developer's JWKS as the service does: one time limit for all of it, a limit of its size, no redirect followed. */
import { InterruptedError } from '../errors.js';
import { networkFailure } from '../http/failures.js';
import type { System } from '../system.js';

/** From the outside world. */
export interface FetchParts extends Pick<System, 'fetch' | 'now' | 'sleep' | 'signal'> {
  /** Time for the whole answer, milliseconds. */
  limitMs: number;
}

/** The service's own time for the whole answer, as a hook has. Milliseconds. */
export const LIMIT_MS = 5000;
/** Bytes of the body, after decompression. */
export const MAX_BODY = 64 * 1024;

export type Fetched =
  /** No answer: `words` say why. */
  | { outcome: 'failed'; words: string; hint?: string | undefined }
  | { outcome: 'late' }
  /** `body` is undefined when it has more than `MAX_BODY`, and empty for a status other than 200. `ms` is how long it took. */
  | { outcome: 'answered'; status: number; headers: Headers; body: string | undefined; ms: number };

/** Fetches once. Throws InterruptedError; whatever the other side does is in the result. */
export async function fetchJwks(url: string, { fetch, now, sleep, signal, limitMs }: FetchParts): Promise<Fetched> {
  if (signal.aborted) throw new InterruptedError();
  const stop = new AbortController();
  const timer = new AbortController();
  const interrupt = (): void => stop.abort();
  signal.addEventListener('abort', interrupt, { once: true });
  let late = false;
  const limit = (): void => {
    late = true;
    stop.abort();
  };
  // The rejection says only that the timer was stopped.
  void sleep(limitMs, timer.signal).then(limit, () => undefined);
  const startedAt = now();
  try {
    const headers = { Accept: 'application/json' };
    const response = await fetch(url, { headers, redirect: 'manual', signal: stop.signal });
    const body = response.status === 200 ? await bodyOf(response) : await noBodyOf(response);
    return {
      outcome: 'answered',
      status: response.status,
      headers: response.headers,
      body,
      ms: Math.max(0, now() - startedAt),
    };
  } catch (error) {
    if (signal.aborted) throw new InterruptedError();
    if (late) return { outcome: 'late' };
    const { message, hint } = networkFailure(error, new URL(url).host, limitMs);
    return { outcome: 'failed', words: message.replace(/\.$/, ''), hint };
  } finally {
    timer.abort();
    signal.removeEventListener('abort', interrupt);
  }
}

/** What comes with another status is not looked at, and may never end. */
async function noBodyOf(response: Response): Promise<string> {
  await response.body?.cancel();
  return '';
}

async function bodyOf(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
