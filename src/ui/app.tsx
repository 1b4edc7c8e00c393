/** The whole page: who may see it, what is chosen, and the view. */
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Browser } from './browser.js';
import { openLive, type Live } from './live.js';
import { linkTo, placeIn, type Place } from './place.js';
import { AnnounceContext, BrowserContext } from './parts/contexts.js';
import { Header } from './parts/header.js';
import { TokenNeeded } from './parts/token-needed.js';
import { Controls } from './views/controls.js';
import { Events } from './views/events.js';
import { Hooks } from './views/hooks.js';
import { Now } from './views/now.js';
import { Sessions } from './views/sessions.js';

/** Views by their name in the address, in the order of the navigation. */
const VIEWS = {
  now: { short: 'Inbox', title: 'Inbox and challenges', View: Now },
  sessions: { short: 'Sessions', title: 'Sessions', View: Sessions },
  hooks: { short: 'Hooks', title: 'Hook calls', View: Hooks },
  events: { short: 'Events', title: 'Events', View: Events },
  controls: { short: 'Controls', title: 'Clock, faults and state', View: Controls },
} as const;
type Name = keyof typeof VIEWS;

export function App({ browser }: { browser: Browser }) {
  const [token, setToken] = useState(() => browser.token());
  const [refused, setRefused] = useState(false);
  const [told, announce] = useState('');
  const take = (given: string | undefined, isRefused: boolean): void => {
    browser.keepToken(given);
    setToken(given);
    setRefused(isRefused);
  };
  useEffect(() => browser.onToken((given) => take(given, false)), [browser]);

  return (
    <BrowserContext.Provider value={browser}>
      <AnnounceContext.Provider value={announce}>
        {token === undefined ? (
          <TokenNeeded refused={refused} onToken={(given) => take(given, false)} />
        ) : (
          <Board key={token} browser={browser} token={token} onRefused={() => take(undefined, true)} />
        )}
        <p class="off-screen" role="status">
          {told}
        </p>
      </AnnounceContext.Provider>
    </BrowserContext.Provider>
  );
}

function Board({ browser, token, onRefused }: { browser: Browser; token: string; onRefused(): void }) {
  const { tenant, view } = usePlace(browser);
  const [gone, setGone] = useState('');
  const live = useLive(browser, token, tenant);
  const name: Name = Object.hasOwn(VIEWS, view) ? (view as Name) : 'now';
  const { title, View } = VIEWS[name];
  const choose = (id: string): void => {
    setGone('');
    browser.go(linkTo({ view: name, tenant: id }));
  };
  const heading = useRef<HTMLHeadingElement>(null);
  const chosen = useRef<HTMLAnchorElement>(null);
  const before = useRef(name);
  const line = live?.page.line;

  useEffect(() => {
    if (line === 'refused') onRefused();
    if (line !== 'gone') return;
    setGone(tenant);
    browser.go(linkTo({ view: name, tenant: '' }));
  }, [line]);
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    browser.title(`${title} · stepup emulator`);
    // Whoever has chosen a view goes on reading there; at first the browser's own order stands.
    if (before.current !== name) {
      heading.current?.focus();
      setGone('');
    }
    before.current = name;
  }, [name]);

  if (!live) return null;
  const { page } = live;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        Skip to the content
      </a>
      <Header page={page} tenant={tenant} onTenant={choose} />
      <nav aria-label="Views">
        <ul>
          {Object.entries(VIEWS).map(([each, { short }]) => (
            <li key={each}>
              <a
                href={linkTo({ view: each, tenant })}
                ref={each === name ? chosen : null}
                aria-current={each === name ? 'page' : undefined}
              >
                {short}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" aria-busy={line === 'connecting'}>
        <p class={gone === '' ? undefined : 'notice'} role="status">
          {gone !== '' && `There is no tenant “${gone}” any more. This is the default one.`}
        </p>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <View live={live} page={page} />
      </main>
    </>
  );
}

/** The tenant's things; the component is drawn again when they change. */
function useLive(browser: Browser, token: string, tenant: string): Live | undefined {
  const [live, setLive] = useState<Live>();
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const opened = openLive(browser, { token, tenant });
    setLive(opened);
    opened.onChange(() => draw(undefined));
    return () => opened.close();
  }, [browser, token, tenant]);
  return live;
}

function usePlace(browser: Browser): Place {
  const [fragment, setFragment] = useState(() => browser.fragment());
  useEffect(() => browser.onFragment(() => setFragment(browser.fragment())), [browser]);
  return placeIn(fragment);
}
