import { cp } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PHONE, SCOPE, startApplication, type Application } from '../../support/application.js';
import { EMAIL, startEnvironment } from '../../support/dynamic-application.js';
import { temporaryHome } from '../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const later = (): number => Date.now() + 55_000;

describe('whoami', () => {
  test('in a pipe prints the bare user id', async () => {
    await app.login();
    const { status, stdout } = await app.run('whoami');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^usr_\S+\n$/);
  });

  test('--json gives the session, the scopes of the token and the grants, without any secret', async () => {
    await app.allow({ grantMode: 'single-use', grantedFor: 0 });
    await app.login();
    await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
    const { status, json, stdout } = await app.run('whoami --json');
    expect(status).toBe(0);
    expect(json()).toEqual({
      session: {
        provider: 'prelude',
        host: new URL(app.url).host,
        application: 'demo',
        userId: expect.stringMatching(/^usr_/),
        sessionId: expect.stringMatching(/^ses_/),
        identifier: PHONE,
        accessTokenExpiresAt: expect.stringMatching(/Z$/),
        scopes: [SCOPE],
        thumbprint: expect.stringMatching(/^[\w-]{43}$/),
      },
      scopes: [SCOPE],
      grants: [{ scopes: [SCOPE], expiresAt: expect.stringMatching(/Z$/), singleUse: true, mode: 'single-use' }],
    });
    expect(stdout).not.toContain('eyJ');
  });

  test('a refresh takes the single use from the token, not from the grant', async () => {
    await app.allow({ grantMode: 'single-use', grantedFor: 0 });
    await app.login();
    await app.run(['request', SCOPE, '--code-command', 'inbox'], { run: app.shell });
    expect((await app.run('whoami --json', { now: later })).json()).toMatchObject({
      scopes: [],
      grants: [{ scopes: [SCOPE] }],
    });
  });

  test('on a terminal says it in words', async () => {
    await app.login();
    const { stdout } = await app.run('whoami', { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout).toMatch(/^usr_\S+ \(\+33612345678\)\n {2}application {2}demo at 127\.0\.0\.1:\d+\n/);
    expect(stdout).toContain('  scopes       none\n');
  });

  test('nobody logged in is 4', async () => {
    const { status, error } = await app.run('whoami --json');
    expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });
});

describe('a session that ended elsewhere', () => {
  test('revoked by the application is 4, and is forgotten', async () => {
    await app.login();
    const { session } = (await app.run('whoami --json')).json<{ session: { userId: string; sessionId: string } }>();
    await app.manage('DELETE', `/users/${session.userId}/sessions/${session.sessionId}`);
    const { status, error } = await app.run('whoami --json', { now: later });
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
    expect((await app.run('whoami --json')).error().code).toBe('NOT_LOGGED_IN');
  });

  test('a refresh token that another copy of the store has spent is 4', async () => {
    await app.login();
    const { home, remove } = await temporaryHome();
    await cp(app.home, home, { recursive: true });
    expect((await app.run('token', { home, now: later })).status).toBe(0);
    const { status, error } = await app.run('token --json', { now: later });
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
    await remove();
  });

  test('the service set back to an earlier state is 4', async () => {
    await app.login();
    const before = await app.control.exportState();
    const first = await app.run('token', { now: later });
    await app.control.importState(before);
    const { status, error } = await app.run('token --json', { now: () => Date.now() + 130_000 });
    expect(decodeJwt(first.stdout.trim()).sub).toMatch(/^usr_/);
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
  });
});

describe('whoami at Dynamic', () => {
  test('has the same shape: the session, the scopes of its token and the grants', async () => {
    const env = await startEnvironment();
    try {
      expect((await env.run('whoami --json')).error().code).toBe('NOT_LOGGED_IN');
      await env.login();
      await env.run(['request', 'wallet:export', '--code-command', 'inbox'], { run: env.shell });
      const { status, stdout, json } = await env.run('whoami --json');
      expect(status).toBe(0);
      expect(json()).toEqual({
        session: {
          provider: 'dynamic',
          host: `${new URL(env.url).host}/api/v0`,
          application: '00000000-0000-4000-8000-000000000001',
          userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          identifier: EMAIL,
          accessTokenExpiresAt: expect.stringMatching(/Z$/),
          thumbprint: expect.stringMatching(/^[\w-]{43}$/),
        },
        scopes: ['user:basic'],
        grants: [
          { scopes: ['wallet:export'], expiresAt: expect.stringMatching(/Z$/), singleUse: true, mode: 'single-use' },
        ],
      });
      expect(stdout).not.toContain('eyJ');
      expect((await env.run('whoami')).stdout).toMatch(/^[0-9a-f-]{36}\n$/);
      const shown = await env.run('whoami', { tty: true, env: { NO_COLOR: '1' } });
      expect(shown.stdout).toMatch(
        /^[0-9a-f-]{36} \(ada@example\.com\)\n {2}application {2}0{8}-\S+ at 127\.0\.0\.1:\d+\/api\/v0\n/,
      );
      expect(shown.stdout).toMatch(/\n {2}scopes {7}user:basic\n {2}grant {8}wallet:export until \S+Z \(4 min/);
      const over = await env.run('whoami --json', { now: () => Date.now() + 3 * 3_600_000 });
      expect([over.status, over.error().code]).toEqual([4, 'SESSION_OVER']);
    } finally {
      await env.close();
    }
  });
});
