import { sign, constants, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PHONE, startApplication, type Application } from '../../../support/application.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';
import { keyPair } from '../../../support/key-pair.js';

interface Served {
  ready: { type: string; url: string; hookUrl: string; jwksUrl: string };
  lines: Record<string, unknown>[];
  stop(): Promise<Outcome>;
}

/** Starts `hook serve --json` and waits until it is ready. */
async function serve(args: string[], options: RunOptions): Promise<Served> {
  const stopping = new AbortController();
  const lines: Record<string, unknown>[] = [];
  let outcome: Promise<Outcome> | undefined;
  await new Promise<void>((ready, failed) => {
    const onStdout = (text: string): void => {
      for (const line of text.split('\n').filter(Boolean)) lines.push(JSON.parse(line) as Record<string, unknown>);
      ready();
    };
    outcome = stepup(['hook', 'serve', '--port', '0', '--json', ...args], {
      ...options,
      signal: stopping.signal,
      onStdout,
    });
    void outcome.then(({ stderr }) => failed(new Error(stderr)));
  });
  const [ready] = lines as unknown as Served['ready'][];
  return {
    ready: ready!,
    lines,
    stop: async () => {
      stopping.abort();
      return outcome!;
    },
  };
}

describe('with the emulator', () => {
  let app: Application;
  beforeAll(async () => {
    app = await startApplication();
  });
  afterEach(() => app.reset());
  afterAll(() => app.close());

  test('answers the service’s signed call, prints it without the identifier, and ends with 0', async () => {
    const flags = ['--step', 'verify_sms:120', '--grant-mode', 'single-use', '--granted-for', '60'];
    const hook = await serve([...flags, `--emulator=${app.url}`], { home: app.home });
    expect(hook.ready).toEqual({
      type: 'ready',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      hookUrl: `${hook.ready.url}/hooks/stepup`,
      jwksUrl: `${hook.ready.url}/.well-known/jwks.json`,
    });
    await app.run(['config', 'create', '--hook-url', hook.ready.hookUrl]);
    await app.run('scope add transfer:write');
    await app.login();
    const { status } = await app.run(
      ['request', 'transfer:write', '--metadata', 'amount=500', '--code-command', 'inbox'],
      { run: app.shell },
    );
    expect(status).toBe(0);
    expect(hook.lines[1]).toEqual({
      type: 'call',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      scope: 'transfer:write',
      userId: expect.stringMatching(/^usr_/),
      identifiers: [{ type: 'phone_number', value: '+33•••678' }],
      metadata: { amount: '500' },
      signals: expect.objectContaining({ platform: 'WEB', ip: '127.0.0.1' }),
      verdict: {
        status: 'review',
        grantMode: 'single-use',
        grantedFor: 60,
        steps: [{ order: 1, key: 'verify_sms', expirationDuration: 120 }],
      },
    });
    const { status: end, stdout } = await hook.stop();
    expect(end).toBe(0);
    expect(stdout).not.toContain(PHONE);
    await expect(fetch(hook.ready.url)).rejects.toThrow('fetch failed');
  });
});

