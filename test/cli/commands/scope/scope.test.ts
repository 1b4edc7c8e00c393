import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../../../support/application.js';

const HOOK = 'https://api.example.com/hooks/stepup';
const JWKS = 'https://api.example.com/.well-known/jwks.json';

interface Document {
  jwks_url?: string;
  allowed_scopes: object[];
}

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const stored = async (): Promise<Document> => (await app.run('config show --json')).json<Document>();
const add = (...args: string[]) => app.run(['scope', 'add', ...args]);
const delegatedTo = (scope: string, hook: string) => ({
  scope,
  mode: 'delegated',
  delegated: { delegation_hook: hook },
});

describe('scope add, delegated', () => {
  beforeEach(() => app.run(['config', 'create', '--hook-url', HOOK]));

  test('registers the scope and allows it, to the hook of config create', async () => {
    expect(await add('transfer:write')).toMatchObject({
      status: 0,
      stdout: `Scope transfer:write may now be requested (the hook ${HOOK} decides).\n`,
      stderr: '',
    });
    expect((await stored()).allowed_scopes).toEqual([delegatedTo('transfer:write', HOOK)]);
    expect((await app.run('scope list --json')).json()).toMatchObject({
      scopes: [{ registered: true, allowed: true }],
    });
  });

  test('done twice changes nothing; what is missing is added on either side', async () => {
    expect((await add('a', '--json')).json()).toEqual({
      scope: 'a',
      changed: true,
      registered: true,
      allowed: true,
      mode: 'delegated',
      hookUrl: HOOK,
      replaced: [],
    });
    const updated = (await stored()) as { updated_at?: string };
    expect((await add('a', '--json')).json()).toMatchObject({ changed: false });
    expect(((await stored()) as { updated_at?: string }).updated_at).toBe(updated.updated_at);
    await app.manage('DELETE', '/config/scopes', { scope: 'a' });
    expect((await add('a', '--json')).json()).toMatchObject({ changed: true });
    await app.manage('POST', '/config/scopes', { scope: 'b' });
    expect((await add('b', '--json')).json()).toMatchObject({ changed: true });
    expect((await stored()).allowed_scopes).toEqual([delegatedTo('a', HOOK), delegatedTo('b', HOOK)]);
  });

  test('a hook of its own is kept by the next add, changed by --hook-url, and said', async () => {
    const [one, other] = ['https://one.example.com/', 'https://other.example.com/'];
    await add('a', '--hook-url', one);
    expect((await add('a', '--json')).json()).toMatchObject({ changed: false, hookUrl: one });
    const { stderr } = await add('a', '--hook-url', other);
    expect(stderr).toBe(`Replaced: delegated, ${one}.\n`);
    expect((await stored()).allowed_scopes).toEqual([delegatedTo('a', other)]);
  });

  test('all other entries stay as they are', async () => {
    await add('a');
    await add('b', '--mode', 'direct', '--step', 'verify_email');
    await add('c');
    const { allowed_scopes: before } = await stored();
    await add('b', '--mode', 'direct', '--step', 'verify_email', '--granted-for', '60');
    const { allowed_scopes: after } = await stored();
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]).toMatchObject({ scope: 'b', direct: { granted_for: 60 } });
  });
});

test('without a kept hook that of the first delegated scope is taken, else a person is asked, else it is status 5', async () => {
  await app.run('config create --no-hook');
  const outcome = await add('a', '--json');
  expect([outcome.status, outcome.error()]).toMatchObject([5, { code: 'INPUT_NEEDED', field: '--hook-url' }]);
  expect((await app.run('scope list --json')).json()).toEqual({ scopes: [] });
  const asked = await app.run('scope add a', { answers: [['Hook URL', `${HOOK}\r`]] });
  expect(asked.status).toBe(0);
  expect(asked.stderr).toContain(`jwks_url was missing, so ${JWKS} was sent`);
  expect((await stored()).jwks_url).toBe(JWKS);
  expect((await add('b', '--json')).json()).toMatchObject({ hookUrl: HOOK });
});

