import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../../../support/application.js';

interface Facts {
  id: string;
  channel: string;
  default: boolean;
  [field: string]: unknown;
}

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(async () => {
  await app.control.clearFaults();
  await app.reset();
});
afterAll(() => app.close());

const listed = async (): Promise<Facts[]> =>
  (await app.run('login-config list --json')).json<{ loginConfigs: Facts[] }>().loginConfigs;
async function idOf(channel: string): Promise<string> {
  return (await listed()).find((config) => config.channel === channel)!.id;
}

describe('login-config', () => {
  test('list: a new application has one for SMS and one for email', async () => {
    expect(await listed()).toEqual(
      ['sms', 'email'].map((channel) => ({
        id: expect.stringMatching(/^lcfg_/),
        channel,
        default: true,
        template: null,
        sender: null,
        grantedScopes: [],
        codeSize: null,
      })),
    );
    expect((await app.run('login-config list')).stdout).toMatch(/^lcfg_\w+\tsms\tyes\t-\t-\t-\t-\n/);
  });

  test('add: with every flag; the same again is there already; a new default takes the place of the old one', async () => {
    const flags = ['--template', 'tpl', '--sender', 'Acme', '--granted-scope', 'a:b', '--granted-scope', 'c'];
    const args = ['login-config', 'add', '--channel', 'sms', '--default', '--code-size', '8', ...flags, '--json'];
    const first = await app.run(args);
    const facts = {
      channel: 'sms',
      default: true,
      template: 'tpl',
      sender: 'Acme',
      grantedScopes: ['a:b', 'c'],
      codeSize: 8,
    };
    expect(first.json()).toMatchObject({ changed: true, loginConfig: facts });
    expect((await app.run(args)).json()).toEqual({ changed: false, loginConfig: first.json()['loginConfig'] });
    expect((await listed()).map(({ channel, default: isDefault }) => [channel, isDefault])).toEqual([
      ['sms', false],
      ['email', true],
      ['sms', true],
    ]);
  });

  test('a code has as many digits as it says', async () => {
    await app.run(`login-config update ${await idOf('sms')} --code-size 8`);
    await app.addUser();
    await app.login();
    expect((await app.newest()).code).toMatch(/^\d{8}$/);
  });

  test('add asks for the channel; without a terminal it is status 5', async () => {
    const outcome = await app.run('login-config add --json');
    expect([outcome.status, outcome.error().field]).toEqual([5, '--channel']);
    const asked = await app.run('login-config add', { answers: [['How codes are sent', '\r']] });
    expect(asked.stdout).toMatch(/^Added lcfg_\w+: sms\.\n$/);
  });

  test.each([
    [['--code-size', '3'], 'FLAG_INVALID', '--code-size'],
    [['--code-size', '6.5'], 'FLAG_INVALID', '--code-size'],
    [['--granted-scope', 'a b'], 'SCOPE_INVALID', '--granted-scope'],
    [['--template', ''], 'FLAG_INVALID', '--template'],
  ])('%j is refused before anything is asked or sent', async (flags, code, field) => {
    const outcome = await app.run(['login-config', 'add', ...flags, '--json']);
    expect([outcome.status, outcome.error()]).toMatchObject([2, { code, field }]);
  });

  test('update changes what the flags name, and takes away', async () => {
    const id = await idOf('email');
    await app.run(`login-config update ${id} --template t1 --granted-scope a --code-size 5`);
    const { stdout } = await app.run(`login-config update ${id} --no-template --sender me`);
    expect(stdout).toBe(`Changed ${id}: email, default, sender me, grants a, codes of 5.\n`);
    const again = await app.run(`login-config update ${id} --sender me --json`);
    expect(again.json()).toMatchObject({ changed: false, loginConfig: { template: null, grantedScopes: ['a'] } });
    await app.run(`login-config update ${id} --no-sender --no-granted-scope --no-default`);
    expect((await listed())[1]).toMatchObject({ default: false, sender: null, grantedScopes: [], codeSize: 5 });
  });

  test('update of none, or with nothing, is status 2', async () => {
    const unknown = await app.run('login-config update lcfg_none --default --json');
    expect([unknown.status, unknown.error().code]).toEqual([2, 'LOGIN_CONFIG_UNKNOWN']);
    expect((await app.run('login-config update lcfg_none --json')).error()).toMatchObject({ code: 'USAGE' });
  });

  test('remove asks, and says when nobody could log in by the channel any more', async () => {
    const id = await idOf('sms');
    const question = /Remove lcfg_\w+: sms, default, the only one: nobody could log in by/;
    const no = await app.run(`login-config remove ${id}`, { answers: [[question, 'n\r']] });
    expect(no.stdout).toBe('Nothing was removed.\n');
    const pipe = await app.run(`login-config remove ${id} --json`);
    expect([pipe.status, pipe.error().field]).toEqual([5, '--yes']);
    expect((await app.run(`login-config remove ${id} --yes --json`)).json()).toEqual({ id, removed: true });
    expect((await app.run(`login-config remove ${id} --yes --json`)).json()).toEqual({ id, removed: false });
    expect((await listed()).map(({ channel }) => channel)).toEqual(['email']);
  });
});

