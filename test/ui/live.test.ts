import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Browser } from '../../src/ui/browser.js';
import { openLive, type Live } from '../../src/ui/live.js';
import { loggedIn, startWorld, type World } from '../emulator/prelude/client.js';

const PHONE = '+33612345678';

describe('what the page shows', () => {
  let world: World;
  const opened: Live[] = [];

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(async () => {
    for (const live of opened.splice(0)) live.close();
    await world.stop();
  });

  /** A window that nobody looks at. */
  function browser(change: Partial<Browser> = {}): Browser {
    return {
      fetch,
      now: Date.now,
      later(ms, work) {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
      controlUrl: world.emulator.ready.controlUrl,
      fragment: () => '',
      onFragment: () => () => undefined,
      go: () => undefined,
      onToken: () => () => undefined,
      token: () => undefined,
      keepToken: () => undefined,
      isHidden: () => false,
      onShown: () => () => undefined,
      copy: async () => true,
      title: () => undefined,
      ...change,
    };
  }

  function open(given: { token?: string; tenant?: string; browser?: Browser } = {}): Live {
    const token = given.token ?? world.emulator.ready.controlToken;
    const live = openLive(given.browser ?? browser(), { token, tenant: given.tenant ?? '' });
    opened.push(live);
    return live;
  }

  it('is what has happened, and what happens', async () => {
    await loggedIn(world, PHONE);
    const live = open();
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(1));
    expect(live.page.firstNew).toBe(2);
    await vi.waitFor(() => expect(live.page.data?.sessions).toMatchObject({ total: 1, newest: [{ who: PHONE }] }));
    const [session] = live.page.data?.sessions.newest ?? [];
    expect(live.page.book.tokenOf(session?.id ?? '')?.claims).toMatchObject({ sub: session?.userId });

    await loggedIn(world, '+33698765432');
    await vi.waitFor(() => expect(live.page.messages.map(({ to }) => to)).toEqual(['+33698765432', PHONE]));
    await world.control.clock({ advance: 3600 });
    await vi.waitFor(() => expect(Math.round(live.page.clock.offset())).toBe(3600));
    await world.control.fault({ do: { status: 500 } });
    await vi.waitFor(() => expect(live.page.faults).toHaveLength(1));
    expect(live.page.line).toBe('live');
  });

  it('is empty after a reset', async () => {
    await loggedIn(world, PHONE);
    const live = open();
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(1));
    await world.control.clearState();
    await vi.waitFor(() => expect(live.page.messages).toEqual([]));
    await vi.waitFor(() => expect(live.page.data?.sessions.total).toBe(0));
    await vi.waitFor(() => expect(live.page.book.events.map(({ type }) => type)).toEqual(['state']));
    await loggedIn(world, PHONE);
    await vi.waitFor(() => expect(live.page.messages.map(({ to }) => to)).toEqual([PHONE]));
  });

  it('is as before once a snapshot is restored', async () => {
    await loggedIn(world, PHONE);
    const live = open();
    expect((await world.control.call('POST', '/snapshots/one')).status).toBe(201);
    await vi.waitFor(() => expect(live.page.snapshots.map(({ name }) => name)).toEqual(['one']));
    await loggedIn(world, '+33698765432');
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(2));
    await world.control.call('PUT', '/snapshots/one');
    await vi.waitFor(() => expect(live.page.messages.map(({ to }) => to)).toEqual([PHONE]));
    await vi.waitFor(() => expect(live.page.book.events.at(-1)).toMatchObject({ change: 'restored' }));
    expect(live.page.book.events.filter(({ type }) => type === 'message')).toHaveLength(1);
    expect(live.page.line).toBe('live');
  });

  it("is one tenant's, until that is gone", async () => {
    await loggedIn(world, PHONE);
    expect((await world.control.call('POST', '/tenants', { id: 'other' })).status).toBe(201);
    const live = open({ tenant: 'other' });
    await vi.waitFor(() => expect(live.page.tenants).toEqual(['default', 'other']));
    expect(live.page.messages).toEqual([]);
    await world.control.call('DELETE', '/tenants/other');
    await vi.waitFor(() => expect(live.page.line).toBe('gone'), 5000);
  });

  it('is refused with a wrong token', async () => {
    const live = open({ token: 'wrong' });
    await vi.waitFor(() => expect(live.page.line).toBe('refused'));
  });

  it('tells that the emulator is away, and comes back with all of it', async () => {
    let away = false;
    let cut = (): void => undefined;
    const broken = browser({
      async fetch(input, init) {
        if (away) throw new TypeError('x');
        const response = await fetch(input, init);
        if (!input.pathname.endsWith('/events') || !response.body) return response;
        const body = response.body.pipeThrough(
          new TransformStream<Uint8Array, Uint8Array>({
            start(controller) {
              cut = () => controller.terminate();
            },
          }),
        );
        return new Response(body, response);
      },
    });
    await loggedIn(world, PHONE);
    const live = open({ browser: broken });
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(1));
    const known = live.page.book.events.length;
    away = true;
    cut();
    await vi.waitFor(() => expect(live.page.trouble).toBe('The emulator has ended the connection.'));
    // What it knew stays to be read while it tries again.
    await vi.waitFor(() =>
      expect([live.page.line, live.page.trouble]).toEqual(['away', 'The emulator cannot be reached.']),
    );
    expect(live.page.book.events).toHaveLength(known);
    expect(live.page.messages).toHaveLength(1);
    await loggedIn(world, '+33698765432');
    away = false;
    await vi.waitFor(() => expect(live.page.line).toBe('live'), 5000);
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(2));
    expect(live.page.book.events.length).toBeGreaterThan(known);
  });

  it('reads nothing while nobody can see it, and all of it then', async () => {
    let hidden = true;
    let show = (): void => undefined;
    const listeners: (() => void)[] = [];
    show = () => listeners.forEach((listener) => listener());
    const live = open({
      browser: browser({ isHidden: () => hidden, onShown: (one) => (listeners.push(one), () => undefined) }),
    });
    await loggedIn(world, PHONE);
    await vi.waitFor(() => expect(live.page.book.events.length).toBeGreaterThan(3));
    expect(live.page.messages).toEqual([]);
    hidden = false;
    show();
    await vi.waitFor(() => expect(live.page.messages).toHaveLength(1));
  });
});
