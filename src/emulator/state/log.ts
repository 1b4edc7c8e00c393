/** One bounded log in memory: entries with sequence numbers from 1, and those who wait for the next. */

export interface LogEntry {
  seq: number;
  text: string;
}

export interface Log {
  /** Adds an entry, forgets all but the newest `keep`, and wakes those who wait. Returns its sequence number. */
  append(text: string, keep: number): number;
  /** Entries after a sequence number, oldest first. */
  read(after: number): LogEntry[];
  /** Resolves when an entry after `after` is there, when the signal fires, or when the log is closed. */
  wait(after: number, signal: AbortSignal): Promise<void>;
  /** The last sequence number that was given. */
  last(): number;
  /** Forgets the entries. Numbers go on from where they were, so that a reader who waits misses nothing. */
  clear(): void;
  /** Replaces the entries. Numbers go on from `last`, or from where they were if that is more. */
  restore(last: number, entries: LogEntry[]): void;
  close(): void;
}

/** An empty log. */
export function createLog(): Log {
  let entries: LogEntry[] = [];
  let last = 0;
  let kept = Infinity;
  let closed = false;
  const waiting = new Set<() => void>();

  const wake = (): void => {
    for (const done of waiting) done();
  };

  return {
    append(text, keep) {
      entries.push({ seq: ++last, text });
      // Some more may gather, so that most entries cost no copy.
      if (entries.length >= 1.25 * keep) entries = entries.slice(-keep);
      kept = keep;
      wake();
      return last;
    },
    read: (after) =>
      entries.slice(Math.max(entries.findLastIndex(({ seq }) => seq <= after) + 1, entries.length - kept, 0)),
    wait: (after, signal) =>
      new Promise((resolve) => {
        if (closed || signal.aborted || (entries.at(-1)?.seq ?? 0) > after) return resolve();
        const done = (): void => {
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      }),
    last: () => last,
    clear() {
      entries = [];
    },
    restore(lastSeq, restored) {
      entries = restored;
      last = Math.max(last, lastSeq);
      wake();
    },
    close() {
      closed = true;
      wake();
    },
  };
}
