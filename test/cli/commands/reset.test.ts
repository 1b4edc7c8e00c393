import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../support/application.js';
import { startEnvironment, type Environment } from '../../support/dynamic-application.js';

let app: Application;
let env: Environment;
beforeAll(async () => {
  [app, env] = await Promise.all([startApplication(), startEnvironment()]);
});
afterEach(() => Promise.all([app.reset(), env.reset()]));
afterAll(() => Promise.all([app.close(), env.close()]));

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const byInbox = ['--code-command', 'inbox'];
type Held = { session: object; grants: unknown[]; challenges: unknown[] };

describe('reset at Dynamic', () => {
  test('forgets the codes that are out, and keeps grants and login', async () => {
    await env.login();
    await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    await env.run('otp send');
    expect((await env.run('request credential:link')).status).toBe(5);
    const code = (await env.newest()).code;
    const { status, stdout } = await env.run('reset', offline);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Forgotten: 2 challenges. The login stays.\n' });
    const held = (await env.run('status --json', offline)).json<Held>();
    expect([held.grants.length, held.challenges]).toEqual([1, []]);
    const late = await env.run(['otp', 'check', '--code', code, '--scope', 'wallet:export', '--json']);
    expect([late.status, late.error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
  });

  test('--grants forgets the elevated tokens too; a second time there is nothing', async () => {
    await env.login();
    await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    await env.run(['request', 'credential:link', ...byInbox], { run: env.shell });
    expect((await env.run('reset --grants --json', offline)).json()).toEqual({ challenges: 0, grants: 2 });
    expect((await env.run('status --json', offline)).json()).toMatchObject({ grants: [], challenges: [] });
    expect((await env.run('reset --grants --json', offline)).json()).toEqual({ challenges: 0, grants: 0 });
  });

  test('counts no grant and no challenge that is over already', async () => {
    await env.login();
    await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    await env.run('otp send');
    const later = { ...offline, now: () => Date.now() + 601_000 };
    expect((await env.run('reset --grants --json', later)).json()).toEqual({ challenges: 0, grants: 0 });
  });

  test('with nobody logged in is 0, and there is nothing', async () => {
    const { status, json } = await env.run('reset --grants --json', offline);
    expect([status, json()]).toEqual([0, { challenges: 0, grants: 0 }]);
  });
});

describe('reset at Prelude', () => {
  test('forgets challenges, with --grants the grants too, and never the login', async () => {
    await app.allow({ grantMode: 'single-use', grantedFor: 0 }, { scope: 'a:b' }, { scope: 'c:d' });
    await app.login();
    await app.run(['request', SCOPE, ...byInbox], { run: app.shell });
    await app.run('request a:b');
    await app.run('request c:d');
    const { session } = (await app.run('status --json', offline)).json<Held>();
    expect((await app.run('reset --json', offline)).json()).toEqual({ challenges: 2, grants: 0 });
    expect((await app.run('status --json', offline)).json<Held>()).toMatchObject({
      grants: [{ scopes: [SCOPE] }],
      challenges: [],
    });
    expect((await app.run('reset --grants', offline)).stdout).toBe(
      'Forgotten: 0 challenges and 1 grant. The login stays.\n',
    );
    expect((await app.run('status --json', offline)).json()).toMatchObject({ session, grants: [], challenges: [] });
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('with nobody logged in is 0, and there is nothing', async () => {
    const { status, json } = await app.run('reset --grants --json', offline);
    expect([status, json()]).toEqual([0, { challenges: 0, grants: 0 }]);
  });
});
