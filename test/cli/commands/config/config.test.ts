import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../../../support/application.js';

const HOOK = 'https://api.example.com/hooks/stepup';
const JWKS = 'https://api.example.com/.well-known/jwks.json';
const direct = {
  scope: 'key:export',
  mode: 'direct',
  direct: {
    identifier_types: ['phone_number'],
    status: 'review',
    grant_mode: 'single-use',
    granted_for: 60,
    steps: [{ order: 1, key: 'verify_sms', expiration_duration: 300 }],
  },
};
const delegated = { scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: HOOK } };

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

/** The service's own document, without its times. */
async function stored(): Promise<object | undefined> {
  const { status, json } = await app.run('config show --json');
  if (status !== 0) return undefined;
  const { created_at: _created, updated_at: _updated, ...document } = json();
  return document;
}

describe('config create', () => {
  test('sends the jwks_url beside the hook, says so, and keeps the hook for scope add', async () => {
    const { status, stdout, stderr } = await app.run(['config', 'create', '--hook-url', HOOK]);
    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        'Step-up is configured for application demo.',
        `  default hook  ${HOOK}`,
        `  jwks_url      ${JWKS}`,
        '  step keys     none',
        '  scopes        none',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe(`jwks_url was not given, so ${JWKS} was sent: --jwks-url names another.\n`);
    expect(await stored()).toEqual({ jwks_url: JWKS, step_keys: [], allowed_scopes: [] });
    expect((await app.run('scope add transfer:write --json')).json()).toMatchObject({ hookUrl: HOOK });
  });

  test('with every flag, as JSON', async () => {
    const flags = [
      '--hook-url',
      HOOK,
      '--jwks-url',
      'https://keys.example.com/jwks',
      '--step-key',
      'kyc=manual KYC, a=b',
    ];
    const { stdout, stderr } = await app.run(['config', 'create', ...flags, '--step-key', 'form.w9', '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      changed: true,
      hookUrl: HOOK,
      config: {
        jwks_url: 'https://keys.example.com/jwks',
        step_keys: [{ key: 'kyc', description: 'manual KYC, a=b' }, { key: 'form.w9' }],
        allowed_scopes: [],
      },
    });
  });

  test('--no-hook makes one for stored verdicts', async () => {
    await app.run(['config', 'create', '--hook-url', HOOK]);
    await app.run('config delete --yes');
    await app.run(['config', 'create', '--hook-url', HOOK]);
    // The service was set back, as by emulator reset; the default hook is still known here.
    await app.control.clearState();
    expect(await app.run('config create --no-hook')).toMatchObject({ status: 0, stderr: '' });
    expect(await stored()).toEqual({ step_keys: [], allowed_scopes: [] });
    expect((await app.run('config show --json')).stdout).not.toContain('hookUrl');
    expect(await app.run('scope add key:export --mode direct --step verify_sms')).toMatchObject({ status: 0 });
  });

  test('the same again is done already; what differs is shown field by field, and nothing is changed', async () => {
    await app.run(['config', 'create', '--hook-url', HOOK, '--step-key', 'kyc=old']);
    await app.run('scope add transfer:write');
    const before = await stored();
    const again = await app.run(['config', 'create', '--hook-url', HOOK, '--step-key', 'kyc=old', '--json']);
    expect([again.status, again.json().changed]).toEqual([0, false]);

    const other = 'https://other.example.com/hook';
    const differs = await app.run(['config', 'create', '--hook-url', other, '--step-key', 'kyc=new']);
    expect(differs).toMatchObject({ status: 3, stdout: '' });
    expect(differs.stderr).toContain(`  jwks_url: "${JWKS}" -> "https://other.example.com/.well-known/jwks.json"\n`);
    expect(differs.stderr).toContain('  step_keys.kyc.description: "old" -> "new"\n');
    expect(differs.stderr).toContain(
      `  allowed_scopes.transfer:write.delegated.delegation_hook: "${HOOK}" -> "${other}"\n`,
    );
    expect(differs.stderr).toContain('Change it with: stepup config update');
    const script = await app.run(['config', 'create', '--step-key', 'new', '--json']);
    expect(script.error()).toMatchObject({
      code: 'CONFIG_EXISTS',
      message: 'Application demo is configured already, and differs in: step_keys.new.key.',
    });
    expect(await stored()).toEqual(before);
    expect((await app.run('profile show --json')).json()).toMatchObject({ hookUrl: { value: HOOK } });
  });

  test('without a flag: a terminal asks for the hook, anything else is status 5', async () => {
    const outcome = await app.run('config create --json');
    expect([outcome.status, outcome.error()]).toMatchObject([5, { code: 'INPUT_NEEDED', field: '--hook-url' }]);
    const { status, stderr } = await app.run('config create', {
      answers: [
        ['Hook URL', 'http://example.com\r'],
        ['must be https', `\u0015${HOOK}\r`],
      ],
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining(JWKS) });
  });

  test.each([
    [['--hook-url', 'http://example.com/hook'], 'URL_INVALID', '--hook-url'],
    [['--hook-url', 'example.com'], 'URL_INVALID', '--hook-url'],
    [['--jwks-url', 'ftp://example.com'], 'URL_INVALID', '--jwks-url'],
    [['--step-key', 'a b=c'], 'FLAG_INVALID', '--step-key'],
    [['--step-key', 'verify_sms'], 'FLAG_INVALID', '--step-key'],
    [['--step-key', 'kyc', '--step-key', 'kyc=x'], 'FLAG_INVALID', '--step-key'],
    [['--file', 'x.json', '--jwks-url', JWKS], 'FLAG_CONFLICT', '--jwks-url'],
    [['--hook-url', HOOK, '--no-hook'], 'FLAG_CONFLICT', '--no-hook'],
    [['--file', '/nonexistent.json'], 'FILE_UNREADABLE', '--file'],
  ])('%j is refused before the network', async (flags, code, field) => {
    const outcome = await app.run(['config', 'create', ...flags, '--json']);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
  });

  test('a wrong management key is status 3', async () => {
    const outcome = await app.run('config create --no-hook --management-key-file - --json', {
      stdin: 'sk_emulator_wrong',
    });
    expect([outcome.status, outcome.error().code]).toEqual([3, 'MANAGEMENT_KEY_REFUSED']);
    expect(outcome.stderr).not.toContain('sk_emulator_wrong');
  });
});

