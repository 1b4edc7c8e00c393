/** Bad input and a service that misbehaves, as the commands tell of it. */
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(async () => {
  await env.control.clearFaults();
  await env.reset();
});
afterAll(() => env.close());

const SCOPE = 'wallet:export';
const byInbox = ['--code-command', 'inbox'];
const offline = { fetch: () => Promise.reject(new Error('the network was used')) };

async function done(args: string | string[], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const outcome = await env.run(args, { run: env.shell, ...options });
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome;
}
const verdict = ({ status, error }: Outcome): [number, string, string | undefined] => [
  status,
  error().code,
  error().field,
];

describe('what is asked for', () => {
  test.each<[string[], string, string | undefined]>([
    [[''], 'SCOPE_INVALID', 'scope'],
    [['wallet'], 'SCOPE_INVALID', 'scope'],
    [['wallet:'], 'SCOPE_INVALID', 'scope'],
    [['wallet:export wallet:sign'], 'SCOPE_INVALID', 'scope'],
    [['wallet:éxport'], 'SCOPE_INVALID', 'scope'],
    [[`wallet:${'x'.repeat(200)}`], 'SCOPE_INVALID', 'scope'],
    [[], 'USAGE', undefined],
    [[SCOPE, '--metadata', 'amount=1'], 'COMMAND_UNSUPPORTED', '--metadata'],
    [[SCOPE, '--method', 'magic'], 'FLAG_INVALID', '--method'],
    [[SCOPE, '--method', ''], 'FLAG_INVALID', '--method'],
    [[SCOPE, '--wallet', 'main', '--device', 'd'], 'FLAG_CONFLICT', '--device'],
    [[SCOPE, '--credential', 'c', '--wallet', 'main'], 'FLAG_CONFLICT', '--wallet'],
    [[SCOPE, '--method', 'email', '--wallet', 'main'], 'FLAG_CONFLICT', '--wallet'],
    [[SCOPE, '--method', 'reauth', '--device', 'd'], 'FLAG_CONFLICT', '--device'],
    [[SCOPE, '--method', 'email', '--assertion', '-'], 'FLAG_CONFLICT', '--assertion'],
    [[SCOPE, '--assertion', '-', '--assertion-command', 'x'], 'FLAG_CONFLICT', '--assertion-command'],
    [[SCOPE, '--code', '123456', '--code-command', 'x'], 'FLAG_CONFLICT', '--code-command'],
  ])('request %j is status 2, %s at %s, before the network', async (args, code, field) => {
    await env.login();
    const outcome = await env.run(['request', ...args, '--json'], { ...offline, stdin: 'hunter2' });
    expect(verdict(outcome)).toEqual([2, code, field]);
    expect(outcome.stdout).toBe('');
  });

  test('a scope that is named twice is asked for once; a huge list is the service’s to rule on', async () => {
    await env.login();
    const { stdout } = await done(['request', SCOPE, 'user:update', SCOPE, ...byInbox]);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: `${SCOPE} user:update` });
    const many = Array.from({ length: 300 }, (_, at) => `made:up${at}`);
    const { id } = await env.newest();
    expect(verdict(await env.run(['request', ...many, ...byInbox, '--json'], { run: env.shell }))).toEqual([
      3,
      'SCOPE_NOT_ALLOWED',
      undefined,
    ]);
    expect((await env.newest()).id).toBe(id);
  });

  test('a scope that the service does not know is refused before a code is sent', async () => {
    await env.login();
    const { id } = await env.newest();
    const { status, error } = await env.run(['request', 'made:up', ...byInbox, '--json'], { run: env.shell });
    expect([status, error().code]).toEqual([3, 'SCOPE_NOT_ALLOWED']);
    expect(error().message).toContain('made:up');
    expect(error().hint).toContain('stepup scope list');
    expect((await env.newest()).id).toBe(id);
    expect((await env.run('challenge list --json')).json()).toEqual({ challenges: [] });
  });

  test.each([
    ['--credential', [SCOPE, '--credential', 'nobody'], '--credential'],
    ['--wallet', [SCOPE, '--wallet', 'nobody'], '--wallet'],
    ['--device', [SCOPE, '--device', 'nobody'], '--device'],
  ])('%s that nobody has is CREDENTIAL_UNKNOWN', async (_what, args, field) => {
    await env.login();
    expect(verdict(await env.run(['request', ...args, '--json']))).toEqual([2, 'CREDENTIAL_UNKNOWN', field]);
  });

  test.each(['', 'x', '00000000-0000-4000-8000-00000000000', '00000000-0000-4000-8000-00000000000G', 'x'.repeat(5000)])(
    'the environment id %j is ENVIRONMENT_INVALID, before the network',
    async (id) => {
      const outcome = await env.run(
        ['login', '--email', EMAIL, '--code', '123456', '--environment', id, '--json'],
        offline,
      );
      expect([outcome.status, outcome.error().code]).toEqual([
        2,
        expect.stringMatching(/ENVIRONMENT_INVALID|FLAG_INVALID/),
      ]);
    },
  );

  test('an environment that the service does not know', async () => {
    const outcome = await env.run(
      ['login', '--email', EMAIL, ...byInbox, '--environment', '11111111-1111-4111-8111-111111111111', '--json'],
      { run: env.shell },
    );
    expect([outcome.status, outcome.error().code]).toEqual([3, 'APPLICATION_UNKNOWN']);
  });

  test.each<[string[], number, string]>([
    [['--phone', '5551234242'], 2, 'PHONE_INVALID'],
    [['--email', 'ada'], 2, 'EMAIL_INVALID'],
    [['--email', EMAIL, '--phone', PHONE], 2, 'FLAG_CONFLICT'],
    [['--wallet', 'nobody'], 2, 'WALLET_UNKNOWN'],
    [['--wallet'], 2, 'WALLET_UNKNOWN'],
    [['--passkey'], 3, 'NO_METHOD'],
    [['--email', EMAIL], 5, 'INPUT_NEEDED'],
    [[], 5, 'INPUT_NEEDED'],
    [['--email', EMAIL, '--code', '1'], 2, 'FLAG_INVALID'],
    [['--email', EMAIL, '--code', '000000'], 3, 'CODE_WRONG'],
  ])('login %j is %i, %s', async (args, status, code) => {
    const outcome = await env.run(['login', ...args, '--json']);
    expect([outcome.status, outcome.error().code]).toEqual([status, code]);
    expect((await env.run('whoami')).status).toBe(4);
  });

  test('a token of the backend that is none is not quoted', async () => {
    await env.login();
    for (const args of [
      ['login', '--jwt', '-'],
      ['request', SCOPE, '--assertion', '-'],
    ]) {
      const { status, stderr, error } = await env.run([...args, '--json'], { stdin: 'hunter2' });
      expect([status, error().code]).toEqual([2, 'ASSERTION_INVALID']);
      expect(stderr).not.toContain('hunter2');
    }
  });
});

