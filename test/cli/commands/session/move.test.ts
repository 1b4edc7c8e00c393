import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApplication, SCOPE, type Application } from '../../../support/application.js';
import { temporaryHome } from '../../../support/stepup.js';

let app: Application;
let other: Awaited<ReturnType<typeof temporaryHome>>;
let file: string;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  other = await temporaryHome();
  file = join(other.home, 'session.json');
  await app.allow({ scope: SCOPE });
  await app.login();
});
afterEach(async () => {
  await app.reset();
  await other.remove();
});
afterAll(() => app.close());

const there = {
  get home() {
    return other.home;
  },
};

describe('session export and import', () => {
  test('move a session to another machine, where it goes on with the key that it is bound to', async () => {
    expect((await app.run(`session export --out ${file}`)).status).toBe(0);
    expect((await app.run('whoami --json')).error().code).toBe('NOT_LOGGED_IN');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await app.run(`session import ${file} --json`, there)).json()).toEqual({
      imported: true,
      provider: 'prelude',
      host: new URL(app.url).host,
      application: 'demo',
    });
    await app.control.clock({ advance: 61 });
    expect((await app.run('whoami', { ...there, now: () => Date.now() + 61_000 })).status).toBe(0);
    const request = await app.run(['request', SCOPE, '--code-command', 'inbox'], { ...there, run: app.shell });
    expect({ status: request.status, stderr: request.status === 0 ? '' : request.stderr }).toEqual({
      status: 0,
      stderr: '',
    });
  });

  test('a job after a job carries it: exported again to the same file, the rotated one goes on', async () => {
    await app.run(`session export --out ${file}`);
    const first = await readFile(file, 'utf8');
    for (const after of [70_000, 140_000]) {
      await app.run(`session import ${file} --yes`, there);
      expect((await app.run('whoami', { ...there, now: () => Date.now() + after })).status).toBe(0);
      expect((await app.run(`session export --out ${file}`, there)).status).toBe(0);
    }
    expect(await readFile(file, 'utf8')).not.toBe(first);
  });

  test('a file that cannot be written leaves the session where it is', async () => {
    const { status, stderr } = await app.run(`session export --out ${join(other.home, 'no', 'folder.json')} --json`);
    expect({ status, code: JSON.parse(stderr).error.code }).toEqual({ status: 1, code: 'FILE_UNWRITABLE' });
    expect(JSON.parse(stderr).error.message).toMatch(/does not exist/);
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('nothing to move, no file named, and never on standard output', async () => {
    expect((await app.run('session export --json')).error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--out' });
    const dash = await app.run('session export --out - --json');
    expect([dash.status, dash.error()]).toMatchObject([2, { field: '--out' }]);
    expect((await app.run('whoami')).status).toBe(0);
    await app.run('logout');
    expect((await app.run(`session export --out ${file} --json`)).error().code).toBe('NOT_LOGGED_IN');
  });

  test.each(['', '{', '[]', '{"type":"stepup-session"}', 'x'.repeat(10_000)])('no session in %j', async (text) => {
    await writeFile(file, text);
    const outcome = await app.run(`session import ${file} --yes --json`);
    expect({ status: outcome.status, code: outcome.error().code }).toEqual({ status: 2, code: 'DOCUMENT_INVALID' });
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('a file from elsewhere cannot write to the terminal', async () => {
    await app.run(`session export --out ${file}`);
    const hostile = { ...JSON.parse(await readFile(file, 'utf8')), host: 'a\u001b[2Jb', application: 'c\u001b[2Jd' };
    await writeFile(file, JSON.stringify(hostile));
    for (const answers of [[], [['Replace it?', 'y\r']]] as [string, string][][]) {
      const { status, stdout, stderr } = await app.run(`session import ${file}`, { answers, env: { NO_COLOR: '1' } });
      expect([status, stdout]).toEqual([0, expect.stringContaining('is here now')]);
      expect(stdout + stderr.slice(0, stderr.indexOf('Replace it?') + 1)).not.toContain('\u001b[2J');
    }
  });

  test('a file of something else is not written over; that of an earlier export is', async () => {
    await writeFile(file, '{"hello":1}');
    const refused = await app.run(`session export --out ${file} --json`);
    expect([refused.status, refused.error()]).toMatchObject([2, { code: 'FLAG_INVALID', field: '--out' }]);
    expect(await readFile(file, 'utf8')).toBe('{"hello":1}');
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('a file that others can read is told of, and still taken', async () => {
    await app.run(`session export --out ${file}`);
    await chmod(file, 0o644);
    const { status, stderr } = await app.run(`session import ${file} --yes`);
    expect([status, stderr]).toEqual([0, expect.stringContaining(`chmod 600 ${file}`)]);
  });

  test('a machine without a profile is told how to name where the session belongs', async () => {
    await app.run(`session export --out ${file}`);
    const elsewhere = { ...JSON.parse(await readFile(file, 'utf8')), host: 'bank.example.com', application: 'a b' };
    await writeFile(file, JSON.stringify(elsewhere));
    const { stderr } = await app.run(`session import ${file}`, there);
    expect(stderr).toContain("stepup status --provider prelude --app 'a b' --domain bank.example.com");
  });

  test('one that is there is replaced with --yes only, when nobody can be asked', async () => {
    await app.run(`session export --out ${file}`);
    await app.login();
    expect((await app.run(`session import ${file} --json`)).error()).toMatchObject({ field: '--yes' });
    const asked = await app.run(`session import ${file}`, { answers: [['already. Replace it?', 'n\r']] });
    expect(asked.stdout).toContain('Nothing was changed.');
    expect((await app.run(`session import ${file} --yes`)).status).toBe(0);
  });
});

describe('session list and revoke', () => {
  test('a page of them, the open one marked', async () => {
    await app.login({ home: other.home });
    const { sessions, total } = (await app.run('session list --json')).json<{
      sessions: { sessionId: string; current: boolean; identifier?: string }[];
      total: number;
    }>();
    expect(total).toBe(2);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    const page = await app.run('session list --limit 1');
    expect(page.stdout.trim().split('\n')).toHaveLength(1);
    expect(page.stderr).toContain('1 more: stepup session list --offset 1');
  });

  test('ends the others and keeps this one', async () => {
    await app.login({ home: other.home });
    expect((await app.run('session revoke --others --yes --json')).json()).toEqual({
      revoked: true,
      target: 'others',
      loggedIn: true,
    });
    const late = { ...there, now: () => Date.now() + 70_000 };
    expect((await app.run('whoami --json', late)).error().code).toBe('SESSION_OVER');
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('ends all, and nobody is logged in here any more', async () => {
    expect((await app.run('session revoke --all --yes')).status).toBe(0);
    expect((await app.run('session list --json')).error().code).toBe('NOT_LOGGED_IN');
  });

  test('an unknown id, two ways at once, no way, nobody to ask', async () => {
    expect((await app.run('session revoke --id ses_nobody --yes --json')).error()).toMatchObject({ field: '--id' });
    for (const flags of ['--all --others', '']) {
      expect((await app.run(`session revoke ${flags} --json`.split(' ').filter(Boolean))).error().code).toBe(
        'FLAG_CONFLICT',
      );
    }
    expect((await app.run('session revoke --all --json')).error()).toMatchObject({ field: '--yes' });
  });

  test.each(['0', '101', 'x', ''])('--limit %j is refused', async (limit) => {
    expect((await app.run(['session', 'list', '--limit', limit, '--json'])).error().field).toBe('--limit');
  });
});