describe('--file', () => {
  const whole = { jwks_url: JWKS, step_keys: [{ key: 'kyc' }], allowed_scopes: [delegated, direct] };

  test('a whole document from standard input, as show prints it or as the service answers it', async () => {
    const { status } = await app.run('config create --file -', { stdin: JSON.stringify(whole) });
    expect(status).toBe(0);
    expect(await stored()).toEqual(whole);
    const printed = (await app.run('config show --json')).stdout;
    const again = await app.run('config update --file - --json', { stdin: `{"config":${printed}}` });
    expect([again.status, again.json().changed]).toEqual([0, false]);
  });

  test('update replaces the whole, from a file', async () => {
    await app.run('config create --file -', { stdin: JSON.stringify(whole) });
    const path = join(tmpdir(), `stepup-config-${process.pid}.json`);
    await writeFile(path, JSON.stringify({ step_keys: [], allowed_scopes: [direct] }));
    const { status, stdout } = await app.run(['config', 'update', '--file', path]);
    await rm(path);
    expect(status).toBe(0);
    expect(stdout).toContain(`  jwks_url: "${JWKS}" -> nothing\n`);
    expect(stdout).toContain('  step_keys.kyc.key: "kyc" -> nothing\n');
    expect(await stored()).toEqual({ step_keys: [], allowed_scopes: [direct] });
  });

  test('what differs from the stored document is shown', async () => {
    await app.run('config create --file -', { stdin: JSON.stringify(whole) });
    const other = {
      ...whole,
      allowed_scopes: [delegated, { ...direct, direct: { ...direct.direct, granted_for: 90 } }],
    };
    const outcome = await app.run('config create --file -', { stdin: JSON.stringify(other) });
    expect(outcome.status).toBe(3);
    expect(outcome.stderr).toContain('  allowed_scopes.key:export.direct.granted_for: 60 -> 90\n');
  });

  test.each<[string, string, string | undefined, string]>([
    ['{', 'DOCUMENT_INVALID', '--file', 'is no JSON'],
    ['', 'DOCUMENT_INVALID', '--file', 'is empty'],
    ['[]', 'DOCUMENT_INVALID', undefined, 'is no JSON object'],
    ['{"step_keys":7}', 'DOCUMENT_INVALID', 'step_keys', 'at step_keys: expected a list, got 7.'],
    ['{"step_keys":[{}]}', 'DOCUMENT_INVALID', 'step_keys.0.key', 'at step_keys.0.key: it is missing.'],
    [
      '{"allowed_scopes":[{"scope":"a","mode":"odd"}]}',
      'DOCUMENT_INVALID',
      'allowed_scopes.0.mode',
      'expected "delegated" or "direct" or "managed", got "odd".',
    ],
    ['{"allowed_scope":[]}', 'DOCUMENT_INVALID', 'allowed_scope', 'allowed_scope'],
    ['{"step_keys":[{"key":"a","desc":"b"}],"foo":1}', 'DOCUMENT_INVALID', 'step_keys.0.desc', 'step_keys.0.desc, foo'],
    [
      `{"allowed_scopes":[${JSON.stringify(delegated)}]}`,
      'DOCUMENT_INVALID',
      'jwks_url',
      'transfer:write is delegated',
    ],
    [`{"jwks_url":"http://example.com/jwks"}`, 'URL_INVALID', 'jwks_url', 'must be https'],
    [
      JSON.stringify({ allowed_scopes: [{ ...direct, direct: { ...direct.direct, steps: [] } }] }),
      'DOCUMENT_INVALID',
      'allowed_scopes.0.direct.steps',
      'at least one step',
    ],
    [
      JSON.stringify({ allowed_scopes: [direct] }).replace('verify_sms', 'kyc'),
      'DOCUMENT_INVALID',
      'allowed_scopes.0.direct.steps.0.key',
      'kyc is not among step_keys',
    ],
  ])('%s is refused by name', async (stdin, code, field, words) => {
    const outcome = await app.run('config create --file - --json', { stdin });
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
    expect(outcome.error().message).toContain(words);
    expect(await stored()).toBeUndefined();
  });

  test('- on a terminal does not wait', async () => {
    expect((await app.run('config create --file - --json', { tty: true })).status).toBe(5);
  });
});

