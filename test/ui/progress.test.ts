import { describe, expect, it } from 'vitest';
import type { ShownChallenge } from '../../src/emulator/control/ui-shapes.js';
import { createEventBook } from '../../src/ui/event-book.js';
import { pointsOf, progressOf } from '../../src/ui/progress.js';

const CHALLENGE: ShownChallenge = {
  provider: 'prelude',
  kind: 'challenge',
  id: 'chl_1',
  scope: 'transfer:write',
  status: 'open',
  steps: [{ key: 'verify_sms', done: false }],
  mode: 'session-bound',
  userId: 'usr_1',
  sessionId: 'ses_1',
  to: null,
  endsAt: '2026-01-01T00:10:00.000Z',
};
const at = (seconds: number) => `2026-01-01T00:00:${String(seconds).padStart(2, '0')}.000Z`;
const TWO = [
  { key: 'verify_sms', done: true },
  { key: 'kyc', done: false },
];
const DONE = [{ key: 'verify_sms', done: true }];

describe('the line of a challenge', () => {
  it.each([
    ['open', TWO, 'asked:done verify_sms:done kyc:current granted:waiting'],
    ['failed', TWO, 'asked:done verify_sms:done kyc:failed too many attempts:failed'],
    ['expired', TWO, 'asked:done verify_sms:done kyc:failed expired:failed'],
    ['proved', DONE, 'asked:done verify_sms:done exchange:current'],
    ['expired', DONE, 'asked:done verify_sms:done expired:failed'],
    ['granted', DONE, 'asked:done verify_sms:done granted:done'],
    ['used', DONE, 'asked:done verify_sms:done used:done'],
    ['granted', [], 'asked:done granted:done'],
    ['blocked', [], 'asked:done blocked:failed'],
  ] as const)('%s', (status, steps, line) => {
    expect(
      pointsOf('asked', steps, status)
        .map((point) => `${point.label}:${point.state}`)
        .join(' '),
    ).toBe(line);
  });
});

describe('progress', () => {
  it('has the newest first, with what was blocked, and with codes only while they count', () => {
    const book = createEventBook();
    const tenant = 'default';
    book.add({ id: 1, type: 'challenge', at: at(1), tenant, challengeId: 'chl_1', transition: 'opened' });
    book.add({ id: 2, type: 'challenge', at: at(2), tenant, challengeId: null, transition: 'blocked', scope: 'pay' });
    book.add({ id: 3, type: 'message', at: at(3), tenant, challengeId: 'code-1' });
    const code = { ...CHALLENGE, provider: 'dynamic', kind: 'code', scope: null, to: 'a@example.com' } as const;
    const sent = (id: string, purpose: 'login' | 'step-up') => ({
      id: `msg_${id}`,
      channel: 'email' as const,
      to: 'a@example.com',
      code: '000000',
      purpose,
      provider: 'dynamic' as const,
      challengeId: id,
      suppressed: false,
      createdAt: at(3),
    });
    const lines = progressOf(
      [CHALLENGE, { ...code, id: 'code-1' }, { ...code, id: 'code-2' }, { ...code, id: 'code-3', status: 'used' }],
      book,
      [sent('code-1', 'step-up'), sent('code-2', 'login'), sent('code-3', 'step-up')],
    );
    expect(lines.map(({ key, title, startedAt }) => [key, title, startedAt])).toEqual([
      ['code-1', 'code to a@example.com', at(3)],
      ['blocked-2', 'pay', at(2)],
      ['chl_1', 'transfer:write', at(1)],
    ]);
  });
});
