import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { temporaryHome } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

interface Method {
  id: string;
  type: string;
  default: boolean;
}

async function enrol(command = 'mfa add', home = env.home): Promise<string> {
  const { status, stdout, stderr } = await env.run([...command.split(' '), '--code-command', 'inbox'], {
    run: env.shell,
    home,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n')[0] ?? '';
}
async function methods(): Promise<Method[]> {
  return (await env.run('mfa list --json')).json<{ methods: Method[] }>().methods;
}
async function totpsKept(): Promise<string[]> {
  return Object.keys(await createStore(env.home).keyring('totp'));
}

/** A second user with a store of their own and an authenticator app; what it is about is its id. */
async function another(): Promise<{ id: string; home: string; remove(): Promise<void> }> {
  const { home, remove } = await temporaryHome();
  const login = ['login', '--email', 'grace@example.com', '--code-command', 'inbox'];
  expect((await env.run(login, { run: env.shell, home })).status).toBe(0);
  return { id: await enrol('mfa add', home), home, remove };
}

/** Texts that are no id of anybody's. */
const HOSTILE = ['', 'x'.repeat(100_000), '../../users', '__proto__', 'a\u001b[31mb', "' OR 1=1", '💥', '%00'];

describe('mfa list', () => {
  test('has each method, and whether it can be used here', async () => {
    await env.login();
    const totp = await enrol();
    const passkey = await enrol('passkey add');
    const { status, json } = await env.run('mfa list --json');
    expect(status).toBe(0);
    expect(json()).toEqual({
      methods: [
        {
          id: totp,
          type: 'totp',
          name: 'Authenticator app',
          verified: true,
          default: expect.any(Boolean),
          createdAt: expect.stringMatching(/Z$/),
          keptHere: true,
        },
        {
          id: passkey,
          type: 'passkey',
          name: expect.any(String),
          verified: true,
          default: expect.any(Boolean),
          createdAt: expect.stringMatching(/Z$/),
          keptHere: true,
          credentialId: expect.stringMatching(/^[\w-]+$/),
        },
      ],
    });
    const { stdout, stderr } = await env.run('mfa list');
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`^${totp}\ttotp\tAuthenticator app\tyes\t(yes|no)\tyes\t\\S+Z$`));
    expect(stderr).toContain('stepup mfa recovery-codes');
  });

  test('on a terminal is a table', async () => {
    await env.login();
    await enrol();
    const { stdout } = await env.run('mfa list', { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout.split('\n')[0]).toMatch(/^ID +TYPE +NAME +VERIFIED +DEFAULT +KEPT HERE +CREATED$/);
  });

  test('without any says how to enrol one', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run('mfa list');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain('stepup mfa add');
    expect((await env.run('mfa list --json')).json()).toEqual({ methods: [] });
  });

  test('a method whose secret is elsewhere is not kept here', async () => {
    await env.login();
    const id = await enrol();
    await createStore(env.home).updateKeyring('totp', (kept) => void kept.delete(id));
    expect(await methods()).toMatchObject([{ id, keptHere: false }]);
  });

  test('a secret in the store that cannot be read is 1, and says so', async () => {
    await env.login();
    await createStore(env.home).updateKeyring('totp', (kept) => void kept.set('device', { secret: 'not base32!' }));
    const { status, error } = await env.run('mfa list --json');
    expect([status, error().code]).toEqual([1, 'STORE_CORRUPTED']);
    expect(error().message).not.toContain('base32');
  });
});

describe('mfa default', () => {
  test('makes another method the default one', async () => {
    await env.login();
    const [totp, passkey] = [await enrol(), await enrol('passkey add')];
    for (const id of [totp, passkey, totp]) {
      const { status, json } = await env.run(`mfa default ${id} --json`);
      expect([status, json()]).toMatchObject([0, { device: { id, default: true } }]);
      // Dynamic: UserPasskey has no field that says so.
      expect((await methods()).find((method) => method.id === totp)?.default).toBe(id === totp);
    }
    const { stdout } = await env.run(`mfa default ${totp}`);
    expect(stdout).toBe(`The authenticator app "Authenticator app" (${totp}) is the default method.\n`);
  });

  test('what is no method of the user is 2, also when it is another user’s', async () => {
    await env.login();
    await enrol();
    const { id, remove } = await another();
    for (const given of [id, ...HOSTILE]) {
      const { status, error } = await env.run(['mfa', 'default', given, '--json']);
      expect([given, status, error().code, error().field]).toEqual([given, 2, 'CREDENTIAL_UNKNOWN', 'id']);
      expect(error().message.length).toBeLessThan(200);
    }
    await remove();
  });

  test('without an id is 2', async () => {
    expect(await env.run('mfa default --json')).toMatchObject({ status: 2 });
  });
});

