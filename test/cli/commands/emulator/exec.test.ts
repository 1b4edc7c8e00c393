import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailedError } from '../../../../src/errors.js';
import type { Env } from '../../../../src/system.js';
import { PHONE } from '../../../support/application.js';
import { stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(() => remove());

/** Runs `emulator exec -- a command`; `inside` is what the command does with its environment. */
function exec(inside: (env: Env, command: readonly string[]) => Promise<void>, env: Env = {}): Promise<Outcome> {
  const run: RunOptions['exec'] = async (command, options) => {
    await inside(options.env, command);
    return { status: 0 };
  };
  return stepup(['emulator', 'exec', '--', 'a', '--json', 'b c'], { home, env, exec: run });
}

test('the command gets its words, and an environment by which every program finds the emulator', async () => {
  let seen: Env = {};
  const outcome = await exec(
    async (env, command) => {
      seen = env;
      expect(command).toEqual(['a', '--json', 'b c']);
      const health = await fetch(`${env.STEPUP_EMULATOR_CONTROL_URL}/health`);
      expect(await health.json()).toMatchObject({ status: 'ok' });
      expect((await stat(env.STEPUP_HOME!)).mode & 0o077).toBe(process.platform === 'win32' ? 0o066 : 0);
    },
    { PATH: '/bin', HOME: '/h' },
  );
  expect(outcome).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const port = new URL(seen.STEPUP_EMULATOR_URL!).port;
  const https = new URL(seen.STEPUP_EMULATOR_HTTPS_URL!).host;
  expect(seen).toEqual({
    PATH: '/bin',
    HOME: '/h',
    STEPUP_HOME: expect.stringContaining('stepup-exec-'),
    NODE_EXTRA_CA_CERTS: join(seen.STEPUP_HOME!, 'ca.pem'),
    STEPUP_EMULATOR_URL: `http://127.0.0.1:${port}`,
    STEPUP_EMULATOR_HTTPS_URL: `https://${https}`,
    STEPUP_EMULATOR_CONTROL_URL: `http://127.0.0.1:${port}/__emulator`,
    STEPUP_EMULATOR_CONTROL_TOKEN: expect.stringMatching(/^[\w-]{20,}$/),
    STEPUP_PRELUDE_APP_ID: 'demo',
    STEPUP_PRELUDE_DOMAIN: https,
    STEPUP_PRELUDE_MANAGEMENT_URL: `http://127.0.0.1:${port}`,
    STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_emulator_demo',
    STEPUP_PRELUDE_ISSUER: https,
    STEPUP_PRELUDE_JWKS_URL: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    STEPUP_DYNAMIC_ENVIRONMENT_ID: '00000000-0000-4000-8000-000000000001',
    STEPUP_DYNAMIC_API_BASE_URL: `http://127.0.0.1:${port}/api/v0`,
    STEPUP_DYNAMIC_ISSUER: `127.0.0.1:${port}/00000000-0000-4000-8000-000000000001`,
    STEPUP_DYNAMIC_JWKS_URL: `http://127.0.0.1:${port}/api/v0/sdk/00000000-0000-4000-8000-000000000001/.well-known/jwks`,
  });
  expect(await readdir(home)).toEqual([]);
  await expect(fetch(seen.STEPUP_EMULATOR_URL!)).rejects.toThrow('fetch failed');
});

test('what the caller had set for live services stays outside', async () => {
  const env = {
    STEPUP_HOME: '/live',
    STEPUP_PROFILE: 'live',
    STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live',
    STEPUP_SIGNING_KEY: 'k',
    STEPUP_ASSERTION_SECRET: 's',
    STEPUP_DYNAMIC_ORIGIN: 'https://live.example.com',
    STEPUP_CHALLENGE_ID: 'chl_1',
    STEPUP_PROVIDER: 'dynamic',
    STEPUP_CI: '1',
  };
  const outcome = await exec(async (given) => {
    expect(Object.values(given)).not.toEqual(expect.arrayContaining(['sk_live']));
    expect(Object.keys(given)).not.toEqual(expect.arrayContaining(['STEPUP_PROFILE']));
    expect(given).toMatchObject({ STEPUP_PROVIDER: 'dynamic', STEPUP_CI: '1' });
    const names = ['STEPUP_SIGNING_KEY', 'STEPUP_ASSERTION_SECRET', 'STEPUP_DYNAMIC_ORIGIN', 'STEPUP_CHALLENGE_ID'];
    for (const name of names) expect(given[name]).toBeUndefined();
  }, env);
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
});

test('certificates of the caller stay trusted; a file that is not there is said, as Node does', async () => {
  const own = join(home, 'own.pem');
  await writeFile(own, 'THE CALLER’S OWN');
  let file = '';
  await exec(async (env) => void (file = await readFile(env.NODE_EXTRA_CA_CERTS!, 'utf8')), {
    NODE_EXTRA_CA_CERTS: own,
  });
  expect(file).toMatch(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\nTHE CALLER’S OWN\n$/);

  const missing = join(home, 'missing.pem');
  const outcome = await exec(async () => undefined, { NODE_EXTRA_CA_CERTS: missing });
  expect(outcome).toMatchObject({
    status: 0,
    stderr: `NODE_EXTRA_CA_CERTS: ${missing} cannot be read: it does not exist.\n`,
  });
});

test('inside, the program needs no profile for either service, and --emulator means the same session', async () => {
  const outcome = await exec(async (env) => {
    const inside = { home: env.STEPUP_HOME!, env };
    const codes = async (): Promise<string> =>
      (await stepup('emulator messages --wait 5 --code-only', inside)).stdout.trim();
    const shell: RunOptions['run'] = async () => ({ status: 0, stdout: `${await codes()}\n`, timedOut: false });
    const login = ['login', '--phone', PHONE, '--code-command', 'x', '--json'];
    expect(await stepup(login, { ...inside, run: shell })).toMatchObject({ status: 0 });
    expect(await stepup('status --json', inside)).toMatchObject({ status: 0 });
    expect(await stepup('status --json --emulator', inside)).toMatchObject({ status: 0 });
    expect(await stepup('status --json --provider dynamic', inside)).toMatchObject({ status: 4 });
    expect(await stepup([...login, '--provider', 'dynamic'], { ...inside, run: shell })).toMatchObject({ status: 0 });
    expect(await stepup('status --json --provider dynamic', inside)).toMatchObject({ status: 0 });
  });
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
});

test.each([
  [{ status: 7 }, 7],
  [{ signal: 'SIGTERM' as const }, 143],
])('a command that ended with %j gives status %i', async (end, status) => {
  expect(await stepup('emulator exec -- x', { home, exec: async () => end })).toMatchObject({ status, stdout: '' });
});

test('a command that cannot be started is 127, and nothing is left', async () => {
  const run = async (): Promise<never> => {
    throw new FailedError('COMMAND_NOT_STARTED', '"x" cannot be started: there is no such command.');
  };
  const outcome = await stepup('emulator exec --json -- x', { home, exec: run });
  expect([outcome.status, outcome.error().code]).toEqual([127, 'COMMAND_NOT_STARTED']);
  expect(await readdir(home)).toEqual([]);
});

test('without a command it is wrong usage; with a port in use the command does not run', async () => {
  expect((await stepup('emulator exec', { home })).status).toBe(2);
  await exec(async (env) => {
    const { port } = new URL(env.STEPUP_EMULATOR_URL!);
    const second = await stepup(['emulator', 'exec', '--port', port, '--', 'x'], { home });
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toContain(`Port ${port} on 127.0.0.1 is in use.`);
  });
  expect(await readdir(home)).toEqual([]);
});

test('a signal that comes before the command runs ends it with 130, and the command does not run', async () => {
  const stopping = new AbortController();
  const { InterruptedError } = await import('../../../../src/errors.js');
  stopping.abort(new InterruptedError());
  const outcome = await stepup('emulator exec -- x', { home, signal: stopping.signal });
  expect(outcome.status).toBe(130);
  expect(await readdir(home)).toEqual([]);
});

test.each(['--emulator', '--tenant=w1', '--profile=p', '--app=a', '--environment=e'])(
  '%s, which chooses what is there already, is refused',
  async (flag) => {
    for (const args of [
      ['start', '--json', flag],
      ['exec', '--json', flag, '--', 'true'],
    ]) {
      const outcome = await stepup(['emulator', ...args], { home });
      expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([
        2,
        'FLAG_CONFLICT',
        flag.replace(/=.*/, ''),
      ]);
    }
  },
);

test.each(['bad \u00fc', '   '])('a control token that no header can carry is refused: %j', async (token) => {
  const outcome = await stepup('emulator exec --json -- true', { home, env: { STEPUP_EMULATOR_CONTROL_TOKEN: token } });
  expect([outcome.status, outcome.error().field]).toEqual([2, 'STEPUP_EMULATOR_CONTROL_TOKEN']);
  expect(outcome.stderr).not.toContain('bad');
});
