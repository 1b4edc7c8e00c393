/** Codes that are wrong, late, used, too many; and those that are computed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/providers/keyring.js';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import type { StepEvent } from '../../../src/providers/provider.js';
import { totp, wrong } from '../../emulator/dynamic/client.js';
import { EMAIL, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { startFront, type Front } from './front.js';
import { computed, drive, enrolTotp, failure, granted, inbox, library, logIn, storeOf } from './library.js';

let env: Environment;
let front: Front;
let provider: DynamicProvider;
/** By how much the clock of both sides is ahead of the machine's. Milliseconds. */
let shift = 0;
const now = (): number => Date.now() + shift;
/** Waits that were asked for; time passes by itself. */
let slept: number[] = [];
const sleep = async (ms: number): Promise<void> => {
  slept.push(ms);
  shift += ms;
};

beforeAll(async () => {
  env = await startEnvironment({ now });
  front = await startFront(env.url, env.ready.dynamic.environmentId);
});
beforeEach(() => {
  // The first second of a time step, so that no test runs into the next one.
  shift = 30_000 - (Date.now() % 30_000) + 1000;
  slept = [];
  provider = library(env, { apiUrl: front.apiUrl, now, sleep });
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
const wrongCode = async (): Promise<{ code: string }> => ({ code: wrong((await env.newest()).code) });
const types = (events: StepEvent[]): string[] => events.map(({ type }) => type);
const open = async (): Promise<string[]> => (await provider.challenges()).map(({ challengeId }) => challengeId);

describe('a code that was sent', () => {
  test('is asked for again when it was wrong; resend sends another, and the old one is over', async () => {
    await logIn(env, provider);
    let first = '';
    const events = await drive(
      provider.request([SCOPE], {}),
      wrongCode,
      async () => {
        first = (await env.newest()).code;
        return 'resend' as const;
      },
      async () => ({ code: (await env.newest()).code === first ? wrong(first) : first }),
      inbox(env),
    );
    expect(types(events)).toEqual([
      'challenge',
      'code-sent',
      'step',
      'step-refused',
      'step',
      'code-sent',
      'step',
      'step-refused',
      'step',
      'challenge',
      'granted',
    ]);
    const refused = events.find(({ type }) => type === 'step-refused');
    expect(refused).toMatchObject({ key: 'verify_email', code: 'wrong_email_verification_token' });
  });

  test('five wrong ones end it: CHALLENGE_OVER, and the challenge is gone', async () => {
    await logIn(env, provider);
    const six = Array.from({ length: 6 }, () => wrongCode);
    expect(await failure(drive(provider.request([SCOPE], {}), ...six))).toMatchObject({
      code: 'CHALLENGE_OVER',
      serviceCode: 'too_many_email_verification_attempts',
    });
    expect(await open()).toEqual([]);
    await expect(granted(provider.request([SCOPE], {}), inbox(env))).resolves.toMatchObject({ scopes: [SCOPE] });
  });

  test('is over after ten minutes at the service, also where this clock says otherwise', async () => {
    await logIn(env, provider);
    const error = await failure(
      drive(provider.request([SCOPE], {}), async (step) => {
        await env.control.clock({ advance: 601 });
        return inbox(env)(step);
      }),
    );
    expect(error).toMatchObject({ code: 'CHALLENGE_OVER', serviceCode: 'invalid_email_verification' });
    expect(await open()).toEqual([]);
  });

  test('is over after ten minutes here: nothing is sent for it', async () => {
    await logIn(env, provider);
    const { challengeId = '' } = await provider.openCode();
    const { code } = await env.newest();
    shift += 600_001;
    expect(await provider.challenges()).toEqual([]);
    front.seen.length = 0;
    expect(await failure(provider.checkCode(challengeId, code, [SCOPE]))).toMatchObject({ code: 'CHALLENGE_OVER' });
    expect(await failure(drive(provider.resume(challengeId)))).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
    expect(front.seen).toEqual([]);
  });

  test('is used up by the grant: the same code does nothing more', async () => {
    await logIn(env, provider);
    await granted(provider.request([SCOPE], {}), inbox(env));
    const { code } = await env.newest();
    const events = await failure(drive(provider.request([SCOPE], {}), () => ({ code })));
    expect(events.message).toBe('no answer is left for verify_email');
  });

  test('that of a login: wrong, then right; five wrong ones end the login, and nobody is logged in', async () => {
    const events = await drive(provider.login({ kind: 'email', email: EMAIL }), wrongCode, inbox(env));
    expect(types(events)).toEqual(['code-sent', 'step', 'step-refused', 'step', 'logged-in']);
    await provider.logout();
    const six = Array.from({ length: 6 }, () => wrongCode);
    expect(await failure(drive(provider.login({ kind: 'email', email: EMAIL }), ...six))).toMatchObject({
      code: 'CHALLENGE_OVER',
      hint: 'Start again with: stepup login',
    });
    expect(await provider.session()).toBeUndefined();
  });

  test('an expired one of a login', async () => {
    const late = drive(provider.login({ kind: 'email', email: EMAIL }), async (step) => {
      await env.control.clock({ advance: 601 });
      return inbox(env)(step);
    });
    expect(await failure(late)).toMatchObject({ code: 'CHALLENGE_OVER', serviceCode: 'invalid_email_verification' });
    expect(await provider.session()).toBeUndefined();
  });

  test('a fourth message within ten minutes is RATE_LIMITED; the challenge goes on when the service lets it', async () => {
    await logIn(env, provider);
    await env.control.settings({ dynamic: { otpSends: 1 } });
    expect(await failure(drive(provider.request([SCOPE], {}), inbox(env)))).toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
    });
    const [id = ''] = await open();
    await env.control.settings({ dynamic: { otpSends: 1000 } });
    await expect(granted(provider.resume(id), inbox(env))).resolves.toMatchObject({ scopes: [SCOPE], challengeId: id });
  });

  test('sent without a scope: a message that could not be sent leaves nothing behind', async () => {
    await logIn(env, provider);
    await env.control.settings({ dynamic: { otpSends: 1 } });
    expect(await failure(provider.openCode())).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await open()).toEqual([]);
  });

  test('of a challenge without a scope cannot be walked to its end, only checked with one', async () => {
    await logIn(env, provider);
    const { challengeId = '' } = await provider.openCode();
    expect(await failure(drive(provider.resume(challengeId)))).toMatchObject({ code: 'SCOPE_COUNT', field: '--scope' });
    const { code } = await env.newest();
    expect(await failure(provider.checkCode(challengeId, code))).toMatchObject({ code: 'SCOPE_COUNT' });
    expect(await failure(provider.checkCode(challengeId, code, ['no scope']))).toMatchObject({
      code: 'SCOPE_INVALID',
      field: '--scope',
    });
    expect(await failure(provider.checkCode(challengeId, wrong(code), [SCOPE]))).toMatchObject({ code: 'CODE_WRONG' });
    // A wrong code names nothing: the scope is said again.
    expect(await failure(provider.checkCode(challengeId, code))).toMatchObject({ code: 'SCOPE_COUNT' });
    expect(await failure(provider.checkCode(challengeId, code, ['foo:bar']))).toMatchObject({
      code: 'SCOPE_NOT_ALLOWED',
    });
    const { grant } = await provider.checkCode(challengeId, code, [SCOPE]);
    expect(grant).toMatchObject({ scopes: [SCOPE] });
  });

  test('a challenge that is left before its code goes on with one, and does not send a second', async () => {
    await logIn(env, provider);
    for await (const event of provider.request([SCOPE], {})) if (event.type === 'code-sent') break;
    const { id } = await env.newest();
    const events = await drive(provider.resume((await open())[0]!), inbox(env));
    expect(types(events)).toEqual(['challenge', 'step', 'challenge', 'granted']);
    expect((await env.newest()).id).toBe(id);
  });
});

