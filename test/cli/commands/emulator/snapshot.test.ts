import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ready } from '../../../../src/emulator/emulator.js';
import { PHONE, SCOPE, startApplication, type Application } from '../../../support/application.js';
import { stepup, temporaryHome, type Outcome } from '../../../support/stepup.js';

describe('a running emulator', () => {
  let app: Application;
  beforeAll(async () => {
    app = await startApplication({
      controlToken: 'control-token',
      seed: { identities: [{ identity: '+33600000002', suppressed: 'the carrier has rejected it' }] },
    });
  });
  afterEach(() => app.reset());
  afterAll(() => app.close());
  const run = (args: string, stdin?: string): Promise<Outcome> =>
    app.run(`emulator ${args}`, {
      env: { STEPUP_EMULATOR_CONTROL_TOKEN: 'control-token' },
      ...(stdin === undefined ? {} : { stdin }),
    });
  const whoami = async (): Promise<number> => (await app.run('token')).status;

  test('snapshot take, list, restore and remove; reset', async () => {
    await app.login();
    const taken = await run('snapshot take logged-in --json');
    expect(taken.json()).toEqual({
      snapshot: { name: 'logged-in', takenAt: expect.any(String) as string, bytes: expect.any(Number) as number },
    });
    expect((await run('snapshot list --json')).json()).toEqual({ snapshots: [taken.json().snapshot] });
    expect((await run('reset --json')).json()).toEqual({ reset: 'default' });
    expect((await app.run('session list')).status).not.toBe(0);
    expect((await run('snapshot restore logged-in --json')).json()).toEqual({ restored: 'logged-in' });
    expect((await run('snapshot restore logged-in')).stdout).toBe('Everything is as in the snapshot "logged-in".\n');
    expect((await run('snapshot remove logged-in --json')).json()).toEqual({ removed: 'logged-in' });
    expect(await run('snapshot list')).toMatchObject({ status: 0, stdout: '', stderr: 'There is no snapshot.\n' });
    const none = await run('snapshot restore logged-in --json');
    expect([none.status, none.error().code, none.error().field]).toEqual([2, 'FLAG_INVALID', '<name>']);
    expect(none.error().message).toContain('There is no snapshot "logged-in".');
    const nameless = await run('snapshot remove . --json');
    expect([nameless.status, nameless.error().field]).toEqual([2, '<name>']);
  });

  test('snapshot export and import, for the owner only; --debug shows none of it', async () => {
    await app.login();
    const file = join(app.home, 'state.json');
    const exported = await run(`snapshot export ${file} --json --debug`);
    expect(exported.json()).toEqual({ file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(PHONE);
    expect(exported.stderr).not.toContain(PHONE);
    await run('reset');
    const imported = await run(`snapshot import ${file} --json --debug`);
    expect(imported.json()).toEqual({ imported: file });
    expect(imported.stderr).not.toContain(PHONE);
    expect(await whoami()).toBe(0);
    expect((await app.run('session list')).status).toBe(0);
  });

  test('snapshot export - and import - are streams', async () => {
    await app.login();
    const { stdout, stderr } = await run('snapshot export -');
    expect([stdout.endsWith('}\n'), stderr]).toEqual([true, '']);
    await run('reset');
    expect((await run('snapshot import -', stdout)).stdout).toBe('The emulator is as standard input says.\n');
    expect(await whoami()).toBe(0);
  });

  test('snapshot import of what is no export changes nothing', async () => {
    await mkdir(app.home, { recursive: true });
    const file = join(app.home, 'state.json');
    await writeFile(file, '{"secret');
    const broken = await run(`snapshot import ${file} --json`);
    expect([broken.status, broken.error().code]).toEqual([2, 'DOCUMENT_INVALID']);
    expect(broken.stderr).not.toContain('secret');
    await writeFile(file, '{"version":1}');
    const other = await run(`snapshot import ${file} --json`);
    expect([other.status, other.error().code, other.error().field]).toEqual([2, 'FLAG_INVALID', '<file>']);
    await writeFile(file, '{"type":"stepup-emulator","version":1,"tenants":[]}');
    const whole = await run(`snapshot import ${file} --json`);
    expect([whole.status, whole.error().code]).toEqual([2, 'DOCUMENT_INVALID']);
    expect(whole.error().hint).toContain('stepup emulator start --import FILE');
    const missing = await run('snapshot import /nowhere/state.json --json');
    expect([missing.status, missing.error().code]).toEqual([2, 'FILE_UNREADABLE']);
    const unwritable = await run('snapshot export /nowhere/state.json --json');
    expect([unwritable.status, unwritable.error().code]).toEqual([1, 'FILE_UNWRITABLE']);
  });

  test('messages tell a suppressed one with its reason; --code-only has no code for it', async () => {
    const identifier = { type: 'phone_number', value: '+33600000002' };
    await fetch(`${app.url}/v1/session/otp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identifier }),
    });
    expect((await run('messages')).stdout).toContain('the carrier has rejected it');
    const code = await run('messages --code-only');
    expect(code).toMatchObject({ status: 1, stdout: '' });
    expect(code.stderr).toContain('never arrives: the carrier has rejected it.');
  });
});

describe('emulator start', () => {
  async function start(home: string, args: string[]): Promise<{ ready: Ready; stop(): Promise<Outcome> }> {
    const stopping = new AbortController();
    let outcome: Promise<Outcome> | undefined;
    const line = await new Promise<string>((done, failed) => {
      const all = ['emulator', 'start', '--port', '0', '--https-port', '0', '--json', ...args];
      outcome = stepup(all, { home, signal: stopping.signal, onStdout: done });
      void outcome.then(({ stderr }) => failed(new Error(stderr)));
    });
    const stop = async (): Promise<Outcome> => {
      stopping.abort();
      return outcome!;
    };
    return { ready: JSON.parse(line.split('\n')[0]!) as Ready, stop };
  }

  test('a session goes on behind --export-on-exit and --import, and a challenge under way is finished', async () => {
    const { home, remove } = await temporaryHome();
    try {
      const seed = join(home, 'seed.yaml');
      await writeFile(
        seed,
        `prelude:
  scopes: [${SCOPE}]
  stepup:
    step_keys: []
    allowed_scopes:
      - scope: ${SCOPE}
        mode: direct
        direct:
          identifier_types: [phone_number]
          status: review
          grant_mode: session-bound
          granted_for: 300
          steps: [{ order: 1, key: verify_sms, expiration_duration: 300 }]
identities:
  - { identity: "${PHONE}", code: "424242" }
`,
      );
      const file = join(home, 'state.json');
      const first = await start(home, ['--seed', seed, '--export-on-exit', file]);
      const at = `--emulator=${first.ready.url}`;
      const login = await stepup(['login', at, '--phone', PHONE, '--code', '424242'], { home });
      expect([login.status, login.stderr]).toEqual([0, expect.any(String)]);
      const asked = await stepup(['request', SCOPE, at, '--json', '--no-input'], { home });
      expect(asked.status).toBe(5);
      expect((await first.stop()).status).toBe(0);
      expect((await stat(file)).mode & 0o777).toBe(0o600);

      const ports = ['--port', new URL(first.ready.url).port, '--https-port', new URL(first.ready.httpsUrl).port];
      const second = await start(home, [...ports, '--import', file]);
      const { challenges } = (await stepup(['challenge', 'list', at, '--json'], { home })).json<{
        challenges: { challengeId: string }[];
      }>();
      expect(challenges).toHaveLength(1);
      const went = ['challenge', 'continue', challenges[0]!.challengeId, at, '--code', '424242', '--json'];
      const continued = await stepup(went, { home });
      expect([continued.status, continued.stderr]).toEqual([0, expect.any(String)]);
      expect((await stepup(['check', SCOPE, at], { home })).status).toBe(0);
      await second.stop();
    } finally {
      await remove();
    }
  }, 30_000);

  test('a bad seed is status 1 with one line that names file, line and field', async () => {
    const { home, remove } = await temporaryHome();
    try {
      const seed = join(home, 'seed.yaml');
      await writeFile(seed, 'prelude:\n  scops: [a]\n');
      const outcome = await stepup(['emulator', 'start', '--seed', seed, '--json', '--port', '0'], { home });
      expect([outcome.status, outcome.stdout]).toEqual([1, '']);
      expect(outcome.error()).toMatchObject({ code: 'SEED_INVALID', field: 'prelude.scops' });
      expect(outcome.error().message).toBe(
        `${seed}, line 2, column 3: prelude.scops: expected a field that is known, got another.`,
      );
    } finally {
      await remove();
    }
  });
});
