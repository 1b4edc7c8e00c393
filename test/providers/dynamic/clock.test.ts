/** This clock is not the service's. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/providers/keyring.js';
import { totp } from '../../emulator/dynamic/client.js';
import { EMAIL, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { startFront, type Front } from './front.js';
import {
  computed,
  drive,
  enrolTotp,
  failure,
  granted,
  hold,
  inbox,
  library,
  logIn,
  newWallet,
  storeOf,
} from './library.js';

let env: Environment;
let front: Front;
beforeAll(async () => {
  env = await startEnvironment();
  front = await startFront(env.url, env.ready.dynamic.environmentId);
});
afterEach(async () => {
  front.forget();
  await env.reset();
});
afterAll(async () => {
  await front.stop();
  await env.close();
});

const SCOPE = 'wallet:export';
const HOUR = 3_600_000;

describe.each([3, -3, 26, -26])('a clock that is %i hours off', (hours) => {
  const now = (): number => Date.now() + hours * HOUR;
  const provider = () => library(env, { apiUrl: front.apiUrl, now });

  test('logs in, steps up, and knows when things end by itself', async () => {
    const ours = provider();
    await logIn(env, ours);
    const { expiresAt } = await ours.accessToken();
    expect(Math.abs(Date.parse(expiresAt) - now() - 2 * HOUR)).toBeLessThan(5000);
    const grant = await granted(ours.request([SCOPE], {}), inbox(env));
    expect(Math.abs(Date.parse(grant.expiresAt) - now() - 300_000)).toBeLessThan(5000);
    expect(await ours.check(SCOPE)).toMatchObject({ required: false, heldBy: 'grant' });
    const later = library(env, { apiUrl: front.apiUrl, now: () => now() + 280_000 });
    expect(await later.grants()).toHaveLength(1);
    const over = library(env, { apiUrl: front.apiUrl, now: () => now() + 310_000 });
    expect(await over.grants()).toEqual([]);
    expect(front.calls()).not.toContain('POST /refresh');
  });

  test('is told when the code was sent by the clock of the service, so that the message is found', async () => {
    const ours = provider();
    await logIn(env, ours);
    const started = Date.now();
    const { sentAt } = await ours.openCode();
    expect(Date.parse(sentAt)).toBeGreaterThan(started - 3000);
    expect(Date.parse(sentAt)).toBeLessThan(started + 3000);
  });

  test('computes the codes of the service’s time', async () => {
    const ours = provider();
    await logIn(env, ours);
    await enrolTotp(env, ours);
    const [secret = ''] = Object.values(await storeOf(env).keyring('totp')).map((kept) => kept.secret as string);
    const grant = await granted(provider().request([SCOPE], { method: 'totp' }), async (step) => {
      const code = await step.compute?.();
      const near = [-30_000, 0, 30_000, 60_000].map((ms) => totp(secret, Date.now() + ms));
      expect(near).toContain(code);
      return { code: code ?? '' };
    });
    expect(grant.factors).toEqual(['verify_totp']);
  });

  test('signs a message of a wallet that the service takes', async () => {
    await newWallet(env, 'main');
    const ours = provider();
    await drive(ours.login({ kind: 'wallet' }));
    await expect(granted(ours.request([SCOPE], { method: 'wallet' }))).resolves.toMatchObject({ scopes: [SCOPE] });
  });
});

test('a clock that is put right later: what was kept by the wrong one is over too early, or renewed, never wrong', async () => {
  const fast = library(env, { apiUrl: front.apiUrl, now: () => Date.now() - 3 * HOUR });
  await logIn(env, fast);
  const right = library(env, { apiUrl: front.apiUrl });
  expect(await failure(right.accessToken())).toMatchObject({ code: 'SESSION_OVER' });
  expect(await right.session()).toMatchObject({ identifier: EMAIL });
  await logIn(env, right);
  expect(await right.session()).toMatchObject({ identifier: EMAIL });
});

test('a first code that is computed by a wrong clock is refused; the second is by the service’s', async () => {
  const right = library(env, { apiUrl: front.apiUrl });
  await logIn(env, right);
  await enrolTotp(env, right);
  const wrong = library(env, { apiUrl: front.apiUrl, now: () => Date.now() + 300_000 });
  const { challengeId } = await (async () => {
    for await (const event of right.request([SCOPE], { method: 'totp' })) {
      if (event.type === 'challenge') return event.challenge;
    }
    throw new Error('no challenge');
  })();
  // No answer has told this process the time before.
  const events = await drive(wrong.resume(challengeId), computed, computed);
  expect(events.map(({ type }) => type)).toEqual(['challenge', 'step', 'step-refused', 'step', 'challenge', 'granted']);
});

test('steps that were reserved by a clock that was ahead are not waited for', async () => {
  const right = library(env, { apiUrl: front.apiUrl });
  await logIn(env, right);
  const id = await enrolTotp(env, right);
  const keyring = createKeyring(storeOf(env));
  await keyring.takeTotpStep(id, Math.floor((Date.now() + 3 * HOUR) / 30_000));
  const [[, { secret }]] = Object.entries(await storeOf(env).keyring('totp')) as unknown as [
    [string, { secret: string }],
  ];
  for await (const event of right.request([SCOPE], { method: 'totp' })) {
    if (event.type !== 'step') continue;
    expect([totp(secret, Date.now()), totp(secret, Date.now() - 30_000)]).toContain(await event.step.compute?.());
    break;
  }
});

test('an answer whose date is no date, or none, is taken for one of now', async () => {
  for (const date of ['yesterday', '']) {
    for (const call of ['GET /settings', 'POST /emailVerifications/signin', 'POST /emailVerifications/verify']) {
      front.alter(call, ({ headers }) => ({ headers: { ...headers, date } }));
    }
    const provider = library(env, { apiUrl: front.apiUrl });
    await logIn(env, provider);
    const grant = await hold(env, provider, SCOPE);
    expect(Math.abs(Date.parse(grant.expiresAt) - Date.now() - 300_000)).toBeLessThan(5000);
  }
});

test('a date that is wrong while the tokens are right: the grant that would be over at once is said to be so', async () => {
  const provider = library(env, { apiUrl: front.apiUrl });
  await logIn(env, provider);
  front.alter('POST /emailVerifications/verify', ({ headers }) => ({
    headers: { ...headers, date: new Date(Date.now() + HOUR).toUTCString() },
  }));
  expect(await failure(drive(provider.request([SCOPE], {}), inbox(env)))).toMatchObject({
    code: 'SCOPE_NOT_GRANTED',
    message: expect.stringContaining('is this clock right?'),
  });
  expect(await provider.grants()).toEqual([]);
});
