import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/cli/stepup-file/changes.js';
import { startApplication, type Application } from '../../../support/application.js';
import type { Outcome } from '../../../support/stepup.js';
import { WHOLE } from '../../stepup-file/examples.js';

let app: Application;
let path: string;
beforeAll(async () => {
  app = await startApplication();
  path = join(app.home, '..', `stepup-apply-${process.pid}.json`);
});
afterEach(async () => {
  await app.control.clearFaults();
  await app.reset();
});
afterAll(async () => {
  await rm(path, { force: true });
  await app.close();
});

async function apply(file: object, ...flags: string[]): Promise<Outcome> {
  await writeFile(path, JSON.stringify(file));
  return app.run(['config', 'apply', '--file', path, ...flags]);
}
const exported = async (): Promise<unknown> => (await app.run('config export --json')).json();
const short = ({ section, item, change }: Change): string => `${section} ${change} ${item}`;
const found = (outcome: Outcome): string[] => outcome.json<{ differences: Change[] }>().differences.map(short);
/** Lets nothing but reading through. */
const reading: typeof fetch = (input, init) =>
  init?.method === 'GET' ? fetch(input, init) : Promise.reject(new Error(`${init?.method} is no reading`));

describe('config apply', () => {
  test('makes the application be as the file says; applied again it does nothing; exported, it is the same', async () => {
    const first = await apply(WHOLE, '--yes', '--json');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.json()).toMatchObject({ application: 'demo', changed: true, dryRun: false });
    const second = await app.run(['config', 'apply', '--file', path, '--yes', '--json'], { fetch: reading });
    expect(second.json()).toEqual({ application: 'demo', changed: false, dryRun: false, differences: [] });
    expect(await exported()).toEqual(WHOLE);
    expect(JSON.parse((await app.run('config export --out -')).stdout)).toEqual(WHOLE);
    // Neither a terminal nor --yes is needed where there is nothing to do.
    expect(await apply(WHOLE)).toMatchObject({
      status: 0,
      stdout: 'Application demo is as the file says: nothing to change.\n',
    });
  });

  test('the order of what has no order, and empty values, are no difference', async () => {
    await apply(WHOLE, '--yes');
    const { stepup } = WHOLE;
    const other = {
      scopes: WHOLE.scopes.toReversed(),
      stepup: {
        ...stepup,
        step_keys: [
          { key: 'kyc_review', description: 'manual KYC' },
          { key: 'form.w9', description: '' },
        ],
        allowed_scopes: [stepup.allowed_scopes[3], ...stepup.allowed_scopes.slice(0, 3)],
      },
      login_otp: WHOLE.login_otp.toReversed(),
    };
    expect((await apply(other, '--dry-run', '--json')).json()).toMatchObject({ differences: [] });
  });

  test('--dry-run shows what differs and changes nothing: added, changed field by field, removed', async () => {
    await apply(WHOLE, '--yes');
    const before = await exported();
    const { stepup } = WHOLE;
    const [managed, byEmail, bySms] = stepup.allowed_scopes;
    const next = {
      scopes: ['key:export', 'prld:phone:register', 'prld:pwd:write'],
      stepup: {
        step_keys: stepup.step_keys.slice(1),
        allowed_scopes: [
          managed,
          { ...byEmail, direct: { ...(byEmail as { direct: object }).direct, granted_for: 60 } },
          bySms,
        ],
      },
      login_otp: [WHOLE.login_otp[0], { channel_type: 'email', is_default: true, template_id: 'tpl_9' }],
    };
    const dry = await apply(next, '--dry-run', '--json');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.json()).toMatchObject({ changed: false, dryRun: true });
    const { differences } = dry.json<{ differences: Change[] }>();
    expect(differences.map(short)).toEqual([
      'scopes added key:export',
      'scopes removed transfer:write',
      'stepup changed allowed_scopes.prld:pwd:write',
      'stepup removed jwks_url',
      'stepup removed step_keys.form.w9',
      'stepup removed allowed_scopes.transfer:write',
      'login_otp changed email',
      'login_otp removed email',
    ]);
    expect(differences[2]?.fields).toEqual([{ field: 'direct.granted_for', before: 300, after: 60 }]);
    expect(differences[3]?.fields).toEqual([{ field: '', before: WHOLE.stepup.jwks_url }]);
    expect(differences[6]).toMatchObject({
      id: expect.stringMatching(/^lcfg_/),
      fields: [{ field: 'template_id', after: 'tpl_9' }],
    });
    const { stdout } = await apply(next, '--dry-run');
    expect(stdout).toContain('scopes\n  + key:export\n  - transfer:write\n');
    expect(stdout).toContain('  ~ allowed_scopes.prld:pwd:write\n      direct.granted_for: 300 -> 60\n');
    expect(stdout).toContain(`  - jwks_url\n      "${WHOLE.stepup.jwks_url}" -> nothing\n`);
    expect(stdout).toContain('1 added, 2 changed, 5 removed (nothing was changed)\n');
    expect(await exported()).toEqual(before);
  });

  test('in colours on a terminal', async () => {
    await writeFile(path, JSON.stringify({ scopes: ['a'] }));
    const { stdout } = await app.run(['config', 'apply', '--file', path, '--dry-run'], { tty: true });
    expect(stdout).toContain('\u001b[32m+ a\u001b[39m');
  });

  test('a section that is left out stays; an empty one is emptied; null deletes the configuration', async () => {
    await apply(WHOLE, '--yes');
    const { scopes: _scopes, ...rest } = WHOLE;
    expect((await apply({ ...rest, stepup: null, login_otp: [] }, '--yes', '--json')).status).toBe(0);
    expect(await exported()).toEqual({ ...WHOLE, stepup: null, login_otp: [] });
    expect((await app.run('config show --json')).error()).toMatchObject({ code: 'CONFIG_MISSING' });
  });

  test('the id of a login configuration outlives a change of its fields, and of which is the default', async () => {
    await apply(WHOLE, '--yes');
    const ids = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await app.run('login-config list --json'))
          .json<{ loginConfigs: { id: string; channel: string; codeSize: number | null }[] }>()
          .loginConfigs.map(({ id, channel, codeSize }) => [`${channel} ${codeSize ?? ''}`, id]),
      );
    const before = await ids();
    const [sms, one, other] = WHOLE.login_otp;
    const swapped = [
      { ...sms, code_size: 7 },
      { ...one, is_default: false },
      { ...other, is_default: true },
    ];
    expect((await apply({ login_otp: swapped }, '--yes')).status).toBe(0);
    expect(await ids()).toEqual({ 'sms 7': before['sms 6'], 'email ': before['email '], 'email 8': before['email 8'] });
    expect(found(await apply({ login_otp: swapped }, '--dry-run', '--json'))).toEqual([]);
  });

  test('a person is shown the difference and asked', async () => {
    await writeFile(path, JSON.stringify({ scopes: ['a'] }));
    const args = ['config', 'apply', '--file', path];
    const no = await app.run(args, { answers: [[/\+ a[^]*Change application demo so \(1 added\)\?/, 'n\r']] });
    expect([no.status, no.stdout]).toEqual([0, 'Nothing was changed.\n']);
    expect(await exported()).toMatchObject({ scopes: [] });
    const yes = await app.run(args, { answers: [['Change application demo so', 'y\r']] });
    expect([yes.status, yes.stdout]).toEqual([0, 'Application demo is as the file says: 1 added.\n']);
    expect(await exported()).toMatchObject({ scopes: ['a'] });
  });

  test('without a terminal, --yes is needed: status 5, and nothing is changed', async () => {
    const outcome = await apply({ scopes: ['a'] }, '--json');
    expect([outcome.status, outcome.stdout, outcome.error().field]).toEqual([5, '', '--yes']);
    expect(outcome.stderr).toContain('+ a');
    expect(await exported()).toMatchObject({ scopes: [] });
    expect((await app.run('config apply --json')).error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--file' });
  });

  test('what changed since the difference was shown is not overwritten', async () => {
    await writeFile(path, JSON.stringify({ scopes: ['a'] }));
    const { status, stderr } = await app.run(['config', 'apply', '--file', path], {
      answers: [
        [
          'Change application demo so',
          async () => {
            await app.manage('POST', '/config/scopes', { scope: 'meanwhile' });
            return 'y\r';
          },
        ],
      ],
    });
    expect(status).toBe(3);
    expect(stderr).toContain('Error: Application demo has changed since the difference was shown.');
    expect(await exported()).toMatchObject({ scopes: ['meanwhile'] });
  });

  test('what fails in the middle leaves a working application and says what was done; again it does the rest', async () => {
    await apply({ scopes: ['old'], stepup: null, login_otp: [] }, '--yes');
    await app.control.fault({ match: { method: 'POST', path: '/v2/*/config/stepup' }, times: 1, do: { status: 503 } });
    const failed = await apply(WHOLE, '--yes', '--json');
    expect([failed.status, failed.stdout, failed.error().code]).toEqual([6, '', 'SERVICE_FAILING']);
    expect(failed.stderr).toContain('Done: register the scope prld:phone:register; register the scope prld:pwd:write');
    expect(failed.stderr).toContain('turn on password login.\nPerhaps done: make the step-up configuration.\n');
    expect(failed.stderr).toContain('Not done: unregister the scope old.\n');
    expect(await exported()).toEqual({ ...WHOLE, scopes: ['old', ...WHOLE.scopes], stepup: null });
    expect((await apply(WHOLE, '--yes')).status).toBe(0);
    expect(await exported()).toEqual(WHOLE);
  });

  test('a refusal in the middle was not done', async () => {
    await app.control.fault({
      match: { method: 'POST', path: '/v2/*/config/scopes' },
      do: { status: 400, body: { code: 'invalid_request', status: 'bad_request' } },
    });
    const { status, stderr } = await apply({ scopes: ['a', 'b'] }, '--yes');
    expect(status).toBe(3);
    expect(stderr).toContain('Done: nothing.\nNot done: register the scope a; register the scope b.\n');
  });

  test('a scope that is allowed and not registered is noted', async () => {
    const { stderr } = await apply({ ...WHOLE, scopes: ['prld:pwd:write'] }, '--dry-run');
    expect(stderr).toBe(
      'Allowed, but not among scopes, so that a request may be refused: prld:phone:register, transfer:write.\n',
    );
  });

  test('bad files are refused before anything is sent', async () => {
    await writeFile(path, '{\n  "scopes": ["a"],\n}');
    const outcome = await app.run(['config', 'apply', '--file', path, '--yes', '--json'], {
      fetch: () => Promise.reject(new Error('nothing is to be sent')),
    });
    expect([outcome.status, outcome.error().code]).toEqual([2, 'DOCUMENT_INVALID']);
    expect(outcome.error().message).toBe(
      `${path} is no JSON: a comma after the last entry, before } (line 2, column 18).`,
    );
    const large = await app.run('config apply --file - --yes --json', { stdin: ' '.repeat(1024 * 1024 + 1) });
    expect(large.error()).toMatchObject({ code: 'FLAG_INVALID', message: '--file: more than 1 MB was given.' });
    const piped = await app.run('config apply --file - --yes --json', { stdin: '{"scopes":["a b"]}' });
    expect(piped.error().message).toContain('standard input, line 1, column 12: scopes.0 has characters');
    const gone = await app.run('config apply --file /nonexistent.json --json');
    expect([gone.status, gone.error().code]).toEqual([2, 'FILE_UNREADABLE']);
  });
});

