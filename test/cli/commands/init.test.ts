import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../../support/application.js';
import { stepup, type Outcome, type RunOptions } from '../../support/stepup.js';

const KEY = 'sk_emulator_demo';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

/** `stepup ARGS` in the store of the application, without `--emulator`. */
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(args, { home: app.home, ...options });
const there = (): string => `--app demo --domain ${app.url} --management-url ${app.url}`;
const stored = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(app.home, file), 'utf8')) as Record<string, unknown>;

describe('init with flags', () => {
  test('checks the key, keeps the profile without it and makes it the current one', async () => {
    const { status, stdout, stderr } = await run(`init --name work ${there()} --management-key-file - --json`, {
      stdin: `${KEY}\n`,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const profile = { provider: 'prelude', appId: 'demo', frontendUrl: app.url, managementUrl: app.url };
    expect(JSON.parse(stdout)).toEqual({ profile: 'work', ...profile, managementKey: { known: true, checked: true } });
    expect(await stored('config.json')).toEqual({ version: 1, current: 'work', profiles: { work: profile } });
    expect(await readFile(join(app.home, 'config.json'), 'utf8')).not.toContain(KEY);
    const name = `prelude://${app.url.slice('http://'.length)}#demo`;
    expect((await stored('credentials.json')).managementKeys).toEqual({ [name]: KEY });
    expect(await run('scope list')).toMatchObject({ status: 0 });
  });

  test('reads the key from a file or its variable, and needs none', async () => {
    await mkdir(app.home);
    const file = join(app.home, 'key.txt');
    await writeFile(file, `${KEY}\n`, { mode: 0o600 });
    expect(await run(`init --name a ${there()} --management-key-file ${file}`)).toMatchObject({ status: 0 });
    const env = { STEPUP_PRELUDE_MANAGEMENT_KEY: KEY, STEPUP_PRELUDE_APP_ID: 'demo', STEPUP_PRELUDE_DOMAIN: app.url };
    expect(await run(`init --name b --management-url ${app.url}`, { env })).toMatchObject({ status: 0 });
    const without = await run('init --app 54e9ujn');
    expect(without).toMatchObject({ status: 0 });
    expect(without.stdout).toContain('Profile 54e9ujn is set up');
    expect(without.stdout).toContain('https://54e9ujn.session.prelude.dev');
    expect(without.stdout).toContain('https://api.prelude.dev');
  });

  test('in a terminal, what was typed can be kept when the service cannot be reached', async () => {
    const args = 'init --name off --app demo --domain 127.0.0.1:9 --management-url http://127.0.0.1:9';
    const key = ['Management key', `${KEY}\r`] as [string, string];
    const no = await run(args, { answers: [key, ['unchecked?', 'n\r']] });
    expect(no.status).toBe(6);
    expect(await run('profile list --json')).toMatchObject({ stdout: '{"profiles":[]}\n' });
    const yes = await run(args, { answers: [key, ['unchecked?', 'y\r']] });
    expect(yes).toMatchObject({ status: 0, stdout: expect.stringContaining('kept, not checked') as string });
  });

  test('a wrong key is status 3, an unknown application too, and nothing is kept', async () => {
    const wrong = await run(`init ${there()} --management-key-file - --json`, { stdin: 'sk_wrong' });
    expect([wrong.status, wrong.error().code]).toEqual([3, 'MANAGEMENT_KEY_REFUSED']);
    expect(wrong.stderr).not.toContain('sk_wrong');
    const args = `init --app other --domain ${app.url} --management-url ${app.url} --management-key-file - --json`;
    const unknown = await run(args, { stdin: KEY });
    expect([unknown.status, unknown.error().code]).toEqual([3, 'APPLICATION_UNKNOWN']);
    expect(await run('profile list --json')).toMatchObject({ stdout: '{"profiles":[]}\n' });
  });

  test('a name that is taken is PROFILE_EXISTS, --force replaces it, the same again is no conflict', async () => {
    expect(await run('init --name work --app first')).toMatchObject({ status: 0 });
    expect(await run('init --name work --app first')).toMatchObject({ status: 0 });
    const taken = await run('init --name work --app second --json');
    expect([taken.status, taken.error()]).toMatchObject([2, { code: 'PROFILE_EXISTS', field: '--name' }]);
    expect(await run('init --name work --app second --force')).toMatchObject({ status: 0 });
    expect((await run('profile show --json')).json()).toMatchObject({ appId: { value: 'second' } });
  });

  test.each([
    ['init --json', 5, 'INPUT_NEEDED', '--app'],
    ['init --app no/id --json', 2, 'FLAG_INVALID', '--app'],
    ['init --app demo --domain http://example.com --json', 2, 'URL_INVALID', '--domain'],
    ['init --app demo --management-url https://u:p@a --json', 2, 'URL_INVALID', '--management-url'],
    ['init --app demo --name -x --json', 2, 'PROFILE_INVALID', '--name'],
    ['init --app demo --name constructor --json', 2, 'PROFILE_INVALID', undefined],
    ['init --app demo --profile x --json', 2, 'FLAG_CONFLICT', '--profile'],
    ['init --app demo --management-key-file /nonexistent --json', 2, 'FILE_UNREADABLE', '--management-key-file'],
  ])('%s', async (args, status, code, field) => {
    const outcome = await run(args);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([status, code, field]);
    expect(outcome.stdout).toBe('');
  });
});

describe('init --emulator', () => {
  test('makes a profile of the emulator, which then works without the flag', async () => {
    expect(await app.run('init')).toMatchObject({ status: 0 });
    expect(await stored('config.json')).toMatchObject({
      current: 'emulator',
      profiles: { emulator: { appId: 'demo' } },
    });
    expect(await run('scope list')).toMatchObject({ status: 0 });
  });

  test('none that runs is status 2', async () => {
    expect((await run('init --emulator --json')).error()).toMatchObject({ code: 'EMULATOR_NOT_FOUND' });
  });
});

describe('init in a terminal', () => {
  test('asks for what is missing; the key is not shown', async () => {
    const { status, stderr } = await run(`init --management-url ${app.url}`, {
      answers: [
        ['Application id', 'demo\r'],
        ['Domain of the frontend API', `\u0015${app.url}\r`],
        ['Management key', `${KEY}\r`],
        ['Name of the profile', '\r'],
      ],
    });
    expect(status).toBe(0);
    expect(stderr).toContain('demo.session.prelude.dev');
    expect(stderr).not.toContain(KEY);
    expect(await stored('config.json')).toMatchObject({
      current: 'demo',
      profiles: { demo: { frontendUrl: app.url, managementUrl: app.url } },
    });
  });

  test('asks before it replaces a profile, and Ctrl-C keeps everything', async () => {
    await run('init --name work --app first');
    const no = await run('init --name work --app second --domain a.example.com', {
      answers: [
        ['Management key', '\r'],
        ['of application first. Replace it?', 'n\r'],
      ],
    });
    expect(no.status).toBe(130);
    const gone = await run('init --name work --app second', { answers: [['Domain', '\u0003']] });
    expect(gone).toMatchObject({ status: 130, stdout: '' });
    expect((await run('profile show --json')).json()).toMatchObject({ appId: { value: 'first' } });
  });
});
