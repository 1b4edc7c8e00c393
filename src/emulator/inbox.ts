/** Messages that the emulated services "sent": one bounded inbox a tenant. */
import type { Message } from './emulator.js';
import type { EventLog } from './events.js';
import type { Clock } from './services.js';
import type { State } from './state/interface.js';

const LOG = 'messages';
/** Messages that are kept a tenant. */
const KEEP = 10_000;
const ID = /^msg_([1-9]\d{0,14})$/;

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
  /** Keeps a message and emits `message`, without the code. */
  deliver(tenant: string, message: Omit<Message, 'id' | 'createdAt'>): Promise<void>;
  /** Messages that fit, oldest first. */
  find(tenant: string, filter: MessageFilter): Promise<Message[]>;
  /** The same, but waits for a first one that fits until the signal fires; then the list is empty. */
  wait(tenant: string, filter: MessageFilter, signal: AbortSignal): Promise<Message[]>;
}

/** The inbox of a state. Ids are `msg_1`, `msg_2`, … in the order of sending. */
export function createInbox(state: State, clock: Clock, events: EventLog): Inbox {
  const readAfter = async (tenant: string, after: number): Promise<{ number: number; message: Message }[]> => {
    const entries = await state.read<Omit<Message, 'id'>>(tenant, LOG, after);
    return entries.map(({ seq, value }) => ({ number: seq, message: { id: `msg_${seq}`, ...value } }));
  };

  return {
    async deliver(tenant, { code, ...rest }) {
      const createdAt = new Date(clock.now()).toISOString();
      const number = await state.append(tenant, LOG, { ...rest, code, createdAt }, KEEP);
      await events.emit(tenant, 'message', { ...rest, messageId: `msg_${number}` });
    },
    async find(tenant, filter) {
      const entries = await readAfter(tenant, filter.afterNumber ?? 0);
      return entries.map(({ message }) => message).filter((message) => fits(message, filter));
    },
    async wait(tenant, filter, signal) {
      let seen = filter.afterNumber ?? 0;
      for (;;) {
        const entries = await readAfter(tenant, seen);
        const found = entries.map(({ message }) => message).filter((message) => fits(message, filter));
        if (found.length > 0 || signal.aborted) return found;
        seen = entries.at(-1)?.number ?? seen;
        await state.wait(tenant, LOG, seen, signal);
      }
    },
  };
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
