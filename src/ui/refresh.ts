import type { Browser } from './browser.js';

/**
 * Reads something when asked, but at most every `leastMs` milliseconds or one part in ten of the time, whichever is rarer, and not while
 * nobody can see the page. `read` throws nothing.
 */
export function createRefresh(
  browser: Browser,
  leastMs: number,
  read: () => Promise<void>,
): { ask(): void; close(): void } {
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

/** Resolves after so many milliseconds, or as soon as the signal fires. */
export function pause(browser: Browser, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = browser.later(ms, end);
    signal.addEventListener('abort', end);
  });
}
