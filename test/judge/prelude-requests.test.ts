/**
 * The SDK's requests and ours for the same walk, side by side: method, path, header names, body fields, and what the proofs carry.
 * Each difference is listed below with its reason. One that is not listed fails, and so does one that is listed and gone.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../src/http/client.js';
import { createPrelude } from '../../src/providers/prelude/prelude.js';
import type { Provider, StepEvent } from '../../src/providers/provider.js';
import { createStore } from '../../src/store/create.js';
import type { PreludeDriver } from './pages/prelude.js';
import { launchChromium, skipsWithoutChromium, type Browser } from './support/chromium.js';
import { runEmulator, type JudgedEmulator } from './support/emulator.js';
import { application, type Application } from './support/prelude-application.js';
import { startRecorder, type Recorder } from './support/recorder.js';
import { differences, shapeOf, type Shape } from './support/request-shape.js';
import { openSdkPage, valueOf } from './support/sdk-page.js';

const SCOPE = 'transfer:write';
const METADATA = { amount: '500' };

const DIALECT =
  'The SDK of 0.6.0 logs in by the legacy paths. We take the current ones first: the service documents them, and they end in a finalize.';
const BY_HEADER =
  'A page has only the cookie to tell which code it means. We have the header that the service sends for clients without a browser.';
const COOKIE_JAR =
  'The browser sends the cookies of the host with every call. We carry the refresh token by header, as the SDK does beside its cookie.';

/** Differences that are meant, each with its reason. */
const REASONS: Record<string, string> = {
  'start the login: POST /v1/session/login/otp is sent by the SDK only': DIALECT,
  'start the login: POST /v1/session/otp is sent by us only': DIALECT,
  'log in: POST /v1/session/login/otp/check is sent by the SDK only': DIALECT,
  'log in: POST /v1/session/otp/check is sent by us only': DIALECT,
  'log in: POST /v1/session/login/finalize is sent by us only': DIALECT,
  'check a wrong code: POST /v1/session/otp/check: header x-verification-token, we only': BY_HEADER,
  'check the right code: POST /v1/session/otp/check: header x-verification-token, we only': BY_HEADER,
  'send the code again: POST /v1/session/otp/retry: header x-verification-token, we only': BY_HEADER,
  'request the scope: POST /v1/session/stepup/request: header cookie, the SDK only': COOKIE_JAR,
  'send the code: POST /v1/session/otp: header cookie, the SDK only': COOKIE_JAR,
  'check the right code: POST /v1/session/refresh: header cookie, the SDK only': COOKIE_JAR,
  'refresh: POST /v1/session/refresh: header cookie, the SDK only': COOKIE_JAR,
  'log out: POST /v1/session/revoke: header cookie, the SDK only': COOKIE_JAR,
};

/** The requests of each step of the walk, in its order. */
type Walk = Map<string, Shape[]>;

