/** Why a hook failed. The service only says that something did; a running emulator keeps the reason in its event log. */
import * as v from 'valibot';
import { UnreachableError } from '../errors.js';
import type { Ready } from '../emulator/emulator.js';
import { listReady } from '../store/emulators.js';
import type { Context } from './context.js';

const failedEvent = v.object({ type: v.literal('step_up.hook_failed'), reason: v.string(), words: v.string() });

/** The log is replayed at once; a stream that is quiet for this long has no more. Milliseconds. */
const QUIET_MS = 150;

/**
 * Runs `work`; an error in which the service says no more than `internal` becomes one that names the hook's failure, where a
 * running emulator knows it.
 */
export async function tellingWhy<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnreachableError) || error.serviceCode !== 'internal') throw error;
    const { frontendUrl } = await context.target();
    const emulator = (await listReady(context.store.folder)).find(({ url }) => url === frontendUrl);
    const why = emulator && (await lastFailure(context, emulator));
    if (why === undefined) throw error;
    const { code, status, serviceCode, requestId } = error;
    throw new UnreachableError(code, `The hook of the scope failed: ${why}.`, {
      hint: 'Mend the hook, then request the scope again. It has 5 s to answer 200 with a JSON verdict of at most 64 KB.',
      status,
      serviceCode,
      requestId,
      cause: error,
    });
  }
}

/** The newest `step_up.hook_failed` of the emulator's log, in words; undefined when there is none or it cannot be read. */
async function lastFailure({ system }: Context, { controlUrl, controlToken }: Ready): Promise<string | undefined> {
  const quiet = new AbortController();
  let waiting = new AbortController();
  const wait = (): void => {
    waiting.abort();
    waiting = new AbortController();
    // The rejection says only that more has come.
    void system.sleep(QUIET_MS, waiting.signal).then(
      () => quiet.abort(),
      () => undefined,
    );
  };
  let text = '';
  try {
    const response = await system.fetch(`${controlUrl}/events`, {
      headers: { Authorization: `Bearer ${controlToken}` },
      signal: AbortSignal.any([quiet.signal, system.signal]),
    });
    wait();
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      wait();
    }
  } catch (error) {
    if (!quiet.signal.aborted) return undefined; // the failure itself is told in any case
    if (!(error instanceof DOMException)) throw error;
  } finally {
    waiting.abort();
  }
  const failures = text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => v.safeParse(failedEvent, JSON.parse(line.slice('data:'.length))))
    .flatMap((parsed) => (parsed.success ? [parsed.output] : []));
  const last = failures.at(-1);
  return last && `${last.reason}, ${last.words}`;
}
