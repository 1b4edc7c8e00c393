/** Each method of Dynamic's StepUpAuthModule as a command. */
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startEnvironment, type Environment } from '../../../support/dynamic-application.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

interface Line {
  type: string;
  [fact: string]: unknown;
}
const byInbox = ['--code-command', 'inbox'];
const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const noColour = { NO_COLOR: '1' };
const types = (lines: Line[]): string[] => lines.map(({ type }) => type);

/** Runs a command that must succeed; codes come from the inbox. */
async function done(args: string | string[]): Promise<Awaited<ReturnType<Environment['run']>>> {
  const outcome = await env.run(args, { run: env.shell });
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome;
}
async function credentials(): Promise<{ id: string; format: string }[]> {
  return (await env.run('credential list --json')).json<{ credentials: { id: string; format: string }[] }>()
    .credentials;
}

describe('isStepUpRequired: check', () => {
  test('is 7 with the ways while the service wants it, 0 while it does not', async () => {
    await env.login();
    const [email] = await credentials();
    const { status, json } = await env.run('check wallet:export --json');
    expect([status, json()]).toEqual([
      7,
      {
        scope: 'wallet:export',
        required: true,
        credentials: [{ id: email!.id, method: 'email', label: EMAIL }],
        defaultCredentialId: email!.id,
      },
    ]);
    expect((await env.run('check wallet:export')).stdout).toBe(
      `wallet:export is not held. Get it with: stepup request wallet:export\n  email  ${EMAIL}\n`,
    );
    const free = await env.run('check wallet:sign --json');
    expect([free.status, free.json()]).toEqual([0, { scope: 'wallet:sign', required: false, reason: 'not-required' }]);
  });

  test('is 0 while a grant holds it, without a request', async () => {
    await env.login();
    await done(['request', 'wallet:export', ...byInbox]);
    const { status, json } = await env.run('check wallet:export --json', offline);
    expect([status, json()]).toEqual([
      0,
      {
        scope: 'wallet:export',
        required: false,
        heldBy: 'grant',
        expiresAt: expect.stringMatching(/Z$/),
        mode: 'single-use',
      },
    ]);
  });

  test('is 4 when nobody is logged in', async () => {
    const { status, error } = await env.run('check wallet:export --json');
    expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });
});

describe('promptStepUpAuth: request', () => {
  test('re-authenticates while there is no MFA: the token in a pipe, the facts beside it', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    expect(status).toBe(0);
    expect(stdout).toBe(`${stdout.trim()}\n`);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: 'wallet:export', singleUse: true });
    expect(stderr).toMatch(/^Challenge \S+ for wallet:export: now verify_email$/m);
    expect(stderr).toContain('Code sent by email.');
    expect(stderr).toMatch(/^Challenge \S+ for wallet:export: completed$/m);
  });

  test('takes MFA once there is one; --json has the same shape as at Prelude', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const { status, stderr, lines } = await env.run('request wallet:export user:update --json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const events = lines<Line>();
    expect(types(events)).toEqual(['challenge', 'step', 'challenge', 'granted']);
    const challengeId = events[0]!.challengeId;
    expect(events[0]).toEqual({
      type: 'challenge',
      challengeId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      scopeRequested: 'wallet:export user:update',
      currentStep: 'verify_totp',
      steps: [{ order: 1, key: 'verify_totp', kind: 'totp', done: false, expirationDuration: 600 }],
      userId: expect.any(String),
      sessionId: expect.any(String),
      expiresAt: expect.stringMatching(/Z$/),
    });
    expect(events[1]).toEqual({
      type: 'step',
      challengeId,
      key: 'verify_totp',
      kind: 'totp',
      choices: [],
      scope: 'wallet:export user:update',
    });
    expect(events[2]).toMatchObject({ challengeId, currentStep: 'completed', steps: [{ done: true }] });
    expect(events[3]).toEqual({
      type: 'granted',
      grant: {
        scopes: ['wallet:export', 'user:update'],
        token: expect.stringMatching(/^eyJ/),
        expiresAt: expect.stringMatching(/Z$/),
        grantedAt: expect.stringMatching(/Z$/),
        singleUse: true,
        mode: 'single-use',
        factors: ['verify_totp'],
        challengeId,
      },
    });
  });

  test('in a terminal asks for the code and shows the grant in words', async () => {
    await env.login();
    const { status, stdout } = await env.run('request wallet:export', {
      env: noColour,
      answers: [
        ['Code sent by email for wallet:export (or: resend)', 'resend\r'],
        [/✔[^]*\? Code sent by email/, async () => `${(await env.newest()).code}\r`],
      ],
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Granted wallet:export until \S+Z \(.* left\), for a single use, proved by verify_email\.$/m,
    );
    expect(await env.control.messages({ purpose: 'step-up' })).toHaveLength(2);
  });
});