describe('config export', () => {
  beforeEach(() => apply(WHOLE, '--yes'));

  test('writes the same bytes each time, which apply takes and does nothing with', async () => {
    const first = await app.run(['config', 'export', '--out', path, '--json']);
    expect(first.json()).toEqual({
      application: 'demo',
      file: path,
      sections: ['scopes', 'stepup', 'login_otp', 'login_password'],
    });
    const text = await readFile(path, 'utf8');
    expect(text).toBe(`${JSON.stringify(WHOLE, undefined, 2)}\n`);
    expect((await stat(path)).mode & 0o600).toBe(0o600);
    expect((await app.run('config export')).stdout).toBe(text);
    const again = await app.run(['config', 'apply', '--file', path, '--json']);
    expect([again.status, again.json()['changed']]).toEqual([0, false]);
  });

  test('a file that cannot be written is status 1', async () => {
    const outcome = await app.run(['config', 'export', '--out', '/nonexistent/stepup.json', '--json']);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([1, 'FILE_UNWRITABLE', '--out']);
  });

  test('a service that does not show password login leaves that section out, and says so', async () => {
    await app.control.fault({ match: { method: 'GET', path: '/v2/*/config/login/password' }, do: { status: 501 } });
    const { status, stdout, stderr } = await app.run('config export --json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).not.toHaveProperty('login_password');
    expect(stderr).toContain('login_password is left out: The service does not offer');
  });
});
