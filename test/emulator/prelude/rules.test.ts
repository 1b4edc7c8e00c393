import { describe, expect, it } from 'vitest';
import {
  apply,
  currentStep,
  isExpired,
  open,
  type Challenge,
  type Event,
  type Opening,
} from '../../../src/emulator/prelude/rules.js';

const NOW = 1_000_000;

function opening(more: Partial<Opening> = {}): Opening {
  return {
    id: 'chl_1',
    userId: 'usr_1',
    sessionId: 'ses_1',
    scope: 'transfer:write',
    metadata: null,
    grantMode: 'session-bound',
    grantedFor: 300,
    steps: [
      { order: 2, key: 'kyc_review', expiration_duration: 3600 },
      { order: 1, key: 'verify_sms', expiration_duration: 120 },
    ],
    jti: 'j1',
    ...more,
  };
}

/** Applies events one after the other; the last one's outcome. */
function after(challenge: Challenge, now: number, ...events: Event[]): ReturnType<typeof apply> {
  let current = challenge;
  let outcome = apply(current, { type: 'present', jti: current.jti }, now);
  for (const event of events) {
    outcome = apply(current, event, now);
    if (outcome.refused !== undefined) return outcome;
    current = outcome.challenge;
  }
  return outcome;
}

function challengeAfter(challenge: Challenge, now: number, ...events: Event[]): Challenge {
  const outcome = after(challenge, now, ...events);
  if (outcome.refused !== undefined) throw new Error(outcome.words);
  return outcome.challenge;
}

const passSms: Event = { type: 'pass', jti: 'j1', key: 'verify_sms', nextJti: 'j2' };
const passKyc: Event = { type: 'pass', jti: 'j2', key: 'kyc_review', nextJti: 'j3' };
const spend: Event = { type: 'spend', jti: 'j3', userId: 'usr_1', sessionId: 'ses_1' };

describe('open', () => {
  it('sorts the steps by order, and the first one is current', () => {
    const challenge = open(opening(), NOW);
    expect(challenge.steps.map(({ key, done }) => [key, done])).toEqual([
      ['verify_sms', false],
      ['kyc_review', false],
    ]);
    expect(currentStep(challenge)?.key).toBe('verify_sms');
    expect(challenge.expiresAt).toBe(NOW + 120_000);
  });

  it('takes 600 seconds for a step with no duration', () => {
    const steps = [{ order: 1, key: 'verify_sms', expiration_duration: 0 }];
    expect(open(opening({ steps }), NOW).expiresAt).toBe(NOW + 600_000);
  });

  it('is complete at once without steps', () => {
    const challenge = open(opening({ steps: [] }), NOW);
    expect(challenge.status).toBe('completed');
    expect(challenge.completedAt).toBe(NOW);
    expect(challenge.expiresAt).toBe(NOW + 300_000);
  });

  it('lets a completed token live no longer than its grant, and ten minutes at most', () => {
    expect(open(opening({ steps: [], grantedFor: 5 }), NOW).expiresAt).toBe(NOW + 5000);
    expect(open(opening({ steps: [], grantedFor: 86_400 }), NOW).expiresAt).toBe(NOW + 600_000);
    expect(open(opening({ steps: [], grantMode: 'single-use', grantedFor: 0 }), NOW).expiresAt).toBe(NOW + 600_000);
  });
});

describe('send', () => {
  it('asks for a code over the channel of the current step', () => {
    const outcome = apply(open(opening(), NOW), { type: 'send', jti: 'j1' }, NOW);
    expect(outcome).toMatchObject({ effects: [{ type: 'code', channel: 'sms', step: 1 }] });
  });

  it('is refused for a custom step and for a completed challenge', () => {
    const custom = after(open(opening(), NOW), NOW, passSms, { type: 'send', jti: 'j2' });
    expect(custom).toMatchObject({ refused: 'bad_request' });
    const completed = after(open(opening(), NOW), NOW, passSms, passKyc, { type: 'send', jti: 'j3' });
    expect(completed).toMatchObject({ refused: 'bad_request' });
  });
});

