import { describe, expect, it } from 'vitest';
import { createEventBook, KEPT_EVENTS } from '../../src/ui/event-book.js';
import { choose, FIRST_FILTER } from '../../src/ui/filters.js';

const event = (id: number, type: string, fields: Record<string, unknown> = {}, second = id) => ({
  ...fields,
  id,
  type,
  at: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
  tenant: 'default',
});
const access = (id: number, sid: string, claims = {}) =>
  event(id, 'token', { kind: 'access', claims: { sid, iat: 1000, exp: 1060, jti: `jti-${id}`, ...claims } });

describe('the event book', () => {
  it('knows the newest access token of a session and when it ends by the clock of its time', () => {
    const book = createEventBook();
    book.add(event(1, 'session', { sessionId: 'ses_1' }));
    book.add(access(2, 'ses_1'));
    expect(book.tokenOf('ses_1')?.endsAt).toBe(Date.UTC(2026, 0, 1) + 62_000);
    book.add(event(3, 'clock', { now: '', ageNow: '2026-01-01T01:00:03.000Z', offset: 3600, frozen: false }));
    book.add(access(4, 'ses_1', { scope: 'a' }));
    expect(book.tokenOf('ses_1')).toMatchObject({
      claims: { scope: 'a' },
      endsAt: Date.UTC(2026, 0, 1) + (3600 + 64) * 1000,
    });
    book.add(event(5, 'clock', { now: '', ageNow: '2026-01-01T02:00:00.000Z', offset: 7000, frozen: true }));
    book.add(access(9, 'ses_1'));
    expect(book.tokenOf('ses_1')?.endsAt).toBe(Date.UTC(2026, 0, 1, 2, 1));
    book.add(event(10, 'state', { change: 'key-rotated' }));
    book.add(access(10, 'ses_1'));
    expect(book.tokenOf('ses_1')?.endsAt).toBe(Date.UTC(2026, 0, 1, 2, 1));
    book.add(event(10, 'state', { change: 'cleared' }));
    book.add(access(11, 'ses_1'));
    expect(book.tokenOf('ses_1')?.endsAt).toBe(Date.UTC(2026, 0, 1) + 71_000);
    expect(book.tokenOf('ses_2')).toBeUndefined();
  });

  it('does not guess the end of a token when it does not know the clock of its time', () => {
    const book = createEventBook();
    book.add(access(500, 'ses_1'));
    expect(book.tokenOf('ses_1')).toMatchObject({ endsAt: undefined });
    const restored = createEventBook();
    restored.add(event(1, 'snapshot', { change: 'restored', name: 'one' }));
    restored.add(access(2, 'ses_1'));
    expect(restored.tokenOf('ses_1')).toMatchObject({ endsAt: undefined });
  });

  it('keeps as many as the emulator, and counts what it keeps', () => {
    const book = createEventBook();
    for (let id = 1; id <= KEPT_EVENTS + 1000; id++) book.add(event(id, id % 2 ? 'request' : 'token'));
    expect(book.events).toHaveLength(KEPT_EVENTS);
    expect(book.events[0]?.id).toBe(1001);
    expect([...book.counts]).toEqual([
      ['request', KEPT_EVENTS / 2],
      ['token', KEPT_EVENTS / 2],
    ]);
  });
});

describe('filters', () => {
  const book = createEventBook();
  book.add(event(1, 'request', { method: 'GET', path: '/one', status: 200 }));
  book.add(event(2, 'refusal', { method: 'POST', path: '/two', reason: 'proof is old' }));
  book.add(event(3, 'request', { method: 'POST', path: '/two', status: 401, refusal: 'proof is old' }));
  book.add(event(4, 'message', { to: '+33612345678' }));
  const ids = (
    filter: Partial<typeof FIRST_FILTER>,
    limits: { most: number; upTo?: number } = { most: 10 },
  ): number[] => choose(book, { ...FIRST_FILTER, ...filter }, limits).shown.map(({ id }) => id);

  it('begins without what the line of a request tells as well', () => {
    expect(ids({})).toEqual([4, 3, 1]);
  });

  it.each([
    ['a type', { hidden: new Set(['request']) }, [4, 2]],
    ['words, all of them, in any case', { text: 'PROOF two' }, [3]],
    ['what went wrong', { hidden: new Set<string>(), onlyBad: true }, [3, 2]],
    ['nothing', { text: 'elsewhere' }, []],
  ])('by %s', (_, filter, shown) => {
    expect(ids(filter)).toEqual(shown);
  });

  it('shows the newest, up to where the list is held', () => {
    expect(ids({}, { most: 1 })).toEqual([4]);
    expect(ids({}, { most: 1, upTo: 3 })).toEqual([3]);
    expect(choose(book, FIRST_FILTER, { most: 1 }).total).toBe(3);
  });
});