describe('codes', () => {
  test('a refused --code ends it with 3, and the challenge goes on without another message', async () => {
    await env.login();
    const { status, error } = await env.run(['request', SCOPE, '--code', '000000', '--json']);
    expect([status, error().code]).toEqual([3, 'CODE_WRONG']);
    expect(error().hint).toContain('stepup challenge continue');
    const { code, id } = await env.newest();
    expect(decodeJwt((await done(['challenge', 'continue', '--code', code])).stdout.trim())).toMatchObject({
      scope: SCOPE,
    });
    expect((await env.newest()).id).toBe(id);
  });

  test('a code of another form is refused before it is sent to the service', async () => {
    await env.login();
    const { status, error } = await env.run(['request', SCOPE, '--code', 'abcdef', '--json']);
    expect([status, error().code, error().message]).toEqual([2, 'FLAG_INVALID', '--code takes a code of six digits.']);
    expect((await env.run('challenge list --json')).json()).toMatchObject({
      challenges: [{ currentStep: 'verify_email' }],
    });
  });

  test('an expired one ends the challenge; a new request succeeds', async () => {
    await env.login();
    const { status, error } = await env.run(['request', SCOPE, ...byInbox, '--json'], {
      run: async (line, options) => {
        await env.control.clock({ advance: 601 });
        return env.shell(line, options);
      },
    });
    expect([status, error().code]).toEqual([3, 'CHALLENGE_OVER']);
    expect(error().hint).toContain('stepup request');
    expect((await env.run('challenge list --json')).json()).toEqual({ challenges: [] });
    await done(['request', SCOPE, ...byInbox]);
  });

  test('too many messages is 6 RATE_LIMITED; the challenge is kept', async () => {
    await env.login();
    await env.control.settings({ dynamic: { otpSends: 1 } });
    const { status, error, stderr } = await env.run(['request', SCOPE, ...byInbox, '--json'], { run: env.shell });
    expect([status, error().code]).toEqual([6, 'RATE_LIMITED']);
    expect(stderr).toContain('stepup challenge continue');
    await env.control.settings({ dynamic: { otpSends: 1000 } });
    await done(['challenge', 'continue', ...byInbox]);
  });

  test('five wrong ones end it with 3, over several commands', async () => {
    await env.login();
    await env.run(['request', SCOPE, '--code', '000000']);
    const outcomes: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      outcomes.push((await env.run(['challenge', 'continue', '--code', '000000', '--json'])).error().code);
    }
    expect(outcomes).toEqual(['CODE_WRONG', 'CODE_WRONG', 'CODE_WRONG', 'CODE_WRONG', 'CHALLENGE_OVER']);
    expect((await env.run('challenge continue --json')).error().code).toBe('CHALLENGE_UNKNOWN');
  });

  test('--code-command gets the service’s own id of the code, and of the emulator; no key', async () => {
    await env.login();
    const seen: Record<string, string | undefined>[] = [];
    await done(['request', SCOPE, '--code-command', './code.sh'], {
      env: { STEPUP_MANAGEMENT_KEY: 'sk_secret' },
      run: async (line, options) => {
        seen.push({ ...options.env });
        return env.shell(line, options);
      },
    });
    const { challengeId } = await env.newest();
    expect(seen).toEqual([
      {
        STEPUP_EMULATOR_URL: env.url,
        STEPUP_CHALLENGE_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
        STEPUP_STEP: 'verify_email',
        STEPUP_SCOPE: SCOPE,
        STEPUP_SENT_AT: expect.stringMatching(/Z$/),
        STEPUP_VERIFICATION_ID: challengeId,
      },
    ]);
    expect(seen[0]!.STEPUP_CHALLENGE_ID).not.toBe(challengeId);
  });

  test('a wrong code of an authenticator app is 3 with the challenge kept', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const { status, error } = await env.run(['request', SCOPE, '--method', 'totp', '--code', '000000', '--json']);
    expect([status, error().code]).toEqual([3, 'CODE_WRONG']);
    expect((await env.run('challenge list --json')).json()).toMatchObject({
      challenges: [{ currentStep: 'verify_totp' }],
    });
    await done('challenge continue');
  });

  test('re-authentication beside MFA is 3 MFA_REQUIRED', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const { status, error } = await env.run(['request', SCOPE, '--method', 'email', ...byInbox, '--json'], {
      run: env.shell,
    });
    expect([status, error().code]).toEqual([3, 'MFA_REQUIRED']);
    expect(error().hint).toContain('--method mfa');
    expect((await env.run('challenge list --json')).json()).toEqual({ challenges: [] });
  });
});

