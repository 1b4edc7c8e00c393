/** Messages that the emulated services "sent": one bounded inbox a tenant. */
import { deadline } from './deadline.js';
import type { Message } from './emulator.js';
import type { EventLog } from './events.js';
import { createLateMessages, type Sent } from './late-messages.js';
import type { Scenarios } from './scenarios.js';
import type { Clock } from './services.js';
import type { State } from './state/interface.js';

const LOG = 'messages';
/** Kind of the records that hold the same messages, by number. */
const RECORD = 'message';
/** Messages that are kept a tenant. */
const KEEP = 10_000;
const ID = /^msg_([1-9]\d{0,14})$/;
/** How often whoever waits looks for late messages, which a moved clock can bring at any time. */
const LATE_MS = 250;

/** Which messages are wanted; each field narrows. */
export interface MessageFilter {
  to?: string | undefined;
  channel?: Message['channel'] | undefined;
  purpose?: Message['purpose'] | undefined;
  /** Challenge id. */
  challenge?: string | undefined;
  /** Newer than the message with this number. */
  afterNumber?: number | undefined;
  /** Sent at this instant or later, milliseconds since the epoch. */
  since?: number | undefined;
}

export interface Inbox {
  /**
   * Keeps a message and emits `message`, without the code; as the recipient's scenario says, it is kept as suppressed, or arrives later
   * (then `message-late` is emitted first).
   */
  deliver(tenant: string, message: Sent): Promise<void>;
  /** Messages that fit, oldest first. */
  find(tenant: string, filter: MessageFilter): Promise<Message[]>;
  /** The same, but waits for a first one that fits until the signal fires; then the list is empty. */
  wait(tenant: string, filter: MessageFilter, signal: AbortSignal): Promise<Message[]>;
  /** Lets late messages arrive whose time has come, as after a move of the tenant's clock. */
  release(tenant: string): Promise<void>;
  /** Lets go of what would let messages arrive later. */
  close(): void;
}

/** The inbox of a state. Ids are `msg_1`, `msg_2`, … in the order of arrival. */
export function createInbox(state: State, clock: Clock, events: EventLog, scenarios: Scenarios): Inbox {
  const arrive = async (tenant: string, { code, ...rest }: Sent): Promise<void> => {
    const createdAt = new Date(clock.now()).toISOString();
    const message = { ...rest, code, createdAt };
    const number = await state.append(tenant, LOG, message, KEEP);
    await state.put(recordOf(tenant, number), message, { index: { to: rest.to } });
    if (number > KEEP) await state.delete(recordOf(tenant, number - KEEP));
    await events.emit(tenant, 'message', { ...rest, messageId: `msg_${number}` });
  };
  const late = createLateMessages(state, clock, arrive);

  const readAfter = async (tenant: string, after: number): Promise<{ number: number; message: Message }[]> => {
    const entries = await state.read<Omit<Message, 'id'>>(tenant, LOG, after);
    return entries.map(({ seq, value }) => ({ number: seq, message: { id: `msg_${seq}`, ...value } }));
  };

  /** The log is read from its start; whoever asks for one recipient's messages finds them by an index. */
  const readTo = async (tenant: string, to: string, after: number): Promise<{ message: Message }[]> => {
    const found = await state.listByIndex<Omit<Message, 'id'>>(tenant, RECORD, 'to', to);
    return found
      .filter(({ id }) => Number(id) > after)
      .map(({ id, value }) => ({ message: { id: `msg_${id}`, ...value } }));
  };

  return {
    async deliver(tenant, message) {
      const { suppressed: reason, lateSeconds } = await scenarios.of(tenant, message.to);
      if (reason !== undefined) return arrive(tenant, { ...message, suppressed: true, reason });
      if (lateSeconds === undefined) return arrive(tenant, message);
      const { channel, to, purpose, provider, challengeId } = message;
      await late.keep(tenant, message, lateSeconds);
      await events.emit(tenant, 'message-late', { channel, to, purpose, provider, challengeId, seconds: lateSeconds });
    },
    async find(tenant, filter) {
      await late.release(tenant);
      const { to, afterNumber = 0 } = filter;
      const found = to === undefined ? await readAfter(tenant, afterNumber) : await readTo(tenant, to, afterNumber);
      return found.map(({ message }) => message).filter((message) => fits(message, filter));
    },
    async wait(tenant, filter, signal) {
      let seen = filter.afterNumber ?? 0;
      for (;;) {
        const pending = await late.release(tenant);
        const entries = await readAfter(tenant, seen);
        const found = entries.map(({ message }) => message).filter((message) => fits(message, filter));
        if (found.length > 0 || signal.aborted) return found;
        seen = entries.at(-1)?.number ?? seen;
        if (pending === 0) await state.wait(tenant, LOG, seen, signal);
        else await waitShortly(tenant, seen, signal);
      }
    },
    release: async (tenant) => void (await late.release(tenant)),
    close: late.close,
  };

  async function waitShortly(tenant: string, seen: number, signal: AbortSignal): Promise<void> {
    const limit = deadline(LATE_MS, [signal]);
    try {
      await state.wait(tenant, LOG, seen, limit.signal);
    } finally {
      limit.clear();
    }
  }
}

function recordOf(tenant: string, number: number): { tenant: string; kind: string; id: string } {
  return { tenant, kind: RECORD, id: String(number) };
}

/** The number in a message's id; undefined for anything else. */
export function messageNumber(id: string): number | undefined {
  const number = ID.exec(id)?.[1];
  return number === undefined ? undefined : Number(number);
}

function fits(message: Message, { to, channel, purpose, challenge, since }: MessageFilter): boolean {
  return (
    (to === undefined || message.to === to) &&
    (channel === undefined || message.channel === channel) &&
    (purpose === undefined || message.purpose === purpose) &&
    (challenge === undefined || message.challengeId === challenge) &&
    (since === undefined || Date.parse(message.createdAt) >= since)
  );
}
