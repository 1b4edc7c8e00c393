/** What the page shows of one tenant, kept up to date by the stream of events. */
import type { Browser } from './browser.js';
import { clockFace, type ClockFace } from './clock.js';
import { ControlError, createControl, type Control, type FollowHandlers } from './control.js';
import { createEventBook, type EventBook } from './event-book.js';
import { isOtherHistory } from './history.js';
import { createRefresh, pause } from './refresh.js';
import type { Event, Fault, Message, Snapshot, Standing, UiData } from './wire.js';

/** `away`: the emulator cannot be reached; it is tried again. `refused`: the token is wrong. `gone`: there is no such tenant any more. */
export type Line = 'connecting' | 'live' | 'away' | 'refused' | 'gone';

export interface Page {
  readonly line: Line;
  /** Why, when the line is away. */
  readonly trouble: string;
  readonly book: EventBook;
  /** Newest first. */
  readonly messages: readonly Message[];
  /** Ids up to this one were there when the page was opened. */
  readonly firstNew: number;
  readonly faults: readonly Fault[];
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  readonly data: UiData | undefined;
  readonly clock: ClockFace;
  readonly tenants: readonly string[];
  readonly control: Control;
}

export interface Live {
  readonly page: Page;
  /** Called after each change; returns what ends that. */
  onChange(listener: () => void): () => void;
  /** Reads again what a call of the page has changed, without waiting for its event. */
  refresh(...what: Part[]): void;
  close(): void;
}

export type Part = 'messages' | 'data' | 'clock' | 'faults' | 'snapshots' | 'tenants';

const SHOW_MS = 50;
/** As many as the emulator keeps. */
const KEPT_MESSAGES = 10_000;
/** A part is read at most this often, or one part in ten of the time: whichever is rarer. */
const LEAST_MS: Record<Part, number> = {
  messages: 100,
  data: 500,
  clock: 100,
  faults: 300,
  snapshots: 300,
  tenants: 1000,
};
const PARTS = Object.keys(LEAST_MS) as Part[];
/** Other tenants come and go without an event of this one. */
const TENANTS_MS = 5000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;

