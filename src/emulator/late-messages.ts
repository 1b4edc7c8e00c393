/** Messages that were sent and have not arrived yet. They wait in the state, so that no restart loses them. */
import type { Message } from './emulator.js';
import type { Clock } from './services.js';
import { StoreAwayError } from './state/away.js';
import type { State } from './state/interface.js';

/** A message as a service sends it. */
export type Sent = Omit<Message, 'id' | 'createdAt'>;

export interface LateMessages {
  /** Keeps a message that arrives when the tenant's clock is so many seconds on. */
  keep(tenant: string, message: Sent, seconds: number): Promise<void>;
  /** Lets those arrive whose time has come, the earliest first. Returns how many are still to come. */
  release(tenant: string): Promise<number>;
  /** Lets go of the timers. */
  close(): void;
}

interface Waiting {
  message: Sent;
  /** Milliseconds on the tenant's age clock. */
  dueAt: number;
}

const KIND = 'late-message';

/** The late messages of a state; `arrive` gets each once, also with several emulators on one store. */
export function createLateMessages(
  state: State,
  clock: Clock,
  arrive: (tenant: string, message: Sent) => Promise<void>,
): LateMessages {
  const timers = new Set<NodeJS.Timeout>();

  const release = async (tenant: string): Promise<number> => {
    const waiting = await state.list<Waiting>(tenant, KIND);
    const isDue = ({ value }: { value: Waiting }): boolean => clock.ageNow(tenant) >= value.dueAt;
    const due = waiting.filter(isDue).sort((one, other) => one.value.dueAt - other.value.dueAt);
    for (const { id } of due) {
      const taken = await state.takeOnce<Waiting>({ tenant, kind: KIND, id });
      if (taken) await arrive(tenant, taken.message);
    }
    return waiting.length - due.length;
  };

  const releaseLater = (tenant: string, ms: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      release(tenant).catch((error: unknown) => {
        // Whoever reads the inbox next, once the store is back, lets them arrive.
        if (!(error instanceof StoreAwayError)) throw error;
      });
    }, ms);
    timer.unref();
    timers.add(timer);
  };

  return {
    async keep(tenant, message, seconds) {
      const { count } = await state.increment(
        { tenant, kind: 'late-message-count', id: 'all' },
        { limit: Number.MAX_SAFE_INTEGER },
      );
      const waiting: Waiting = { message, dueAt: clock.ageNow(tenant) + seconds * 1000 };
      await state.put({ tenant, kind: KIND, id: String(count) }, waiting);
      // A timer may be a little early by the clock.
      releaseLater(tenant, seconds * 1000 + 20);
    },
    release,
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