describe('login-config password', () => {
  const INITIAL = {
    enabled: true,
    hashMethod: 'argon2id',
    minLength: 8,
    maxLength: 0,
    uppercase: 0,
    lowercase: 0,
    numbers: 0,
    symbols: 0,
    ipLimit: { limit: 20, seconds: 600 },
    identifierLimit: { limit: 5, seconds: 600 },
  };

  test('shows the policy, and none', async () => {
    expect((await app.run('login-config password --json')).json()).toEqual({ password: null });
    expect((await app.run('login-config password')).stdout).toBe('Password login is not configured.\n');
  });

  test('flags set it; what they do not name stays; in nanoseconds at the service', async () => {
    const first = await app.run(
      'login-config password --min-length 12 --numbers --symbols 2 --identifier-limit 3/60 --json',
    );
    const password = { ...INITIAL, minLength: 12, numbers: 1, symbols: 2, identifierLimit: { limit: 3, seconds: 60 } };
    expect(first.json()).toEqual({ changed: true, password });
    expect((await app.run('config export --json')).json()).toMatchObject({
      login_password: { rate_limit_login_identifier: { ttl: 60_000_000_000, limit: 3 } },
    });
    expect((await app.run('login-config password --numbers --json')).json()).toEqual({ changed: false, password });
    const second = await app.run('login-config password --disable --no-numbers --max-length 64');
    expect(second.stdout).toBe(
      [
        'Password login is now so:',
        '  enabled            no',
        '  length             12 or more, 64 at most',
        '  demanded           2 symbols',
        '  limit by address   20 tries in 600 s',
        '  limit by user      3 tries in 60 s',
        '  hash               argon2id',
        '',
      ].join('\n'),
    );
    expect((await app.run('login-config password --json')).json()).toMatchObject({
      password: { enabled: false, numbers: 0, symbols: 2, maxLength: 64 },
    });
  });

  test.each([
    [['--enable', '--disable'], 'FLAG_CONFLICT', '--disable'],
    [['--min-length', 'long'], 'FLAG_INVALID', '--min-length'],
    [['--max-length', '4'], 'FLAG_INVALID', '--max-length'],
    [['--symbols', 'many'], 'FLAG_INVALID', '--symbols'],
    [['--ip-limit', '20'], 'FLAG_INVALID', '--ip-limit'],
  ])('%j is refused', async (flags, code, field) => {
    const outcome = await app.run(['login-config', 'password', ...flags, '--json']);
    expect([outcome.status, outcome.error()]).toMatchObject([2, { code, field }]);
    expect((await app.run('login-config password --json')).json()).toEqual({ password: null });
  });

  test.each([405, 501])('a service without the call (%i) is said', async (status) => {
    await app.control.fault({ match: { path: '/v2/*/config/login/password' }, do: { status } });
    const outcome = await app.run('login-config password --json');
    expect([outcome.status, outcome.error()]).toMatchObject([
      3,
      {
        code: 'NOT_OFFERED',
        message: `The service does not offer to show its configuration of password login (it answered with status ${status}).`,
      },
    ]);
  });
});