describe('otp', () => {
  test('check without a scope for a code that was sent without one is 2, before the code is asked for', async () => {
    await env.login();
    await done('otp send');
    const outcome = await env.run('otp check --json', { tty: true });
    expect(verdict(outcome)).toEqual([2, 'SCOPE_COUNT', '--scope']);
  });

  test.each([
    ['unknown', 'nobody'],
    ['empty', ''],
  ])('send to a credential that is %s', async (_what, id) => {
    await env.login();
    expect(verdict(await env.run(['otp', 'send', '--credential', id, '--json']))).toEqual([
      2,
      'CREDENTIAL_UNKNOWN',
      '--credential',
    ]);
    expect((await env.run('challenge list --json')).json()).toEqual({ challenges: [] });
  });

  test('send to a wallet says why not', async () => {
    await done('wallet create');
    await done('login --wallet');
    const { status, error } = await env.run('otp send --json');
    expect([status, error().code]).toEqual([2, 'CREDENTIAL_UNKNOWN']);
    const { credentials } = (await env.run('credential list --json')).json<{ credentials: { id: string }[] }>();
    const named = await env.run(['otp', 'send', '--credential', credentials[0]!.id, '--json']);
    expect(named.error().message).toContain('it is no email address or phone number');
  });

  test('send again goes to the challenge that is open; two challenges are told apart by id', async () => {
    await env.login();
    const first = (await done('otp send --json')).json<{ codeSent: { challengeId: string } }>().codeSent.challengeId;
    expect((await done('otp send --json')).json()).toMatchObject({ codeSent: { challengeId: first } });
    expect((await done('otp retry --json')).json()).toMatchObject({ codeSent: { challengeId: first } });
    const [{ id }] = (await env.run('credential list --json')).json<{ credentials: [{ id: string }] }>().credentials;
    const second = (await done(['otp', 'send', '--credential', id, '--json'])).json<{
      codeSent: { challengeId: string };
    }>();
    expect(second.codeSent.challengeId).not.toBe(first);
    expect((await env.run(['otp', 'check', '--code', '123456', '--scope', SCOPE, '--json'])).error().code).toBe(
      'CHALLENGE_AMBIGUOUS',
    );
    const { code } = await env.newest();
    await done(['otp', 'check', '--challenge', second.codeSent.challengeId, '--code', code, '--scope', SCOPE]);
    expect((await env.run(['otp', 'send', '--challenge', first, '--credential', id, '--json'])).error().code).toBe(
      'FLAG_CONFLICT',
    );
  });

  test('check of a recovery code and of an authenticator app’s', async () => {
    await env.login();
    await done(['mfa', 'add', ...byInbox]);
    const [recovery = ''] = (await done('mfa recovery-codes')).stdout.split('\n');
    await env.run(['request', SCOPE, '--method', 'recovery', '--json']);
    const { status, json } = await env.run(['otp', 'check', '--code', recovery, '--json']);
    expect([status, json()]).toMatchObject([0, { grant: { factors: ['verify_recovery'] } }]);
  });
});

