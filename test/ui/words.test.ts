import { describe, expect, it } from 'vitest';
import { faultAction, faultTarget, sizeInWords, summaryOf, toneOf } from '../../src/ui/words.js';

const of = (type: string, fields: Record<string, unknown>) => ({
  ...fields,
  id: 1,
  type,
  at: '2026-01-01T00:00:00.000Z',
  tenant: 'default',
});
const request = { method: 'POST', path: '/v1/session/otp' };

describe('an event in words', () => {
  it.each([
    ['request', { ...request, status: 204 }, 'POST /v1/session/otp 204', 'plain'],
    [
      'request',
      { ...request, status: 401, refusal: 'proof is 74 s old' },
      'POST /v1/session/otp 401 · proof is 74 s old',
      'bad',
    ],
    [
      'request',
      { ...request, status: null, dropped: 'before', fault: 'flt_1' },
      'POST /v1/session/otp dropped · fault flt_1',
      'bad',
    ],
    [
      'refusal',
      { ...request, status: 400, code: 'bad_request', reason: 'no body' },
      'POST /v1/session/otp bad_request · no body',
      'bad',
    ],
    [
      'message',
      { channel: 'sms', to: '+33612345678', purpose: 'login', suppressed: false },
      'sms to +33612345678 (login)',
      'plain',
    ],
    [
      'message',
      { channel: 'sms', to: '+1', purpose: 'login', suppressed: true },
      'sms to +1 (login) · suppressed',
      'plain',
    ],
    ['hook', { url: 'http://h', scope: 'a:b', verdict: 'review', ms: 12 }, 'http://h for a:b: review · 12 ms', 'good'],
    [
      'hook',
      { url: 'http://h', scope: 'a:b', verdict: null, words: 'no answer', ms: 5000 },
      'http://h for a:b: failed · no answer · 5000 ms',
      'bad',
    ],
    ['challenge', { scope: 'a:b', transition: 'opened', step: 'verify_sms' }, 'a:b opened · now verify_sms', 'good'],
    ['challenge', { scope: 'a:b', transition: 'blocked', step: null }, 'a:b blocked', 'bad'],
    ['token', { kind: 'access', claims: { sub: 'usr_1', scope: 'a b' } }, 'access token for usr_1 · a b', 'plain'],
    [
      'session',
      { sessionId: 'ses_1', change: 'revoked', reason: 'refresh token reused' },
      'ses_1 revoked · refresh token reused',
      'bad',
    ],
    ['clock', { ageNow: '2026-01-01T00:05:00.000Z', frozen: true }, 'at 2026-01-01T00:05:00.000Z · frozen', 'plain'],
    [
      'fault',
      { change: 'added', fault: 'flt_1', match: { path: '/v1/*' }, times: 1, do: { status: 500 } },
      'added flt_1 · answers 500 · any method /v1/* · once',
      'plain',
    ],
    [
      'fault',
      { change: 'happened', fault: 'flt_1', ...request, do: { drop: 'after' } },
      'happened flt_1 POST /v1/session/otp · does the work, drops the answer',
      'plain',
    ],
    ['fault', { change: 'cleared' }, 'cleared', 'plain'],
    ['snapshot', { change: 'taken', name: 'before' }, 'taken · name before', 'plain'],
    ['step_up.hook_failed', { user_id: 'usr_1' }, 'user_id usr_1', 'bad'],
  ])('%s %j', (type, fields, words, tone) => {
    expect(summaryOf(of(type, fields))).toBe(words);
    expect(toneOf(of(type, fields))).toBe(tone);
  });
});

describe('a fault in words', () => {
  const fault = (action: Record<string, unknown>, rest = {}) => ({
    id: 'flt_1',
    match: {},
    matched: 0,
    happened: 0,
    do: action,
    ...rest,
  });

  it.each([
    [{ status: 503 }, 'answers 503'],
    [{ latencyMs: 200 }, 'waits 200 ms'],
    [{ drop: 'before' }, 'drops the connection, nothing done'],
    [{ drop: 'after' }, 'does the work, drops the answer'],
    [{ skewDateSeconds: -60 }, 'Date is -60 s off'],
    [{ truncate: 0 }, 'cuts the body after 0 bytes'],
    [{ requireNonce: true }, 'demands a DPoP nonce'],
    [{ rotateKey: true }, 'rotates the signing key'],
    [{ hookTimeout: true }, "lets the hook's answer come too late"],
  ])('%j', (action, words) => {
    expect(faultAction(fault(action))).toBe(words);
  });

  it.each([
    [2, '2nd'],
    [11, '11th'],
    [21, '21st'],
  ])('counts every %i', (everyNth, words) => {
    expect(faultTarget(fault({ status: 500 }, { everyNth }))).toBe(`any method any path · every ${words}`);
  });

  it('tells which requests it meets', () => {
    expect(faultTarget(fault({ status: 500 }))).toBe('any method any path');
    const match = { method: 'POST', path: '/v1/*', identity: '+1' };
    expect(faultTarget(fault({ status: 500 }, { match, times: 2, everyNth: 3 }))).toBe(
      'POST /v1/* for +1 · every 3rd · 2 times',
    );
  });
});

it.each([
  [812, '812 bytes'],
  [13_600, '14 kB'],
  [2_340_000, '2.3 MB'],
])('%i bytes in words', (bytes, words) => {
  expect(sizeInWords(bytes)).toBe(words);
});
