import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { stepup } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const offline = { fetch: () => Promise.reject(new TypeError('no network')) };

interface Row {
  scope: string;
  family: string;
  singleUse: boolean;
  demanded: string;
  demandedHere: boolean | null;
  heldUntil: string | null;
}
async function rows(args = '', options = {}): Promise<Row[]> {
  const { status, stderr, json } = await env.run(`scope list ${args} --json`.replace('  ', ' '), options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json<{ scopes: Row[] }>().scopes;
}
const demandedHere = (list: Row[]): Record<string, boolean | null> =>
  Object.fromEntries(list.map((row) => [row.scope, row.demandedHere]));

/** Dynamic: the ten of the `stepUp/check` page, and the two of the newer models. */
const CORE = [
  'credential:link',
  'credential:unlink',
  'credential:update',
  'user:delete',
  'user:update',
  'wallet:delegate',
  'wallet:delete',
  'wallet:export',
  'wallet:refresh',
  'wallet:reshare',
  'wallet:restore',
  'wallet:sign',
];

describe('scope list', () => {
  test('has the scopes for users of an app, logged out too', async () => {
    const list = await rows();
    expect(list.map(({ scope }) => scope).toSorted()).toEqual(CORE);
    expect(list.find(({ scope }) => scope === 'wallet:export')).toEqual({
      scope: 'wallet:export',
      meaning: 'export the private key of a wallet',
      family: 'core',
      singleUse: true,
      demanded: 'always',
      demandedHere: true,
      heldUntil: null,
    });
    expect(list.filter(({ singleUse }) => singleUse).every(({ scope }) => scope.startsWith('wallet:'))).toBe(true);
    expect(list.filter(({ heldUntil }) => heldUntil !== null)).toEqual([]);
  });

  test('--all has those of business accounts and of the console, each once', async () => {
    const list = await rows('--all');
    const count = (family: string): number => list.filter((row) => row.family === family).length;
    expect([count('core'), count('business'), count('console')]).toEqual([12, 14, 8]);
    expect(new Set(list.map(({ scope }) => scope)).size).toBe(34);
    expect(list.map(({ scope }) => scope)).toContain('business_account:signer:remove');
  });

  test('says what the environment demands, and nothing that nobody documents', async () => {
    await env.control.settings({ dynamic: { actions: [{ action: 'wallet.waas.sign', required: true }] } });
    expect(demandedHere(await rows())).toEqual({
      'wallet:export': true,
      'credential:link': true,
      'credential:unlink': true,
      'wallet:sign': true,
      'wallet:refresh': false,
      'wallet:reshare': false,
      'user:update': false,
      'wallet:delegate': null,
      'wallet:delete': null,
      'wallet:restore': null,
      'credential:update': null,
      'user:delete': null,
    });
    const { stdout, stderr } = await env.run('scope list');
    expect(stdout).toContain(
      'wallet:sign\tsign with an embedded wallet\tyes, by an action\tsingle use, 5 min\tno\n' +
        'wallet:refresh\trenew the key shares of a wallet\tno\tsingle use, 5 min\tno\n',
    );
    expect(stdout).toContain('user:delete\tdelete the user’s own account\tnot documented\t10 min\tno\n');
    expect(stderr).toMatch(/stepup scope list --all/);
  });

  test('an action that is there and not required demands nothing', async () => {
    await env.control.settings({ dynamic: { actions: [{ action: 'user.update', required: false }] } });
    expect(demandedHere(await rows())).toMatchObject({ 'user:update': false });
  });

  test('where step-up is not enforced nothing is demanded, and that is said', async () => {
    await env.control.settings({ dynamic: { minApiVersion: '2026_01_01' } });
    expect(new Set(Object.values(demandedHere(await rows())))).toEqual(new Set([false]));
    const { stdout, stderr } = await env.run('scope list');
    expect(stdout.split('\n')[0]).toBe('wallet:export\texport the private key of a wallet\tno\tsingle use, 5 min\tno');
    expect(stderr).toContain('Step-up is not enforced here');
  });

  test('tells until when a grant holds a scope, and no longer once it is over', async () => {
    await env.login();
    const granted = await env.run(['request', 'credential:link', '--code-command', 'inbox', '--json'], {
      run: env.shell,
    });
    const { grant } = granted.json<{ grant: { expiresAt: string } }>();
    const held = async (options = {}): Promise<Row[]> =>
      (await rows('', options)).filter(({ heldUntil }) => heldUntil !== null);
    expect(await held()).toMatchObject([{ scope: 'credential:link', heldUntil: grant.expiresAt }]);
    const { stdout } = await env.run('scope list', { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout).toMatch(/^credential:link .* 9 min 5\d s left\s*$/m);
    expect(await held({ now: () => Date.now() + 601_000 })).toEqual([]);
  });

  test('without the service it leaves out what only the settings say', async () => {
    expect(new Set(Object.values(demandedHere(await rows('', offline))))).toEqual(new Set([null]));
    const { status, stdout, stderr } = await env.run('scope list', offline);
    expect(status).toBe(0);
    expect(stdout).toContain('wallet:export\texport the private key of a wallet\talways\tsingle use, 5 min\tno\n');
    expect(stderr).toContain('What the environment itself demands is not known');
  });

  test('an environment that the service does not know is 3', async () => {
    const { status, error } = await env.run('scope list --environment 95b11417-f18f-457f-8804-68e361f9164f --json');
    expect([status, error().code]).toEqual([3, 'APPLICATION_UNKNOWN']);
  });

  test('--all is refused at Prelude, where every scope is listed', async () => {
    const { status, error } = await stepup('scope list --all --json --app demo', { home: env.home });
    expect([status, error().code]).toEqual([2, 'COMMAND_UNSUPPORTED']);
  });
});
