/** Tenants from the command line: each is an application and an environment of its own behind the same ports. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Env } from '../../../../src/system.js';
import { PHONE, startApplication, type Application } from '../../../support/application.js';
import { stepup, type Outcome, type RunOptions } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication({ controlToken: 'control-token' });
});
afterAll(() => app.close());

const run = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup([...args.split(' '), `--emulator=${app.url}`], {
    home: app.home,
    env: { STEPUP_EMULATOR_CONTROL_TOKEN: 'control-token', ...options.env },
    ...(options.run ? { run: options.run } : {}),
  });
const codeOf =
  (tenant: string, more = ''): NonNullable<RunOptions['run']> =>
  async () => {
    const { stdout } = await run(`emulator messages --code-only --wait 5 --tenant ${tenant}${more}`);
    return { status: 0, stdout, timedOut: false };
  };

interface Tenant {
  id: string;
  prelude: { appId: string; sessionDomain: string };
  dynamic: { environmentId: string };
}

test('are made, listed, used and deleted', async () => {
  const made = (await run('emulator tenant create worker-1 --json')).json<{ tenant: Tenant }>().tenant;
  expect(made).toMatchObject({ id: 'worker-1', prelude: { appId: 'worker-1' } });
  expect(made.prelude.sessionDomain).toMatch(/\/t\/worker-1$/);
  const random = (await run('emulator tenant create --json')).json<{ tenant: Tenant }>().tenant;
  expect(random.id).toMatch(/^t-[0-9a-f]{12}$/);
  const { tenants } = (await run('emulator tenant list --json')).json<{ tenants: Tenant[] }>();
  expect(tenants.map(({ id }) => id)).toEqual(['default', 'worker-1', random.id]);
  expect((await run('emulator tenant list')).stdout).toContain(made.dynamic.environmentId);

  const login = await run(`login --phone ${PHONE} --code-command read --tenant worker-1 --json`, {
    run: codeOf('worker-1'),
  });
  expect(login.status).toBe(0);
  let given: Env = {};
  await run(`login --phone ${PHONE} --code-command read --tenant worker-1 --json`, {
    run: async (command, options) => {
      given = options.env;
      return codeOf('worker-1')(command, options);
    },
  });
  expect(given).toMatchObject({ STEPUP_EMULATOR_URL: app.url, STEPUP_EMULATOR_TENANT: 'worker-1' });
  // A session of one tenant is none of another.
  const whoami = (await run('whoami --tenant worker-1 --json')).json<{ application: string }>();
  expect(JSON.stringify(whoami)).toContain('worker-1');
  expect((await run('whoami --json')).status).toBe(4);
  expect((await run('emulator messages --json')).json()).toEqual({ messages: [] });
  const variable = await run('whoami --json', { env: { STEPUP_EMULATOR_TENANT: 'worker-1' } });
  expect(variable.json()).toEqual(whoami);

  const dynamic = await run(
    `login --provider dynamic --email ada@example.com --code-command read --tenant worker-1 --json`,
    { run: codeOf('worker-1', ' --to ada@example.com') },
  );
  expect([dynamic.status, dynamic.stderr]).toEqual([0, expect.anything()]);
  expect((await run('config create --no-hook --tenant worker-1')).status).toBe(0);
  expect((await run('config show --tenant worker-1')).status).toBe(0);
  expect((await run('config show')).status).toBe(3);

  expect((await run('emulator clock advance 1h --tenant worker-1 --json')).json()).toMatchObject({ offset: 3600 });
  expect((await run('emulator clock show --json')).json()).toMatchObject({ offset: 0 });
  expect((await run('emulator tenant delete worker-1 --json')).json()).toEqual({ deleted: 'worker-1' });
  const gone = await run('emulator messages --tenant worker-1 --json');
  expect([gone.status, gone.error().code, gone.error().field]).toEqual([2, 'FLAG_INVALID', '--tenant']);
  expect(gone.error().hint).toContain('stepup emulator tenant list');
  expect((await run('emulator tenant list --tenant worker-1')).status).toBe(0);
});

test.each([
  ['emulator tenant create Worker --json', 'FLAG_INVALID', '<id>'],
  [`emulator tenant create ${'x'.repeat(64)} --json`, 'FLAG_INVALID', '<id>'],
  ['emulator tenant create default --json', 'FLAG_INVALID', '<id>'],
  ['emulator tenant delete default --json', 'FLAG_INVALID', '<id>'],
  ['emulator tenant delete nobody --json', 'FLAG_INVALID', '<id>'],
  ['emulator tenant delete .. --json', 'FLAG_INVALID', '<id>'],
  ['whoami --tenant No/Such --json', 'FLAG_INVALID', '--tenant'],
  ['whoami --tenant a --profile b --json', 'FLAG_CONFLICT', '--profile'],
])('%s is status 2', async (args, code, field) => {
  const outcome = await run(args);
  expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
});

test('a tenant without an emulator means the one that runs', async () => {
  const outcome = await stepup(['whoami', '--tenant', 'worker-1', '--json'], { home: app.home, env: {} });
  expect([outcome.status, outcome.error().code]).toEqual([2, 'EMULATOR_NOT_FOUND']);
});
