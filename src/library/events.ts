/** The event stream (server-sent events, HTML §9.2) as an async iterable. */
import { openStream, type ControlPlace } from './call.js';
import type { EmulatorEvent, EventQuery } from './types.js';

/** Events of a tenant, oldest first, then each as it happens. Ends with the emulator or the signal. Throws EmulatorError. */
export async function* readEvents(
  place: ControlPlace,
  tenant: string | undefined,
  { after, signal }: EventQuery = {},
): AsyncGenerator<EmulatorEvent, void, undefined> {
  if (signal?.aborted) return;
  const gone = new AbortController();
  const end = (): void => gone.abort();
  signal?.addEventListener('abort', end, { once: true });
  try {
    const stream = await openStream(place, { path: '/events', query: { tenant, after }, signal: gone.signal });
    stream.setEncoding('utf8');
    let text = '';
    for await (const chunk of stream) {
      const records = (text + (chunk as string)).split('\n\n');
      text = records.pop() ?? '';
      for (const record of records) {
        const event = eventOf(record);
        if (event) yield event;
      }
    }
  } catch (error) {
    // The emulator stops by closing the stream: that is its end, and so is the signal.
    const isEnd = gone.signal.aborted || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET');
    if (!isEnd) throw error;
  } finally {
    signal?.removeEventListener('abort', end);
    gone.abort();
  }
}

/** A record's event; undefined for a comment. */
function eventOf(record: string): EmulatorEvent | undefined {
  const data = record
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart());
  return data.length === 0 ? undefined : (JSON.parse(data.join('\n')) as EmulatorEvent);
}
