import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Message, Ready } from '../../../../src/emulator/emulator.js';
import { EMAIL, PHONE, startApplication, type Application } from '../../../support/application.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(() => remove());

interface Started {
  stdout(): string;
  stop(): Promise<Outcome>;
}

/** Starts `emulator start` on free ports and waits for its first line. */
async function start(args: string[], options: Partial<RunOptions> = {}): Promise<Started> {
  const stopping = new AbortController();
  let text = '';
  let outcome: Promise<Outcome> | undefined;
  await new Promise<void>((ready, failed) => {
    const onStdout = (part: string): void => {
      text += part;
      ready();
    };
    const all = ['emulator', 'start', '--port', '0', '--https-port', '0', ...args];
    outcome = stepup(all, { home, ...options, signal: stopping.signal, onStdout });
    void outcome.then(({ stderr }) => failed(new Error(stderr)));
  });
  return {
    stdout: () => text,
    stop: async () => {
      stopping.abort();
      return outcome!;
    },
  };
}

const files = async (): Promise<string[]> => readdir(join(home, 'emulators'));
const sendCode = (url: string): Promise<Response> =>
  fetch(`${url}/v1/session/otp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identifier: { type: 'phone_number', value: PHONE } }),
  });
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setImmediate(done));
}

describe('emulator start', () => {
  test('prints the ready line, keeps it for --emulator, prints events without codes, and leaves nothing', async () => {
    const env = { STEPUP_EMULATOR_CONTROL_TOKEN: 'my-own-control-token' };
    const emulator = await start(['--json'], { env });
    const ready = JSON.parse(emulator.stdout().split('\n')[0]!) as Ready;
    const port = new URL(ready.url).port;
    expect(ready).toEqual({
      type: 'ready',
      url: `http://127.0.0.1:${port}`,
      httpsUrl: expect.stringMatching(/^https:\/\/localhost:\d+$/),
      caCert: join(home, 'emulator', 'cert.pem'),
      controlUrl: `http://127.0.0.1:${port}/__emulator`,
      controlToken: 'my-own-control-token',
      prelude: {
        appId: 'demo',
        sessionDomain: new URL(ready.httpsUrl).host,
        managementUrl: ready.url,
        managementKey: 'sk_emulator_demo',
        issuer: new URL(ready.httpsUrl).host,
        jwksUrl: `${ready.url}/.well-known/jwks.json`,
      },
      dynamic: {
        environmentId: '00000000-0000-4000-8000-000000000001',
        apiBaseUrl: `${ready.url}/api/v0`,
        issuer: `127.0.0.1:${port}/00000000-0000-4000-8000-000000000001`,
        jwksUrl: `${ready.url}/api/v0/sdk/00000000-0000-4000-8000-000000000001/.well-known/jwks`,
      },
    });
    expect(await files()).toEqual([`${port}.json`]);
    const kept = join(home, 'emulators', `${port}.json`);
    expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual({ ...ready, pid: process.pid });
    const others = process.platform === 'win32' ? 0 : (await stat(kept)).mode & 0o077;
    expect(others).toBe(0);

    expect(await stepup('scope list --emulator', { home })).toMatchObject({ status: 0 });
    expect((await sendCode(ready.url)).status).toBe(204);
    const { messages } = (await stepup('emulator messages --json', { home })).json<{ messages: Message[] }>();
    expect(messages).toMatchObject([{ to: PHONE, code: expect.stringMatching(/^\d{6}$/), purpose: 'login' }]);
    for (const url of [`http://localhost:${port}`, ready.controlUrl]) {
      expect((await stepup(`emulator messages --emulator=${url} --json`, { home })).json()).toEqual({ messages });
    }

    const { status, lines, stdout } = await emulator.stop();
    expect(status).toBe(0);
    const events = lines().slice(1);
    expect(events[0]).toMatchObject({ id: 1, type: 'request', method: 'GET', status: 200, tenant: 'default' });
    expect(events.slice(-2)).toMatchObject([
      { type: 'message', to: PHONE, messageId: messages[0]!.id },
      { type: 'request', method: 'POST', path: '/v1/session/otp', status: 204 },
    ]);
    expect(stdout).not.toContain(messages[0]!.code);
    expect(await files()).toEqual([]);
    await expect(fetch(ready.url)).rejects.toThrow('fetch failed');
  });

  test('in words; --show-codes shows the codes', async () => {
    const emulator = await start(['--show-codes']);
    const url = /ready: (\S+)/.exec(emulator.stdout())?.[1] ?? '';
    await sendCode(url);
    await until(() => emulator.stdout().includes('/v1/session/otp 204'));
    const code = (await stepup('emulator messages --code-only', { home })).stdout.trim();
    await fetch(`${url}/v1/session/refresh`, { method: 'POST' });
    const { status, stdout, stderr } = await emulator.stop();
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'End it with Ctrl-C.\n' });
    expect(stdout).toContain(`sms to ${PHONE} (login): ${code}\n`);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d POST \/v1\/session\/refresh 40\d {2}\S/m);
  });

  test('tells the address of the web page to people, and to nobody who asked for JSON', async () => {
    const env = { STEPUP_EMULATOR_CONTROL_TOKEN: 'my+own/token' };
    const emulator = await start([], { env });
    const url = /ready: (\S+)/.exec(emulator.stdout())?.[1] ?? '';
    expect(emulator.stdout()).toContain(`  web page     ${url}/__emulator/ui#token=my%2Bown%2Ftoken\n`);
    await emulator.stop();
    const shared = await start(['--public-url', 'https://stepup.test.example.com'], { env });
    // Whoever has set it knows it, and others may read the log.
    expect(shared.stdout()).toContain('/ui#token=$STEPUP_EMULATOR_CONTROL_TOKEN\n');
    expect((await shared.stop()).stdout).not.toContain('my%2Bown');
    const quiet = await start(['--json'], { env });
    expect((await quiet.stop()).stdout).not.toContain('/ui');
  });

  test('without it no code is in the log', async () => {
    const emulator = await start([]);
    await sendCode(/ready: (\S+)/.exec(emulator.stdout())?.[1] ?? '');
    const code = (await stepup('emulator messages --code-only', { home })).stdout.trim();
    const { stdout } = await emulator.stop();
    expect(stdout).toContain(`sms to ${PHONE} (login)\n`);
    expect(stdout).not.toContain(code);
  });

  test('a port in use is status 1 with one line and what to do, and nothing is left', async () => {
    const emulator = await start(['--json']);
    const { port } = new URL((JSON.parse(emulator.stdout().split('\n')[0]!) as Ready).url);
    const second = await stepup(['emulator', 'start', '--port', port, '--https-port', '0'], { home });
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr.split('\n')).toHaveLength(3);
    expect(second.stderr).toContain(`Port ${port} on 127.0.0.1 is in use.`);
    expect(await files()).toEqual([`${port}.json`]);
    await emulator.stop();
    expect(await files()).toEqual([]);
  });

  test.each([
    [['--host', '0.0.0.0'], '--host'],
    [['--host', 'example.com'], '--host'],
    [['--port', '99999'], '--port'],
    [['--https-port', 'x'], '--https-port'],
  ])('%j is status 2', async (flags, field) => {
    const outcome = await stepup(['emulator', 'start', '--json', ...flags], { home });
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, 'FLAG_INVALID', field]);
  });
});

