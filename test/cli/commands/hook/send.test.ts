import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answering, freePort, goodHook, hostile, startHook, type RunningHook } from '../../../backend/sample-hooks.js';
import { stepup, temporaryHome, type Outcome } from '../../../support/stepup.js';
import { keyPair } from '../../../support/key-pair.js';

let home: string;
let remove: () => Promise<void>;
let hook: RunningHook | undefined;

beforeEach(async () => ({ home, remove } = await temporaryHome()));
afterEach(async () => {
  await hook?.close();
  hook = undefined;
  await remove();
});

const send = (...args: string[]): Promise<Outcome> => stepup(['hook', 'send', ...args], { home });

describe('a hook that fetches our key set', () => {
  let port: string;
  beforeEach(async () => {
    port = String(await freePort());
    hook = await startHook(goodHook({ jwksUrl: () => `http://127.0.0.1:${port}/.well-known/jwks.json` }));
  });

  test('answers the call that is signed with a key made on first use', async () => {
    const first = await send(hook!.url, '--jwks-port', port, '--json');
    expect(first.status).toBe(0);
    const document = first.json<{ keyId: string; answer: { seconds: number } }>();
    expect(document).toEqual({
      url: hook!.url,
      call: {
        scope: 'transfer:write',
        userId: 'usr_sample',
        identifiers: [
          { type: 'phone_number', value: '+12025550123' },
          { type: 'email_address', value: 'user@example.com' },
        ],
        signals: { userAgent: expect.stringContaining('Mozilla/5.0'), platform: 'WEB', ip: '203.0.113.42' },
      },
      keyId: expect.stringMatching(/^[\w-]{43}$/),
      answer: { status: 200, contentType: 'application/json', size: 133, seconds: expect.any(Number) },
      verdict: {
        status: 'review',
        grantMode: 'session-bound',
        grantedFor: 300,
        steps: [{ order: 1, key: 'verify_sms', expirationDuration: 600 }],
      },
      reason: null,
      faults: [],
      customSteps: [],
      advice: [],
    });
    expect(first.stderr).toContain(`The key set is at http://127.0.0.1:${port}/.well-known/jwks.json`);
    expect((await stat(join(home, 'credentials.json'))).mode & 0o777).toBe(0o600);
    // The same key again: a hook that has it needs no other.
    const second = await send(hook!.url, '--json');
    expect([second.status, second.json<{ keyId: string }>().keyId]).toEqual([0, document.keyId]);
    expect((await stepup('keys jwks --json', { home })).stdout).toContain(document.keyId);
  });

  test('in words', async () => {
    const { status, stdout } = await send(hook!.url, '--jwks-port', port, '--scope', 'key:export');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^review by kyc_review, granted session-bound for 300 s\n/);
    expect(stdout).toContain('  step    1. kyc_review, 600 s\n');
    expect(stdout).toContain("kyc_review must be one of the configuration's step keys");
    const unknown = await send(hook!.url, '--scope', 'key:export', '--step-key', 'other');
    expect(unknown.status).toBe(3);
    expect(unknown.stdout).toMatch(/^step_up.hook_failed invalid_step: .*got "kyc_review"/);
  });

  test('a key file that it trusts', async () => {
    const file = join(home, 'key.pem');
    const { privateKey } = keyPair('rsa', { modulusLength: 2048 });
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    expect((await send(hook!.url, '--key', file, '--jwks-port', port)).status).toBe(0);
    const named = await send(hook!.url, '--key', file, '--kid', 'mine', '--jwks-port', port, '--json');
    expect([named.status, named.json()]).toMatchObject([0, { keyId: 'mine' }]);
    await chmod(file, 0o644);
    const exposed = await send(hook!.url, '--key', file, '--json');
    expect([exposed.status, exposed.error().code]).toEqual([2, 'KEY_EXPOSED']);
  });

  test('one that does not know the key refuses, and what to do is said', async () => {
    const spare = String(await freePort());
    const elsewhere = await startHook(answering({}, { status: 401 }));
    try {
      const { status, stdout, stderr } = await send(elsewhere.url, '--jwks-port', spare);
      expect(status).toBe(3);
      expect(stdout).toContain('step_up.hook_failed invalid_status_code: expected status 2xx, got 401');
      expect(stdout).toContain('to do   The hook refuses the signature');
      expect(stderr).toContain(`The hook has not fetched http://127.0.0.1:${spare}/.well-known/jwks.json.`);
      expect((await send(elsewhere.url)).stderr).toContain('serve its public half with --jwks-port');
    } finally {
      await elsewhere.close();
    }
  });
});

