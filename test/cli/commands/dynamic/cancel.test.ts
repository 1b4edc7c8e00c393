/** Ctrl-C at each prompt: 130, nothing half done, and what was begun can be gone on with. */
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterruptedError } from '../../../../src/errors.js';
import { createKeyring } from '../../../../src/providers/keyring.js';
import { createStore } from '../../../../src/store/create.js';
import { EMAIL, PHONE, startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import type { Outcome, RunOptions } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const SCOPE = 'wallet:export';
const CTRL_C = '\u0003';
const byInbox = ['--code-command', 'inbox'];

async function done(args: string | string[], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const outcome = await env.run(args, { run: env.shell, ...options });
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome;
}
async function challenges(): Promise<{ challengeId: string; currentStep: string }[]> {
  return (await env.run('challenge list --json')).json<{ challenges: { challengeId: string; currentStep: string }[] }>()
    .challenges;
}
async function grants(): Promise<unknown[]> {
  return (await env.run('whoami --json')).json<{ grants: unknown[] }>().grants;
}
const session = async () => (await env.run('whoami --json')).json<{ session: { userId: string } }>().session;

describe('login', () => {
  test.each([
    ['the address', 'login', 'Phone number (E.164) or email address'],
    ['the code', `login --email ${EMAIL}`, 'Code sent by email to log in'],
  ])('at the prompt for %s: nobody is logged in', async (_what, args, shown) => {
    const { status, stdout } = await env.run(args, { answers: [[shown, CTRL_C]] });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect((await env.run('whoami')).status).toBe(4);
  });

  test('keeps the session that was there', async () => {
    await env.login();
    const before = await session();
    const { status } = await env.run(`login --phone ${PHONE}`, { answers: [['Code sent by SMS to log in', CTRL_C]] });
    expect(status).toBe(130);
    expect(await session()).toEqual(before);
  });

  test('at the choice between passkeys', async () => {
    for (const email of [EMAIL, 'grace@example.com']) {
      await env.login(email);
      await done(['passkey', 'add', ...byInbox]);
    }
    const before = await session();
    const { status, stdout } = await env.run('login --passkey', { answers: [['Log in with', CTRL_C]] });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect(await session()).toEqual(before);
  });
});

describe('request', () => {
  test('at the code: the challenge is kept, and goes on without another message', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run(`request ${SCOPE}`, {
      answers: [[`Code sent by email for ${SCOPE}`, CTRL_C]],
    });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    const [open] = await challenges();
    expect(stderr).toContain(`stepup challenge continue ${open!.challengeId}`);
    expect(await grants()).toEqual([]);
    const { code, id } = await env.newest();
    const continued = await done(['challenge', 'continue', open!.challengeId, '--code', code]);
    expect(decodeJwt(continued.stdout.trim())).toMatchObject({ scope: SCOPE });
    expect((await env.newest()).id).toBe(id);
    expect(await challenges()).toEqual([]);
  });

  test('at the choice between ways: nothing was begun', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
    await env.login();
    await done('wallet create');
    await done(['wallet', 'link', 'main', ...byInbox]);
    const before = await grants();
    const { id } = await env.newest();
    const { status, stdout } = await env.run(`request ${SCOPE}`, {
      answers: [[`Prove it is you, for ${SCOPE}`, CTRL_C]],
    });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect([await challenges(), await grants()]).toEqual([[], before]);
    expect((await env.newest()).id).toBe(id);
  });

  test.each([
    ['totp', `Code from the authenticator app for ${SCOPE}`],
    ['recovery', `Recovery code for ${SCOPE}`],
  ])('at the code of --method %s', async (method, shown) => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const keyring = createKeyring(createStore(env.home));
    for (const id of Object.keys(await createStore(env.home).keyring('totp'))) await keyring.removeTotp(id);
    const { status, stdout, stderr } = await env.run(`request ${SCOPE} --method ${method}`, {
      answers: [[shown, CTRL_C]],
    });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    const [open] = await challenges();
    expect(stderr).toContain(`stepup challenge continue ${open!.challengeId}`);
  });

  test('at the offer to enrol: nothing is enrolled', async () => {
    await env.login();
    const { status, stdout } = await env.run(`request ${SCOPE} --method mfa`, {
      answers: [['Enrol an authenticator app now?', CTRL_C]],
    });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect((await env.run('mfa list --json')).json()).toEqual({ methods: [] });
    const refused = await env.run(`request ${SCOPE} --method mfa`, {
      answers: [['Enrol an authenticator app now?', 'n\r']],
    });
    expect(refused.status).toBe(3);
  });

  test.each(['/emailVerifications/create', '/emailVerifications/verify'])(
    'while it waits for %s: the store is whole, and a new request succeeds',
    async (path) => {
      await env.login();
      const stop = new AbortController();
      const { status, stdout } = await env.run(['request', SCOPE, ...byInbox], {
        signal: stop.signal,
        run: env.shell,
        fetch: (input, init) => {
          if (new Request(input).url.endsWith(path)) stop.abort();
          return fetch(input, init);
        },
      });
      // A call that spends a proof outlives Ctrl-C, so that its answer is not lost.
      expect(status === 130 ? stdout : decodeJwt(stdout.trim()).scope).toBe(status === 130 ? '' : SCOPE);
      expect(status === 130 ? (await challenges()).length : 1).toBe(1);
      expect((await done(['request', SCOPE, ...byInbox])).status).toBe(0);
    },
  );

  test('while --code-command runs', async () => {
    await env.login();
    const stop = new AbortController();
    const { status, stderr } = await env.run(['request', SCOPE, ...byInbox], {
      signal: stop.signal,
      run: async () => {
        stop.abort();
        return { status: null, stdout: '', timedOut: false };
      },
    });
    expect(status).toBe(130);
    expect(stderr).toContain('stepup challenge continue');
    expect(await challenges()).toHaveLength(1);
  });
});

describe('a code that has to wait for its time', () => {
  test('Ctrl-C ends the wait', async () => {
    // Both codes that are good now are used up: the next one is a whole time step away.
    const started = Math.floor(Date.now() / 30_000) * 30_000 + 1000;
    const now = (): number => started;
    await env.login(EMAIL, { now });
    await done(['mfa', 'add', ...byInbox], { now });
    await done('request user:update', { now });
    const stop = new AbortController();
    const { status, stderr } = await env.run('request user:update --json', {
      now,
      signal: stop.signal,
      onStdout: (text) => {
        if (text.includes('"step"')) setImmediate(() => stop.abort(new InterruptedError()));
      },
    });
    expect(status).toBe(130);
    expect(stderr).toContain('stepup challenge continue');
  });
});

describe('otp check', () => {
  test('at the code', async () => {
    await env.login();
    await done('otp send');
    const { status, stdout } = await env.run(`otp check --scope ${SCOPE}`, {
      answers: [[`Code for ${SCOPE}`, CTRL_C]],
    });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    const { code } = await env.newest();
    expect((await done(['otp', 'check', '--code', code, '--scope', SCOPE])).status).toBe(0);
  });
});