describe('challenge', () => {
  test('list, show, continue and discard', async () => {
    await env.login();
    await env.run(['request', SCOPE, '--json']);
    const { challenges } = (await env.run('challenge list --json')).json<{ challenges: Record<string, unknown>[] }>();
    expect(challenges).toEqual([
      {
        challengeId: expect.any(String),
        scopeRequested: SCOPE,
        currentStep: 'verify_email',
        steps: [{ order: 1, key: 'verify_email', kind: 'otp', done: false, expirationDuration: 600 }],
        userId: expect.any(String),
        sessionId: expect.any(String),
        expiresAt: expect.stringMatching(/Z$/),
      },
    ]);
    expect((await env.run('challenge show --json')).json()).toEqual({ challenge: challenges[0] });
    expect((await env.run('challenge discard')).status).toBe(0);
    expect((await env.run('challenge discard --json')).error().code).toBe('CHALLENGE_UNKNOWN');
  });

  test('continue of one that was sent without a scope says how to end it', async () => {
    await env.login();
    await done('otp send');
    const outcome = await env.run('challenge continue --code 123456 --json');
    expect(verdict(outcome)).toEqual([2, 'SCOPE_COUNT', '--scope']);
    expect(outcome.error().hint).toContain('stepup otp check --challenge');
  });
});

