import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startApplication, type Application } from '../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const login = ['login', '--phone', PHONE, '--code-command', 'inbox'];

interface LoggedIn {
  session: {
    provider: string;
    host: string;
    application: string;
    userId: string;
    sessionId: string;
    identifier: string;
  };
}

describe('login', () => {
  test('by phone, with a command that reads the code, prints the session as JSON and nothing else', async () => {
    const { status, lines } = await app.run(['login', '--phone', PHONE, '--code-command', 'inbox', '--json'], {
      run: app.shell,
    });
    expect(status).toBe(0);
    const [document, ...more] = lines<LoggedIn>();
    expect(more).toEqual([]);
    expect(document!.session).toMatchObject({
      provider: 'prelude',
      host: new URL(app.url).host,
      application: 'demo',
      userId: expect.stringMatching(/^usr_/),
      sessionId: expect.stringMatching(/^ses_/),
      identifier: PHONE,
    });
    expect(Object.keys(document!)).toEqual(['session']);
  });

  test('by email', async () => {
    const { status, stdout } = await app.run(['login', '--email', EMAIL, '--code-command', 'inbox'], {
      run: app.shell,
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Logged in as usr_\S+ \(ada@example\.com\)\n$/);
  });

  test('in a terminal asks for the number, takes resend, and keeps asking after a wrong code', async () => {
    const asked: string[] = [];
    const { status, stdout } = await app.run('login', {
      answers: [
        ['Phone number (E.164) or email address', `${PHONE}\r`],
        ['Code sent by SMS to log in (or: resend)', 'resend\r'],
        [/✔[^]*\? Code sent by SMS to log in/, '0000000\r'],
        [/That code was refused; 2 tries left\.[^]*Code sent by SMS/, '0000001\r'],
        [/That code was refused; 1 try left\.[^]*Code sent by SMS/, async () => `${(await app.newest()).code}\r`],
      ],
      fetch: (input, init) => {
        asked.push(new Request(input).url.slice(app.url.length));
        return fetch(input, init);
      },
    });
    expect(asked.filter((path) => path.includes('/otp') && !path.endsWith('/check'))).toEqual([
      '/v1/session/otp',
      '/v1/session/otp/retry',
    ]);
    expect(await app.control.messages()).toHaveLength(2);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Logged in as usr_\S+ \(\+33612345678\)\n$/);
  });

  test('reads codes from standard input with --code -, and gives up after three wrong ones', async () => {
    const { status, error } = await app.run(['login', '--phone', PHONE, '--json', '--code', '-'], {
      stdin: '0000000\n0000001\n0000002\n0000003\n',
    });
    expect(status).toBe(3);
    expect(error()).toMatchObject({
      code: 'CODE_WRONG',
      hint: expect.stringMatching(/^Start again with: stepup login --emulator=http/),
    });
  });

  test('a refused --code fails at once', async () => {
    const { status, stderr } = await app.run(['login', '--phone', PHONE, '--code', '0000000']);
    expect(status).toBe(3);
    expect(stderr).not.toContain('0000000');
  });

  test('replaces the session that is there, and says so', async () => {
    await app.login();
    const first = (await app.run('whoami')).stdout.trim();
    const { status, stderr } = await app.run(['login', '--email', EMAIL, '--code-command', 'inbox'], {
      run: app.shell,
    });
    expect(status).toBe(0);
    expect(stderr).toContain(`This will replace the session of ${first}.`);
    expect((await app.run('whoami')).stdout.trim()).not.toBe(first);
  });

  test.each([
    [['--phone', '0612345678'], 2, 'PHONE_INVALID', '--phone'],
    [['--phone', '+33 6 12 34 56 78'], 2, 'PHONE_INVALID', '--phone'],
    [['--email', 'ada'], 2, 'EMAIL_INVALID', '--email'],
    [['--phone', PHONE, '--email', EMAIL], 2, 'FLAG_CONFLICT', '--email'],
    [['--phone', PHONE, '--code', '1', '--code-command', 'x'], 2, 'FLAG_CONFLICT', '--code-command'],
    [['--phone', PHONE, '--code', '1'], 2, 'FLAG_INVALID', '--code'],
    [[], 5, 'INPUT_NEEDED', '--phone'],
    [['--phone', PHONE], 5, 'INPUT_NEEDED', '--code'],
  ])('%j ends with status %i, %s at %s, before anything is sent', async (args, expected, code, field) => {
    const { status, stdout, error } = await app.run(['login', ...args, '--json'], {
      fetch: () => Promise.reject(new Error('the network was used')),
    });
    expect(status).toBe(expected);
    expect(stdout).toBe('');
    expect(error()).toMatchObject({ code, field });
  });

  test('with --no-input does not ask in a terminal either', async () => {
    const { status, error } = await app.run(['login', '--phone', PHONE, '--no-input', '--json'], { tty: true });
    expect(status).toBe(5);
    expect(error().hint).toContain('--code-command');
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s at each prompt ends with 130 and leaves no session', async (_key, typed) => {
    expect((await app.run('login', { answers: [['Phone number', typed]] })).status).toBe(130);
    const atCode = await app.run(['login', '--phone', PHONE], { answers: [['Code sent by SMS', typed]] });
    expect(atCode.status).toBe(130);
    expect((await app.run('whoami')).status).toBe(4);
  });

  test.each([10, -10])('works with a clock that is %i minutes off', async (minutes) => {
    const now = (): number => Date.now() + minutes * 60_000;
    const { status, stderr } = await app.run(['login', '--phone', PHONE, '--code-command', 'inbox'], {
      run: app.shell,
      now,
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect((await app.run('whoami', { now })).status).toBe(0);
  });

  test.each([
    [{ status: 429, headers: { 'Retry-After': '7' } }, 6, 'RATE_LIMITED', /7 s/],
    [{ status: 500 }, 6, 'SERVICE_FAILING', /500/],
    [{ status: 502, body: '<html>Bad gateway</html>' }, 6, 'SERVICE_FAILING', /502/],
    [{ status: 404, body: '<html>No such page</html>' }, 6, 'ANSWER_MALFORMED', /./],
    [{ drop: 'before' }, 6, 'SERVICE_UNREACHABLE', /./],
    [{ drop: 'after' }, 6, 'SERVICE_UNREACHABLE', /./],
    [{ latencyMs: 2000 }, 6, 'TIMED_OUT', /0\.5 s/],
  ])('the fault %j is status %i, %s; a code is asked for once', async (fault, expected, code, words) => {
    let asked = 0;
    await app.control.fault({ match: { path: '/v1/session/*' }, do: fault });
    const { status, stdout, error } = await app.run(
      ['login', '--phone', PHONE, '--code', '123456', '--json', '--timeout', '0.5'],
      {
        fetch: (input, init) => {
          asked += 1;
          return fetch(input, init);
        },
      },
    );
    expect({ status, code: error().code, stdout }).toEqual({ status: expected, code, stdout: '' });
    expect(`${error().message} ${error().hint}`).toMatch(words);
    expect(asked).toBe(1);
  });

  test.each([
    ['corrupted', '{"version":1,', 'STORE_CORRUPTED'],
    ['written by a newer version', '{"version":99}', 'STORE_NEWER'],
  ])('a store that is %s is 1 before a code is sent, and is left as it was', async (_what, text, code) => {
    await app.login();
    const file = join(app.home, 'credentials.json');
    await writeFile(file, text);
    const sent = (await app.control.messages()).length;
    for (const args of [
      login,
      ['whoami'],
      ['request', 'transfer:write'],
      ['token'],
      ['challenge', 'list'],
      ['logout'],
    ]) {
      const { status, error } = await app.run([...args, '--json'], { run: app.shell });
      expect([status, error().code]).toEqual([1, code]);
    }
    expect(await app.control.messages()).toHaveLength(sent);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('a store that cannot be written is 1 before a code is sent', async () => {
    const home = join(app.home, 'file');
    await mkdir(app.home, { recursive: true });
    await writeFile(home, 'not a folder');
    const { status } = await app.run([...login, '--json'], { run: app.shell, home });
    expect(status).toBe(1);
    expect(await app.control.messages()).toEqual([]);
  });

  test('a single session that cannot be read is replaced', async () => {
    await app.login();
    const file = join(app.home, 'credentials.json');
    const document = JSON.parse(await readFile(file, 'utf8')) as { sessions: Record<string, unknown> };
    for (const name of Object.keys(document.sessions)) document.sessions[name] = { version: 1, session: 'broken' };
    await writeFile(file, JSON.stringify(document));
    expect((await app.run('whoami --json')).error().code).toBe('STORE_CORRUPTED');
    expect((await app.run(login, { run: app.shell })).status).toBe(0);
    expect((await app.run('whoami')).status).toBe(0);
  });
});
