import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startApplication, type Application } from '../../../support/application.js';
import type { Outcome, RunOptions } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(() => policy('POST', {}));
afterEach(() => app.reset());
afterAll(() => app.close());

const SCOPE = 'prld:pwd:write';
const PASSWORD = 'correct Horse 42';

function policy(method: 'POST' | 'PUT', compliancy: Record<string, unknown>): Promise<void> {
  return app.manage(method, '/config/login/password', {
    hash_method: 'argon2id',
    enabled: true,
    rate_limit_login_ip: { ttl: 600_000_000_000, limit: 100 },
    rate_limit_login_identifier: { ttl: 600_000_000_000, limit: 100 },
    password_compliancy: {
      min_length: 8,
      max_length: 20,
      uppercase: 0,
      lowercase: 0,
      numbers: 0,
      symbols: 0,
      ...compliancy,
    },
  });
}

async function file(text: string): Promise<string> {
  const path = join(app.home, 'password.txt');
  await mkdir(app.home, { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** `password change` with a code of the inbox. */
const change = async (password: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  app.run(['password', 'change', '--password-file', await file(password), '--code-command', 'inbox', '--json'], {
    run: app.shell,
    ...options,
  });
const logIn = async (password: string): Promise<number> =>
  (await app.run(['login', '--email', EMAIL, '--password-file', await file(password)])).status;
const stepUps = async (): Promise<number> => (await app.control.messages({ purpose: 'step-up' })).length;

describe('password change', () => {
  beforeEach(async () => {
    await app.addUser();
    await app.allow({ scope: SCOPE, grantMode: 'single-use', grantedFor: 0 });
    await app.login();
  });

  test('steps up by itself, once for each change, and sets the password', async () => {
    const { status, json, stderr } = await change(PASSWORD);
    expect([status, stderr, json()]).toEqual([0, '', { changed: true }]);
    expect(await stepUps()).toBe(1);
    expect((await app.run(['check', SCOPE])).status).toBe(7);
    expect((await change('another Horse 43')).status).toBe(0);
    expect(await stepUps()).toBe(2);
    expect(await logIn(PASSWORD)).toBe(3);
    expect(await logIn('another Horse 43')).toBe(0);
  });

  test('asks twice at a terminal without echo, and again when the two differ', async () => {
    const { status, stderr } = await app.run('password change', {
      env: { NO_COLOR: '1' },
      answers: [
        ['New password', 'short\r'],
        ['at least 8 characters', `\u0015${PASSWORD}\r`],
        ['The same once more', 'different\r'],
        ['The two are not the same', `\u0015${PASSWORD}\r`],
        ['Code sent by SMS', async () => `${(await app.newest()).code}\r`],
      ],
    });
    expect([status, stderr]).toEqual([0, expect.stringContaining(`password change needs ${SCOPE}`)]);
    expect(stderr).not.toContain('Horse');
    expect(await logIn(PASSWORD)).toBe(0);
  });

  test.each<[Record<string, unknown>, string, string]>([
    [{}, 'short', 'at least 8 characters'],
    [{}, 'x'.repeat(21), 'at most 20 characters'],
    [{ uppercase: 2 }, 'Aaaaaaaa', 'at least 2 upper-case letters'],
    [{ lowercase: 1 }, 'AAAAAAAA', 'at least 1 lower-case letter'],
    [{ numbers: 2 }, 'aaaaaaa1', 'at least 2 digits'],
    [{ symbols: 3 }, 'aaaaaa!?', 'at least 3 symbols'],
    [{ uppercase: true, numbers: true }, 'aaaaaaaa', 'at least 1 upper-case letter, at least 1 digit'],
  ])('under %j %j lacks %s, and nothing is asked for', async (compliancy, password, lack) => {
    await policy('PUT', compliancy);
    const { status, error } = await change(password);
    expect(status).toBe(2);
    expect(error()).toMatchObject({
      code: 'PASSWORD_INVALID',
      field: '--password-file',
      message: `--password-file: The application demands ${lack}.`,
    });
    expect(await stepUps()).toBe(0);
  });

  test.each<[Record<string, unknown>, string]>([
    // Letters without a case, blanks and emoji are symbols; each is one character.
    [{ symbols: 8 }, '日本語日 😀😀 '],
    [{ numbers: 2, symbols: 6 }, '٤٢½²------'],
    [{ uppercase: 2, lowercase: 6 }, 'ÀÉéèßñüö'],
  ])('under %j %j is good, here and at the service', async (compliancy, password) => {
    await policy('PUT', compliancy);
    const { status, stderr } = await app.run('password change --password-file - --code-command inbox'.split(' '), {
      stdin: `${password}x`.slice(0, -1),
      run: app.shell,
    });
    // The blank at an end is cut off with the line end.
    const cut = password.trim() !== password;
    expect([status, cut ? '' : stderr.includes('Error')]).toEqual(cut ? [2, ''] : [0, false]);
  });

  test('a password that the service finds weak keeps the scope for the next try', async () => {
    const { status, error } = await change(PASSWORD, {
      run: async (line, options) => {
        await policy('PUT', { min_length: 18 });
        return app.shell(line, options);
      },
    });
    expect([status, error().code]).toEqual([3, 'PASSWORD_REFUSED']);
    expect(error().hint).toContain('stepup login-config password');
    expect((await change('correct Horse 42 and 1')).error().code).toBe('PASSWORD_INVALID');
    expect((await change('correct Horse 42 x')).status).toBe(0);
    expect(await stepUps()).toBe(1);
  });

  test('a grant that is there is used, also after the session was refreshed', async () => {
    const grant = await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
    expect(grant.status).toBe(0);
    await app.allow({ scope: SCOPE, grantMode: 'single-use', grantedFor: 0 }, { scope: 'other:scope' });
    await app.run(['request', 'other:scope', '--code-command', 'inbox'], { run: app.shell });
    expect((await change(PASSWORD)).status).toBe(0);
    expect((await app.control.messages({ purpose: 'step-up' })).length).toBe(2);
  });

  test('a grant that somebody else has spent is asked for again, once', async () => {
    const granted = await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
    const token = granted.stdout.trim();
    const spent = await fetch(`${app.url}/v1/session/me/password/reset`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    expect(spent.status).toBe(204);
    expect((await change('another Horse 43')).status).toBe(0);
    expect(await stepUps()).toBe(2);
    expect(await logIn('another Horse 43')).toBe(0);
  });

  test('a scope that is not allowed says how to allow it', async () => {
    await app.allow({ scope: 'other:scope' });
    const { status, error } = await change(PASSWORD);
    expect([status, error().code, error().hint]).toEqual([
      3,
      'SCOPE_NOT_ALLOWED',
      expect.stringContaining(`stepup scope add ${SCOPE}`),
    ]);
  });

  test('nobody to ask, and two readers of standard input', async () => {
    expect((await app.run('password change --json')).error()).toMatchObject({ field: '--password-file' });
    const both = await app.run('password change --password-file - --code - --json', { stdin: 'x\n' });
    expect([both.status, both.error().code]).toEqual([2, 'FLAG_CONFLICT']);
    await app.run('logout');
    expect((await change(PASSWORD)).error().code).toBe('NOT_LOGGED_IN');
  });

  test('with --debug neither the password nor the code is shown', async () => {
    const args = ['password', 'change', '--password-file', await file(PASSWORD), '--code-command', 'inbox', '--debug'];
    const { status, stderr } = await app.run(args, { run: app.shell });
    expect([status, stderr]).toEqual([0, expect.stringContaining('/me/password/reset')]);
    expect(stderr).not.toContain(PASSWORD);
    expect(stderr).not.toContain((await app.newest()).code);
    expect(stderr).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]{20,}/);
  });
});

describe('password forgot', () => {
  const forgot = async (password: string, ...more: string[]): Promise<Outcome> =>
    app.run(['password', 'forgot', '--email', EMAIL, '--password-file', await file(password), '--json', ...more], {
      run: app.shell,
    });

  test('with the scope granted at login takes one code, and is consumed by it', async () => {
    await app.manage('POST', '/config/login/otp', {
      channel_type: 'email',
      is_default: true,
      granted_scopes: [SCOPE],
    });
    const { status, json, stderr } = await forgot(PASSWORD, '--code-command', 'inbox');
    expect([status, stderr]).toEqual([0, '']);
    expect(json()).toMatchObject({ session: { identifier: EMAIL }, changed: true });
    expect(await app.control.messages()).toHaveLength(1);
    expect((await app.run(['check', SCOPE])).status).toBe(7);
    expect(await logIn(PASSWORD)).toBe(0);
  });

  test('without it takes a second code', async () => {
    await app.allow({ scope: SCOPE, steps: ['verify_email'], grantMode: 'single-use', grantedFor: 0 });
    const { status, stderr } = await forgot(PASSWORD, '--code-command', 'inbox');
    expect([status, stderr]).toEqual([0, '']);
    expect((await app.control.messages()).map(({ to }) => to)).toEqual([EMAIL, EMAIL]);
    expect(await logIn(PASSWORD)).toBe(0);
  });

  test('a weak password is found before a code is sent; a wrong code, an address that is none', async () => {
    expect((await forgot('short', '--code-command', 'inbox')).error().code).toBe('PASSWORD_INVALID');
    expect((await forgot(PASSWORD)).error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--code' });
    expect(await app.control.messages()).toEqual([]);
    expect((await forgot(PASSWORD, '--code', '0000000')).error().code).toBe('CODE_WRONG');
    const bad = await app.run('password forgot --email x --json');
    expect([bad.status, bad.error().code]).toEqual([2, 'EMAIL_INVALID']);
  });

  test('codes from standard input end with the command, whatever comes of it', async () => {
    const path = await file(PASSWORD);
    const args = ['password', 'forgot', '--email', EMAIL, '--password-file', path, '--code', '-', '--json'];
    const { status, error } = await app.run(args, { stdin: '0000000\n' });
    expect([status, error().code]).toEqual([3, 'CODE_WRONG']);
  });

  test('the phone is nobody’s business here', async () => {
    expect((await app.run(['password', 'forgot', '--phone', PHONE, '--json'])).status).toBe(2);
  });
});
