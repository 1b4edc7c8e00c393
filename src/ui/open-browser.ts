/** The outside world of a real window: the only file that touches the browser's globals. */
import type { Browser } from './browser.js';
import { tokenInFragment } from './token.js';

/** sessionStorage is this window's own and ends with it; nothing of the token is ever sent but in `Authorization`. */
const KEY = 'stepup-control-token';

/**
 * The browser of this window. A token in the address goes to sessionStorage and out of the address bar at once: a reload goes on working,
 * and what is shown, shared or bookmarked holds no token.
 */
export function openBrowser(): Browser {
  const { keep, kept } = tokenKeeper();
  const take = (): string | undefined => {
    const token = tokenInFragment(location.hash);
    if (token === undefined) return undefined;
    keep(token);
    history.replaceState(null, '', `${location.pathname}${location.search}#now`);
    return token;
  };
  take();

  return {
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    later(ms, work) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    controlUrl: new URL('.', location.href).href.replace(/\/$/, ''),
    fragment: () => location.hash.slice(1),
    onFragment: (listener) => listen(window, 'hashchange', listener),
    go(link) {
      location.hash = link;
    },
    onToken: (listener) =>
      listen(window, 'hashchange', () => {
        const token = take();
        if (token !== undefined) listener(token);
      }),
    token: kept,
    keepToken: keep,
    isHidden: () => document.visibilityState === 'hidden',
    onShown: (listener) =>
      listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && listener()),
    copy,
    title(text) {
      document.title = text;
    },
  };
}

/** Where the browser keeps nothing for us, the token lasts until the page is left. */
function tokenKeeper(): { keep(token: string | undefined): void; kept(): string | undefined } {
  let own: string | undefined;
  const stored = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(sessionStorage);
    } catch {
      // Its storage is turned off.
      return undefined;
    }
  };
  return {
    keep(token) {
      own = token;
      stored((storage) => (token === undefined ? storage.removeItem(KEY) : storage.setItem(KEY, token)));
    },
    kept: () => own ?? stored((storage) => storage.getItem(KEY)) ?? undefined,
  };
}

function listen(target: EventTarget, type: string, listener: () => void): () => void {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No permission, or an address that the browser does not take for a safe one.
    return copyBySelection(text);
  }
}

/** The old way, which plain http off this machine still has. */
function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'off-screen';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
