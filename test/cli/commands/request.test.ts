import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decodeJwt } from 'jose';
import { EMAIL, SCOPE, startApplication, type Application } from '../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

interface EventLine {
  type: string;
  [field: string]: unknown;
}

const bySms = { steps: ['verify_sms'] };
const request = ['request', SCOPE, '--code-command', 'inbox'];

describe('request', () => {
  test('in a pipe prints the bare token, which holds the scope, and the facts on standard error', async () => {
    await app.allow(bySms);
    await app.login();
    const { status, stdout, stderr } = await app.run(request, { run: app.shell });
    expect(status).toBe(0);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: SCOPE });
    expect(stdout).toBe(`${stdout.trim()}\n`);
    const [start, user, step, sent, end] = stderr.split('\n');
    expect(start).toMatch(/^Challenge \S+ for transfer:write: now verify_sms$/);
    expect(user).toMatch(/^ {2}user usr_\S+, session ses_\S+$/);
    expect(step).toBe('  [ ] 1 verify_sms (10 min)');
    expect(sent).toBe('Code sent by SMS.');
    expect(end).toMatch(/^Challenge \S+ for transfer:write: completed$/);
    expect(stderr).toContain('  [x] 1 verify_sms (10 min)');
  });

  test('--json prints every event with the facts under the SDK’s names, and the grant at the end', async () => {
    await app.allow({ ...bySms, grantMode: 'single-use', grantedFor: 0 });
    await app.login();
    const { status, stderr, lines } = await app.run([...request, '--json', '--metadata', 'amount=500'], {
      run: app.shell,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const events = lines<EventLine>();
    expect(events.map(({ type }) => type)).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
    const id = events[0]!.challengeId;
    expect(events[0]).toEqual({
      type: 'challenge',
      challengeId: expect.any(String),
      scopeRequested: SCOPE,
      currentStep: 'verify_sms',
      steps: [{ order: 1, key: 'verify_sms', kind: 'otp', done: false, expirationDuration: 600 }],
      userId: expect.stringMatching(/^usr_/),
      sessionId: expect.stringMatching(/^ses_/),
      metadata: { amount: '500' },
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(events[1]).toEqual({
      type: 'code-sent',
      step: 'verify_sms',
      channel: 'sms',
      sentAt: expect.stringMatching(/Z$/),
      challengeId: id,
    });
    expect(events[2]).toEqual({
      type: 'step',
      challengeId: id,
      key: 'verify_sms',
      kind: 'otp',
      choices: [],
      channel: 'sms',
      scope: SCOPE,
      sentAt: events[1]!.sentAt,
    });
    expect(events[3]).toMatchObject({
      challengeId: id,
      currentStep: 'completed',
      steps: [{ order: 1, key: 'verify_sms', kind: 'otp', done: true, expirationDuration: 600 }],
    });
    expect(events[4]).toEqual({
      type: 'granted',
      grant: {
        scopes: [SCOPE],
        token: expect.stringMatching(/^eyJ/),
        expiresAt: expect.stringMatching(/Z$/),
        grantedAt: expect.stringMatching(/Z$/),
        singleUse: true,
        mode: 'single-use',
        factors: ['verify_sms'],
        challengeId: id,
      },
    });
    const { code } = await app.newest();
    expect(JSON.stringify(events)).not.toContain(`"${code}"`);
  });

  test('walks several steps in order, each with its own code from standard input', async () => {
    await app.addUser();
    await app.allow({ steps: ['verify_email', 'verify_sms'] });
    await app.login();
    const stdin = new PassThrough();
    const answered: string[] = [];
    const { status, lines } = await app.run(['request', SCOPE, '--code', '-', '--json'], {
      stdin,
      onStdout(text) {
        const event = JSON.parse(text) as EventLine;
        if (event.type !== 'step') return;
        answered.push(String(event.key));
        void app.newest().then(({ code }) => stdin.write(`${code}\n`));
      },
    });
    expect(status).toBe(0);
    expect(answered).toEqual(['verify_email', 'verify_sms']);
    expect(lines<EventLine>().at(-1)).toMatchObject({ type: 'granted', grant: { factors: answered } });
    expect((await app.control.messages({ purpose: 'step-up' })).map(({ to }) => to)).toEqual([EMAIL, '+33612345678']);
  });

  test('in a terminal takes resend and two wrong codes, and ends with the grant in words and its token', async () => {
    await app.allow(bySms);
    await app.login();
    const paths: string[] = [];
    const prompt = /✔[^]*\? Code sent by SMS for transfer:write/;
    const { status, stdout, stderr } = await app.run(['request', SCOPE], {
      env: { NO_COLOR: '1' },
      answers: [
        ['? Code sent by SMS for transfer:write (or: resend)', 'resend\r'],
        [prompt, '0000000\r'],
        [prompt, '0000001\r'],
        [prompt, async () => `${(await app.newest()).code}\r`],
      ],
      fetch: (input, init) => {
        paths.push(new Request(input).url.slice(app.url.length));
        return fetch(input, init);
      },
    });
    expect(status).toBe(0);
    expect(stderr).toContain('That code was refused; 2 tries left.');
    expect(stderr).toContain('That code was refused; 1 try left.');
    expect(paths.filter((path) => path === '/v1/session/otp/retry')).toHaveLength(1);
    expect(stdout.split('\n')[0]).toMatch(
      /^Granted transfer:write until \S+Z \((\d+ s|1 min) left, then renewed with the session's token while the grant lasts\), session-bound, proved by verify_sms\.$/,
    );
    expect(decodeJwt(stdout.split('\n')[1]!)).toMatchObject({ scope: SCOPE });
  });

  test('a refused --code ends it at once; the challenge is kept and can be continued without another message', async () => {
    await app.allow(bySms);
    await app.login();
    const { status, error, lines } = await app.run(['request', SCOPE, '--code', '0000000', '--json']);
    expect(status).toBe(3);
    const types = lines<EventLine>().map(({ type }) => type);
    expect(types).toEqual(['challenge', 'code-sent', 'step', 'step-refused']);
    const id = String(lines<EventLine>()[0]!.challengeId);
    expect(error()).toMatchObject({
      code: 'CODE_WRONG',
      serviceCode: 'bad_check_code',
      hint: `The challenge is kept. Go on with: stepup challenge continue ${id} --emulator=${app.url}`,
    });
    const { code } = await app.newest();
    const continued = await app.run(['challenge', 'continue', id, '--code', code]);
    expect(continued.status).toBe(0);
    expect(decodeJwt(continued.stdout.trim())).toMatchObject({ scope: SCOPE });
    expect(await app.control.messages({ purpose: 'step-up' })).toHaveLength(1);
    expect((await app.run(['challenge', 'list', '--json'])).json()).toEqual({ challenges: [] });
  });

  test('gives up after three wrong codes with the challenge kept', async () => {
    await app.allow(bySms);
    await app.login();
    const { status, error } = await app.run(['request', SCOPE, '--code', '-', '--json'], {
      stdin: '0000000\n0000001\n0000002\n0000003\n',
    });
    expect(status).toBe(3);
    expect(error().hint).toContain('stepup challenge continue');
    const { code } = await app.newest();
    expect((await app.run(['challenge', 'continue', '--code', code])).status).toBe(0);
  });

  test('without a source of codes ends with 5 before a message is sent, and keeps the challenge', async () => {
    await app.allow(bySms);
    await app.login();
    const { status, error, lines } = await app.run(['request', SCOPE, '--json'], { stdin: '123456\n' });
    expect(status).toBe(5);
    const id = String(lines<EventLine>()[0]!.challengeId);
    expect(error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--code', hint: expect.stringContaining(id) });
    expect(await app.control.messages({ purpose: 'step-up' })).toEqual([]);
    const continued = await app.run(['challenge', 'continue', '--code-command', 'inbox'], { run: app.shell });
    expect(continued.status).toBe(0);
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s at the prompt ends with 130, and standard error names the challenge that is kept', async (_key, typed) => {
    await app.allow(bySms);
    await app.login();
    const { status, stderr, stdout } = await app.run(['request', SCOPE], { answers: [['Code sent by SMS', typed]] });
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    const [open] = (await app.run('challenge list --json')).json<{ challenges: { challengeId: string }[] }>()
      .challenges;
    expect(stderr).toContain(`stepup challenge continue ${open!.challengeId}`);
  });

  test('a blocked scope is refused with 3', async () => {
    await app.allow({ status: 'block' });
    await app.login();
    const { status, error, lines } = await app.run(['request', SCOPE, '--json']);
    expect(status).toBe(3);
    expect(lines()).toEqual([{ type: 'blocked', scopes: [SCOPE] }]);
    expect(error().code).toBe('CHALLENGE_BLOCKED');
  });

  test.each([true, false])('continue grants at once, needing no code (with a token: %s)', async (continueWithToken) => {
    await app.control.settings({ continueWithToken });
    await app.allow({ status: 'continue', steps: [] });
    await app.login();
    const { status, stdout } = await app.run(['request', SCOPE]);
    expect(status).toBe(0);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: SCOPE });
  });

  test.each([
    [['bad scope'], 'SCOPE_INVALID', 'scope'],
    [['a:b', 'c:d'], 'SCOPE_COUNT', 'scope'],
    [[SCOPE, '--metadata', 'amount'], 'METADATA_INVALID', '--metadata'],
    [[SCOPE, '--metadata', '=500'], 'METADATA_INVALID', '--metadata'],
    [[SCOPE, '--metadata', 'a=1', 'a=2'], 'METADATA_INVALID', 'metadata.a'],
    [[SCOPE, '--metadata', 'a=1', '--metadata', 'a=2'], 'METADATA_INVALID', 'metadata.a'],
    [['--metadata', 'amount_in_cents=1', SCOPE], 'METADATA_INVALID', 'metadata.amount_in_cents'],
    [[SCOPE, '--metadata', `note=${'x'.repeat(33)}`], 'METADATA_INVALID', 'metadata.note'],
    [[SCOPE, '--metadata', 'a=', 'b=', 'c=', 'd=', 'e=', 'f='], 'METADATA_INVALID', 'metadata'],
    [[SCOPE, '--code', '1234', '--code-command', 'x'], 'FLAG_CONFLICT', '--code-command'],
    [[], 'USAGE', undefined],
  ])('%j is status 2, %s at %s, before the network', async (args, code, field) => {
    await app.login();
    const { status, error, stdout } = await app.run(['request', ...args, '--json'], {
      fetch: () => Promise.reject(new Error('the network was used')),
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(error().code).toBe(code);
    expect(error().field).toBe(field);
  });

  test('names the metadata limit that is passed, and by how much', async () => {
    await app.login();
    const { error } = await app.run(['request', SCOPE, '--json', '--metadata', `note=${'x'.repeat(40)}`]);
    expect(error().message).toMatch(/note.*40.*8.*32/);
  });

  test('a scope that is not allowed, and an application without a configuration, are refused with 3', async () => {
    await app.login();
    const none = await app.run(['request', SCOPE, '--json']);
    expect([none.status, none.error().code]).toEqual([3, 'CONFIG_MISSING']);
    await app.allow(bySms);
    const other = await app.run(['request', 'other:scope', '--json']);
    expect([other.status, other.error().code]).toEqual([3, 'SCOPE_NOT_ALLOWED']);
    expect(other.error().hint).toContain('stepup scope add other:scope');
  });

  test('nobody logged in is 4', async () => {
    const { status, error } = await app.run(['request', SCOPE, '--json', '--code', '123456']);
    expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });

  test.each([10, -10])(
    'works with a clock that is %i minutes off, also when the token has to be renewed',
    async (minutes) => {
      await app.allow(bySms);
      const now = (): number => Date.now() + minutes * 60_000;
      await app.login({ now });
      const { status, stdout, stderr } = await app.run(request, { run: app.shell, now: () => now() + 55_000 });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(decodeJwt(stdout.trim())).toMatchObject({ scope: SCOPE });
      expect((await app.run(['check', SCOPE], { now })).status).toBe(0);
    },
  );

  test('two at once both get their grant', async () => {
    await app.allow({ scope: 'a:b' }, { scope: 'c:d' });
    await app.login();
    const late = (): number => Date.now() + 55_000;
    const byChallenge: Application['shell'] = async (_line, { env }) => {
      const { code } = await app.newest({ challenge: env.STEPUP_CHALLENGE_ID! });
      return { status: 0, stdout: code, timedOut: false };
    };
    const both = await Promise.all(
      ['a:b', 'c:d'].map((scope) =>
        app.run(['request', scope, '--code-command', 'inbox'], { run: byChallenge, now: late }),
      ),
    );
    expect(both.map(({ status, stderr }) => (status === 0 ? 'granted' : stderr))).toEqual(['granted', 'granted']);
    expect((await app.run('check a:b', { now: late })).status).toBe(0);
    expect((await app.run('check c:d', { now: late })).status).toBe(0);
  });

  test('runs --code-command with the step’s facts and without the management key', async () => {
    await app.allow(bySms);
    await app.login();
    const seen: Record<string, string | undefined>[] = [];
    const { status, lines } = await app.run(['request', SCOPE, '--json', '--code-command', './code.sh'], {
      env: { STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live_secret', HOME: '/home/ada' },
      run: async (_line, { env }) => {
        seen.push({ ...env });
        return { status: 0, stdout: (await app.newest()).code, timedOut: false };
      },
    });
    expect(status).toBe(0);
    const [challenge, sent] = lines<EventLine>();
    expect(seen).toEqual([
      {
        HOME: '/home/ada',
        STEPUP_EMULATOR_URL: app.url,
        STEPUP_CHALLENGE_ID: challenge!.challengeId,
        STEPUP_STEP: 'verify_sms',
        STEPUP_SCOPE: SCOPE,
        STEPUP_SENT_AT: sent!.sentAt,
        STEPUP_VERIFICATION_ID: '',
      },
    ]);
  });

  test('a --code-command that fails is status 1 with the challenge kept', async () => {
    await app.allow(bySms);
    await app.login();
    const { status, error } = await app.run([...request, '--json'], {
      run: async () => ({ status: 9, stdout: 'hunter2', timedOut: false }),
    });
    expect(status).toBe(1);
    expect(error()).toMatchObject({ code: 'CODE_COMMAND_FAILED', hint: expect.stringContaining('challenge continue') });
    expect(JSON.stringify(error())).not.toContain('hunter2');
    expect((await app.run('challenge show')).status).toBe(0);
  });
});

describe('request while the service misbehaves', () => {
  test.each([
    [{ status: 429, headers: { 'Retry-After': '7' } }, 'RATE_LIMITED'],
    [{ status: 500 }, 'SERVICE_FAILING'],
    [{ status: 403, body: '<html>403 Forbidden</html>' }, 'ANSWER_MALFORMED'],
    [{ latencyMs: 2000 }, 'TIMED_OUT'],
  ])('at the request %j is status 6, %s', async (fault, code) => {
    await app.allow(bySms);
    await app.login();
    await app.control.fault({ match: { path: '/v1/session/stepup/request' }, times: 1, do: fault });
    const { status, error } = await app.run([...request, '--json', '--timeout', '0.5'], { run: app.shell });
    expect([status, error().code]).toEqual([6, code]);
    expect((await app.run(request, { run: app.shell })).status).toBe(0);
  });

  test.each([
    ['/otp', { status: 429, headers: { 'Retry-After': '7' } }, 'RATE_LIMITED'],
    ['/otp', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
    ['/otp/check', { status: 500 }, 'SERVICE_FAILING'],
    ['/otp/check', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
    ['/refresh', { status: 503, body: '<html>' }, 'SERVICE_FAILING'],
    ['/refresh', { drop: 'before' }, 'SERVICE_UNREACHABLE'],
  ])('at %s %j is status 6, %s, and the challenge goes on later', async (path, fault, code) => {
    await app.allow(bySms);
    await app.login();
    await app.control.fault({ match: { path: `/v1/session${path}` }, times: 1, do: fault });
    const { status, stderr, error } = await app.run([...request, '--json', '--timeout', '0.5'], { run: app.shell });
    expect([status, error().code]).toEqual([6, code]);
    expect(stderr).toContain('stepup challenge continue');

    const later = await app.run(['challenge', 'continue', '--code-command', 'inbox'], { run: app.shell });
    expect(later.status).toBe(0);
    expect(decodeJwt(later.stdout.trim())).toMatchObject({ scope: SCOPE });
  });

  test('a nonce that is asked for everywhere is given', async () => {
    await app.allow(bySms);
    await app.login();
    await app.control.fault({ match: { path: '/v1/session/refresh' }, times: 1, do: { requireNonce: true } });
    expect((await app.run(request, { run: app.shell })).status).toBe(0);
  });

  test('Ctrl-C while it waits ends with 130 and keeps the challenge', async () => {
    await app.allow(bySms);
    await app.login();
    const stop = new AbortController();
    const { status, stderr } = await app.run(request, {
      signal: stop.signal,
      run: app.shell,
      fetch: (input, init) => {
        if (new Request(input).url.endsWith('/otp')) stop.abort();
        return fetch(input, init);
      },
    });
    expect(status).toBe(130);
    expect(stderr).toContain('stepup challenge continue');
  });
});
