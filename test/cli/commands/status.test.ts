import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PHONE, SCOPE, startApplication, type Application } from '../../support/application.js';
import { EMAIL, startEnvironment, type Environment } from '../../support/dynamic-application.js';

let app: Application;
let env: Environment;
beforeAll(async () => {
  [app, env] = await Promise.all([startApplication(), startEnvironment()]);
});
afterEach(() => Promise.all([app.reset(), env.reset()]));
afterAll(() => Promise.all([app.close(), env.close()]));

const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const byInbox = ['--code-command', 'inbox'];
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/) as string;

describe('status at Dynamic', () => {
  test('tells the session, the grants and what is under way, offline and without any token', async () => {
    await env.login();
    await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    await env.run('otp send');
    const { status, stdout, json } = await env.run('status --json', offline);
    expect(status).toBe(0);
    expect(json()).toEqual({
      session: {
        provider: 'dynamic',
        host: `${new URL(env.url).host}/api/v0`,
        application: '00000000-0000-4000-8000-000000000001',
        userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        identifier: EMAIL,
        accessTokenExpiresAt: INSTANT,
        thumbprint: expect.stringMatching(/^[\w-]{43}$/),
      },
      grants: [
        {
          scopes: ['wallet:export'],
          expiresAt: INSTANT,
          secondsLeft: expect.any(Number),
          singleUse: true,
          mode: 'single-use',
          factors: ['verify_email'],
        },
      ],
      challenges: [
        {
          challengeId: expect.any(String),
          scopeRequested: '',
          currentStep: 'verify_email',
          steps: [{ order: 1, key: 'verify_email', kind: 'otp', done: false, expirationDuration: 600 }],
          userId: expect.any(String),
          sessionId: expect.any(String),
          expiresAt: INSTANT,
        },
      ],
      profile: null,
      provider: 'dynamic',
      application: '00000000-0000-4000-8000-000000000001',
      secrets: { kind: 'file', path: `${env.home}/credentials.json` },
    });
    expect(stdout).not.toContain('eyJ');
  });

  test('counts the seconds that are left, and forgets what is over', async () => {
    await env.login();
    await env.run(['request', 'credential:link', ...byInbox], { run: env.shell });
    const { grants } = (await env.run('status --json')).json<{ grants: { expiresAt: string }[] }>();
    const end = Date.parse(grants[0]!.expiresAt);
    const left = async (at: number): Promise<unknown> =>
      (await env.run('status --json', { ...offline, now: () => at })).json<{ grants: object[] }>().grants;
    expect(await left(end - 90_000)).toMatchObject([{ secondsLeft: 90, singleUse: false }]);
    expect(await left(end + 1000)).toEqual([]);
  });

  test('tells a scope that the token holds, whose grant was forgotten', async () => {
    await app.allow({});
    await app.login();
    await app.run(['request', SCOPE, ...byInbox], { run: app.shell });
    expect((await app.run('status --json', offline)).json()).toMatchObject({ session: { scopes: [SCOPE] } });
    await app.run('reset --grants');
    const { stdout } = await app.run('status', offline);
    expect(stdout).toMatch(
      new RegExp(`\\nHeld by the token alone:\\n {2}${SCOPE} {2}until \\S+Z \\(\\d+ s left\\)\\n`),
    );
  });

  test('says it in words', async () => {
    await env.login();
    const none = await env.run('status', offline);
    expect(none.stdout).toMatch(
      /^[0-9a-f-]{36} \(ada@example\.com\)\n {2}service {6}Dynamic\n {2}application {2}0{8}-\S+ at 127\.0\.0\.1:\d+\/api\/v0\n/,
    );
    expect(none.stdout).toMatch(/\n {2}key {10}[\w-]{43}\n/);
    expect(none.stdout).toContain(`\n  secrets      in ${env.home}/credentials.json, for its owner only\n`);
    expect(none.stdout).toContain('\nNo scope is held.\n');
    await env.run(['request', 'wallet:export', ...byInbox], { run: env.shell });
    await env.run('otp send');
    const { stdout } = await env.run('status', offline);
    expect(stdout).toMatch(
      /\nHeld by a grant:\n {2}wallet:export {2}until \S+Z \(4 min 5\d s left\), for a single use, proved by verify_email\n/,
    );
    expect(stdout).toMatch(/\nUnder way:\n {2}\S+ {2}\(no scope yet\) {2}verify_email {2}\(9 min 5\d s left\)\n$/);
  });

  test('nobody logged in is 4, with the hint', async () => {
    const { status, stdout, error } = await env.run('status --json', offline);
    expect([status, stdout, error().code]).toEqual([4, '', 'NOT_LOGGED_IN']);
    expect(error().hint).toContain('stepup login');
  });
});

describe('status at Prelude', () => {
  test('has the same shape', async () => {
    await app.allow({ grantMode: 'single-use', grantedFor: 0 }, { scope: 'a:b', steps: ['verify_sms', 'kyc_review'] });
    await app.login();
    await app.run(['request', SCOPE, ...byInbox], { run: app.shell });
    await app.run('request a:b');
    const { status, stdout, json } = await app.run('status --json', offline);
    expect(status).toBe(0);
    expect(json()).toMatchObject({
      session: { provider: 'prelude', application: 'demo', identifier: PHONE },
      grants: [{ scopes: [SCOPE], secondsLeft: expect.any(Number), singleUse: true, factors: ['verify_sms'] }],
      challenges: [{ scopeRequested: 'a:b', currentStep: 'verify_sms' }],
    });
    expect(stdout).not.toContain('eyJ');
    const text = (await app.run('status', offline)).stdout;
    expect(text).toContain('\n  service      Prelude\n  application  demo at 127.0.0.1:');
    expect(text).toContain(', for a single use, proved by verify_sms\n');
  });

  test('nobody logged in is 4', async () => {
    const { status, error } = await app.run('status --json', offline);
    expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });
});
