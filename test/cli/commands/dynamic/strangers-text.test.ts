/** What the service says of itself and its users is shown, and steers no terminal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import type { JsonObject } from '../../../../src/store/store.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import type { RunOptions } from '../../../support/stepup.js';

/** A colour, an erased screen, a line of its own, the one-byte CSI, DEL. */
const EVIL = 'a\u001b[31m\u001b[2J\r\nfaked: yes\u009b5n\u007f';
const SHOWN = 'a?[31m?[2J??faked: yes?5n?';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
  await env.login();
  await env.run(['request', 'wallet:export', '--code-command', 'inbox'], { run: env.shell });
  const key = { provider: 'dynamic', host: `${new URL(env.url).host}/api/v0`, application: ENVIRONMENT };
  await createStore(env.home).updateSession(key, (record) => {
    const session = record!['session'] as JsonObject;
    const [grant] = session['grants'] as JsonObject[];
    return {
      ...record,
      session: {
        ...session,
        userId: EVIL,
        sessionId: EVIL,
        identifier: EVIL,
        accessToken: withScope(session['accessToken'] as string),
        grants: [{ ...grant, scopes: [EVIL], factors: [EVIL] }],
      },
    };
  });
});
afterAll(() => env.close());

const ENVIRONMENT = '00000000-0000-4000-8000-000000000001';
const offline = { fetch: () => Promise.reject(new Error('the network was used')) };
const places: [string, Partial<RunOptions>][] = [
  ['for a person', { tty: true, env: { NO_COLOR: '1' } }],
  ['in a pipe', {}],
];

/** The token with another scope; its signature is not looked at by a client. */
function withScope(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, scope: EVIL })).toString('base64url');
  return [header, changed, signature].join('.');
}

function expectHarmless(text: string): void {
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(text).not.toMatch(/^faked/m);
}

describe.each(places)('%s', (_, options) => {
  test.each(['status', 'whoami', 'session list'])('%s', async (args) => {
    const { status, stdout, stderr } = await env.run(args, { ...offline, ...options });
    expect(status).toBe(0);
    expect(stdout).toContain(SHOWN);
    expectHarmless(stdout + stderr);
  });

  test('credential list', async () => {
    const user = {
      id: EVIL,
      verifiedCredentials: [
        { id: EVIL, format: EVIL, public_identifier: EVIL, verifiedAt: EVIL, signInEnabled: true },
        { id: EVIL, format: 'oauth', oauth_provider: EVIL, oauth_display_name: EVIL },
        { id: EVIL, format: 'blockchain', address: EVIL, signInEnabled: true },
      ],
    };
    const { status, stdout, stderr } = await env.run('credential list', {
      ...options,
      fetch: () => Promise.resolve(Response.json(user)),
    });
    expect(status).toBe(0);
    expect(stdout).toContain(SHOWN);
    expectHarmless(stdout + stderr);
  });
});

test.each(['status', 'whoami', 'session list'])('%s --json', async (args) => {
  const { stdout } = await env.run(`${args} --json`, offline);
  expect(stdout).toContain('a\\u001b[31m');
  expectHarmless(stdout);
});