describe('config update', () => {
  beforeEach(async () => {
    await app.run(['config', 'create', '--hook-url', HOOK, '--step-key', 'kyc=old']);
    await app.run('scope add transfer:write');
    await app.run(['scope', 'add', 'own:hook', '--hook-url', 'https://own.example.com/hook']);
  });

  test('flags change what they name', async () => {
    const before = await stored();
    const { stdout } = await app.run(['config', 'update', '--step-key', 'kyc=new', '--step-key', 'form']);
    expect(stdout).toContain('  step_keys.kyc.description: "old" -> "new"\n  step_keys.form.key: nothing -> "form"\n');
    expect(await stored()).toEqual({ ...before, step_keys: [{ key: 'kyc', description: 'new' }, { key: 'form' }] });
  });

  test('a new hook takes the place of the default one, with the jwks_url beside it', async () => {
    const hook = 'https://tunnel.example.com/hooks/stepup';
    const { stdout, stderr } = await app.run(['config', 'update', '--hook-url', hook]);
    expect(stdout).toContain(`  default hook: ${HOOK} -> ${hook}\n`);
    expect(stderr).toContain('jwks_url follows the hook: https://tunnel.example.com/.well-known/jwks.json');
    expect(await stored()).toMatchObject({
      jwks_url: 'https://tunnel.example.com/.well-known/jwks.json',
      allowed_scopes: [
        { scope: 'transfer:write', delegated: { delegation_hook: hook } },
        { scope: 'own:hook', delegated: { delegation_hook: 'https://own.example.com/hook' } },
      ],
    });
    expect((await app.run('profile show --json')).json()).toMatchObject({ hookUrl: { value: hook } });
  });

  test('a jwks_url of its own does not follow the hook', async () => {
    await app.run(['config', 'update', '--jwks-url', 'https://keys.example.com/jwks']);
    await app.run(['config', 'update', '--hook-url', 'https://tunnel.example.com/hook']);
    expect(await stored()).toMatchObject({ jwks_url: 'https://keys.example.com/jwks' });
  });

  test('nothing to change is said, nothing given is status 2', async () => {
    const same = await app.run(['config', 'update', '--hook-url', HOOK, '--step-key', 'kyc=old']);
    expect(same).toMatchObject({ status: 0, stdout: 'There is nothing to change: the configuration is so already.\n' });
    expect((await app.run('config update --json')).error()).toMatchObject({ code: 'USAGE' });
  });
});

describe('without a configuration', () => {
  test.each(['config show', 'config update --step-key a'])('%s is CONFIG_MISSING', async (args) => {
    const outcome = await app.run(`${args} --json`);
    expect([outcome.status, outcome.error()]).toMatchObject([
      3,
      { code: 'CONFIG_MISSING', hint: expect.stringMatching(/^Make one with: stepup config create --emulator=http/) },
    ]);
  });

  test('config delete says that there is none', async () => {
    expect(await app.run('config delete')).toMatchObject({
      status: 0,
      stdout: 'Application demo has no step-up configuration: nothing to delete.\n',
    });
  });
});

describe('config delete', () => {
  beforeEach(() => app.run(['config', 'create', '--hook-url', HOOK]));

  test('asks; no keeps it, yes deletes it and forgets the default hook', async () => {
    const question = 'Delete the step-up configuration of application demo (0 scopes)?';
    expect((await app.run('config delete', { answers: [[question, 'n\r']] })).stdout).toBe('Nothing was deleted.\n');
    expect(await stored()).toBeDefined();
    expect((await app.run('config delete', { answers: [[question, 'y\r']] })).status).toBe(0);
    expect(await stored()).toBeUndefined();
    expect((await app.run('profile show --json')).json()).toMatchObject({ hookUrl: null });
  });

  test('without a terminal needs --yes', async () => {
    const outcome = await app.run('config delete --json');
    expect([outcome.status, outcome.error().field]).toEqual([5, '--yes']);
    expect((await app.run('config delete --yes --json')).json()).toEqual({ deleted: true });
  });
});
