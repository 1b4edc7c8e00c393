import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };

test('check is 7 while the scope is not held, and asks nobody', async () => {
  await app.login();
  const { status, stdout } = await app.run(['check', SCOPE], offline);
  expect({ status, stdout }).toEqual({
    status: 7,
    stdout: 'transfer:write is not held. Get it with: stepup request transfer:write\n',
  });
  const json = await app.run(['check', SCOPE, '--json'], offline);
  expect([json.status, json.json()]).toEqual([7, { scope: SCOPE, required: true }]);
});

test('check is 0 while a grant holds it, and 7 when that is over', async () => {
  await app.allow({ grantMode: 'single-use', grantedFor: 0 });
  await app.login();
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
  const { status, json } = await app.run(['check', SCOPE, '--json'], offline);
  expect([status, json()]).toEqual([
    0,
    { scope: SCOPE, required: false, heldBy: 'grant', expiresAt: expect.stringMatching(/Z$/), mode: 'single-use' },
  ]);
  expect((await app.run(['check', SCOPE])).stdout).toMatch(
    /^transfer:write is held by a grant until \S+Z \(\d+ s left\), for a single use\.\n$/,
  );
  expect((await app.run(['check', SCOPE], { now: () => Date.now() + 61_000 })).status).toBe(7);
});

test('a grant of the session is held beyond the token that brought it, and not beyond its own end', async () => {
  await app.allow({ grantMode: 'session-bound', grantedFor: 300 });
  await app.login();
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
  const later = { now: () => Date.now() + 61_000 };
  const away = await app.run(['check', SCOPE, '--json'], { ...later, ...offline });
  expect([away.status, away.json()]).toEqual([
    7,
    { scope: SCOPE, required: true, reason: 'check-failed', problem: expect.any(String) },
  ]);
  const { status, json } = await app.run(['check', SCOPE, '--json'], later);
  expect([status, json()]).toMatchObject([0, { required: false, heldBy: 'grant', mode: 'session-bound' }]);
});

test.each([
  ['session-bound', "the session's token"],
  ['profile-bound', "the user's token, of any session,"],
] as const)('%s is told to go on beyond the end of its token', async (grantMode, by) => {
  await app.allow({ grantMode, grantedFor: 300 });
  await app.login();
  await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
  const words = ` left, then renewed with ${by} while the grant lasts), ${grantMode}`;
  expect((await app.run(['check', SCOPE])).stdout).toContain(`${words}.\n`);
  expect((await app.run('status')).stdout).toContain(`${words}, proved by verify_sms\n`);
  expect((await app.run('status --json')).json()).toMatchObject({ grants: [{ mode: grantMode }] });
  const later = await app.run('status', { ...offline, now: () => Date.now() + 61_000 });
  expect(later.stdout).toContain('The token is over: what a bound grant still holds shows with the next one');
});

test('check is 4 when nobody is logged in, and 2 for what is no scope', async () => {
  const { status, error } = await app.run(['check', SCOPE, '--json']);
  expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  const wrong = await app.run(['check', 'bad scope', '--json']);
  expect([wrong.status, wrong.error().code]).toEqual([2, 'SCOPE_INVALID']);
});
