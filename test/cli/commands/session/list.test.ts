import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, startEnvironment, type Environment } from '../../../support/dynamic-application.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };

describe('session list', () => {
  test('has the session that is open here, offline', async () => {
    await env.login();
    const { status, stdout, json } = await env.run('session list --json', offline);
    expect(status).toBe(0);
    expect(json()).toEqual({
      sessions: [
        {
          sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          current: true,
          expiresAt: expect.stringMatching(/Z$/),
          identifier: EMAIL,
        },
      ],
      total: 1,
      limit: 10,
      offset: 0,
    });
    expect(stdout).not.toContain('eyJ');
    const row = (await env.run('session list', offline)).stdout.split('\t');
    expect([row.length, row[0], ...row.slice(2, 6)]).toEqual([7, '*', EMAIL, '-', '-', '-']);
    const shown = await env.run('session list', { ...offline, tty: true, env: { NO_COLOR: '1' } });
    expect(shown.stdout).toMatch(
      /SESSION +OPENED BY +DEVICE +COUNTRY +LAST SEEN +EXPIRES\s*\n\* +\S+ +ada@example\.com +- +- +- +\S+Z \(1 h 59 min left\)/,
    );
  });

  test('is another one after the next login', async () => {
    const id = async (): Promise<string> =>
      (await env.run('session list --json')).json<{ sessions: { sessionId: string }[] }>().sessions[0]!.sessionId;
    await env.login();
    const first = await id();
    await env.login('grace@example.com');
    expect((await env.run('session list --json')).json()).toMatchObject({
      sessions: [{ identifier: 'grace@example.com' }],
    });
    expect(await id()).not.toBe(first);
  });

  test('nobody logged in is 4', async () => {
    const { status, stdout, error } = await env.run('session list --json', offline);
    expect([status, stdout, error().code]).toEqual([4, '', 'NOT_LOGGED_IN']);
  });

  test('has one page at Dynamic, which knows of no other session', async () => {
    await env.login();
    expect((await env.run('session list --offset 1 --json', offline)).json()).toEqual({
      sessions: [],
      total: 1,
      limit: 10,
      offset: 1,
    });
  });
});