describe('token', () => {
  test('is the session’s, renewed near its end; its claims with --decode', async () => {
    await env.control.settings({ dynamic: { sessionSeconds: 90 } });
    await env.login();
    const { token } = (await done('token --json')).json<{ token: string }>();
    expect((await done('token')).stdout).toBe(`${token}\n`);
    const near = { now: () => Date.now() + 45_000 };
    expect((await done('token', near)).stdout).not.toBe(`${token}\n`);
    expect((await done('token --decode --json')).json()).toMatchObject({
      claims: { environment_id: env.ready.dynamic.environmentId },
    });
    const over = await env.run('token --json', { now: () => Date.now() + 3 * 3_600_000 });
    expect([over.status, over.error().code]).toEqual([4, 'SESSION_OVER']);
  });

  test('nobody logged in is 4', async () => {
    expect((await env.run('token --json')).error().code).toBe('NOT_LOGGED_IN');
  });
});

describe('a check that fails', () => {
  test.each([
    ['a failure', { status: 500 }],
    ['a refusal', { status: 403, body: { error: { code: 'x_y', message: 'no' } } }],
    ['a limit', { status: 429 }],
    ['a web page', { status: 400, body: '<html>' }],
    ['a connection that ends', { drop: 'before' }],
    ['silence', { latencyMs: 2000 }],
  ])('by %s is 7 with the reason', async (_what, fault) => {
    await env.login();
    await env.control.fault({ match: { path: '/*/stepUp/check' }, do: fault });
    const { status, json } = await env.run(`check ${SCOPE} --json --timeout 0.5`);
    expect([status, json()]).toEqual([
      7,
      { scope: SCOPE, required: true, reason: 'check-failed', problem: expect.any(String) },
    ]);
    const { stdout, stderr } = await env.run(`check ${SCOPE} --timeout 0.5`);
    expect(stdout).toBe(`Whether ${SCOPE} needs step-up is not known, so it counts as needed.\n`);
    expect(stderr).toMatch(/^The check failed: /);
  });

  test('by a session that is over is 4; for what is no scope, 2; for one that the service does not know, 7', async () => {
    await env.login();
    expect(verdict(await env.run('check export --json'))).toEqual([2, 'SCOPE_INVALID', 'scope']);
    const unknown = await env.run('check made:up --json');
    expect([unknown.status, unknown.json()]).toEqual([7, expect.objectContaining({ reason: 'check-failed' })]);
    await env.control.clearState();
    const { status, error } = await env.run(`check ${SCOPE} --json`);
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
  });
});