describe('promptMfa: request --method mfa', () => {
  test('goes straight with one device, and lets one choose between several', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    expect(decodeJwt((await done('request user:update --method mfa')).stdout.trim())).toMatchObject({
      scope: 'user:update',
    });
    await done(['passkey', 'add', ...byInbox]);
    const { status, stdout, stderr } = await env.run('request user:update --method mfa', {
      env: noColour,
      answers: [['Prove it is you, for user:update', '\r']],
    });
    expect(status).toBe(0);
    expect(stderr).toMatch(/❯ passkey[^]*authenticator app[^]*recovery code/);
    expect(stdout).toContain('proved by verify_passkey');
  });

  test('none enrolled: 3 NO_METHOD without a terminal; in one, the offer to enrol, and then the grant', async () => {
    await env.login();
    const { status, error } = await env.run('request user:update --method mfa --json');
    expect([status, error().code]).toEqual([3, 'NO_METHOD']);
    expect(error().hint).toContain('stepup mfa add');
    const enrolled = await env.run('request user:update --method mfa', {
      env: noColour,
      answers: [
        ['Enrol an authenticator app now?', 'y\r'],
        ['Code sent by email for credential:link', async () => `${(await env.newest()).code}\r`],
        ['Code from your authenticator app; empty: let stepup compute it', '\r'],
      ],
    });
    expect(enrolled.status).toBe(0);
    expect(enrolled.stdout).toContain('proved by verify_totp');
  });
});

describe('promptReauthenticate: request --method reauth', () => {
  test('goes straight with one credential', async () => {
    await env.login();
    const { stdout } = await done(['request', 'user:update', '--method', 'reauth', ...byInbox]);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: 'user:update', singleUse: false });
  });

  test('lets one choose between several, that of the sign-in first; without a terminal 5 that lists them', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
    await env.login();
    await done('wallet create');
    await done(['wallet', 'link', 'main', ...byInbox]);
    const [email, wallet] = await credentials();
    const { status, error } = await env.run('request user:update --method reauth --json');
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--method']);
    expect(error().hint).toContain('--method NAME or --credential ID');
    expect(error().hint).toMatch(new RegExp(`${EMAIL} \\(${email!.id}\\), wallet main .* \\(${wallet!.id}\\)`));
    const chosen = await env.run('request user:update --method reauth', {
      env: noColour,
      answers: [['Prove it is you, for user:update', '\u001b[B\r']],
    });
    expect(chosen.status).toBe(0);
    expect(chosen.stderr).toMatch(/❯ code by email[^]*wallet main/);
    expect(chosen.stdout).toContain('proved by verify_wallet');
  });
});