describe.skipIf(skipsWithoutChromium())('our requests beside those of @prelude.so/js-sdk 0.6.0', () => {
  let emulator: JudgedEmulator;
  let app: Application;
  let recorder: Recorder;
  let theirs: Walk;

  beforeAll(async () => {
    emulator = await runEmulator();
    app = application(emulator.ready);
    recorder = await startRecorder(emulator);
    await app.configure({
      allowedScopes: [
        {
          scope: SCOPE,
          mode: 'direct',
          direct: {
            identifier_types: ['phone_number'],
            status: 'review',
            grant_mode: 'session-bound',
            granted_for: 300,
            steps: [{ order: 1, key: 'verify_sms', expiration_duration: 300 }],
          },
        },
      ],
    });
    theirs = await walkOfSdk('+33612000001');
  });

  afterAll(async () => {
    await recorder?.close();
    await emulator?.stop();
  });

  it('differ only where there is a reason', async () => {
    const ours = await walkOfOurs('+33612000002');
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    const found = [...theirs].flatMap(([step, shapes]) => differences(step, shapes, ours.get(step) ?? []));
    expect(found.toSorted()).toEqual(Object.keys(REASONS).toSorted());
  });

  it('are the same at login where the service has the legacy paths only, after the one call that finds it out', async () => {
    await app.answerOnce('POST', '/v1/session/otp', 404, { code: 'not_found', type: 'not_found' });
    const ours = await walkOfOurs('+33612000003');
    const found = ['start the login', 'log in'].flatMap((step) =>
      differences(step, theirs.get(step) ?? [], ours.get(step) ?? []),
    );
    expect(found).toEqual(['start the login: POST /v1/session/otp is sent by us only']);
  });

  /** One code that cannot be the right one. */
  const wrong = (code: string): string => (code.startsWith('0') ? '1' : '0') + code.slice(1);

  async function walkOfSdk(phone: string): Promise<Walk> {
    const walk: Walk = new Map();
    const done = (step: string): void => void walk.set(step, recorder.take().map(shapeOf));
    const browser: Browser = await launchChromium();
    try {
      const { sdk } = await openSdkPage<PreludeDriver>(browser.context, 'prelude');
      await sdk.open(recorder.domain);
      valueOf(await sdk.startLogin(phone));
      done('start the login');
      valueOf(await sdk.checkLogin(await app.newestCode(phone)));
      done('log in');
      valueOf(await sdk.request(SCOPE, METADATA));
      done('request the scope');
      const id = valueOf(await sdk.challenges())[0]!.challengeId;
      valueOf(await sdk.otpCreate(id));
      done('send the code');
      const code = await app.newestCode(phone);
      expect(await sdk.otpCheck(id, wrong(code))).toMatchObject({ error: 'BadRequestError' });
      done('check a wrong code');
      valueOf(await sdk.otpRetry());
      done('send the code again');
      valueOf(await sdk.otpCheck(id, await app.newestCode(phone)));
      done('check the right code');
      valueOf(await sdk.forceRefresh());
      done('refresh');
      valueOf(await sdk.logout());
      done('log out');
    } finally {
      await browser.close();
    }
    return walk;
  }

  async function walkOfOurs(phone: string): Promise<Walk> {
    const walk: Walk = new Map();
    const done = (step: string): void => void walk.set(step, recorder.take().map(shapeOf));
    const home = await mkdtemp(join(tmpdir(), 'stepup-judge-home-'));
    try {
      let ahead = 0; // milliseconds
      const prelude = ourClient(home, () => Date.now() + ahead);

      const login = prelude.login({ kind: 'phone', phone });
      const loginStep = await until(login, 'step');
      done('start the login');
      loginStep.step.answer({ code: await app.newestCode(phone) });
      await until(login, 'logged-in');
      done('log in');

      const request = prelude.request([SCOPE], { metadata: METADATA });
      const { challenge } = await until(request, 'challenge');
      await request.return();
      done('request the scope');
      const id = challenge.challengeId;
      await prelude.sendCode(id, { again: false });
      done('send the code');
      await expect(prelude.checkCode(id, wrong(await app.newestCode(phone)))).rejects.toMatchObject({
        code: 'CODE_WRONG',
      });
      done('check a wrong code');
      await prelude.sendCode(id, { again: true });
      done('send the code again');
      const { grant } = await prelude.checkCode(id, await app.newestCode(phone));
      expect(grant?.scopes).toEqual([SCOPE]);
      done('check the right code');
      ahead = 55_000; // the access token is good for 60 s, and renewed 10 s before its end
      await prelude.accessToken();
      done('refresh');
      ahead = 0;
      await prelude.logout();
      done('log out');
    } finally {
      await rm(home, { recursive: true, force: true });
    }
    return walk;
  }

  function ourClient(home: string, now: () => number): Provider {
    const http = createHttp({
      fetch,
      now,
      sleep: () => Promise.reject(new Error('nothing of this walk is tried again')),
      signal: new AbortController().signal,
      timeoutMs: 10_000,
      userAgent: 'stepup/judge',
    });
    const { appId, managementUrl } = emulator.ready.prelude;
    const target = { provider: 'prelude' as const, appId, frontendUrl: recorder.url, managementUrl };
    return createPrelude({ http, store: createStore(home), now, randomBytes, target });
  }
});

/** Goes on to the next event of this type. */
async function until<Type extends StepEvent['type']>(
  events: AsyncGenerator<StepEvent, void>,
  type: Type,
): Promise<Extract<StepEvent, { type: Type }>> {
  for (;;) {
    const { value, done } = await events.next();
    if (done || !value) throw new Error(`The events ended without \`${type}\`.`);
    if (value.type === type) return value as Extract<StepEvent, { type: Type }>;
  }
}