describe('the service', () => {
  test.each([
    ['/settings', { status: 500 }, 'SERVICE_FAILING'],
    ['/settings', { status: 404, body: '<html>' }, 'ANSWER_MALFORMED'],
    ['/nonces', { status: 429, headers: { 'Retry-After': '7' } }, 'RATE_LIMITED'],
    ['/emailVerifications/create', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
  ])('at login: %s %j is 6, %s', async (path, fault, code) => {
    await env.control.fault({ match: { path: `/*${path}` }, do: fault });
    const { status, error } = await env.run(['login', '--email', EMAIL, ...byInbox, '--json'], { run: env.shell });
    expect([status, error().code]).toEqual([6, code]);
    expect((await env.run('whoami')).status).toBe(4);
  });

  test.each([
    ['/emailVerifications/create', { status: 429 }, 'RATE_LIMITED'],
    ['/emailVerifications/create', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
    ['/emailVerifications/verify', { status: 500 }, 'SERVICE_FAILING'],
    ['/emailVerifications/verify', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
  ])('at a request: %s %j is 6, %s, and the challenge goes on later', async (path, fault, code) => {
    await env.login();
    await env.control.fault({ match: { path: `/*${path}` }, times: 1, do: fault });
    const { status, error, stderr } = await env.run(['request', SCOPE, ...byInbox, '--json'], { run: env.shell });
    expect([status, error().code]).toEqual([6, code]);
    expect(stderr).toContain('stepup challenge continue');
    expect(decodeJwt((await done(['challenge', 'continue', ...byInbox])).stdout.trim())).toMatchObject({
      scope: SCOPE,
    });
  });

  test('whose answer to the code was lost: going on says that it is over, and asking again succeeds', async () => {
    await env.login();
    await env.control.fault({ match: { path: '/*/emailVerifications/verify' }, times: 1, do: { drop: 'after' } });
    const lost = await env.run(['request', SCOPE, ...byInbox, '--json'], { run: env.shell });
    expect([lost.status, lost.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    const { code } = await env.newest();
    const continued = await env.run(['challenge', 'continue', '--code', code, '--json']);
    expect([continued.status, continued.error().code]).toEqual([3, 'CHALLENGE_OVER']);
    await done(['request', SCOPE, ...byInbox]);
  });

  test('that is away leaves the login at logout, with status 6', async () => {
    await env.login();
    await env.control.fault({ match: { path: '/*/revoke' }, times: 1, do: { drop: 'before' } });
    const { status, error } = await env.run('logout --json');
    expect([status, error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
    expect(error().hint).toContain('You are still logged in');
    expect((await env.run('whoami')).status).toBe(0);
    expect((await env.run('logout --json')).json()).toEqual({ loggedOut: true });
    expect((await env.run('logout --json')).json()).toEqual({ loggedOut: false });
  });

  test('that wants a captcha: 3, and what to do, for a login and a code', async () => {
    await env.login();
    await env.control.settings({ dynamic: { captcha: true } });
    const { id } = await env.newest();
    const later = { run: env.shell, now: () => Date.now() + 301_000 };
    for (const args of [
      ['login', '--email', EMAIL],
      ['request', SCOPE],
    ]) {
      const { status, error } = await env.run([...args, ...byInbox, '--json'], later);
      expect([status, error().code]).toEqual([3, 'CAPTCHA_REQUIRED']);
      expect(error().hint).toContain('Switch captcha off');
    }
    expect((await env.run('otp send --json', later)).error().code).toBe('CAPTCHA_REQUIRED');
    expect((await env.newest()).id).toBe(id);
    await done('wallet create');
    await done('login --wallet');
  });

  test('in cookie mode: 3 COOKIE_MODE, whichever way to log in', async () => {
    await env.control.settings({ dynamic: { cookieMode: true } });
    await done('wallet create');
    for (const args of [['--email', EMAIL, ...byInbox], ['--wallet']]) {
      const { status, error } = await env.run(['login', ...args, '--json'], { run: env.shell });
      expect([status, error().code]).toEqual([3, 'COOKIE_MODE']);
    }
  });
});

describe('a clock that is off', () => {
  test.each([5, -5])('by %i hours: login, request, check, and the grant’s end', async (hours) => {
    const now = (): number => Date.now() + hours * 3_600_000;
    await env.login(EMAIL, { now });
    await done(['mfa', 'add', ...byInbox], { now });
    await done('request wallet:export --method totp', { now });
    expect((await env.run('check wallet:export', { ...offline, now })).status).toBe(0);
    expect((await env.run('check wallet:export', { now: () => now() + 310_000 })).status).toBe(7);
  });
});

describe('at once', () => {
  test('two requests in one store both get their grant', async () => {
    await env.login();
    const own: Environment['shell'] = async (_line, options) => {
      const found = (await env.control.messages()).find(
        ({ challengeId }) => challengeId === options.env.STEPUP_VERIFICATION_ID,
      );
      return { status: 0, stdout: found!.code, timedOut: false };
    };
    await Promise.all([SCOPE, 'user:update'].map((scope) => done(['request', scope, ...byInbox], { run: own })));
    for (const scope of [SCOPE, 'user:update']) expect((await env.run(`check ${scope}`, offline)).status).toBe(0);
  });

  test('another home knows nothing of it', async () => {
    const other = await temporaryHome();
    await env.login();
    expect((await env.run('whoami', { home: other.home })).status).toBe(4);
    await other.remove();
  });
});