describe('mfa remove', () => {
  test('steps up by the method itself, and takes its secret out of the store', async () => {
    await env.login();
    const id = await enrol();
    const { status, stdout, stderr } = await env.run(`mfa remove ${id} --yes`);
    expect(stderr).toMatch(/^mfa remove needs credential:unlink: stepping up first\.\n/);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `The authenticator app "Authenticator app" (${id}) is removed.\n`,
    });
    expect(await methods()).toEqual([]);
    expect(await totpsKept()).toEqual([]);
  });

  test('removes a passkey too, here and there', async () => {
    await env.login();
    const id = await enrol('passkey add');
    const { json } = await env.run(`mfa remove ${id} --yes --json`);
    expect(json()).toMatchObject({ device: { id, type: 'passkey' }, removed: true });
    expect(await methods()).toEqual([]);
    expect(await createStore(env.home).keyring('passkeys')).toEqual({});
  });

  test('asks in a terminal; no, and Ctrl-C, leave it', async () => {
    await env.login();
    const id = await enrol();
    const no = await env.run(`mfa remove ${id}`, { answers: [['Remove the authenticator app', 'n\r']] });
    expect([no.status, no.stdout]).toEqual([0, 'Nothing was removed.\n']);
    const left = await env.run(`mfa remove ${id}`, { answers: [['Remove the authenticator app', '\u0003']] });
    expect(left.status).toBe(130);
    expect(await methods()).toMatchObject([{ id }]);
    expect(await totpsKept()).toEqual([id]);
    const yes = await env.run(`mfa remove ${id}`, { answers: [['Remove the authenticator app', 'y\r']] });
    expect(yes.status).toBe(0);
    expect(await methods()).toEqual([]);
  });

  test('with nobody to ask is 5, and names --yes', async () => {
    await env.login();
    const id = await enrol();
    const { status, error } = await env.run(`mfa remove ${id} --json`);
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--yes']);
    expect(await methods()).toMatchObject([{ id }]);
  });

  test('what is no method of the user is 2 before anybody steps up, also when it is another user’s', async () => {
    await env.login();
    const own = await enrol();
    const { id, home, remove } = await another();
    for (const given of [id, ...HOSTILE]) {
      const { status, error, stderr } = await env.run(['mfa', 'remove', given, '--yes', '--json']);
      expect([given, status, error().code]).toEqual([given, 2, 'CREDENTIAL_UNKNOWN']);
      expect(stderr).not.toContain('\u001b');
    }
    expect((await env.run('check credential:unlink')).status).toBe(7);
    expect(await methods()).toMatchObject([{ id: own }]);
    expect((await env.run('mfa list --json', { home })).json()).toMatchObject({ methods: [{ id }] });
    await remove();
  });

  test('of two at once, one removes it', async () => {
    await env.login();
    const id = await enrol();
    await env.run('request credential:unlink --method totp');
    const outcomes = await Promise.all([
      env.run(`mfa remove ${id} --yes --json`),
      env.run(`mfa remove ${id} --yes --json`),
    ]);
    expect(outcomes.filter(({ status }) => status === 0)).toHaveLength(1);
    expect(outcomes.map(({ status }) => status).toSorted()[1]).toBeOneOf([2, 3]);
    expect(await methods()).toEqual([]);
    expect(await totpsKept()).toEqual([]);
  });
});

describe('mfa recovery-codes', () => {
  test('are one a line in a pipe, and the same the next time', async () => {
    await env.login();
    const { status, stdout, stderr } = await env.run('mfa recovery-codes');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^([a-z0-9]{10}\n){10}$/);
    expect(stderr).not.toContain(stdout.split('\n')[0]);
    expect((await env.run('mfa recovery-codes --json')).json()).toEqual({ recoveryCodes: stdout.trim().split('\n') });
  });

  test('--new makes others, warns, and ends the old ones', async () => {
    await env.login();
    await enrol();
    const [old = ''] = (await env.run('mfa recovery-codes')).stdout.split('\n');
    const { status, stdout, stderr } = await env.run('mfa recovery-codes --new --yes');
    expect(status).toBe(0);
    expect(stdout).not.toContain(old);
    expect(stderr).toContain('no longer good');
    const request = ['request', 'wallet:export', '--method', 'recovery', '--code'];
    expect((await env.run([...request, old])).status).toBe(3);
    expect((await env.run([...request, stdout.split('\n')[0] ?? ''])).status).toBe(0);
    expect((await env.run('mfa recovery-codes')).stdout.trim().split('\n')).toEqual(stdout.trim().split('\n').slice(1));
  });

  test('--new asks in a terminal; no and Ctrl-C keep the old ones; nobody to ask is 5', async () => {
    await env.login();
    const { stdout } = await env.run('mfa recovery-codes');
    const no = await env.run('mfa recovery-codes --new', { answers: [['The old ones end.', 'n\r']] });
    const left = await env.run('mfa recovery-codes --new', { answers: [['The old ones end.', '\u0003']] });
    const alone = await env.run('mfa recovery-codes --new --json');
    expect([no.status, left.status, alone.status]).toEqual([0, 130, 5]);
    expect(no.stdout).toBe('The codes stay as they are.\n');
    expect(alone.error().field).toBe('--yes');
    expect((await env.run('mfa recovery-codes')).stdout).toBe(stdout);
    const yes = await env.run('mfa recovery-codes --new --json', { answers: [['The old ones end.', 'y\r']] });
    expect(yes.json<{ recoveryCodes: string[] }>().recoveryCodes).toHaveLength(10);
  });
});