test('two first runs at once sign with one key, and it is said once that it was made', async () => {
  hook = await startHook(answering({ status: 'block', grant_mode: 'single-use', granted_for: 0, steps: [] }));
  const runs = await Promise.all([send(hook.url), send(hook.url), send(hook.url)]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(new Set(runs.map(({ stdout }) => /signed by (\S+)/.exec(stdout)?.[1])).size).toBe(1);
  expect(runs.filter(({ stderr }) => stderr.includes('Made the signing key "main"'))).toHaveLength(1);
  expect((await stepup('keys jwks --json', { home })).json<{ keys: object[] }>().keys).toHaveLength(1);
});

describe('what is sent', () => {
  test('metadata, identifiers, user and signals of the flags', async () => {
    let seen: unknown;
    hook = await startHook(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      seen = JSON.parse(text);
      return answering({ status: 'block' })(request, response);
    });
    const flags = ['--user', 'usr_1', '--platform', 'IOS', '--ip', '2001:db8::1', '--user-agent', 'App/1'];
    const identifiers = ['email', 'ada@example.com', 'phone', '+33612345678'];
    const metadata = [`identifier=${'x'.repeat(320)}`, 'a=b=c'];
    flags.push('--scope', 'prld:email:register', '--metadata', ...metadata, '--identifier', ...identifiers);
    const { status } = await send(hook.url, ...flags);
    expect(status).toBe(0);
    expect(seen).toEqual({
      scope_requested: 'prld:email:register',
      user_id: 'usr_1',
      identifiers: [
        { type: 'email_address', value: 'ada@example.com' },
        { type: 'phone_number', value: '+33612345678' },
      ],
      signals: { user_agent: 'App/1', platform: 'IOS', ip: '2001:db8::1' },
      metadata: { identifier: 'x'.repeat(320), a: 'b=c' },
    });
    await send(hook.url, '--identifier', 'none');
    expect(seen).toMatchObject({ identifiers: [] });
  });

  test.each<[string[], string, string]>([
    [['ftp://localhost/'], 'URL_INVALID', 'url'],
    [['http://me:secret@localhost/'], 'URL_INVALID', 'url'],
    [['nothing'], 'URL_INVALID', 'url'],
    [['http://localhost/', '--scope', 'a b'], 'SCOPE_INVALID', '--scope'],
    [['http://localhost/', '--metadata', 'amount'], 'METADATA_INVALID', '--metadata'],
    [['http://localhost/', '--metadata', 'a=1', 'a=2'], 'METADATA_INVALID', '--metadata'],
    [['http://localhost/', '--metadata', `a=${'x'.repeat(33)}`], 'METADATA_INVALID', 'metadata.a'],
    [['http://localhost/', '--identifier', '+33'], 'PHONE_INVALID', '--identifier'],
    [['http://localhost/', '--identifier', 'ada'], 'EMAIL_INVALID', '--identifier'],
    [['http://localhost/', '--ip', '1.2.3'], 'FLAG_INVALID', '--ip'],
    [['http://localhost/', '--user', ''], 'FLAG_INVALID', '--user'],
    [['http://localhost/', '--step-key', 'a b'], 'FLAG_INVALID', '--step-key'],
    [['http://localhost/', '--jwks-port', '70000'], 'FLAG_INVALID', '--jwks-port'],
    [['http://localhost/', '--key', 'none.pem'], 'KEY_UNKNOWN', '--key'],
  ])('%j is refused with %s', async (args, code, field) => {
    const outcome = await send(...args, '--json', '--no-input');
    expect([outcome.status, outcome.error()]).toMatchObject([2, { code, field }]);
    expect(outcome.stderr).not.toContain('secret');
  });
});