describe('on its own', () => {
  const kid = 'key-1';
  const keys = keyPair('rsa', { modulusLength: 2048 });
  const call = { scope_requested: 'a', user_id: 'usr_1', identifiers: [], signals: {} };
  let home: string;
  let remove: () => Promise<void>;
  let application: ReturnType<typeof createServer>;
  let hook: Served;
  let published: object[];

  /** An application that publishes one key. */
  beforeEach(async () => {
    ({ home, remove } = await temporaryHome());
    published = [{ ...keys.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }];
    application = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((done) => application.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    await hook.stop();
    application.close();
    await remove();
  });
  const domain = (): string => `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
  const start = async (...args: string[]): Promise<void> => {
    hook = await serve(['--app', 'demo', '--domain', domain(), ...args], { home });
  };

  function signed(body: string, key: KeyObject = keys.privateKey, saltLength = 32): Record<string, string> {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha256', Buffer.from(body), { key, padding, saltLength }).toString('base64url');
    return { 'X-Webhook-Signature': signature, 'X-Webhook-Signature-Key-Id': kid };
  }
  const post = (body: string, headers: Record<string, string>, path = '/hooks/stepup'): Promise<Response> =>
    fetch(`${hook.ready.url}${path}`, { method: 'POST', body, headers });

  test.each<[string[], object]>([
    [
      [],
      {
        status: 'review',
        grant_mode: 'session-bound',
        granted_for: 300,
        steps: [{ order: 1, key: 'verify_sms', expiration_duration: 600 }],
      },
    ],
    [
      ['--verdict', 'continue', '--granted-for', '5'],
      { status: 'continue', grant_mode: 'session-bound', granted_for: 5, steps: [] },
    ],
    [['--verdict', 'block'], { status: 'block', grant_mode: 'session-bound', granted_for: 300, steps: [] }],
  ])('%j answers a signed call on any path', async (flags, verdict) => {
    await start(...flags);
    const body = JSON.stringify(call);
    for (const path of ['/hooks/stepup', '/', '/any?x=1']) {
      const response = await post(body, signed(body), path);
      expect([response.status, await response.json()]).toEqual([200, verdict]);
    }
  });

  test('what is not signed by the application is refused with 401, and said why', async () => {
    await start();
    const body = JSON.stringify(call);
    const stranger = keyPair('rsa', { modulusLength: 2048 }).privateKey;
    const attempts: [Record<string, string>, string][] = [
      [{}, 'no X-Webhook-Signature header'],
      [{ 'X-Webhook-Signature': 'abc' }, 'no X-Webhook-Signature-Key-Id header'],
      [{ ...signed(body), 'X-Webhook-Signature-Key-Id': 'other' }, 'no key with this id'],
      [signed(body, stranger), 'does not fit the body'],
      [signed(`${body} `), 'does not fit the body'],
    ];
    for (const [headers, reason] of attempts) {
      expect((await post(body, headers)).status).toBe(401);
      expect(hook.lines.at(-1)).toMatchObject({
        type: 'refused',
        status: 401,
        reason: expect.stringContaining(reason),
      });
    }
  });

  test('a signed body that is no call is 400, one over 64 KB is 413, another method is 405', async () => {
    await start();
    for (const body of ['{', '[]', '{"scope_requested":1}']) expect((await post(body, signed(body))).status).toBe(400);
    const large = 'x'.repeat(64 * 1024 + 1);
    expect((await post(large, signed(large))).status).toBe(413);
    expect((await fetch(hook.ready.hookUrl)).status).toBe(405);
    expect(hook.lines.slice(1).map(({ status }) => status)).toEqual([400, 400, 400, 413]);
  });

  test('serves the keys of the store beside it, public halves only, those made meanwhile too', async () => {
    await start();
    await stepup(['keys', 'create', '--kid', 'kyc-1'], { home });
    const served = (await (await fetch(hook.ready.jwksUrl)).json()) as { keys: object[] };
    expect(served.keys).toEqual([expect.objectContaining({ kid: 'kyc-1', use: 'sig', alg: 'RS256' })]);
    expect(served.keys[0]).not.toHaveProperty('d');
  });

  test('serves an empty key set, and says 503 when the application’s cannot be had', async () => {
    await start();
    expect(await (await fetch(hook.ready.jwksUrl)).json()).toEqual({ keys: [] });
    published = [{ no: 'key' }];
    const body = JSON.stringify(call);
    expect((await post(body, signed(body))).status).toBe(503);
  });

  test('text for a person: control characters of a caller do not reach the terminal', async () => {
    await start();
    const text: string[] = [];
    const stopping = new AbortController();
    const options = { home, signal: stopping.signal, onStdout: (part: string) => text.push(part) };
    const ended = stepup(['hook', 'serve', '--port', '0', '--app', 'demo', '--domain', domain()], options);
    while (text.length === 0) await new Promise((done) => setImmediate(done));
    const url = /ready: (\S+)\/hooks/.exec(text.join(''))?.[1] ?? '';
    const body = JSON.stringify({ ...call, user_id: 'usr\u001b[31m', metadata: { note: '\u001b[2J' } });
    await fetch(url, { method: 'POST', body, headers: signed(body) });
    stopping.abort();
    const { status, stdout } = await ended;
    expect(status).toBe(0);
    expect(stdout).toContain('a for usr?[31m: review by verify_sms, granted session-bound for 300 s');
    expect(stdout).toContain('metadata    {"note":"\\u001b[2J"}');
    expect(stdout).not.toContain('\u001b');
  });

  test('a port in use is status 1, and a flag that is wrong 2', async () => {
    await start();
    const { port } = new URL(hook.ready.url);
    const args = ['hook', 'serve', '--app', 'demo', '--json'];
    const taken = await stepup([...args, '--port', port], { home });
    expect([taken.status, taken.error()]).toMatchObject([1, { code: 'PORT_IN_USE', field: '--port' }]);
    for (const [flags, code, field] of [
      [['--port', '70000'], 'FLAG_INVALID', '--port'],
      [['--port', 'x'], 'FLAG_INVALID', '--port'],
      [['--host', '0.0.0.0'], 'FLAG_INVALID', '--host'],
      [['--verdict', 'block', '--step', 'x'], 'FLAG_CONFLICT', '--step'],
    ] as const) {
      const outcome = await stepup([...args, ...flags], { home });
      expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
    }
    const nobody = await stepup('hook serve --json', { home });
    expect([nobody.status, nobody.error().code]).toEqual([2, 'PROFILE_UNKNOWN']);
  });
});
