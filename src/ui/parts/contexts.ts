/** What every part of the page may use. */
import { createContext } from 'preact';
import { useContext, useEffect, useReducer } from 'preact/hooks';
import type { Browser } from '../browser.js';

export const BrowserContext = createContext<Browser | undefined>(undefined);

/** Says something to whoever listens instead of looking. */
export const AnnounceContext = createContext<(text: string) => void>(() => undefined);

/** The browser that the page runs in. */
export function useBrowser(): Browser {
  const browser = useContext(BrowserContext);
  if (!browser) throw new TypeError('The page has no browser.');
  return browser;
}

/** Draws the component again every second, for times that run. */
export function useTicks(): void {
  const browser = useBrowser();
  const [count, tick] = useReducer((before: number) => before + 1, 0);
  useEffect(() => browser.later(1000, () => tick(undefined)), [browser, count]);
}
