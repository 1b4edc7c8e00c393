/** A wait that ends by time or by a signal. */

export interface Deadline {
  /** Fires after the time, or with the first of the given signals. */
  signal: AbortSignal;
  /** Lets go of the timer and of the signals. Call it when the wait is over. */
  clear(): void;
}

/** A deadline in `ms` milliseconds of real time, or earlier when one of `signals` fires. */
export function deadline(ms: number, signals: AbortSignal[]): Deadline {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, ms);
  for (const signal of signals) {
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  }
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
    },
  };
}
