/** The page's outside world: the only file that touches the browser's globals. */
import { tokenInFragment } from './token.js';

export interface Browser {
  fetch: typeof fetch;
  /** Milliseconds since the epoch, by this machine's clock. */
  now(): number;
  /** Calls later, milliseconds from now; returns what calls it off. */
  later(ms: number, work: () => void): () => void;
  /** Address of the control API. */
  controlUrl: string;
  /** Name of the view in the address: `events` of `#events`. */
  view(): string;
  onView(listener: () => void): () => void;
  /** Called whenever an address with a token is opened in this window. */
  onToken(listener: (token: string) => void): () => void;
  /** The token of this window, which a reload keeps; undefined where there is none. */
  token(): string | undefined;
  keepToken(token: string | undefined): void;
  isHidden(): boolean;
  onShown(listener: () => void): () => void;
  /** Puts a text on the clipboard. False when the browser does not let us. */
  copy(text: string): Promise<boolean>;
  title(text: string): void;
}

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