describe('a code of an authenticator app', () => {
  test('is computed twice within one time step: the second is that of the next step, at once', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const [[, { secret }]] = await keptTotp();
    shift += 30_000;
    const codes: string[] = [];
    for (const _ of [1, 2]) {
      await granted(provider.request(['user:update'], { method: 'totp' }), async (step) => {
        const code = (await step.compute!())!;
        codes.push(code);
        return { code };
      });
    }
    expect(codes).toEqual([totp(secret, now()), totp(secret, now() + 30_000)]);
    expect(slept).toEqual([]);
  });

  test('a third one within the step waits until its time has come', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    await granted(provider.request(['user:update'], { method: 'totp' }), computed);
    expect(slept).toEqual([]);
    await granted(provider.request(['user:update'], { method: 'totp' }), computed);
    expect(slept).toHaveLength(1);
    expect(slept[0]).toBeGreaterThan(20_000);
    expect(slept[0]).toBeLessThanOrEqual(30_000);
  });

  test('two at once never compute the same', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const codes = new Set<string>();
    const request = () =>
      drive(
        library(env, { apiUrl: front.apiUrl, now, sleep }).request(['user:update'], { method: 'totp' }),
        async (step) => {
          codes.add((await step.compute!())!);
          return computed(step);
        },
      );
    await Promise.allSettled([request(), request()]);
    expect(codes.size).toBe(2);
  });

  test('a wrong one is asked for again, a used one too; the service limits the tries', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const [[, { secret }]] = await keptTotp();
    const used = totp(secret, now());
    const fresh = totp(secret, now() + 30_000);
    const events = await drive(
      provider.request([SCOPE], { method: 'totp' }),
      () => ({ code: wrong(fresh) === used ? '999999' : wrong(fresh) }),
      () => ({ code: used }),
      () => ({ code: fresh }),
    );
    expect(types(events)).toEqual([
      'challenge',
      'step',
      'step-refused',
      'step',
      'step-refused',
      'step',
      'challenge',
      'granted',
    ]);
    expect(events.find(({ type }) => type === 'step-refused')).toMatchObject({ code: 'mfa_invalid_code' });

    const six = Array.from({ length: 6 }, () => () => ({ code: used }));
    expect(await failure(drive(provider.request([SCOPE], { method: 'totp' }), ...six))).toMatchObject({
      code: 'RATE_LIMITED',
      serviceCode: 'mfa_rate_limited',
    });
    expect(await open()).toHaveLength(1);
  });

  test('without its secret in the store nothing is computed', async () => {
    await logIn(env, provider);
    const id = await enrolTotp(env, provider);
    const [[, { secret }]] = await keptTotp();
    await createKeyring(storeOf(env)).removeTotp(id);
    const grant = await granted(provider.request([SCOPE], { method: 'totp' }), (step) => {
      expect(step.compute).toBeUndefined();
      return { code: totp(secret, now() + 30_000) };
    });
    expect(grant.factors).toEqual(['verify_totp']);
  });

  test('the secret of another user is not used', async () => {
    await logIn(env, provider, 'grace@example.com');
    const theirs = await enrolTotp(env, provider);
    await logIn(env, provider);
    await enrolTotp(env, provider);
    await createKeyring(storeOf(env)).removeTotp((await keptTotp()).find(([id]) => id !== theirs)![0]);
    const steps: unknown[] = [];
    for await (const event of provider.request([SCOPE], { method: 'totp' })) {
      if (event.type !== 'step') continue;
      steps.push(event.step.compute);
      break;
    }
    expect(steps).toEqual([undefined]);
  });

  async function keptTotp(): Promise<[[string, { secret: string }], ...[string, { secret: string }][]]> {
    return Object.entries(await storeOf(env).keyring('totp')) as never;
  }
});

describe('a recovery code', () => {
  test('that is wrong is asked for again; new ones end the old; case and blanks do not count', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const [old = ''] = await provider.recoveryCodes({ fresh: false });
    const [fresh = ''] = await provider.recoveryCodes({ fresh: true });
    const events = await drive(
      provider.request([SCOPE], { method: 'recovery' }),
      () => ({ code: old }),
      () => ({ code: ` ${fresh.toUpperCase()} ` }),
    );
    expect(types(events)).toEqual(['challenge', 'step', 'step-refused', 'step', 'challenge', 'granted']);
  });
});