describe('scope add --mode direct', () => {
  beforeEach(() => app.run(['config', 'create', '--hook-url', HOOK, '--step-key', 'kyc:review']));

  test('stores the verdict, with its defaults', async () => {
    expect((await add('a', '--mode', 'direct', '--step', 'verify_sms')).stdout).toBe(
      'Scope a may now be requested (stored verdict: review by verify_sms (phone_number)).\n',
    );
    expect((await stored()).allowed_scopes).toEqual([
      {
        scope: 'a',
        mode: 'direct',
        direct: {
          identifier_types: ['phone_number'],
          status: 'review',
          grant_mode: 'session-bound',
          granted_for: 300,
          steps: [{ order: 1, key: 'verify_sms', expiration_duration: 600 }],
        },
      },
    ]);
  });

  test('with every flag; a colon belongs to the key unless a time follows it', async () => {
    const flags = ['--identifier-type', 'email_address', '--grant-mode', 'single-use', '--granted-for', '0'];
    const steps = ['--step', 'verify_email:120', '--step', 'kyc:review', '--status', 'review'];
    expect((await add('a', '--mode', 'direct', ...flags, ...steps, '--json')).json()).toEqual({
      scope: 'a',
      changed: true,
      registered: true,
      allowed: true,
      mode: 'direct',
      identifierTypes: ['email_address'],
      status: 'review',
      grantMode: 'single-use',
      grantedFor: 0,
      steps: [
        { order: 1, key: 'verify_email', expirationDuration: 120 },
        { order: 2, key: 'kyc:review', expirationDuration: 600 },
      ],
      replaced: [],
    });
  });

  test('continue and block have no steps, and block no grant', async () => {
    await add('a', '--mode', 'direct', '--status', 'continue');
    await add('b', '--mode', 'direct', '--status', 'block');
    const both = ['phone_number', 'email_address'];
    expect((await stored()).allowed_scopes).toEqual([
      {
        scope: 'a',
        mode: 'direct',
        direct: { identifier_types: both, status: 'continue', grant_mode: 'session-bound', granted_for: 300 },
      },
      { scope: 'b', mode: 'direct', direct: { identifier_types: both, status: 'block' } },
    ]);
  });

  test('one entry for each set of users; the same users’ entry, and one of another mode, is replaced', async () => {
    await add('a');
    const sms = ['--mode', 'direct', '--step', 'verify_sms'];
    expect((await add('a', ...sms)).stderr).toBe(`Replaced: delegated, ${HOOK}.\n`);
    await add('a', '--mode', 'direct', '--step', 'verify_email');
    expect((await add('a', ...sms, '--granted-for', '9', '--json')).json()).toMatchObject({
      replaced: [{ mode: 'direct', grantedFor: 300 }],
    });
    expect((await stored()).allowed_scopes).toMatchObject([
      { direct: { identifier_types: ['phone_number'], granted_for: 9 } },
      { direct: { identifier_types: ['email_address'] } },
    ]);
    expect((await add('a', ...sms, '--granted-for', '9', '--json')).json()).toMatchObject({ changed: false });
    expect((await add('a', '--json')).json()).toMatchObject({ mode: 'delegated', replaced: [{}, {}] });
    expect((await stored()).allowed_scopes).toEqual([delegatedTo('a', HOOK)]);
  });

  test('a new entry goes after the older ones of its scope; the order is said, and an entry that nobody reaches', async () => {
    await add('a', '--mode', 'direct', '--step', 'verify_email');
    await add('b');
    const second = await add('a', '--mode', 'direct', '--step', 'verify_sms');
    expect(second.stderr).toBe(
      'The first that fits a user decides: 1. review by verify_email (email_address); ' +
        '2. review by verify_sms (phone_number). Another order: config export, then config apply.\n',
    );
    expect((await stored()).allowed_scopes).toMatchObject([
      { scope: 'a', direct: { identifier_types: ['email_address'] } },
      { scope: 'a', direct: { identifier_types: ['phone_number'] } },
      { scope: 'b' },
    ]);
    const third = await add('a', '--mode', 'direct', '--status', 'block');
    expect(third.stderr).toContain('3. block. Another order');
    expect(third.stderr).toContain('No user reaches this entry');
  });

  test('a review without a step: a terminal asks, anything else is status 5', async () => {
    const outcome = await add('a', '--mode', 'direct', '--json');
    expect([outcome.status, outcome.error().field]).toEqual([5, '--step']);
    const asked = await app.run('scope add a --mode direct', { answers: [['A step of the review', '\r']] });
    expect(asked.stdout).toContain('review by verify_sms');
  });

  test('a step that the configuration does not have is refused, with how to add it', async () => {
    expect((await add('a', '--mode', 'direct', '--step', 'w9', '--json')).error()).toMatchObject({
      code: 'FLAG_INVALID',
      field: '--step',
      hint: expect.stringMatching(/^Add it with: stepup config update --step-key w9 --emulator=http/),
    });
  });
});

