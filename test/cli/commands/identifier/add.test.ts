import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EMAIL, PHONE, startApplication, type Application } from '../../../support/application.js';
import type { Outcome } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  const scopes = ['prld:phone:register', 'prld:email:register'];
  for (const scope of scopes) await app.manage('POST', '/config/scopes', { scope });
  const allowed_scopes = scopes.map((scope) => ({ scope, mode: 'managed' }));
  await app.manage('POST', '/config/stepup', {
    jwks_url: 'https://api.example.com/jwks.json',
    step_keys: [],
    allowed_scopes,
  });
  await app.login();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const add = (...flags: string[]): Promise<Outcome> =>
  app.run(['identifier', 'add', '--json', ...flags], { run: app.shell });
const OTHER = '+33612345679';

test.each([
  ['--email', EMAIL],
  ['--phone', OTHER],
])('%s gives the user one more, with which they log in', async (flag, identifier) => {
  const { userId } = (await app.run('status --json')).json<{ session: { userId: string } }>().session;
  const { status, json, stderr } = await add(flag, identifier, '--code-command', 'inbox');
  expect([status, stderr, json()]).toEqual([0, '', { identifier, added: true }]);
  expect((await app.newest()).to).toBe(identifier);
  const again = await app.run(['login', flag, identifier, '--code-command', 'inbox', '--json'], { run: app.shell });
  expect(again.json()).toMatchObject({ session: { userId } });
});

test('one that somebody has is refused in words, and no code is sent', async () => {
  await app.manage('POST', '/users', { identifiers: [{ type: 'email_address', value: EMAIL }] });
  const { status, error } = await add('--email', EMAIL, '--code-command', 'inbox');
  expect([status, error()]).toMatchObject([
    3,
    { code: 'REFUSED', message: 'The phone number or email address belongs to a user already.' },
  ]);
  expect(await app.control.messages({ purpose: 'step-up' })).toEqual([]);
});

test('one that somebody has taken meanwhile is refused in the same words', async () => {
  const { status, error } = await app.run(['identifier', 'add', '--json', '--email', EMAIL, '--code-command', 'x'], {
    run: async (line, options) => {
      await app.manage('POST', '/users', { identifiers: [{ type: 'email_address', value: EMAIL }] });
      return app.shell(line, options);
    },
  });
  expect([status, error().message]).toEqual([3, 'The phone number or email address belongs to a user already.']);
});

test('a wrong code keeps the challenge', async () => {
  const { status, error } = await add('--email', EMAIL, '--code', '0000000');
  expect([status, error().code, error().hint]).toEqual([
    3,
    'CODE_WRONG',
    expect.stringContaining('challenge continue'),
  ]);
  const { code } = await app.newest();
  expect((await app.run(['challenge', 'continue', '--code', code])).status).toBe(0);
});

test.each([
  [[], 'FLAG_CONFLICT', '--phone'],
  [['--phone', OTHER, '--email', EMAIL], 'FLAG_CONFLICT', '--phone'],
  [['--phone', '12'], 'PHONE_INVALID', '--phone'],
  [['--email', 'x'], 'EMAIL_INVALID', '--email'],
])('%j is %s', async (flags, code, field) => {
  const { status, error } = await add(...flags);
  expect([status, error().code, error().field]).toEqual([2, code, field]);
});

test('nobody to ask, nobody logged in, a scope that is not allowed', async () => {
  expect((await add('--email', EMAIL)).status).toBe(5);
  expect(await app.control.messages({ purpose: 'step-up' })).toEqual([]);
  await app.manage('PUT', '/config/stepup', {
    jwks_url: 'https://api.example.com/jwks.json',
    step_keys: [],
    allowed_scopes: [{ scope: 'prld:email:register', mode: 'managed' }],
  });
  const { error } = await add('--phone', OTHER, '--code', '1234');
  expect([error().code, error().hint]).toEqual([
    'SCOPE_NOT_ALLOWED',
    expect.stringContaining('scope add prld:phone:register'),
  ]);
  await app.run('logout');
  expect((await add('--phone', PHONE, '--code', '1234')).status).toBe(4);
});