describe('emulator messages', () => {
  let app: Application;
  let env: Record<string, string>;
  beforeAll(async () => {
    app = await startApplication({ controlToken: 'control-token' });
    env = { STEPUP_EMULATOR_CONTROL_TOKEN: 'control-token' };
  });
  beforeEach(async () => {
    await app.allow({ steps: ['verify_sms'] });
  });
  afterEach(() => app.reset());
  afterAll(() => app.close());
  const messages = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> =>
    app.run(`emulator messages ${args}`.trim(), { env, ...options });

  test('oldest first, narrowed by each flag', async () => {
    await app.login();
    await app.run(['request', 'transfer:write', '--code-command', 'inbox'], { run: app.shell });
    await app.run(['login', '--email', EMAIL, '--code-command', 'inbox'], { run: app.shell });
    const all = (await messages('--json')).json<{ messages: Message[] }>().messages;
    expect(all.map(({ purpose, channel }) => [purpose, channel])).toEqual([
      ['login', 'sms'],
      ['step-up', 'sms'],
      ['login', 'email'],
    ]);
    const ids = async (args: string): Promise<string[]> =>
      (await messages(`${args} --json`)).json<{ messages: Message[] }>().messages.map(({ id }) => id);
    const [login, stepUp, byEmail] = all.map(({ id }) => id);
    expect(await ids(`--to ${PHONE}`)).toEqual([login, stepUp]);
    expect(await ids('--purpose login')).toEqual([login, byEmail]);
    expect(await ids('--channel email')).toEqual([byEmail]);
    expect(await ids(`--challenge ${all[1]!.challengeId}`)).toEqual([stepUp]);
    expect(await ids(`--after ${login}`)).toEqual([stepUp, byEmail]);
    expect(await ids('--after 2999-01-01T00:00:00Z')).toEqual([]);
    expect((await messages('--code-only')).stdout).toBe(`${all[2]!.code}\n`);
    expect((await messages('--code-only --purpose step-up')).stdout).toBe(`${all[1]!.code}\n`);
  });

  test('--code-command can be this very command: the variables of a step narrow it', async () => {
    const inbox: RunOptions['run'] = async (_, { env: given }) => {
      const { status, stdout } = await app.run('emulator messages --wait 5 --code-only', { env: { ...given, ...env } });
      return { status, stdout, timedOut: false };
    };
    expect((await app.run(['login', '--phone', PHONE, '--code-command', 'inbox'], { run: inbox })).status).toBe(0);
    const request = ['request', 'transfer:write', '--code-command', 'inbox'];
    expect((await app.run(request, { run: inbox })).status).toBe(0);
    const variables = { ...env, STEPUP_CHALLENGE_ID: 'chl_other' };
    const none = await messages('--json', { env: variables });
    expect(none.json()).toEqual({ messages: [] });
    expect(
      (await messages('--json', { env: { ...env, STEPUP_CHALLENGE_ID: '', STEPUP_SENT_AT: '' } })).json(),
    ).toMatchObject({
      messages: [{}, {}],
    });
  });

  test('--wait holds until one comes, and ends when none does', async () => {
    const waiting = messages('--wait 20 --code-only');
    await fetch(`${app.url}/v1/session/otp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identifier: { type: 'phone_number', value: PHONE } }),
    });
    const { code, id } = await app.newest();
    expect((await waiting).stdout).toBe(`${code}\n`);
    const late = await messages(`--wait 0.05 --after ${id} --code-only`);
    expect(late).toMatchObject({ status: 1, stdout: '' });
    expect(late.stderr).toContain('No message fits, and none came within 0.05 s.');
  });

  test('none is MESSAGE_NOT_FOUND with --code-only, and no error without', async () => {
    expect(await messages('')).toMatchObject({ status: 0, stdout: '', stderr: 'There is no message.\n' });
    expect(await messages('--code-only')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Wait for one with --wait 5.'),
    });
  });

  test('variables of `emulator exec` name it; a token is needed for one that this store did not start', async () => {
    const control = { STEPUP_EMULATOR_CONTROL_URL: `${app.url}/__emulator` };
    expect(await stepup('emulator messages', { home, env: { ...control, ...env } })).toMatchObject({ status: 0 });
    const without = await stepup('emulator messages --json', { home, env: control });
    expect([without.status, without.error().code]).toEqual([2, 'EMULATOR_NOT_FOUND']);
    const wrong = await messages('--json', { env: { STEPUP_EMULATOR_CONTROL_TOKEN: 'wrong-token' } });
    expect([wrong.status, wrong.error().code]).toEqual([3, 'REFUSED']);
    expect(wrong.stderr).not.toContain('wrong-token');
    const nowhere = await stepup('emulator messages --json', { home });
    expect([nowhere.status, nowhere.error().code]).toEqual([2, 'EMULATOR_NOT_FOUND']);
  });

  test('an address where nobody is is status 6, not a question of tokens', async () => {
    const nobody = await stepup('emulator messages --emulator=http://127.0.0.1:1 --json', { home });
    expect([nobody.status, nobody.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
  });

  test.each([
    ['--wait x', 'FLAG_INVALID'],
    ['--wait 601', 'FLAG_INVALID'],
    ['--after yesterday', 'FLAG_INVALID'],
    ['--after 2026-01-01', 'FLAG_INVALID'],
    ['--purpose other', 'USAGE'],
    ['--code-only', 'FLAG_CONFLICT'],
  ])('%s with --json is %s', async (args, code) => {
    const outcome = await messages(`${args} --json`);
    expect([outcome.status, outcome.error().code]).toEqual([2, code]);
  });
});
