import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import type { JsonObject } from '../../../../src/store/store.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import { temporaryHome } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
beforeEach(() => env.control.settings({ dynamic: { allowedOrigins: ['https://app.example.com'] } }));
afterEach(() => env.reset());
afterAll(() => env.close());

const OTHER_ORIGIN = ['--origin', 'https://app.example.com'];

async function add(...more: string[]): Promise<string> {
  const { status, stdout, stderr } = await env.run(['passkey', 'add', '--code-command', 'inbox', ...more], {
    run: env.shell,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
interface Key {
  credentialId: string;
  privateKey: { d: string };
}
async function keys(): Promise<Key[]> {
  return Object.values(await createStore(env.home).keyring('passkeys')) as never;
}
const change = (work: (kept: Map<string, JsonObject>) => void): Promise<void> =>
  createStore(env.home).updateKeyring('passkeys', work);

describe('passkey add', () => {
  test('makes one in the store and registers it; the key is never printed', async () => {
    await env.login();
    const { status, stdout, stderr, json } = await env.run(['passkey', 'add', '--code-command', 'inbox', '--json'], {
      run: env.shell,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [key] = await keys();
    expect(json()).toEqual({
      passkey: {
        id: expect.any(String),
        type: 'passkey',
        name: expect.any(String),
        verified: true,
        default: expect.any(Boolean),
        createdAt: expect.stringMatching(/Z$/),
        keptHere: true,
        credentialId: key?.credentialId,
      },
    });
    expect(stdout).not.toContain(key?.privateKey.d);
  });

  test('in a pipe prints its id; the user can step up and log in with it', async () => {
    await env.login();
    const id = await add();
    expect((await env.run('request wallet:export --json')).lines().at(-1)).toMatchObject({
      type: 'granted',
      grant: { factors: ['verify_passkey'] },
    });
    expect((await env.run('passkey list --json')).json()).toMatchObject({ passkeys: [{ id, usable: true }] });
    await env.run('logout');
    expect((await env.run('login --passkey')).status).toBe(0);
  });

  test('Ctrl-C in the step-up is 130: nothing is kept, here or there', async () => {
    await env.login();
    const { status } = await env.run('passkey add', { answers: [['Code sent by email', '\u0003']] });
    expect(status).toBe(130);
    expect(await keys()).toEqual([]);
    expect((await env.run('passkey list --json')).json()).toEqual({ passkeys: [] });
  });

  test('a registration that the service refuses leaves no key', async () => {
    await env.login();
    await env.run(['request', 'credential:link', '--code-command', 'inbox'], { run: env.shell });
    await env.control.fault({
      match: { method: 'POST', path: '/*/users/passkeys/register' },
      do: { status: 422, body: { error: 'no', code: 'max_passkeys_per_user' } },
    });
    const { status, error } = await env.run('passkey add --json');
    await env.control.clearFaults();
    expect([status, error()]).toMatchObject([3, { code: 'REFUSED', serviceCode: 'max_passkeys_per_user' }]);
    expect(await keys()).toEqual([]);
  });

  test('of two at once, as many are kept as are registered', async () => {
    await env.login();
    await env.run(['request', 'credential:link', '--code-command', 'inbox'], { run: env.shell });
    const outcomes = await Promise.all([env.run('passkey add'), env.run('passkey add')]);
    const made = outcomes.filter(({ status }) => status === 0).map(({ stdout }) => stdout.trim());
    expect(outcomes.filter(({ status }) => ![0, 2].includes(status))).toEqual([]);
    const { passkeys } = (await env.run('passkey list --json')).json<{ passkeys: { id: string; usable: boolean }[] }>();
    expect(passkeys.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
    expect(passkeys.every(({ usable }) => usable)).toBe(true);
    expect(await keys()).toHaveLength(made.length);
  });

  test('a second one for the same user and origin is refused, as a browser would', async () => {
    await env.login();
    await add();
    const { status, error } = await env.run('passkey add --json');
    expect([status, error().hint]).toEqual([2, expect.stringContaining('stepup passkey list')]);
    expect(await keys()).toHaveLength(1);
  });
});

describe('passkey list', () => {
  test('says of each whether its key is here, elsewhere, or only here', async () => {
    await env.login();
    const first = await add();
    const [key] = await keys();
    await change((kept) => {
      const [id = '', json = {}] = [...kept][0] ?? [];
      kept.delete(id);
      kept.set('b25seWhlcmU', { ...json, credentialId: 'b25seWhlcmU' });
    });
    const second = await add();
    const { stdout } = await env.run('passkey list');
    const rows = stdout.trim().split('\n');
    expect(rows.map((row) => [row.split('\t')[0], row.split('\t')[3]])).toEqual([
      [first, 'not here'],
      [second, 'here'],
      ['b25seWhlcmU', 'only here'],
    ]);
    expect((await env.run('passkey list --json')).json()).toEqual({
      passkeys: [
        expect.objectContaining({ id: first, credentialId: key?.credentialId, keptHere: false, usable: false }),
        expect.objectContaining({ id: second, keptHere: true, rpId: 'localhost', usable: true, onlyHere: false }),
        {
          credentialId: 'b25seWhlcmU',
          default: false,
          keptHere: true,
          rpId: 'localhost',
          usable: false,
          onlyHere: true,
        },
      ],
    });
  });

  test('a passkey of another origin is here, and cannot be used', async () => {
    await env.login();
    const id = await add(...OTHER_ORIGIN);
    expect((await env.run('passkey list')).stdout).toMatch(new RegExp(`^${id}\t.*\there, but of app.example.com\t`));
    expect((await env.run(['passkey', 'list', '--json', ...OTHER_ORIGIN])).json()).toMatchObject({
      passkeys: [{ id, usable: true }],
    });
    const { status, error } = await env.run('request wallet:export --method passkey --json');
    expect([status, error().code]).toEqual([3, 'NO_METHOD']);
  });

  test('without any says how to make one', async () => {
    await env.login();
    expect(await env.run('passkey list')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('stepup passkey add'),
    });
  });

  test('a passkey in the store that cannot be read is 1, and quotes nothing of it', async () => {
    await env.login();
    await change((kept) => void kept.set('broken', { rpId: 'localhost', privateKey: 'a secret' }));
    const { status, error } = await env.run('passkey list --json');
    expect([status, error().code]).toEqual([1, 'STORE_CORRUPTED']);
    expect(error().message).not.toContain('a secret');
  });

  test('nobody logged in is 4', async () => {
    const { status, error } = await env.run('passkey list --json');
    expect([status, error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });
});

describe('passkey remove', () => {
  test('steps up by the passkey itself, and takes its key out of the store', async () => {
    await env.login();
    const id = await add();
    const { status, json } = await env.run(`passkey remove ${id} --yes --json`);
    expect([status, json()]).toMatchObject([0, { passkey: { id }, removed: true }]);
    expect(await keys()).toEqual([]);
    expect((await env.run('passkey list --json')).json()).toEqual({ passkeys: [] });
  });

  test('takes the WebAuthn credential id as well', async () => {
    await env.login();
    await add();
    const [key] = await keys();
    expect((await env.run(['passkey', 'remove', key?.credentialId ?? '', '--yes'])).status).toBe(0);
    expect(await keys()).toEqual([]);
  });

  test('one that only the store has goes without a step-up, after a question that says so', async () => {
    await env.login();
    await add();
    await env.run('reset --grants');
    await change((kept) => {
      const [json = {}] = kept.values();
      kept.set('b25seWhlcmU', { ...json, credentialId: 'b25seWhlcmU' });
    });
    const { status, stdout, stderr } = await env.run('passkey remove b25seWhlcmU', {
      answers: [['it may be another', 'y\r']],
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'The passkey b25seWhlcmU is removed.\n' });
    expect(stderr).not.toContain('stepping up');
    expect(await keys()).toHaveLength(1);
  });

  test('no, Ctrl-C, and nobody to ask leave it', async () => {
    await env.login();
    const id = await add();
    const no = await env.run(`passkey remove ${id}`, { answers: [['Remove the passkey', 'n\r']] });
    const left = await env.run(`passkey remove ${id}`, { answers: [['Remove the passkey', '\u0003']] });
    const alone = await env.run(`passkey remove ${id} --json`);
    expect([no.status, left.status, alone.status, alone.error().field]).toEqual([0, 130, 5, '--yes']);
    expect(await keys()).toHaveLength(1);
    expect((await env.run('passkey list --json')).json()).toMatchObject({ passkeys: [{ id, usable: true }] });
  });

  test('what is no passkey of the user is 2 before anybody steps up', async () => {
    await env.login();
    await add();
    const totp = (await env.run(['mfa', 'add', '--json'])).json<{ device: { id: string } }>().device.id;
    const { home, remove } = await temporaryHome();
    await env.run(['login', '--email', 'grace@example.com', '--code-command', 'inbox'], { run: env.shell, home });
    const others = await env.run(['passkey', 'add', '--code-command', 'inbox'], { run: env.shell, home });
    const hostile = ['', 'x'.repeat(100_000), '__proto__', '../passkeys', 'a\u001b]0;b'];
    for (const given of [totp, others.stdout.trim(), ...hostile]) {
      const { status, error } = await env.run(['passkey', 'remove', given, '--yes', '--json']);
      expect([given, status, error().code]).toEqual([given, 2, 'CREDENTIAL_UNKNOWN']);
    }
    expect((await env.run('passkey list --json', { home })).json()).toMatchObject({ passkeys: [{ usable: true }] });
    await remove();
  });
});
