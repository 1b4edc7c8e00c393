/** The control API, for the page: one tenant at a time. */
import type { Browser } from './browser.js';
import { ALL_SO_FAR, STORE_AWAY } from '../emulator/event-stream.js';
import { createSseReader } from './sse.js';
import type { Event, Problem } from './wire.js';

/** A call that the emulator has refused; the message is in its words. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The field of the body that is wrong, as in `do.status`. */
    readonly field?: string | undefined,
  ) {
    super(message);
    this.name = 'ControlError';
  }
}

export interface FollowHandlers {
  event(event: Event): void;
  caughtUp(): void;
  store(isThere: boolean): void;
}

export interface Control {
  /** Reads. Throws ControlError, and TypeError when the emulator cannot be reached. */
  read<T>(path: string): Promise<T>;
  /** Changes something; the answer's body as it is. Throws the same. */
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /**
   * Calls `event` for each event that is kept and then for each as it happens, `caughtUp` between the two, and `store` whenever the
   * stream says whether the store is there. Resolves when the stream ends. Throws the same.
   */
  follow(handlers: FollowHandlers, signal: AbortSignal): Promise<void>;
}

export function createControl(browser: Browser, { token, tenant }: { token: string; tenant: string }): Control {
  const call = async (method: string, path: string, rest: { body?: unknown; signal?: AbortSignal } = {}) => {
    const url = new URL(`${browser.controlUrl}${path}`);
    if (tenant !== '') url.searchParams.set('tenant', tenant);
    const { body, signal = null } = rest;
    const response = await browser.fetch(url, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: 'omit',
      redirect: 'error',
      signal,
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  const json = async (response: Response): Promise<unknown> => {
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  };

  return {
    read: async <T>(path: string) => (await json(await call('GET', path))) as T,
    send: async (method, path, body) => json(await call(method, path, { body })),
    async follow({ event, caughtUp, store }, signal) {
      const { body } = await call('GET', '/events', { signal });
      if (!body) return;
      const take = createSseReader({
        data: (text) => event(JSON.parse(text) as Event),
        comment(text) {
          if (text === ALL_SO_FAR) caughtUp();
          else store(text !== STORE_AWAY);
        },
      });
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    },
  };
}

async function errorOf(response: Response): Promise<ControlError> {
  const { detail, field } = ((await response.json().catch(() => undefined)) ?? {}) as Problem;
  const words = typeof detail === 'string' ? detail : `The emulator answered ${response.status}.`;
  return new ControlError(response.status, words, typeof field === 'string' ? field : undefined);
}
