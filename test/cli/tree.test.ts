import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tree, type Group, type Leaf } from '../../src/cli/tree.js';
import { createStore } from '../../src/store/create.js';
import { stepup, temporaryHome } from '../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ home, remove } = await temporaryHome());
});
afterAll(() => remove());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const at = (provider: string): string => `--provider ${provider} --emulator=http://127.0.0.1:9`;

const dashboard = 'Dynamic is configured in its dashboard; stepup init --provider dynamic shows what its settings say.';
const steps =
  'Name Dynamic with --provider dynamic. At Prelude the application decides on the steps: stepup scope list';
const settings =
  'Dynamic calls no hook: the environment’s settings decide. They are shown by stepup init --provider dynamic.';
const account = `Dynamic has no passwords, and a session there ends with: stepup logout ${at('dynamic')}`;
const credentials = `At Dynamic they are credentials. See them with: stepup credential list ${at('dynamic')}`;

/** Commands that only Prelude has, as they are typed, with what does the job at Dynamic. */
const ofPrelude = {
  'config create': dashboard,
  'config show': dashboard,
  'config update': dashboard,
  'config delete': dashboard,
  'scope add transfer:write': dashboard,
  'scope remove transfer:write': dashboard,
  'config apply': dashboard,
  'config export': dashboard,
  'hook serve': settings,
  'identifier add': credentials,
  'login-config add': dashboard,
  'login-config list': dashboard,
  'login-config password': dashboard,
  'login-config remove ID': dashboard,
  'login-config update ID': dashboard,
  'password change': account,
  'password forgot': account,
  'session revoke': account,
  'user create': dashboard,
  'user delete ID': dashboard,
  'user list': dashboard,
};

/** Commands that only Dynamic has, as they are typed, with what does the job at Prelude. */
const ofDynamic = {
  'mfa add': steps,
  'mfa list': steps,
  'mfa default ID': steps,
  'mfa remove ID': steps,
  'mfa recovery-codes': steps,
  'wallet create': steps,
  'wallet import -': steps,
  'wallet list': steps,
  'wallet link main': steps,
  'wallet unlink main': steps,
  'credential list': steps,
};

test('these are all that only one service has', () => {
  const only = (provider: string): string[] =>
    commands(tree)
      .filter(([, leaf]) => leaf.only?.provider === provider)
      .map(([name]) => name);
  const named = (typed: object): string[] => {
    const lines = Object.keys(typed).map((line) => line.replace(/ (ID|main|-|\/users|transfer:write)$/, ''));
    return lines.toSorted();
  };
  expect(only('prelude')).toEqual(named(ofPrelude));
  expect(only('dynamic')).toEqual(named(ofDynamic));
});

function commands(children: Record<string, Leaf | Group>, before = '', only?: Leaf['only']): [string, Leaf][] {
  return Object.entries(children)
    .flatMap(([name, child]): [string, Leaf][] => {
      const own = child.only ?? only;
      if ('verbs' in child) return commands(child.verbs, `${before}${name} `, own);
      return [[`${before}${name}`, { ...child, ...(own && { only: own }) }]];
    })
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}

describe('what only one service has is refused at the other, with what does the job there', () => {
  test.each(Object.entries(ofPrelude))('%s at Dynamic', async (args, hint) => {
    const outcome = await stepup(`${args} ${at('dynamic')} --json`, { home, ...offline });
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(outcome.error()).toMatchObject({
      code: 'COMMAND_UNSUPPORTED',
      field: '--provider',
      message: 'Dynamic has no such thing; the command is one of Prelude.',
    });
    expect(outcome.error().hint).toBe(hint);
  });

  test.each(Object.entries(ofDynamic))('%s at Prelude', async (args, hint) => {
    const outcome = await stepup(`${args} ${at('prelude')} --json`, { home, ...offline, stdin: '' });
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(outcome.error()).toMatchObject({
      code: 'COMMAND_UNSUPPORTED',
      field: '--provider',
      message: 'Prelude has no such thing; the command is one of Dynamic.',
    });
    // A command in a hint speaks to the same application.
    expect(outcome.error().hint).toBe(`${hint} ${at('prelude')}`);
  });

  test('in words, and nothing is kept', async () => {
    const { status, stdout, stderr } = await stepup('wallet create --app demo', { home, ...offline });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      `Error: --provider: Prelude has no such thing; the command is one of Dynamic.\n${steps} --app demo\n`,
    );
    expect(await createStore(home).keyring('wallets')).toEqual({});
  });

  test('the profile decides which service it is; without any nothing is known', async () => {
    const store = createStore(home);
    await store.saveProfile('app', {
      provider: 'dynamic',
      environmentId: '95b11417-f18f-457f-8804-68e361f9164f',
      apiUrl: 'https://app.dynamicauth.com/api/v0',
      origin: 'https://app.example.com',
    });
    expect((await stepup('config show --json', { home, ...offline })).error().code).toBe('PROFILE_UNKNOWN');
    expect((await stepup('config show --profile app --json', { home, ...offline })).error()).toMatchObject({
      code: 'COMMAND_UNSUPPORTED',
      hint: dashboard,
    });
    await store.useProfile('app');
    expect((await stepup('hook serve --json', { home, ...offline })).error().code).toBe('COMMAND_UNSUPPORTED');
    await store.removeProfile('app');
  });

  test.each(['mfa list', 'hook serve', 'credential list'])('%s --help is shown whatever the service', async (args) => {
    const { status, stdout } = await stepup(`${args} --help --app demo`, { home, ...offline });
    expect([status, stdout]).toEqual([0, expect.stringContaining(`Usage: stepup ${args}`)]);
  });
});