describe('a hook that fails', () => {
  test('is named the reason, with JSON whose fields are always there', async () => {
    hook = await startHook(hostile.closes);
    const { status, json } = await send(hook.url, '--json');
    expect(status).toBe(3);
    expect(json()).toMatchObject({
      answer: { status: null, contentType: null, size: 0 },
      verdict: null,
      reason: 'request_failed',
      faults: [
        { reason: 'request_failed', expected: 'an answer', got: expect.stringContaining('closed the connection') },
      ],
    });
  });

  test('gets less than its 5 s with --timeout', async () => {
    hook = await startHook(hostile.silent);
    const { status, stdout } = await send(hook.url, '--timeout', '0.2');
    expect([status, stdout]).toEqual([3, expect.stringContaining('got no whole answer within 0.2 s')]);
  });

  test('no control character of it reaches the terminal', async () => {
    hook = await startHook(answering({ status: '\u001b[2J' }));
    const { status, stdout } = await send(hook.url);
    expect([status, stdout]).toEqual([3, expect.not.stringContaining('\u001b')]);
  });
});

test('with --emulator, a hook that trusts the emulator believes it', async () => {
  const stopping = new AbortController();
  let ready: { url: string; prelude: { jwksUrl: string } } | undefined;
  let ended: Promise<Outcome> | undefined;
  await new Promise<void>((begun) => {
    const onStdout = (text: string): void => {
      ready ??= JSON.parse(text.split('\n')[0]!) as typeof ready;
      begun();
    };
    const args = 'emulator start --port 0 --https-port 0 --json';
    ended = stepup(args, { home, signal: stopping.signal, onStdout });
  });
  try {
    hook = await startHook(goodHook({ jwksUrl: () => ready!.prelude.jwksUrl }));
    const { status, json } = await send(hook.url, '--emulator', '--json');
    expect([status, json()]).toMatchObject([0, { verdict: { status: 'review' } }]);
    // After `init --emulator` the same without the flag; without an application it is a key of the store.
    const stored = await send(hook.url, '--json');
    await stepup('init --emulator', { home });
    const byProfile = await send(hook.url, '--json');
    const { keyId } = json<{ keyId: string }>();
    expect([stored.status, stored.json().keyId === keyId]).toEqual([3, false]);
    expect([byProfile.status, byProfile.json().keyId]).toEqual([0, keyId]);
    // What it sent is what `hook verify` checks against the emulator's key set.
    const recorded: string[] = [];
    const recorder = await startHook(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      recorded.push(text, JSON.stringify(request.headers));
      return answering({ status: 'block' })(request, response);
    });
    await send(recorder.url, '--emulator');
    await recorder.close();
    const files = [join(home, 'body.json'), join(home, 'headers.json')] as const;
    await Promise.all(files.map((file, at) => writeFile(file, recorded[at]!)));
    const checking = ['hook', 'verify', '--body', files[0], '--headers', files[1], '--emulator'];
    expect((await stepup(checking, { home })).stdout).toMatch(/^The signature fits the body/);
    // An emulator that this store knows nothing of has a key of its own.
    const other = await temporaryHome();
    const args = ['hook', 'send', hook.url, `--emulator=${ready!.url}`];
    const stranger = await stepup(args, { home: other.home });
    expect(stranger.status).toBe(3);
    expect(stranger.stderr).toContain("The emulator's key is not in this store");
    await other.remove();
  } finally {
    stopping.abort();
    await ended;
  }
});
