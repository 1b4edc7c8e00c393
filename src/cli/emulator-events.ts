/** Reads the emulator's stream of events (server-sent events). */
import * as v from 'valibot';
import { InterruptedError, RefusedError, UnreachableError, UsageError } from '../errors.js';
import type { EmulatorEvent } from '../emulator/emulator.js';
import { ALL_SO_FAR } from '../emulator/event-stream.js';
import { readAnswer } from '../http/answer.js';
import { networkFailure, timedOut } from '../http/failures.js';
import type { Context } from './context.js';
import type { Control } from './emulator-client.js';

export interface EventQuery {
  /** Only events with a greater id. */
  after: number;
  tenant?: string | undefined;
  /** Goes on as things happen; without it the stream ends with what has happened so far. */
  follow: boolean;
}

/** Characters that one event may have. */
const MAX_EVENT = 1024 * 1024;

const eventSchema = v.looseObject({ id: v.number(), type: v.string(), at: v.string(), tenant: v.string() });

/**
 * The events, oldest first, until the emulator stops. Throws RefusedError REFUSED for a wrong token, UsageError FLAG_INVALID for a tenant
 * that is not there, UnreachableError, InterruptedError.
 */
export async function* readEvents(
  { system, timeoutSeconds }: Pick<Context, 'system' | 'timeoutSeconds'>,
  { controlUrl, controlToken }: Control,
  { after, tenant, follow }: EventQuery,
): AsyncGenerator<EmulatorEvent, void> {
  const query = new URLSearchParams({ after: String(after), ...(tenant === undefined ? {} : { tenant }) });
  const { host } = new URL(controlUrl);
  const stop = new AbortController();
  const end = (): void => stop.abort();
  system.signal.addEventListener('abort', end, { once: true });
  // Whoever follows waits for events as long as it takes, but not for the stream to begin.
  let isLate = false;
  const limitMs = timeoutSeconds * 1000;
  const limit = setTimeout(() => {
    isLate = true;
    end();
  }, limitMs);
  const failure = (error: unknown): Error => {
    if (system.signal.aborted) return new InterruptedError();
    return isLate ? timedOut(host, limitMs) : networkFailure(error, host, limitMs);
  };
  try {
    const response = await system
      .fetch(`${controlUrl}/events?${query.toString()}`, {
        headers: { Authorization: `Bearer ${controlToken}`, Accept: 'text/event-stream' },
        redirect: 'manual',
        signal: stop.signal,
      })
      .catch((error: unknown) => {
        throw failure(error);
      });
    await refuse(response, controlUrl, system.now());
    if (follow) clearTimeout(limit);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const chunk = await reader?.read().catch((error: unknown) => {
        throw failure(error);
      });
      if (!chunk || chunk.done) return;
      text += decoder.decode(chunk.value, { stream: true });
      if (text.length > MAX_EVENT) throw malformed(controlUrl);
      for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
        const block = text.slice(0, at);
        text = text.slice(at + 2);
        if (block === `: ${ALL_SO_FAR}` && !follow) return;
        const event = eventOf(block, controlUrl);
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(limit);
    system.signal.removeEventListener('abort', end);
    stop.abort();
  }
}

async function refuse(response: Response, controlUrl: string, now: number): Promise<void> {
  const { status, headers } = response;
  if (status === 401) {
    throw new RefusedError('REFUSED', 'The emulator refuses the control token.', {
      status,
      hint: 'Set STEPUP_EMULATOR_CONTROL_TOKEN to the one of its ready line.',
    });
  }
  if (status === 404)
    throw new UsageError('FLAG_INVALID', 'The emulator has no such tenant.', {
      field: '--tenant',
      hint: 'See which there are with: stepup emulator tenant list',
    });
  if (status >= 500) {
    const { failure } = await readAnswer(response, new URL(controlUrl).host, now);
    if (failure) throw failure;
  }
  if (status !== 200 || !headers.get('content-type')?.startsWith('text/event-stream')) throw malformed(controlUrl);
}

/** Nothing for a comment. */
function eventOf(block: string, controlUrl: string): EmulatorEvent | undefined {
  const data = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart());
  if (data.length === 0) return undefined;
  try {
    return v.parse(eventSchema, JSON.parse(data.join('\n')));
  } catch {
    throw malformed(controlUrl); // what the parser says would quote the stream
  }
}

function malformed(controlUrl: string): UnreachableError {
  return new UnreachableError('ANSWER_MALFORMED', `${controlUrl} does not answer as an emulator does.`);
}
