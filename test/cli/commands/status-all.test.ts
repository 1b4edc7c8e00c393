import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../src/store/create.js';
import { PHONE, SCOPE, startApplication, type Application } from '../../support/application.js';
import { stepup, type Outcome, type RunOptions } from '../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const status = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(`status ${args}`, { home: app.home, ...offline, ...options });

const ENVIRONMENT = '00000000-0000-4000-8000-000000000009';

/** Three profiles: `work` at the emulator, `other` where nobody is logged in, `broken` with an address that is none. */
async function saveProfiles(): Promise<void> {
  const store = createStore(app.home);
  await store.saveProfile('work', {
    provider: 'prelude',
    appId: 'demo',
    frontendUrl: app.url,
    managementUrl: app.url,
  });
  await store.saveProfile('other', {
    provider: 'dynamic',
    environmentId: ENVIRONMENT,
    apiUrl: 'https://app.dynamicauth.com/api/v0',
    origin: 'http://localhost:3000',
  });
  await store.saveProfile('broken', {
    provider: 'prelude',
    appId: 'demo2',
    frontendUrl: 'ftp://nowhere',
    managementUrl: app.url,
  });
  await store.useProfile('work');
}

async function elevate(): Promise<void> {
  await app.allow({});
  await app.login();
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
}

describe('status --all', () => {
  test('has every profile by name, a broken one with its problem', async () => {
    await saveProfiles();
    await elevate();
    const found = await status('--all --json');
    expect([found.status, found.stderr]).toEqual([0, '']);
    expect(found.json()).toEqual({
      profiles: [
        {
          profile: 'broken',
          current: false,
          provider: 'prelude',
          application: 'demo2',
          session: null,
          grants: [],
          challenges: [],
          problem: {
            code: 'URL_INVALID',
            message: expect.stringContaining('ftp://nowhere'),
            hint: 'Set it up anew with: stepup init --name broken --force',
          },
        },
        {
          profile: 'other',
          current: false,
          provider: 'dynamic',
          application: ENVIRONMENT,
          session: null,
          grants: [],
          challenges: [],
        },
        {
          profile: 'work',
          current: true,
          provider: 'prelude',
          application: 'demo',
          session: expect.objectContaining({ identifier: PHONE, thumbprint: expect.stringMatching(/^[\w-]{43}$/) }),
          grants: [expect.objectContaining({ scopes: [SCOPE], singleUse: false, factors: ['verify_sms'] })],
          challenges: [],
        },
      ],
      secrets: { kind: 'file', path: `${app.home}/credentials.json` },
    });
    expect(found.stdout).not.toContain('eyJ');
  });

  test('is a row a profile in a pipe, with a dash for what is not there', async () => {
    await saveProfiles();
    await elevate();
    await app.allow({ scope: 'a:b' });
    await app.run('request a:b --no-input');
    const { stdout } = await status('--all');
    const [broken, other, work, ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(broken).toMatch(/^broken\tprelude\tdemo2\t-\t-\t-\t[^\t]*ftp:\/\/nowhere[^\t]*$/);
    expect(other).toBe(`other\tdynamic\t${ENVIRONMENT}\t-\t-\t-\t-`);
    const [, , , user, held, open, problem] = work!.split('\t');
    expect(user).toMatch(/^\S+ \(\+33612345678\)$/);
    expect(held).toMatch(/^transfer:write, until \S+Z, verify_sms$/);
    expect(open).toMatch(/^\S+ a:b verify_sms$/);
    expect(problem).toBe('-');
  });

  test('is a few lines a profile for a person', async () => {
    await saveProfiles();
    await elevate();
    const { stdout } = await status('--all', { tty: true, env: { NO_COLOR: '1' } });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ {2}broken {2}Prelude demo2 {2}.*ftp:\/\/nowhere/);
    expect(stdout).toContain(`\n  other  Dynamic ${ENVIRONMENT}  nobody is logged in\n`);
    expect(stdout).toMatch(/\n\* work {2}Prelude demo {2}\S+ \(\+33612345678\)\n {4}token until /);
    expect(stdout).toMatch(/\n {4}key [\w-]{43}\n/);
    expect(stdout).toMatch(/\n {4}held {2}transfer:write {2}until .* left, then renewed .*, proved by verify_sms\n/);
    expect(lines.at(-1)).toBe(`  secrets      in ${app.home}/credentials.json, for its owner only`);
  });

  test('a session that cannot be read is the problem of its profile alone, and shows nothing of it', async () => {
    await saveProfiles();
    await elevate();
    const path = join(app.home, 'credentials.json');
    const kept = JSON.parse(await readFile(path, 'utf8')) as { sessions: Record<string, object> };
    for (const name of Object.keys(kept.sessions)) kept.sessions[name] = { version: 1, session: 's3cret' as never };
    await writeFile(path, JSON.stringify(kept), { mode: 0o600 });
    const { status: code, stdout, json } = await status('--all --json');
    expect(code).toBe(0);
    const { profiles } = json<{ profiles: { profile: string; problem?: { code: string; hint?: string } }[] }>();
    expect(profiles.map(({ profile, problem }) => [profile, problem?.code])).toEqual([
      ['broken', 'URL_INVALID'],
      ['other', undefined],
      ['work', 'STORE_CORRUPTED'],
    ]);
    expect(profiles[2]!.problem!.hint).toBe('Replace it by logging in again: stepup login --profile work');
    expect(stdout).not.toContain('s3cret');
  });

  test('is not led astray by variables that were left over', async () => {
    await saveProfiles();
    await elevate();
    const env = { STEPUP_EMULATOR_URL: 'http://127.0.0.1:1', STEPUP_PRELUDE_APP_ID: 'else', STEPUP_PROFILE: 'broken' };
    const { json } = await status('--all --json', { env });
    const { profiles } = json<{ profiles: object[] }>();
    expect(profiles[2]).toMatchObject({ profile: 'work', application: 'demo', session: { identifier: PHONE } });
  });

  test('without a profile says how to make one', async () => {
    const text = await status('--all');
    expect([text.status, text.stdout]).toEqual([0, '']);
    expect(text.stderr).toBe('There is no profile. Make one with: stepup init\n');
    expect((await status('--all --json')).json()).toMatchObject({ profiles: [] });
  });

  test.each([
    '--profile work',
    '--emulator=http://127.0.0.1:1',
    '--tenant t1',
    '--provider prelude',
    '--app demo',
    '--domain example.com',
    '--management-url http://127.0.0.1:1',
    `--environment ${ENVIRONMENT}`,
    '--api-url http://127.0.0.1:1',
    '--origin http://localhost:3000',
  ])('does not go with %s', async (flag) => {
    const { status: code, stdout, error } = await status(`--all --json ${flag}`);
    expect([code, stdout, error().code]).toEqual([2, '', 'FLAG_CONFLICT']);
    expect(error().field).toBe(flag.split(/[ =]/)[0]);
  });
});
