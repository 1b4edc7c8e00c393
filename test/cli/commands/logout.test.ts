import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startApplication, type Application } from '../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

test('logout ends the session at the service and here', async () => {
  await app.login();
  const { status, stdout } = await app.run('logout');
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'Logged out.\n' });
  expect((await app.run('whoami')).status).toBe(4);
});

test('logout with nobody logged in says so and is no failure', async () => {
  const { status, stdout } = await app.run('logout');
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'Not logged in.\n' });
  expect((await app.run('logout --json')).json()).toEqual({ loggedOut: false });
});

test.each([
  [{ drop: 'before' }, 'SERVICE_UNREACHABLE'],
  [{ status: 500 }, 'SERVICE_FAILING'],
  [{ status: 429, headers: { 'Retry-After': '7' } }, 'RATE_LIMITED'],
])('logout under %j is 6 and keeps the session', async (fault, code) => {
  await app.login();
  await app.control.fault({ match: { path: '/v1/session/revoke' }, times: 1, do: fault });
  const { status, error } = await app.run('logout --json');
  expect([status, error().code]).toEqual([6, code]);
  expect(error().hint).toContain('still logged in');
  expect((await app.run('whoami')).status).toBe(0);
  expect((await app.run('logout --json')).json()).toEqual({ loggedOut: true });
});