/** Opens a tenant ('' is the default one) with this token. */
export function openLive(browser: Browser, { token, tenant }: { token: string; tenant: string }): Live {
  const control = createControl(browser, { token, tenant });
  const stopping = new AbortController();
  /** Ends the stream that is followed, but not the following. */
  let connection = new AbortController();
  const listeners = new Set<() => void>();
  let page: Page = {
    line: 'connecting',
    trouble: '',
    book: createEventBook(),
    messages: [],
    firstNew: Infinity,
    faults: [],
    snapshots: [],
    data: undefined,
    clock: clockFace(undefined, 0, browser.now),
    tenants: [],
    control,
  };
  let showing = false;
  /** The history that the messages are of: only newer ones are asked for. */
  let messagesOf: EventBook | undefined;

  const change = (by: Partial<Page>): void => {
    page = { ...page, ...by };
    if (showing) return;
    showing = true;
    browser.later(SHOW_MS, () => {
      showing = false;
      listeners.forEach((listener) => listener());
    });
  };

  const readers: Record<Part, () => Promise<Partial<Page>>> = {
    messages: async () => {
      const { book } = page;
      const known = messagesOf === book ? page.messages : [];
      const after = known[0] ? `?after=${known[0].id}` : '';
      const { messages } = await control.read<{ messages: Message[] }>(`/messages${after}`);
      // Another history has begun meanwhile, which asks for its own.
      if (book !== page.book) return {};
      messagesOf = book;
      const newest = [...messages.toReversed(), ...known].slice(0, KEPT_MESSAGES);
      return { messages: newest, firstNew: Math.min(page.firstNew, numberOf(newest[0]) + 1) };
    },
    data: async () => ({ data: await control.read<UiData>('/ui-data') }),
    clock: async () => {
      const standing = await control.read<Standing>('/clock');
      return { clock: clockFace(standing, browser.now(), browser.now) };
    },
    faults: async () => ({ faults: (await control.read<{ faults: Fault[] }>('/faults')).faults }),
    snapshots: async () => ({
      snapshots: (await control.read<{ snapshots: Snapshot[] }>('/snapshots')).snapshots,
    }),
    tenants: async () => ({
      tenants: (await control.read<{ tenants: { id: string }[] }>('/tenants')).tenants.map(({ id }) => id),
    }),
  };
  const parts = new Map(PARTS.map((part) => [part, createRefresh(browser, LEAST_MS[part], () => read(part))]));
  const refresh = (...what: Part[]): void => what.forEach((part) => parts.get(part)?.ask());

  async function read(part: Part): Promise<void> {
    if (stopping.signal.aborted) return;
    try {
      const news = await readers[part]();
      if (!stopping.signal.aborted) change(news);
    } catch (error) {
      // Whatever else is wrong ends the stream as well, which is told there.
      if (error instanceof ControlError && error.status === 401) change({ line: 'refused' });
    }
  }

  /**
   * Reads all events from the start, then each as it happens. What was shown before stays until all is there. Resolves when the stream has
   * ended; true when that was because of another history, which is to be read at once.
   */
  async function readStream(onCaughtUp: () => void): Promise<boolean> {
    const book = createEventBook();
    let caughtUp = false;
    let again = false;
    connection = new AbortController();
    const { signal } = connection;
    const handlers: FollowHandlers = {
      event(event) {
        book.add(event);
        if (!caughtUp || again) return;
        if (isOtherHistory(event)) {
          again = true;
          return connection.abort();
        }
        change({});
        refresh(...partsOf(event));
      },
      caughtUp() {
        caughtUp = true;
        onCaughtUp();
        change({ line: 'live', trouble: '', book });
        refresh(...PARTS);
      },
      store(isThere) {
        if (!caughtUp || isThere === (page.line === 'live')) return;
        change(isThere ? { line: 'live', trouble: '' } : { line: 'away', trouble: 'Its store is away.' });
        if (isThere) refresh(...PARTS);
      },
    };
    try {
      await control.follow(handlers, signal);
    } catch (error) {
      if (!again) throw error;
    }
    return again;
  }

  /** An emulator that has come back may be another one: it is read from the start. */
  async function follow(): Promise<void> {
    let wait = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      try {
        const again = await readStream(() => (wait = FIRST_RETRY_MS));
        if (again) continue;
        change({ line: 'away', trouble: 'The emulator has ended the connection.' });
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof ControlError && error.status === 401) return change({ line: 'refused' });
        if (error instanceof ControlError && error.status === 404) return change({ line: 'gone' });
        change({ line: 'away', trouble: troubleOf(error) });
      }
      await pause(browser, wait, stopping.signal);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    }
  }

  let stopLooking = (): void => undefined;
  const lookForTenants = (): void => {
    if (page.line === 'live') refresh('tenants');
    stopLooking = browser.later(TENANTS_MS, lookForTenants);
  };

  void follow();
  lookForTenants();
  return {
    get page() {
      return page;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    refresh,
    close() {
      stopping.abort();
      connection.abort();
      stopLooking();
      listeners.clear();
      parts.forEach((part) => part.close());
    },
  };
}

/** A call that was not answered is a TypeError in every browser, each with words of its own. */
function troubleOf(error: unknown): string {
  if (error instanceof ControlError) return error.message;
  return error instanceof Error && !(error instanceof TypeError) ? error.message : 'The emulator cannot be reached.';
}

/** What an event makes worth reading again. */
function partsOf({ type }: Event): Part[] {
  switch (type) {
    case 'message':
      return ['messages'];
    case 'clock':
      return ['clock', 'messages', 'data'];
    case 'fault':
      return ['faults'];
    case 'snapshot':
      return ['snapshots'];
    case 'message-late':
    case 'refusal':
      return [];
    default:
      return ['data'];
  }
}

/** The number in `msg_12`. */
export function numberOf(message: Message | undefined): number {
  return message ? Number(message.id.replace(/\D/g, '')) : 0;
}
