import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, startApplication, type Application } from '../../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(async () => {
  await app.control.clearFaults();
  await app.reset();
});
afterAll(() => app.close());

const create = async (...flags: string[]): Promise<string> => {
  const outcome = await app.run(['user', 'create', ...flags, '--json']);
  expect(outcome.status).toBe(0);
  return outcome.json<{ userId: string }>().userId;
};

describe('user create', () => {
  test('by phone and address, who can log in then; to a pipe the bare id', async () => {
    const userId = await create('--phone', PHONE, '--email', EMAIL);
    expect(userId).toMatch(/^usr_/);
    await app.login();
    expect((await app.run('whoami --json')).json()).toMatchObject({ session: { userId } });
    expect((await app.run('user create --phone +33612345679')).stdout).toMatch(/^usr_\w+\n$/);
  });

  test('an identifier that is taken is status 3', async () => {
    await create('--email', EMAIL);
    const outcome = await app.run(`user create --email ${EMAIL} --json`);
    expect([outcome.status, outcome.error().code]).toEqual([3, 'USER_EXISTS']);
  });

  test.each([
    [['--phone', '0612345678'], 'PHONE_INVALID', '--phone'],
    [['--email', 'ada'], 'EMAIL_INVALID', '--email'],
  ])('%j is refused', async (flags, code, field) => {
    const outcome = await app.run(['user', 'create', ...flags, '--json']);
    expect([outcome.status, outcome.error()]).toMatchObject([2, { code, field }]);
  });

  test('without either: a terminal asks, anything else is status 5', async () => {
    const outcome = await app.run('user create --json');
    expect([outcome.status, outcome.error().field]).toEqual([5, '--phone or --email']);
    const asked = await app.run('user create', { answers: [['Phone number (E.164) or email', `${EMAIL}\r`]] });
    expect(asked.stdout).toContain(`is made: ${EMAIL}.`);
  });

  test('with a password from a file or standard input, which nobody gets to see', async () => {
    const file = join(app.home, '..', `password-${process.pid}`);
    await writeFile(file, 'correct horse battery\n');
    const outcome = await app.run(['user', 'create', '--email', EMAIL, '--password-file', file, '--debug', '--json']);
    await rm(file);
    expect(outcome.status).toBe(0);
    expect(outcome.json()).toMatchObject({ password: true, identifiers: [{ type: 'email_address', value: EMAIL }] });
    expect(outcome.stdout + outcome.stderr).not.toContain('correct horse');
    const piped = await app.run('user create --phone +33612345679 --password-file -', { stdin: 'another good one' });
    expect(piped.status).toBe(0);
  });

  test('a password that the application does not take makes no user', async () => {
    const outcome = await app.run(`user create --email ${EMAIL} --password-file - --json`, { stdin: 'short' });
    expect([outcome.status, outcome.error()]).toMatchObject([
      2,
      { code: 'PASSWORD_INVALID', field: '--password-file' },
    ]);
    expect((await app.run('user list --json')).json()).toMatchObject({ users: [] });
  });

  test('a user whose password is refused is there, and that is said', async () => {
    await app.control.fault({
      match: { method: 'PUT' },
      do: { status: 400, body: { code: 'invalid_password', status: 'bad_request' } },
    });
    const outcome = await app.run(`user create --email ${EMAIL} --password-file - --json`, { stdin: 'long enough' });
    expect([outcome.status, outcome.error().code]).toEqual([3, 'PASSWORD_REFUSED']);
    expect(outcome.stderr).toMatch(/^The user usr_\w+ is made, but has no password\.\n/);
  });
});

describe('user list', () => {
  test('a page of them, and how many more', async () => {
    const one = await create('--phone', PHONE, '--email', EMAIL);
    await create('--phone', '+33612345679');
    const all = (await app.run('user list --json')).json<{ users: { userId: string }[] }>();
    expect(all).toMatchObject({ total: 2, limit: 100, offset: 0 });
    expect(all.users.find(({ userId }) => userId === one)).toEqual({
      userId: one,
      identifiers: [
        { type: 'phone_number', value: PHONE },
        { type: 'email_address', value: EMAIL },
      ],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    const page = await app.run('user list --limit 1');
    expect(page.stdout.split('\n')).toHaveLength(2);
    expect(page.stderr).toContain('1 more: stepup user list --offset 1');
  });

  test('nobody is said', async () => {
    expect((await app.run('user list')).stderr).toContain('There is no user. Make one with: stepup user create');
    expect((await app.run('user list --limit 0 --json')).error()).toMatchObject({ code: 'FLAG_INVALID' });
  });

  test.each([404, 501])('a service without a list (%i) is said plainly', async (status) => {
    await app.control.fault({ match: { path: '/v2/*/users' }, do: { status, body: { code: 'not_found' } } });
    const outcome = await app.run('user list --json');
    expect([outcome.status, outcome.error()]).toMatchObject([
      3,
      {
        code: 'NOT_OFFERED',
        message: `The service does not offer a list of its users (it answered with status ${status}).`,
      },
    ]);
  });
});

describe('user delete', () => {
  test('asks; needs --yes without a terminal; one that is not there is no error', async () => {
    const userId = await create('--email', EMAIL);
    const no = await app.run(`user delete ${userId}`, { answers: [[`Delete the user ${userId}`, 'n\r']] });
    expect(no.stdout).toBe('Nobody was deleted.\n');
    const pipe = await app.run(`user delete ${userId} --json`);
    expect([pipe.status, pipe.error().field]).toEqual([5, '--yes']);
    expect((await app.run(`user delete ${userId} --yes --json`)).json()).toEqual({ userId, deleted: true });
    expect((await app.run(`user delete ${userId} --yes`)).stdout).toBe(
      `There is no user ${userId}: nothing to delete.\n`,
    );
  });

  test.each(['', '..', 'a/b', '?x'])('%j is no id', async (id) => {
    const outcome = await app.run(['user', 'delete', id, '--yes', '--json']);
    expect([outcome.status, outcome.error().code]).toEqual([2, 'FLAG_INVALID']);
  });
});
