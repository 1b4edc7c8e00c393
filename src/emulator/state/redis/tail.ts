/** Hears of what is appended to logs, by whichever emulator, on a connection of its own. */
import { ConnectionBrokeError, type Connection } from './connection.js';

export interface Tail {
  /**
   * Begins to hear a channel: `heard` is called with each message, and with an empty one when some may have been missed. Resolves once
   * every later message is heard. Throws StoreAwayError.
   */
  hear(channel: string, heard: (message: string) => void): Promise<void>;
  stop(channel: string, heard: (message: string) => void): void;
  /** Ends every `heard` with an empty message. */
  close(): void;
}

/** A channel that nobody hears is kept this long: whoever reads a log comes back at once. */
const IDLE_MS = 10_000;

/** `connect` makes a connection that has not been opened; it is called when somebody listens for the first time. */
export function createTail(connect: () => Connection): Tail {
  const channels = new Map<string, Set<(message: string) => void>>();
  let opening: Promise<Connection> | undefined;
  let current: Connection | undefined;

  const tellAll = (): void => {
    for (const listeners of channels.values()) for (const heard of listeners) heard('');
  };

  async function open(): Promise<Connection> {
    const connection = connect();
    current = connection;
    connection.redis.on('message', (channel: string, message: string) => {
      for (const heard of channels.get(channel) ?? []) heard(message);
    });
    // Whatever is said until it is subscribed again is missed: those who listen look for themselves.
    connection.redis.on('close', tellAll);
    await connection.open();
    return connection;
  }

  /** Also when it is subscribed already: the answer proves that the connection lives. */
  async function subscribe(connection: Connection, channel: string): Promise<void> {
    for (;;) {
      await connection.ready();
      try {
        await connection.answerOf(connection.redis.subscribe(channel));
        return;
      } catch (error) {
        if (!(error instanceof ConnectionBrokeError)) throw error;
      }
    }
  }

  async function leave(channel: string): Promise<void> {
    if (channels.get(channel)?.size !== 0) return;
    channels.delete(channel);
    if (current?.redis.status === 'ready') await current.redis.unsubscribe(channel);
  }

  return {
    async hear(channel, heard) {
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners.add(heard));
      opening ??= open();
      try {
        await subscribe(await opening, channel);
      } catch (error) {
        if (current?.redis.status === 'end') opening = undefined;
        throw error;
      }
    },
    stop(channel, heard) {
      const listeners = channels.get(channel);
      listeners?.delete(heard);
      if (listeners?.size !== 0) return;
      // A connection that breaks meanwhile has no subscription to leave.
      setTimeout(() => void leave(channel).catch(() => undefined), IDLE_MS).unref();
    },
    close() {
      current?.close();
      tellAll();
    },
  };
}
