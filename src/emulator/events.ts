/** What happened, in order: one bounded log a tenant, with no code, token or key in it. */
import type { Clock, EmulatorEvent } from './services.js';
import type { State } from './state/interface.js';

const LOG = 'events';
/** Events that are kept a tenant. */
const KEEP = 10_000;

export interface EventLog {
  /** Adds an event with the real time. `id`, `type`, `at` and `tenant` among the fields are not taken. */
  emit(tenant: string, type: string, fields: Record<string, unknown>): Promise<void>;
  /** Events with an id above `after`, oldest first. */
  read(tenant: string, after: number): Promise<EmulatorEvent[]>;
  /** Resolves when there is one above `after`, or when the signal fires. */
  wait(tenant: string, after: number, signal: AbortSignal): Promise<void>;
}

interface Recorded {
  type: string;
  at: string;
  tenant: string;
  [field: string]: unknown;
}

/** The event log of a state. `onEvent` is called with each event once it is kept. */
export function createEventLog(
  state: State,
  clock: Clock,
  onEvent: ((event: EmulatorEvent) => void) | undefined,
): EventLog {
  return {
    async emit(tenant, type, fields) {
      const event = { ...fields, type, at: new Date(clock.now()).toISOString(), tenant };
      const id = await state.append(tenant, LOG, event, KEEP);
      onEvent?.(Object.assign(event, { id }));
    },
    async read(tenant, after) {
      const entries = await state.read<Recorded>(tenant, LOG, after);
      return entries.map(({ seq, value }) => ({ ...value, id: seq }));
    },
    wait: (tenant, after, signal) => state.wait(tenant, LOG, after, signal),
  };
}
