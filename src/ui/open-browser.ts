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
  const take = (): string | undefined => {
    const token = tokenInFragment(location.hash);
    if (token === undefined) return undefined;
    sessionStorage.setItem(KEY, token);
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
    view: () => location.hash.slice(1),
    onView: (listener) => listen(window, 'hashchange', listener),
    onToken: (listener) =>
      listen(window, 'hashchange', () => {
        const token = take();
        if (token !== undefined) listener(token);
      }),
    token: () => sessionStorage.getItem(KEY) ?? undefined,
    keepToken(token) {
      if (token === undefined) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, token);
    },
    isHidden: () => document.visibilityState === 'hidden',
    onShown: (listener) =>
      listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && listener()),
    copy,
    title(text) {
      document.title = text;
    },
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
