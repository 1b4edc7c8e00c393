/** One connection to the store: it comes back by itself, and nobody waits for it for ever. */
import { Redis, ReplyError, type RedisOptions } from 'ioredis';
import { StoreAwayError } from '../away.js';
import { placeOf, type StoreAddress } from './address.js';

export interface Connection {
  redis: Redis;
  /** Connects for the first time. Throws StoreAwayError at once when the store cannot be reached or refuses. */
  open(): Promise<void>;
  /** Resolves when it can be used. Throws StoreAwayError once it has been down for `WAIT_MS`, then at once. */
  ready(): Promise<void>;
  /**
   * What the store answers. Throws StoreAwayError when no answer came in `limitMs`: the connection is then made anew, for nobody knows
   * what it still carries. Also when the store refuses to work, and as ConnectionBrokeError when the connection broke meanwhile.
   */
  answerOf<T>(answer: Promise<T>, limitMs?: number): Promise<T>;
  close(): void;
}

/** How long a call waits for the store: to come back, and then for its answer. */
const WAIT_MS = 2000;
const CONNECT_MS = 2000;
/** How long a new connection may take to be usable. A store that reads its files first is asked again. */
const READY_MS = 5000;
const MAX_RETRY_MS = 500;

/** Errors of a store that works but not for us now: it loads, has no memory, became a replica, wants another password. */
const REFUSALS =
  /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|READONLY|OOM|MISCONF|NOREPLICAS|NOAUTH|NOPERM|WRONGPASS)\b/;

/** A connection that has not been opened. It never queues a command and never sends one twice. */
export function createConnection(address: StoreAddress): Connection {
  const redis = new Redis(optionsOf(address));
  const place = placeOf(address);
  const waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  let lastError = 'the connection broke';
  let patience: NodeJS.Timeout | undefined;
  let givenUp = false;
  let watchdog: NodeJS.Timeout | undefined;

  const away = (reason = lastError): StoreAwayError => new StoreAwayError(place, reason);
  const settle = (end: (one: { resolve: () => void; reject: (error: Error) => void }) => void): void => {
    const all = [...waiting];
    waiting.clear();
    all.forEach(end);
  };

  redis.on('error', (error: Error) => {
    lastError = reasonOf(error);
  });
  redis.on('connect', () => {
    watchdog = setTimeout(() => redis.disconnect(true), READY_MS);
  });
  redis.on('ready', () => {
    clearTimeout(watchdog);
    clearTimeout(patience);
    patience = undefined;
    givenUp = false;
    lastError = 'the connection broke';
    settle(({ resolve }) => resolve());
  });
  redis.on('close', () => {
    clearTimeout(watchdog);
    patience ??= setTimeout(() => {
      givenUp = true;
      settle(({ reject }) => reject(away()));
    }, WAIT_MS).unref();
  });
  redis.on('end', () => {
    clearTimeout(patience);
    settle(({ reject }) => reject(away('it was closed')));
  });

  return {
    redis,
    async open() {
      try {
        await redis.connect();
      } catch {
        redis.disconnect();
        throw away();
      }
    },
    async ready() {
      if (redis.status === 'ready') {
        if (redis.stream.writable) return;
        // It has ended, and is not said to be closed before the event loop turns: whoever tried again at once would hold it up for ever.
        redis.disconnect(true);
      }
      if (givenUp || redis.status === 'end') throw away();
      await new Promise<void>((resolve, reject) => waiting.add({ resolve, reject }));
    },
    async answerOf(answer, limitMs = WAIT_MS) {
      let late: NodeJS.Timeout | undefined;
      const limit = new Promise<never>((_, reject) => {
        late = setTimeout(() => {
          redis.disconnect(true);
          reject(away(`no answer in ${limitMs} ms`));
        }, limitMs);
      });
      try {
        return await Promise.race([answer, limit]);
      } catch (error) {
        if (error instanceof StoreAwayError || !(error instanceof Error)) throw error;
        // Its own error goes no further: it holds the command's arguments.
        if (!(error instanceof ReplyError)) throw new ConnectionBrokeError(place, lastError);
        const { message } = error;
        throw REFUSALS.test(message) ? away(message) : new ScriptError(message);
      } finally {
        clearTimeout(late);
      }
    },
    close: () => redis.disconnect(),
  };
}

/** The connection broke before the answer came. What only reads may be asked again once it is back. */
export class ConnectionBrokeError extends StoreAwayError {}

/** The store understood a command and refused it: a bug of ours, or a script that it does not know yet (`NOSCRIPT`). */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScriptError';
  }
}

function optionsOf(address: StoreAddress): RedisOptions {
  const { host, port, username, password, database, tls } = address;
  return {
    host,
    port,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: 50,
    disableClientInfo: true,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(times * 50, MAX_RETRY_MS),
    // A command whose answer was lost may have been done: whoever sent it is told, and it is not sent again.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ECONNREFUSED') return 'the connection was refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its host name is not known';
  if (code === 'ETIMEDOUT') return 'it did not answer';
  if (/NOAUTH/.test(error.message)) return 'it wants a password';
  if (/WRONGPASS|invalid password/.test(error.message)) return 'it refused the password';
  return code || error.message;
}
