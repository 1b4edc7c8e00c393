/** Why a hook failed. The service only says that something did; a running emulator keeps the reason in its event log. */
import * as v from 'valibot';
import { UnreachableError } from '../errors.js';
import type { Ready } from '../emulator/emulator.js';
import { listReady } from '../store/emulators.js';
import type { Context } from './context.js';

const failedEvent = v.object({
  type: v.literal('step_up.hook_failed'),
  at: v.string(),
  user_id: v.string(),
  reason: v.string(),
  words: v.string(),
});

/** The log is replayed at once; this is all the time that it gets. Milliseconds. */
const READ_MS = 500;

/**
 * Runs `work`; an error in which the service says no more than `internal` becomes one that names the hook's failure, where a
 * running emulator knows it.
 */
export async function tellingWhy<T>(context: Context, work: () => Promise<T>): Promise<T> {
  const since = context.system.now();
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnreachableError) || error.serviceCode !== 'internal') throw error;
    const target = await context.target();
    if (target.provider !== 'prelude') throw error;
    const emulator = (await listReady(context.store.folder)).find(({ url }) => url === target.frontendUrl);
    const why = emulator && (await lastFailure(context, emulator, since));
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

/** This user's newest `step_up.hook_failed` of the emulator's log since an instant (milliseconds), in words. */
async function lastFailure(context: Context, emulator: Ready, since: number): Promise<string | undefined> {
  const userId = (await (await context.provider()).session())?.userId;
  const failures = (await readLog(context, emulator))
    .map((line) => v.safeParse(failedEvent, JSON.parse(line)))
    .flatMap((parsed) => (parsed.success ? [parsed.output] : []))
    .filter(({ at, user_id }) => Date.parse(at) >= since && user_id === userId);
  const last = failures.at(-1);
  return last && `${last.reason}, ${last.words}`;
}

/** The events that the log replays within its time, one JSON text each; none when it cannot be read. */
async function readLog({ system }: Context, { controlUrl, controlToken }: Ready): Promise<string[]> {
  const late = new AbortController();
  const done = new AbortController();
  // The rejection says only that the reading was done before.
  void system.sleep(READ_MS, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  let text = '';
  try {
    const response = await system.fetch(`${controlUrl}/events`, {
      headers: { Authorization: `Bearer ${controlToken}` },
      signal: AbortSignal.any([late.signal, system.signal]),
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch {
    // Its time is over, or it cannot be read: the failure itself is told in any case.
  } finally {
    done.abort();
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice('data:'.length)] : []));
}