describe('scope add refuses before the network', () => {
  test.each([
    [['a b'], 'SCOPE_INVALID', 'scope'],
    [[''], 'SCOPE_INVALID', 'scope'],
    [['a', '--hook-url', 'http://example.com'], 'URL_INVALID', '--hook-url'],
    [['a', '--step', 'verify_sms'], 'FLAG_CONFLICT', '--step'],
    [['a', '--status', 'block'], 'FLAG_CONFLICT', '--status'],
    [['a', '--granted-for', '1'], 'FLAG_CONFLICT', '--granted-for'],
    [['a', '--mode', 'direct', '--hook-url', HOOK], 'FLAG_CONFLICT', '--hook-url'],
    [['a', '--mode', 'direct', '--status', 'continue', '--step', 'x'], 'FLAG_CONFLICT', '--step'],
    [['a', '--mode', 'direct', '--status', 'block', '--granted-for', '1'], 'FLAG_CONFLICT', '--granted-for'],
    [['a', '--mode', 'direct', '--step', 'x y'], 'FLAG_INVALID', '--step'],
    [['a', '--mode', 'direct', '--step', 'x', '--step', 'x:1'], 'FLAG_INVALID', '--step'],
    [['a', '--mode', 'direct', '--step', 'x:86401'], 'FLAG_INVALID', '--step'],
    [['a', '--mode', 'direct', '--step', 'x', '--granted-for', '86401'], 'FLAG_INVALID', '--granted-for'],
    [['a', '--mode', 'direct', '--step', 'x', '--granted-for', '0'], 'FLAG_INVALID', '--granted-for'],
    [['a', '--mode', 'direct', '--identifier-type', 'username'], 'FLAG_INVALID', '--identifier-type'],
  ])('%j', async (args, code, field) => {
    const outcome = await app.run(['scope', 'add', ...args, '--json'], {
      fetch: () => Promise.reject(new Error('a request was sent')),
    });
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
  });
});

test('without a configuration nothing is registered', async () => {
  const outcome = await add('a', '--json');
  expect([outcome.status, outcome.error()]).toMatchObject([3, { code: 'CONFIG_MISSING' }]);
  expect((await app.run('scope list --json')).json()).toEqual({ scopes: [] });
});

test('a reserved scope is added, and said to be reserved', async () => {
  await app.run(['config', 'create', '--hook-url', HOOK]);
  const { status, stderr } = await add('prld:pwd:write');
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('reserved') });
});

describe('scope list', () => {
  test('has both sides, and where they disagree', async () => {
    await app.run(['config', 'create', '--hook-url', HOOK]);
    await add('both');
    await add('only:allowed');
    await app.manage('DELETE', '/config/scopes', { scope: 'only:allowed' });
    await app.manage('POST', '/config/scopes', { scope: 'only:registered' });
    const entries = [{ mode: 'delegated', hookUrl: HOOK }];
    expect((await app.run('scope list --json')).json()).toEqual({
      scopes: [
        { scope: 'both', registered: true, allowed: true, mode: 'delegated', entries },
        {
          scope: 'only:allowed',
          registered: false,
          allowed: true,
          mode: 'delegated',
          entries,
          problem: 'not registered on the application',
        },
        {
          scope: 'only:registered',
          registered: true,
          allowed: false,
          mode: null,
          entries: [],
          problem: 'not in the step-up configuration',
        },
      ],
    });
    expect((await app.run('scope list')).stdout.split('\n').slice(1, 3)).toEqual([
      `only:allowed\tno\tyes\tdelegated\t${HOOK}\tnot registered on the application`,
      'only:registered\tyes\tno\t-\t-\tnot in the step-up configuration',
    ]);
  });

  test('without a configuration, and without a scope', async () => {
    expect((await app.run('scope list')).stderr).toContain('There is no scope.');
    await app.manage('POST', '/config/scopes', { scope: 'a' });
    expect((await app.run('scope list --json')).json()).toMatchObject({
      scopes: [{ problem: 'no step-up configuration' }],
    });
  });

  test('several entries of a scope are one row', async () => {
    await app.run('config create --no-hook');
    await add('a', '--mode', 'direct', '--step', 'verify_sms');
    await add('a', '--mode', 'direct', '--status', 'block', '--identifier-type', 'email_address');
    expect((await app.run('scope list')).stdout).toBe(
      'a\tyes\tyes\tdirect\treview by verify_sms (phone_number); block (email_address)\t\n',
    );
  });
});

describe('scope remove', () => {
  test('takes it off both sides; what is not there is no error', async () => {
    await app.run(['config', 'create', '--hook-url', HOOK]);
    await add('a');
    await add('b');
    expect((await app.run('scope remove a')).stdout).toBe(
      'Scope a is removed from the step-up configuration and the application.\n',
    );
    expect((await stored()).allowed_scopes).toEqual([delegatedTo('b', HOOK)]);
    expect(await app.run('scope remove a')).toMatchObject({
      status: 0,
      stdout: 'Scope a is not there: nothing to remove.\n',
    });
    await app.manage('POST', '/config/scopes', { scope: 'c' });
    expect((await app.run('scope remove c --json')).json()).toEqual({
      scope: 'c',
      changed: true,
      unregistered: true,
      disallowed: false,
    });
  });

  test('a scope outside the pattern is status 2', async () => {
    expect((await app.run(['scope', 'remove', 'a b', '--json'])).error()).toMatchObject({ code: 'SCOPE_INVALID' });
  });
});