describe('sendOtp, verifyOtp: otp send, otp check', () => {
  test('a code before a scope is named, and the scope with the code', async () => {
    await env.login();
    const sent = await env.run('otp send --json');
    expect(sent.json()).toEqual({
      codeSent: {
        challengeId: expect.any(String),
        step: 'verify_email',
        channel: 'email',
        sentAt: expect.stringMatching(/Z$/),
      },
    });
    const { code } = await env.newest();
    const { status, json } = await env.run(['otp', 'check', '--code', code, '--scope', 'wallet:export', '--json']);
    expect(status).toBe(0);
    const { challenge, grant } = json<{ challenge: Line; grant: { token: string } }>();
    expect(challenge).toMatchObject({ currentStep: 'completed', scopeRequested: 'wallet:export' });
    expect(decodeJwt(grant.token)).toMatchObject({ scope: 'wallet:export' });
  });

  test('sendOtp to a credential that is named', async () => {
    await done(['login', '--phone', PHONE, ...byInbox]);
    const [phone] = await credentials();
    const { stdout } = await done(['otp', 'send', '--credential', phone!.id]);
    expect(stdout).toMatch(/^Code sent by SMS\. Check it with: stepup otp check --challenge \S+\n$/);
    expect(await env.newest()).toMatchObject({ to: PHONE, purpose: 'step-up' });
  });

  test.each([
    ['email', ['--email', EMAIL]],
    ['sms', ['--phone', PHONE]],
  ])('verifyOtp: request --method %s', async (method, login) => {
    await done(['login', ...login, ...byInbox]);
    const { stdout } = await done(['request', 'wallet:export', '--method', method, ...byInbox, '--json']);
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ grant: { factors: [`verify_${method}`] } });
  });
});

describe('verifyWallet: request --method wallet', () => {
  test.each([['--method wallet'], ['--wallet main'], ['']])('signs without a question: %j', async (flags) => {
    await done('wallet create');
    await done('login --wallet');
    const { stdout } = await done(`request wallet:export --json ${flags}`.trim());
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ grant: { factors: ['verify_wallet'] } });
  });
});

describe('verifyPasskeyMfa: request --method passkey', () => {
  test('uses the passkey of the store without a question', async () => {
    await env.login();
    await done(['passkey', 'add', ...byInbox]);
    const { lines } = await done('request wallet:export --method passkey --json');
    expect(types(lines<Line>())).toEqual(['challenge', 'challenge', 'granted']);
    expect(lines<Line>().at(-1)).toMatchObject({ grant: { factors: ['verify_passkey'] } });
  });
});

describe('verifyTotpMfa: request --method totp', () => {
  test.each(['--method totp', '--device'])('computes the code from the enrolled secret: %s', async (flags) => {
    await env.login();
    const id = (await done(['mfa', 'add', ...byInbox])).stdout.trim();
    const { lines } = await done(`request wallet:export --json ${flags}${flags === '--device' ? ` ${id}` : ''}`);
    expect(lines<Line>().at(-1)).toMatchObject({ grant: { factors: ['verify_totp'] } });
  });
});

describe('verifyRecoveryCode: request --method recovery', () => {
  test('spends a code by --code; at the prompt as well', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const [first = '', second = ''] = (await done('mfa recovery-codes')).stdout.trim().split('\n');
    const { lines } = await done(['request', 'wallet:export', '--method', 'recovery', '--code', first, '--json']);
    expect(lines<Line>().at(-1)).toMatchObject({ grant: { factors: ['verify_recovery'] } });
    const again = await env.run(['request', 'wallet:export', '--method', 'recovery', '--code', first, '--json']);
    expect([again.status, again.error().code]).toEqual([3, 'CODE_WRONG']);
    const asked = await env.run('request wallet:export --method recovery', {
      env: noColour,
      answers: [['Recovery code for wallet:export', `${second}\r`]],
    });
    expect(asked.stdout).toContain('proved by verify_recovery');
  });
});

describe('resetState: reset', () => {
  test('forgets challenges, with --grants the grants too, and never the login; asks nobody', async () => {
    await env.login();
    await done(['request', 'wallet:export', ...byInbox]);
    await done('otp send');
    const first = await env.run('reset --json', offline);
    expect([first.status, first.json()]).toEqual([0, { challenges: 1, grants: 0 }]);
    expect((await env.run('check wallet:export', offline)).status).toBe(0);
    const second = await env.run('reset --grants', offline);
    expect([second.status, second.stdout]).toEqual([0, 'Forgotten: 0 challenges and 1 grant. The login stays.\n']);
    expect((await env.run('check wallet:export')).status).toBe(7);
    expect((await env.run('whoami --json')).json()).toMatchObject({ session: { identifier: EMAIL }, grants: [] });
  });
});
