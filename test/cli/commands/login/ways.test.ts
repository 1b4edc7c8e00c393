/** Prelude's logins beside the phone number: another configuration, a password, a passkey. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startApplication, type Application } from '../../../support/application.js';
import type { Outcome, RunOptions } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const PASSWORD = 'correct Horse 42';

async function passwordLogin(compliancy: Record<string, unknown> = {}): Promise<void> {
  await app.manage('POST', '/config/login/password', {
    hash_method: 'argon2id',
    enabled: true,
    rate_limit_login_ip: { ttl: 600_000_000_000, limit: 100 },
    rate_limit_login_identifier: { ttl: 600_000_000_000, limit: 3 },
    password_compliancy: {
      min_length: 8,
      max_length: 0,
      uppercase: 0,
      lowercase: 0,
      numbers: 0,
      symbols: 0,
      ...compliancy,
    },
  });
}

async function file(text: string, name = 'password.txt'): Promise<string> {
  const path = join(app.home, name);
  await mkdir(app.home, { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

const byPassword = async (password: string, ...more: string[]): Promise<Outcome> =>
  app.run(['login', '--email', EMAIL, '--password-file', await file(`${password}\n`), '--json', ...more]);

describe('login --login-config', () => {
  test('sends the code by that configuration', async () => {
    const added = await app.run('login-config add --channel email --granted-scope profile:read --json');
    const { id } = added.json<{ loginConfig: { id: string } }>().loginConfig;
    const args = ['login', '--email', EMAIL, '--code-command', 'inbox', '--login-config', id];
    expect((await app.run(args, { run: app.shell })).status).toBe(0);
    expect((await app.run('check profile:read')).status).toBe(0);
  });

  test('one that is unknown is refused', async () => {
    const { status, stdout } = await app.run('login --email a@b.co --code 1234 --json --login-config lcfg_none');
    expect([status, stdout]).toEqual([3, '']);
    for (const [flag, value, channel] of [
      ['--email', 'a@b.co', 'email'],
      ['--phone', '+33612345678', 'SMS'],
    ]) {
      const refused = await app.run([
        'login',
        flag!,
        value!,
        '--code',
        '1234',
        '--json',
        '--login-config',
        'lcfg_none',
      ]);
      expect(refused.error()).toMatchObject({
        field: '--login-config',
        message: `The application has no login configuration lcfg_none for ${channel}.`,
        hint: expect.stringContaining('stepup login-config list'),
        serviceCode: 'no_login_config',
      });
    }
  });
});

describe('login by password', () => {
  beforeEach(() => passwordLogin({ numbers: 2, uppercase: 1, symbols: true }));

  test('--sign-up makes the user, who logs in with the password afterwards', async () => {
    const made = await byPassword(PASSWORD, '--sign-up');
    expect([made.status, made.stderr]).toEqual([0, '']);
    const { session } = made.json<{ session: { userId: string; identifier: string } }>();
    expect(session.identifier).toBe(EMAIL);
    await app.run('logout');
    const again = await byPassword(PASSWORD);
    expect(again.json()).toMatchObject({ session: { userId: session.userId, identifier: EMAIL } });
    expect(await app.control.messages()).toEqual([]);
  });

  test('asks for both at a terminal, without echo', async () => {
    await byPassword(PASSWORD, '--sign-up');
    const { status, stdout, stderr } = await app.run('login --password', {
      env: { NO_COLOR: '1' },
      answers: [
        ['Email address', `${EMAIL}\r`],
        [/Password/, `${PASSWORD}\r`],
      ],
    });
    expect([status, stdout]).toEqual([0, expect.stringContaining('Logged in as usr_')]);
    expect(stderr).not.toContain(PASSWORD);
    expect(stderr).not.toContain('Horse');
  });

  test('takes the password from standard input', async () => {
    await byPassword(PASSWORD, '--sign-up');
    const args = ['login', '--email', EMAIL, '--password-file', '-'];
    expect((await app.run(args, { stdin: `${PASSWORD}\n` })).status).toBe(0);
  });

  test('a wrong one, and that of nobody, are refused with the same words', async () => {
    await byPassword(PASSWORD, '--sign-up');
    const wrong = await byPassword('not the one 42A');
    const nobody = await app.run([
      'login',
      '--email',
      'nobody@example.com',
      '--password-file',
      await file(PASSWORD),
      '--json',
    ]);
    for (const { status, error } of [wrong, nobody]) {
      expect([status, error()]).toMatchObject([
        3,
        { code: 'PASSWORD_REFUSED', message: 'The service refused this email address and password.' },
      ]);
    }
  });

  test('too many wrong ones are 6, RATE_LIMITED', async () => {
    await byPassword(PASSWORD, '--sign-up');
    for (let at = 0; at < 3; at += 1) await byPassword('not the one 42A');
    const { status, error } = await byPassword(PASSWORD);
    expect([status, error().code]).toEqual([6, 'RATE_LIMITED']);
  });

  test('a new one is held against the policy, with its counts, before it is sent', async () => {
    const sent: string[] = [];
    const spy: Partial<RunOptions> = {
      fetch: (input, init) => {
        sent.push(new URL(new Request(input).url).pathname);
        return fetch(input, init);
      },
    };
    const args = ['login', '--email', EMAIL, '--sign-up', '--json', '--password-file'];
    const { status, error } = await app.run([...args, await file('weak1')], spy);
    expect(status).toBe(2);
    expect(error()).toMatchObject({
      code: 'PASSWORD_INVALID',
      field: '--password-file',
      message:
        '--password-file: The application demands at least 8 characters, at least 1 upper-case letter, at least 2 digits, at least 1 symbol.',
    });
    expect(sent).toEqual(['/v1/session/password/compliancy']);
  });

  test('a taken address is refused', async () => {
    await byPassword(PASSWORD, '--sign-up');
    const { status, error } = await byPassword(PASSWORD, '--sign-up');
    expect([status, error().code, error().message]).toEqual([
      3,
      'PASSWORD_REFUSED',
      'There is a user with this email address already.',
    ]);
  });

  test.each([
    [['--phone', PHONE, '--password'], 'FLAG_CONFLICT', '--phone'],
    [['--oauth', 'google', '--email', EMAIL], 'FLAG_CONFLICT', '--oauth'],
    [['--email', 'x', '--password-file', '-'], 'EMAIL_INVALID', '--email'],
    [['--password-file', '-'], 'INPUT_NEEDED', '--email'],
    [['--email', EMAIL, '--password'], 'INPUT_NEEDED', '--password-file'],
    [['--email', EMAIL, '--password-file', '/no/such/file'], 'FILE_UNREADABLE', '--password-file'],
  ])('%j is %s', async (flags, code, field) => {
    const { error } = await app.run(['login', '--json', ...flags], { stdin: 'x\n' });
    expect([error().code, error().field]).toEqual([code, field]);
  });

  test('with --debug neither password nor token is shown', async () => {
    await byPassword(PASSWORD, '--sign-up');
    const path = await file(PASSWORD);
    const { stderr } = await app.run(['login', '--email', EMAIL, '--password-file', path, '--debug']);
    expect(stderr).toContain('/login/email/password');
    expect(stderr).not.toContain(PASSWORD);
    expect(stderr).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]{20,}/);
  });
});

test('an application without login by password says so', async () => {
  const { status, error } = await byPassword(PASSWORD);
  expect([status, error().message]).toEqual([3, 'The application has no login by email and password.']);
});

describe('login --passkey', () => {
  const config = { rp_id: 'localhost', rp_name: 'Demo', allowed_origins: ['https://localhost'], login_enabled: true };

  test('signs with the passkey of the store; nobody is asked', async () => {
    await app.manage('PUT', '/config/passkey', config);
    await app.allow({ scope: 'prld:passkey:write' });
    await app.login();
    const { userId } = (await app.run('status --json')).json<{ session: { userId: string } }>().session;
    const added = await app.run(['passkey', 'add', '--code-command', 'inbox', '--json'], { run: app.shell });
    const { credentialId } = added.json<{ passkey: { credentialId: string } }>().passkey;
    await app.run('logout');
    expect((await app.run('login --passkey --json')).json()).toMatchObject({ session: { userId } });
    expect((await app.run(['login', '--json', '--passkey', credentialId])).json()).toMatchObject({
      session: { userId },
    });
    const other = await app.run('login --passkey nothing --json');
    expect([other.status, other.error().code]).toEqual([3, 'NO_METHOD']);
  });

  test('one that the service has forgotten is refused in words', async () => {
    await app.manage('PUT', '/config/passkey', config);
    await app.allow({ scope: 'prld:passkey:write' });
    await app.login();
    await app.run(['passkey', 'add', '--code-command', 'inbox'], { run: app.shell });
    await app.run('logout');
    await app.control.clearState();
    await app.manage('PUT', '/config/passkey', config);
    const { status, error } = await app.run('login --passkey --json');
    expect([status, error().message]).toEqual([3, expect.stringContaining('does not take this passkey')]);
  });

  test('without one, and where the application has none', async () => {
    await app.manage('DELETE', '/config/passkey');
    const none = await app.run('login --passkey --json');
    expect([none.status, none.error().code]).toEqual([3, 'REFUSED']);
    expect(none.error().hint).toContain('dashboard');
    await app.manage('PUT', '/config/passkey', config);
    const empty = await app.run('login --passkey --json');
    expect([empty.status, empty.error().code]).toEqual([3, 'NO_METHOD']);
    expect(empty.error().hint).toContain('stepup passkey add');
  });
});
