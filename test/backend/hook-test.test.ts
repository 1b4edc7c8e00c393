import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from '../../src/backend/case.js';
import { postHook, type HookCall } from '../../src/backend/hook-call.js';
import { testHook } from '../../src/backend/hook-test.js';
import { createSigningKey, type SigningKey } from '../../src/backend/keys.js';
import { answering, badHook, goodHook, hostile, startHook, type Handler, type RunningHook } from './sample-hooks.js';

const call: HookCall = {
  scope: 'transfer:write',
  userId: 'usr_1',
  identifiers: [{ type: 'phone_number', value: '+12025550123' }],
  signals: { userAgent: 'Firefox', platform: 'WEB', ip: '203.0.113.42' },
};

let key: SigningKey;
let stranger: SigningKey;
let jwks: ReturnType<typeof createServer>;
let jwksUrl: string;
let fetches = 0;
let hook: RunningHook | undefined;

beforeAll(async () => {
  [key, stranger] = await Promise.all([createSigningKey(2048), createSigningKey(2048)]);
  jwks = createServer((_, response) => {
    fetches += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [key.jwk] }));
  });
  await new Promise<void>((done) => jwks.listen(0, '127.0.0.1', done));
  jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks.json`;
});
afterEach(async () => {
  await hook?.close();
  hook = undefined;
  fetches = 0;
});
afterAll(() => jwks.close());

interface Given {
  calls?: HookCall[];
  stepKeys?: string[] | 'unknown';
  timeMs?: number;
}

/** The cases of a hook whose time limit is `timeMs` milliseconds. */
async function casesOf(
  handler: Handler,
  { calls = [call], stepKeys = ['kyc_review'], timeMs = 5000 }: Given = {},
): Promise<Case[]> {
  hook = await startHook(handler);
  const { url } = hook;
  const [first, ...more] = calls;
  const limits = { timeMs, bytes: 65_536 };
  const world = { fetch, now: Date.now, sleep: pause, signal: new AbortController().signal };
  return testHook({
    send: (request) => postHook(world, url, request, limits),
    limits,
    key,
    stranger: { kid: key.kid, privateKey: stranger.privateKey },
    calls: [first!, ...more],
    stepKeys: stepKeys === 'unknown' ? undefined : stepKeys,
    served: { url: jwksUrl, fetches: () => fetches },
  });
}
const faults = (cases: Case[]): string[] => cases.filter((one) => !one.holds && !one.advice).map(({ name }) => name);
const advice = (cases: Case[]): string[] => cases.filter((one) => !one.holds && one.advice).map(({ name }) => name);

describe('hooks as they are written', () => {
  test('the good one holds in every case', async () => {
    const cases = await casesOf(goodHook({ jwksUrl: () => jwksUrl }), {
      calls: [call, { ...call, scope: 'key:export' }],
    });
    expect(cases.filter(({ holds, hint }) => !holds || hint !== undefined)).toEqual([]);
    expect(cases.map(({ name }) => name)).toEqual([
      'correct call of transfer:write',
      'answer within 5 s',
      'time to spare',
      'no redirect',
      'content type',
      'answer of 64 KB at most',
      'correct call of key:export',
      'unsigned call refused',
      'signature of another key refused',
      'tampered body refused',
      'line end after the body refused',
      'unknown key id refused',
      'signature without key id refused',
      'signature that is none refused',
      'signature without prefix accepted',
      'padded signature accepted',
      'standard base64 accepted',
      'salt of 222 bytes accepted',
      'unknown scope',
      'largest metadata',
      'identifier of 320 characters',
      '10 calls at once',
    ]);
    expect(cases[0]).toEqual({
      name: 'correct call of transfer:write',
      holds: true,
      expected: 'a verdict',
      got: 'review by verify_sms, granted session-bound for 300 s',
    });
  });

  test('the bad one is told everything that it does wrong', async () => {
    const cases = await casesOf(badHook({ jwksUrl: () => jwksUrl }));
    expect(faults(cases)).toEqual([
      'unsigned call refused',
      'line end after the body refused',
      'unknown key id refused',
      'signature without key id refused',
      'unknown scope',
      'largest metadata',
      'identifier of 320 characters',
      '10 calls at once',
    ]);
    expect(advice(cases)).toEqual(['signature without prefix accepted', 'salt of 222 bytes accepted']);
  });

  test('one that looks for the key elsewhere is told where ours is', async () => {
    const cases = await casesOf(answering({ error: 'unknown key' }, { status: 401 }));
    expect(cases[0]).toMatchObject({
      holds: false,
      got: 'step_up.hook_failed invalid_status_code: expected status 2xx, got 401',
      hint: `It has not fetched ${jwksUrl}: point its key set there.`,
    });
    // That it refuses everything proves nothing.
    expect(faults(cases)).toEqual(['correct call of transfer:write']);
    expect(cases.find(({ name }) => name === 'unsigned call refused')).toMatchObject({
      holds: false,
      advice: true,
      got: '401, but a correct call is refused, too',
    });
    expect(cases.at(-1)?.name).toBe('all other cases');
  });

  test('one that answers unsigned calls with block has not refused them, but grants nothing', async () => {
    const cases = await casesOf(answering({ status: 'block', grant_mode: 'single-use', granted_for: 0, steps: [] }));
    expect(faults(cases)).toEqual([]);
    expect(advice(cases)).toContain('unsigned call refused');
  });
});

describe('answers that fail', () => {
  const good = { status: 'review', grant_mode: 'session-bound', granted_for: 300, steps: [] as object[] };
  const step = { order: 1, key: 'verify_sms', expiration_duration: 300 };

  test.each<[string, Handler, string]>([
    ['redirects', hostile.redirects, 'invalid_status_code'],
    ['streams for ever', hostile.streams, 'response_decode_failed'],
    ['answers 204', hostile.noContent, 'response_decode_failed'],
    ['closes the connection', hostile.closes, 'request_failed'],
    ['breaks off', hostile.breaksOff, 'request_failed'],
    ['answers HTML', answering('<h1>Hello</h1>', { type: 'text/html' }), 'response_decode_failed'],
    ['answers 65 KB', answering(`"${'x'.repeat(65 * 1024)}"`), 'response_decode_failed'],
    ['answers 500', answering({}, { status: 500 }), 'invalid_status_code'],
    ['answers a list', answering([]), 'invalid_response'],
    ['answers nothing of use', answering({}), 'invalid_status'],
    ['misses steps', answering(good), 'missing_steps'],
    ['grants for ever', answering({ ...good, granted_for: 1e9, steps: [step] }), 'invalid_granted_for'],
    ['grants in a way of its own', answering({ ...good, grant_mode: 'forever', steps: [step] }), 'invalid_grant_mode'],
    ['has wrong types', answering({ ...good, steps: [{ ...step, order: '1' }] }), 'invalid_step'],
    ['has a step that is not configured', answering({ ...good, steps: [{ ...step, key: 'other' }] }), 'invalid_step'],
  ])('a hook that %s', async (_, handler, reason) => {
    const cases = await casesOf(handler);
    expect(cases[0]).toMatchObject({ name: 'correct call of transfer:write', holds: false });
    expect(cases[0]!.got).toMatch(`step_up.hook_failed ${reason}: `);
  });

  test('one that redirects whatever comes is told that, and not that it checks no signature', async () => {
    const cases = await casesOf(hostile.redirects);
    expect(faults(cases)).toEqual(['correct call of transfer:write', 'no redirect']);
    expect(cases.find(({ name }) => name === 'unsigned call refused')).toMatchObject({
      advice: true,
      got: '307, as for a correct call',
    });
  });

  test('one that answers 204 is told of the empty body, and not of its type', async () => {
    const cases = await casesOf(hostile.noContent);
    expect(cases[0]).toMatchObject({
      got: 'step_up.hook_failed response_decode_failed: expected JSON, got an empty body (204)',
      hint: 'Answer 200 with the verdict as JSON.',
    });
    expect(cases.map(({ name }) => name)).not.toContain('content type');
    expect(faults(cases)).toContain('unsigned call refused');
  });

  test('one that is too late: nothing else is tried', async () => {
    const cases = await casesOf(hostile.silent, { timeMs: 150 });
    expect(cases.map(({ name, holds }) => [name, holds])).toEqual([
      ['correct call of transfer:write', false],
      ['answer within 0.15 s', false],
      ['all other cases', false],
    ]);
    expect(cases[1]!.got).toBe('no whole answer within 0.15 s');
  });

  test('all faults of one answer are told', async () => {
    const cases = await casesOf(answering({ status: 'review' }));
    expect(faults(cases).slice(0, 3)).toEqual([
      'correct call of transfer:write',
      'also wrong: invalid_granted_for',
      'also wrong: missing_steps',
    ]);
  });

  test('a custom step is advised to be checked when the step keys are not known', async () => {
    const cases = await casesOf(goodHook({ jwksUrl: () => jwksUrl }), {
      calls: [{ ...call, scope: 'key:export' }],
      stepKeys: 'unknown',
    });
    expect([faults(cases), advice(cases)]).toEqual([[], ['custom step kyc_review']]);
  });
});

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), fail(signal.reason)), { once: true });
  });
}
