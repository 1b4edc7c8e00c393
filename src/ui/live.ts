/** What the page shows of one tenant, kept up to date by the stream of events. */
import type { Browser } from './browser.js';
import { clockFace, type ClockFace } from './clock.js';
import { ControlError, createControl, type Control } from './control.js';
import { createEventBook, type EventBook } from './event-book.js';
import type { Event, Fault, Message, Standing, UiData } from './wire.js';

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

export type Part = 'messages' | 'data' | 'clock' | 'faults' | 'tenants';

const SHOW_MS = 50;
/** A part is read at most this often, or one part in ten of the time: whichever is rarer. */
const LEAST_MS: Record<Part, number> = { messages: 100, data: 500, clock: 100, faults: 300, tenants: 1000 };
const PARTS = Object.keys(LEAST_MS) as Part[];
/** Other tenants come and go without an event of this one. */
const TENANTS_MS = 5000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;

/** Opens a tenant ('' is the default one) with this token. */
export function openLive(browser: Browser, { token, tenant }: { token: string; tenant: string }): Live {
  const control = createControl(browser, { token, tenant });
  const book = createEventBook();
  const stopping = new AbortController();
  const listeners = new Set<() => void>();
  let page: Page = {
    line: 'connecting',
    trouble: '',
    book,
    messages: [],
    firstNew: Infinity,
    faults: [],
    data: undefined,
    clock: clockFace(undefined, 0, browser.now),
    tenants: [],
    control,
  };
  let showing = false;
  let caughtUp = false;

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
      const { messages } = await control.read<{ messages: Message[] }>('/messages');
      const newest = messages.toReversed();
      return { messages: newest, firstNew: Math.min(page.firstNew, numberOf(newest[0]) + 1) };
    },
    data: async () => ({ data: await control.read<UiData>('/ui-data') }),
    clock: async () => {
      const standing = await control.read<Standing>('/clock');
      return { clock: clockFace(standing, browser.now(), browser.now) };
    },
    faults: async () => ({ faults: (await control.read<{ faults: Fault[] }>('/faults')).faults }),
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

  const take = (event: Event): void => {
    book.add(event);
    if (!caughtUp) return;
    change({});
    refresh(...partsOf(event));
  };

  /** From the start each time: an emulator that has come back may be another one. */
  async function follow(): Promise<void> {
    for (let wait = FIRST_RETRY_MS; !stopping.signal.aborted; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      caughtUp = false;
      book.clear();
      try {
        await control.follow(
          {
            event: take,
            caughtUp() {
              caughtUp = true;
              wait = FIRST_RETRY_MS;
              change({ line: 'live', trouble: '' });
              refresh(...PARTS);
            },
            store(isThere) {
              if (!caughtUp || isThere === (page.line === 'live')) return;
              change(isThere ? { line: 'live', trouble: '' } : { line: 'away', trouble: 'Its store is away.' });
              if (isThere) refresh(...PARTS);
            },
          },
          stopping.signal,
        );
        change({ line: 'away', trouble: 'The emulator has ended the connection.' });
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof ControlError && error.status === 401) return change({ line: 'refused' });
        if (error instanceof ControlError && error.status === 404) return change({ line: 'gone' });
        change({ line: 'away', trouble: troubleOf(error) });
      }
      await pause(browser, wait, stopping.signal);
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
    case 'state':
    case 'snapshot':
      return PARTS;
    case 'message-late':
    case 'refusal':
      return [];
    default:
      return ['data'];
  }
}

/** Reads a part when asked, but not too often, and not while nobody can see the page. */
function createRefresh(browser: Browser, leastMs: number, read: () => Promise<void>): { ask(): void; close(): void } {
  let asked = false;
  let resting = false;
  const run = async (): Promise<void> => {
    if (resting || !asked || browser.isHidden()) return;
    asked = false;
    resting = true;
    const begun = browser.now();
    await read();
    browser.later(Math.max(leastMs, (browser.now() - begun) * 10), () => {
      resting = false;
      void run();
    });
  };
  const close = browser.onShown(() => void run());
  return {
    ask() {
      asked = true;
      void run();
    },
    close,
  };
}

function pause(browser: Browser, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = browser.later(ms, resolve);
    signal.addEventListener('abort', () => (cancel(), resolve()), { once: true });
  });
}

/** The number in `msg_12`. */
export function numberOf(message: Message | undefined): number {
  return message ? Number(message.id.replace(/\D/g, '')) : 0;
}