describe('pass', () => {
  it('advances to the next step with a token of its own', () => {
    const challenge = challengeAfter(open(opening(), NOW), NOW + 1000, passSms);
    expect(currentStep(challenge)?.key).toBe('kyc_review');
    expect(challenge).toMatchObject({ status: 'open', jti: 'j2', expiresAt: NOW + 1000 + 3_600_000 });
  });

  it('completes with the last step', () => {
    const challenge = challengeAfter(open(opening(), NOW), NOW, passSms, passKyc);
    expect(challenge).toMatchObject({ status: 'completed', jti: 'j3', completedAt: NOW });
    expect(challenge.steps.every(({ done }) => done)).toBe(true);
  });

  it.each<[string, Event, string]>([
    ['a key that the challenge lacks', { ...passSms, key: 'selfie' }, 'step_not_found'],
    ['a key that is not current', { ...passSms, key: 'kyc_review' }, 'step_bypassed'],
    ['an earlier token', { ...passSms, jti: 'j0' }, 'token_reused'],
  ])('refuses %s', (_, event, refused) => {
    expect(apply(open(opening(), NOW), event, NOW)).toMatchObject({ refused });
  });

  it('refuses a step that is done', () => {
    const outcome = after(open(opening(), NOW), NOW, passSms, { ...passSms, jti: 'j2' });
    expect(outcome).toMatchObject({ refused: 'step_bypassed' });
  });
});

describe('time', () => {
  it('expires at the very millisecond', () => {
    const challenge = open(opening(), NOW);
    expect(apply(challenge, { type: 'present', jti: 'j1' }, NOW + 119_999).refused).toBeUndefined();
    expect(apply(challenge, { type: 'present', jti: 'j1' }, NOW + 120_000)).toMatchObject({
      refused: 'expired_challenge_token',
    });
    expect(isExpired(challenge, 'j1', NOW + 120_000)).toBe(true);
    expect(isExpired(challenge, 'j0', NOW + 120_000)).toBe(false);
  });
});

describe('exhaust', () => {
  it('kills the challenge for every later event', () => {
    const dead = challengeAfter(open(opening(), NOW), NOW, { type: 'exhaust', jti: 'j1' });
    for (const event of [passSms, { type: 'send', jti: 'j1' }, { ...spend, jti: 'j1' }] as Event[]) {
      expect(apply(dead, event, NOW)).toMatchObject({ refused: 'invalid_challenge_token' });
    }
  });

  it('does nothing to a challenge that has moved on', () => {
    const moved = challengeAfter(open(opening(), NOW), NOW, passSms);
    expect(apply(moved, { type: 'exhaust', jti: 'j1' }, NOW)).toMatchObject({ refused: 'token_reused' });
  });
});

describe('spend', () => {
  const completed = challengeAfter(open(opening(), NOW), NOW, passSms, passKyc);

  it('grants for granted_for seconds from completion', () => {
    expect(apply(completed, spend, NOW + 10_000)).toMatchObject({
      challenge: { status: 'spent' },
      effects: [{ type: 'grant', scope: 'transfer:write', mode: 'session-bound', endsAt: NOW + 300_000 }],
    });
  });

  it('grants a single use without an end when granted_for is 0', () => {
    const single = open(opening({ steps: [], grantMode: 'single-use', grantedFor: 0, jti: 'j3' }), NOW);
    expect(apply(single, spend, NOW)).toMatchObject({ effects: [{ type: 'grant', mode: 'single-use', endsAt: null }] });
  });

  it('refuses the second time', () => {
    const spent = challengeAfter(completed, NOW, spend);
    expect(apply(spent, spend, NOW)).toMatchObject({ refused: 'token_reused' });
  });

  it.each<[string, Challenge, Event, string]>([
    ["another session's", completed, { ...spend, sessionId: 'ses_2' }, 'token_mismatch'],
    ["another user's", completed, { ...spend, userId: 'usr_2' }, 'token_mismatch'],
    ['a pending one', open(opening(), NOW), { ...spend, jti: 'j1' }, 'step_not_completed'],
    ['an earlier one', completed, { ...spend, jti: 'j2' }, 'token_reused'],
  ])('refuses %s', (_, challenge, event, refused) => {
    expect(apply(challenge, event, NOW)).toMatchObject({ refused });
  });

  it('refuses one whose grant would be over', () => {
    expect(apply(completed, spend, NOW + 300_000)).toMatchObject({ refused: 'expired_challenge_token' });
  });
});
