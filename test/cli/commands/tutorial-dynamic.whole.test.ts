import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(() => remove());

const walk = (args = '', options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(`tutorial --provider dynamic ${args}`.trim(), { home, ...options });

interface Line {
  type: string;
  title: string;
  command: string;
  status?: number;
  result: unknown;
  error?: { code: string };
}

/** The steps, each with the beginning of what is typed and the status that it ends with. */
const STEPS = [
  ['emulator', 'stepup emulator start --port 0 --https-port 0', 0],
  ['login', 'stepup login --email ada@example.com', 0],
  ['check', 'stepup check wallet:export', 7],
  ['request', 'stepup request wallet:export', 0],
  ['status', 'stepup status', 0],
  ['proceed', 'stepup fetch /waas/my-wallet/privateKey/export -X POST', 0],
  ['refused', 'stepup fetch /waas/my-wallet/privateKey/export -X POST', 3],
  ['mfa', 'stepup mfa add', 0],
  ['mfa required', 'stepup request wallet:export --method email', 3],
  ['totp', 'stepup request wallet:export --method totp', 0],
  ['recovery codes', 'stepup mfa recovery-codes', 0],
  ['recovery', 'stepup request wallet:export --method recovery --code', 0],
  ['passkey', 'stepup passkey add', 0],
  ['by passkey', 'stepup request wallet:export --method passkey', 0],
  ['held', 'stepup status', 0],
  ['reset', 'stepup reset --grants', 0],
] as const;

describe('by itself', () => {
  test('shows each command, its answer and its status, in order, and leaves nothing behind', async () => {
    const { status, stdout, stderr } = await walk();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const commands = stdout.split('\n').filter((line) => line.startsWith('  $ '));
    expect(commands.map((line, at) => line.slice(4, 4 + (STEPS[at]?.[1].length ?? 0)))).toEqual(
      STEPS.map(([, command]) => command),
    );
    expect(commands.slice(1).every((line) => line.endsWith(' --emulator --provider dynamic'))).toBe(true);
    expect(stdout.match(/\[status \d+\]/g)).toEqual(['[status 7]', '[status 3]', '[status 3]']);
    expect(stdout.match(/^\d+\. .*$/gm)).toEqual([
      '1. Start the emulator',
      '2. Log in',
      '3. Check',
      '4. Verify',
      '5. Proceed',
      '6. Enrol an authenticator app',
      '7. Re-authentication is over',
      '8. Verify by the app',
      '9. Verify by a recovery code',
      '10. Make a passkey and use it',
      '11. Reset',
    ]);
    expect(stdout).toMatch(
      / wallet:export {2}until \S+ \(4 min 5\d s left\), for a single use, proved by verify_email\n/,
    );
    expect(stdout).toContain('    {"walletId":"my-wallet","exported":true}\n');
    expect(stdout).toContain('    Error: This needs an elevated token for wallet:export.\n');
    expect(stdout).toContain('    Error: The user has an MFA method, so the service takes no re-authentication.\n');
    expect(stdout).toMatch(/ for a single use, proved by verify_passkey\n/);
    expect(stdout).toContain('    Forgotten: 0 challenges and 2 grants. The login stays.');
    expect(stdout).not.toContain('eyJ');
    expect(await readdir(home)).toEqual([]);
  });

  test('with --json is one object a line, with the status where it is not 0, and without a token', async () => {
    const { status, stdout, stderr, lines } = await walk('--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const all = lines<Line>();
    expect(all.map(({ title, status: ended = 0 }) => [title, ended])).toEqual(
      STEPS.map(([title, , ended]) => [title, ended]),
    );
    for (const [at, [, command]] of STEPS.entries()) {
      expect(all[at]).toMatchObject({
        type: 'step',
        command: expect.stringMatching(new RegExp(`^${command}`)) as string,
      });
    }
    expect(stdout).not.toContain('eyJ');
    const of = (title: string): unknown => all.find((line) => line.title === title)?.result;
    expect(of('check')).toMatchObject({ scope: 'wallet:export', required: true });
    for (const [title, factor] of [
      ['request', 'verify_email'],
      ['totp', 'verify_totp'],
      ['recovery', 'verify_recovery'],
      ['by passkey', 'verify_passkey'],
    ] as const) {
      const grant = { scopes: ['wallet:export'], singleUse: true, factors: [factor] };
      expect((of(title) as Line[]).at(-1)).toMatchObject({ type: 'granted', grant });
    }
    expect(of('status')).toMatchObject({ grants: [{ scopes: ['wallet:export'], factors: ['verify_email'] }] });
    expect(of('proceed')).toMatchObject({ status: 200, body: { exported: true }, elevatedWith: 'wallet:export' });
    expect(of('refused')).toMatchObject({ status: 403, body: { code: 'elevated_access_token_required' } });
    const errors = all.map(({ error }) => error?.code).filter(Boolean);
    expect(errors).toEqual(['ELEVATION_REQUIRED', 'MFA_REQUIRED']);
    expect(of('recovery codes')).toMatchObject({ recoveryCodes: { length: 10 } });
    expect(of('held')).toMatchObject({
      grants: [{ scopes: ['credential:link'] }, { scopes: ['wallet:export'], factors: ['verify_passkey'] }],
      challenges: [],
    });
    expect(of('reset')).toEqual({ challenges: 0, grants: 2 });
  });

  test.each<[string, Partial<RunOptions>]>([
    ['--yes', { tty: true }],
    ['--no-input', { tty: true, env: { STEPUP_PROFILE: 'x', STEPUP_DYNAMIC_ORIGIN: 'https://x.example.com' } }],
  ])('in a terminal, %s asks nothing, and takes nothing from outside', async (flag, { env, ...options }) => {
    const { status, stdout, stderr } = await walk(flag, { ...options, env: { NO_COLOR: '1', ...env } });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('    Forgotten: 0 challenges and 2 grants.');
  });

  test('STEPUP_PROVIDER chooses it', async () => {
    const { stdout } = await stepup('tutorial --scope wallet:export', { home, env: { STEPUP_PROVIDER: 'dynamic' } });
    expect(stdout).toContain('$ stepup check wallet:export --emulator --provider dynamic\n');
  });
});

describe('with a person', () => {
  const code = (screen: string): string => `${/your code is (\d{6})/.exec(screen)?.[1]}\r`;
  const login = [/your code is \d{6}[^]*\? Code sent by email to log in/, code] as const;
  const request = [/your code is \d{6}[^]*\? Code sent by email for wallet:export/, code] as const;
  const link = [/your code is \d{6}[^]*\? Code sent by email for credential:link/, code] as const;

  test('every code is typed as it is shown; the app’s can be left to stepup', async () => {
    const { status, stdout, stderr } = await walk('', {
      env: { NO_COLOR: '1' },
      answers: [[...login], [...request], [...link], ['Code from your authenticator app', '\r'], [...request]],
    });
    expect(status).toBe(0);
    expect(stderr.match(/Email to ada@example\.com: your code is/g)).toHaveLength(4);
    expect(stderr).toContain('Error: The user has an MFA method');
    expect(stdout).not.toContain('--code-command');
    expect(stdout).toContain('    Forgotten: 0 challenges and 2 grants.');
    expect(stdout + stderr).not.toContain('eyJ');
    expect(await readdir(home)).toEqual([]);
  });

  test.each<[string, RunOptions['answers'] & object]>([
    ['the first code', [[login[0], '\u0003']]],
    ['the code of the app', [[...login], [...request], [...link], ['Code from your authenticator app', '\u0003']]],
  ])('Ctrl-C at %s is 130, and everything is stopped and gone', async (_, answers) => {
    const { status, stdout } = await walk('', { env: { NO_COLOR: '1' }, answers });
    expect(status).toBe(130);
    expect(stdout).not.toContain('Forgotten');
    await expectStopped(stdout);
  });

  test('a wrong code is asked for again', async () => {
    const wrong = (screen: string): string => (code(screen) === '000000\r' ? '000001\r' : '000000\r');
    const { status } = await walk('', {
      env: { NO_COLOR: '1' },
      answers: [
        [login[0], wrong],
        [/That code was refused; \d tries left\.[^]*\? Code sent/, '\u0003'],
      ],
    });
    expect(status).toBe(130);
  });
});

/** The emulator that the walk has named, if it came so far, answers no more, and its folder is gone. */
async function expectStopped(stdout: string): Promise<void> {
  const [, url] = /Ready at (http:\S+)/.exec(stdout) ?? [];
  expect(url !== undefined && (await isUp(`${url}/__emulator/health`))).toBe(false);
  expect(await readdir(home)).toEqual([]);
}

function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

describe('interrupted while it walks by itself', () => {
  test.each([
    '$ stepup emulator',
    'Ready at',
    '$ stepup login',
    '$ stepup status',
    '$ stepup mfa recovery-codes',
    '$ stepup reset',
  ])('at "%s" is 130, and everything is stopped and gone', async (shown) => {
    const interrupt = new AbortController();
    const { status, stdout, stderr } = await walk('', {
      signal: interrupt.signal,
      onStdout: (text) => {
        if (text.includes(shown)) interrupt.abort();
      },
    });
    expect(status).toBe(130);
    expect(stderr).toBe('Interrupted.\n');
    expect(stdout).not.toContain('Forgotten');
    await expectStopped(stdout);
  });

  test('while a call is under way is 130', async () => {
    const interrupt = new AbortController();
    const { status, stdout, stderr } = await walk('--json', {
      signal: interrupt.signal,
      fetch: (input, init) => {
        const url = input instanceof Request ? input.url : input.toString();
        if (url.endsWith('/emailVerifications/verify')) interrupt.abort();
        return fetch(input, init);
      },
    });
    expect([status, stderr]).toEqual([130, '{"error":{"code":"INTERRUPTED","message":"Interrupted."}}\n']);
    const steps = stdout.trimEnd().split('\n');
    expect(steps.map((line) => (JSON.parse(line) as Line).title)).toEqual(['emulator', 'login', 'check']);
    expect(await readdir(home)).toEqual([]);
  });

  test('before anything is 130', async () => {
    const { status, stderr } = await walk('', { signal: AbortSignal.abort() });
    expect([status, stderr]).toEqual([130, 'Interrupted.\n']);
    expect(await readdir(home)).toEqual([]);
  });
});

describe('what it does not do', () => {
  const offline = { fetch: () => Promise.reject(new Error('the network was used')) };

  test('--live is of Prelude', async () => {
    const { status, stdout, error } = await walk('--live --direct --phone +33612345678 --json', offline);
    expect([status, stdout, error().code, error().field]).toEqual([2, '', 'COMMAND_UNSUPPORTED', '--live']);
    expect(error().hint).toContain('stepup init --provider dynamic');
  });

  test.each(['wallet:sign', 'transfer:write', '', 'a b'])('the scope %j', async (scope) => {
    const args = ['tutorial', '--provider', 'dynamic', '--json', '--scope', scope];
    const { status, stdout, error } = await stepup(args, { home, ...offline });
    expect([status, stdout, error().code, error().field]).toEqual([2, '', 'FLAG_INVALID', '--scope']);
  });

  test.each(['--direct', '--hook-url=https://example.com', '--phone=+33612345678', '--code=1', '--code-command=x'])(
    '%s without --live',
    async (flag) => {
      const { status, error } = await walk(`--json ${flag}`, offline);
      expect([status, error().code]).toEqual([2, 'FLAG_CONFLICT']);
    },
  );

  test('another service', async () => {
    const { status, error } = await stepup('tutorial --provider privy --json', { home, ...offline });
    expect([status, error().code, error().field]).toEqual([2, 'FLAG_INVALID', '--provider']);
  });
});
