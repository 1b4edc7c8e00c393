import { describe, expect, test } from 'vitest';
import { readVerdict, type HookAnswer, type HookReading } from '../../src/backend/hook-verdict.js';

const BOTH = [{ type: 'phone_number' }, { type: 'email_address' }];
const STEP = { order: 1, key: 'verify_sms', expiration_duration: 300 };
const REVIEW = { status: 'review', grant_mode: 'session-bound', granted_for: 300, steps: [STEP] };

const answered = (body: string | object, status = 200, contentType = 'application/json'): HookAnswer => ({
  outcome: 'answered',
  status,
  contentType,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const read = (answer: HookAnswer, stepKeys?: string[], identifiers = BOTH): HookReading =>
  readVerdict(answer, { stepKeys, identifiers });
const reasonsOf = (reading: HookReading): string[] => (reading.ok ? [] : reading.faults.map(({ reason }) => reason));

describe('verdicts', () => {
  test('the example of the documentation, steps in their order', () => {
    const body = {
      status: 'review',
      grant_mode: 'session-bound',
      granted_for: 300,
      steps: [
        { order: 2, key: 'kyc_review', expiration_duration: 3600 },
        { order: 1, key: 'verify_sms', expiration_duration: 300 },
      ],
    };
    expect(read(answered(body), ['kyc_review'])).toEqual({
      ok: true,
      verdict: {
        status: 'review',
        grantMode: 'session-bound',
        grantedFor: 300,
        steps: [
          { order: 1, key: 'verify_sms', expirationDuration: 300 },
          { order: 2, key: 'kyc_review', expirationDuration: 3600 },
        ],
      },
      customSteps: [],
      advice: [],
    });
    expect(read(answered(body))).toMatchObject({ ok: true, customSteps: ['kyc_review'] });
  });

  test.each<[string, object, string?]>([
    ['continue, whose steps do not count', { ...REVIEW, status: 'continue', steps: 'any' }],
    ['single-use for 0 s', { ...REVIEW, grant_mode: 'single-use', granted_for: 0 }],
    ['a day', { ...REVIEW, granted_for: 86_400 }],
    ['a step without time', { ...REVIEW, steps: [{ ...STEP, expiration_duration: 0 }] }],
    ['a charset', REVIEW, 'application/json; charset=utf-8'],
    ['a JSON type of one’s own', REVIEW, 'application/problem+json'],
    ['a status of 201', REVIEW],
  ])('%s is good', (_, body, type) => {
    expect(read(answered(body, 201, type))).toMatchObject({ ok: true, advice: [] });
  });

  test('block needs nothing else, but is advised to have it', () => {
    expect(read(answered({ status: 'block' }))).toEqual({
      ok: true,
      verdict: { status: 'block', steps: [] },
      customSteps: [],
      advice: [expect.stringContaining('grant_mode, granted_for, steps')],
    });
    expect(read(answered({ ...REVIEW, status: 'block', steps: [] }))).toMatchObject({ ok: true, advice: [] });
  });
});

describe('reasons of step_up.hook_failed', () => {
  test.each<[string, string, HookAnswer]>([
    ['no answer', 'request_failed', { outcome: 'failed', words: 'localhost refused the connection' }],
    ['a redirect', 'invalid_status_code', answered('', 302)],
    ['401', 'invalid_status_code', answered({ error: 'no' }, 401)],
    ['500 with a verdict', 'invalid_status_code', answered(REVIEW, 500)],
    ['500 that streams for ever', 'invalid_status_code', { outcome: 'too_large', status: 500 }],
    ['more than 64 KB', 'response_decode_failed', { outcome: 'too_large', status: 200 }],
    ['204', 'response_decode_failed', answered('', 204, '')],
    ['HTML', 'response_decode_failed', answered('<html></html>', 200, 'text/html')],
    ['HTML as JSON', 'response_decode_failed', answered('<html></html>')],
    ['a verdict as text', 'response_decode_failed', answered(REVIEW, 200, 'text/plain')],
    ['no content type', 'response_decode_failed', answered(REVIEW, 200, '')],
    ['a type that only begins so', 'response_decode_failed', answered(REVIEW, 200, 'application/jsonx')],
    ['half of JSON', 'response_decode_failed', answered('{"status":')],
    ['a byte order mark', 'response_decode_failed', answered('\ufeff{"status":"block"}')],
    [
      'no UTF-8',
      'response_decode_failed',
      { outcome: 'answered', status: 200, contentType: 'application/json', body: Buffer.from([0x22, 0xff, 0x22]) },
    ],
    ['a list', 'invalid_response', answered('[]')],
    ['null', 'invalid_response', answered('null')],
    ['a text', 'invalid_response', answered('"block"')],
    ['no status', 'invalid_status', answered({})],
    ['an unknown status', 'invalid_status', answered({ ...REVIEW, status: 'allow' })],
    ['capitals', 'invalid_status', answered({ ...REVIEW, status: 'REVIEW' })],
    ['no grant_mode', 'invalid_grant_mode', answered({ ...REVIEW, grant_mode: undefined })],
    ['an unknown grant_mode', 'invalid_grant_mode', answered({ ...REVIEW, grant_mode: 'session_bound' })],
    ['no granted_for', 'invalid_granted_for', answered({ ...REVIEW, granted_for: undefined })],
    ['granted_for as text', 'invalid_granted_for', answered({ ...REVIEW, granted_for: '300' })],
    ['below zero', 'invalid_granted_for', answered({ ...REVIEW, granted_for: -1 })],
    ['more than a day', 'invalid_granted_for', answered({ ...REVIEW, granted_for: 86_401 })],
    ['half a second', 'invalid_granted_for', answered({ ...REVIEW, granted_for: 0.5 })],
    ['no time for a session', 'invalid_granted_for', answered({ ...REVIEW, granted_for: 0 })],
    ['no steps', 'missing_steps', answered({ ...REVIEW, steps: undefined })],
    ['an empty list of steps', 'missing_steps', answered({ ...REVIEW, steps: [] })],
    ['steps as an object', 'invalid_step', answered({ ...REVIEW, steps: STEP })],
    ['a step as text', 'invalid_step', answered({ ...REVIEW, steps: ['verify_sms'] })],
    ['a key with a blank', 'invalid_step', answered({ ...REVIEW, steps: [{ ...STEP, key: 'verify sms' }] })],
    ['an order as text', 'invalid_step', answered({ ...REVIEW, steps: [{ ...STEP, order: '1' }] })],
    ['a step of two days', 'invalid_step', answered({ ...REVIEW, steps: [{ ...STEP, expiration_duration: 172_800 }] })],
    ['a step without time', 'invalid_step', answered({ ...REVIEW, steps: [{ order: 1, key: 'verify_sms' }] })],
    ['one order twice', 'invalid_step', answered({ ...REVIEW, steps: [STEP, { ...STEP, key: 'verify_email' }] })],
    ['one key twice', 'invalid_step', answered({ ...REVIEW, steps: [STEP, { ...STEP, order: 2 }] })],
    ['an unknown custom step', 'invalid_step', answered({ ...REVIEW, steps: [{ ...STEP, key: 'other' }] })],
  ])('%s: %s', (_, reason, answer) => {
    expect(reasonsOf(read(answer, ['kyc_review']))).toEqual([reason]);
  });

  test('a code by SMS for a user without a phone', () => {
    expect(read(answered(REVIEW), [], [{ type: 'email_address' }])).toMatchObject({
      faults: [{ reason: 'invalid_step', got: 'verify_sms for a user without phone_number' }],
    });
  });

  test('several faults: the first is the reason, the others are told', () => {
    const body = { status: 'review', grantMode: 'single-use', granted_for: '300', steps: [{ order: 1 }] };
    expect(read(answered(body))).toEqual({
      ok: false,
      faults: [
        expect.objectContaining({
          reason: 'invalid_grant_mode',
          got: 'none',
          hint: 'The field is called grant_mode, not grantMode.',
        }),
        expect.objectContaining({
          reason: 'invalid_granted_for',
          got: '"300"',
          hint: 'granted_for is a number, not text.',
        }),
        expect.objectContaining({ reason: 'invalid_step', got: 'none' }),
      ],
    });
  });
});
