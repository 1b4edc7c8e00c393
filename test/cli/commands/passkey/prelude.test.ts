/** Passkeys at Prelude, with the store's software authenticator. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';
import { createStore } from '../../../../src/store/create.js';
import type { Outcome } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  await app.manage('PUT', '/config/passkey', {
    rp_id: 'localhost',
    rp_name: 'Demo',
    allowed_origins: ['https://localhost'],
    login_enabled: true,
  });
  await app.allow(
    { scope: 'prld:passkey:write', grantMode: 'single-use', grantedFor: 0 },
    { steps: ['verify_passkey'] },
  );
  await app.login();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const add = (...flags: string[]): Promise<Outcome> =>
  app.run(['passkey', 'add', '--code-command', 'inbox', '--json', ...flags], { run: app.shell });
const addedId = async (): Promise<string> =>
  (await add()).json<{ passkey: { credentialId: string } }>().passkey.credentialId;
const kept = async (): Promise<string[]> => Object.keys(await createStore(app.home).keyring('passkeys'));
const list = async (): Promise<unknown> => (await app.run('passkey list --json')).json().passkeys;

describe('passkey add', () => {
  test('steps up by itself, makes a key in the store and registers it', async () => {
    const { status, stdout, stderr, json } = await add();
    expect([status, stderr]).toEqual([0, '']);
    const [id] = await kept();
    expect(json()).toEqual({
      passkey: {
        credentialId: id,
        rpId: 'localhost',
        userName: expect.any(String),
        createdAt: expect.stringMatching(/Z$/),
      },
    });
    const key = (await createStore(app.home).keyring('passkeys'))[id!] as { privateKey: { d: string } };
    expect(stdout).not.toContain(key.privateKey.d);
    expect((await app.run('check prld:passkey:write')).status).toBe(7);
  });

  test('needs a code each time, and an application that has passkeys', async () => {
    await addedId();
    const again = await add();
    expect([again.status, again.error().code]).toEqual([2, 'PASSKEY_EXISTS']);
    expect(await app.control.messages({ purpose: 'step-up' })).toHaveLength(2);
    await app.manage('DELETE', '/config/passkey');
    const none = await add();
    expect([none.status, none.error().code]).toEqual([3, 'REFUSED']);
    expect(await kept()).toHaveLength(1);
  });
});

describe('passkey list and remove', () => {
  test('as the service has them, with what is in the store beside it', async () => {
    const id = await addedId();
    expect(await list()).toEqual([
      {
        id,
        credentialId: id,
        name: expect.any(String),
        default: false,
        createdAt: expect.stringMatching(/Z$/),
        keptHere: true,
        rpId: 'localhost',
        usable: true,
        onlyHere: false,
      },
    ]);
    const { status, json } = await app.run(['passkey', 'remove', id, '--yes', '--json']);
    expect([status, json()]).toMatchObject([0, { passkey: { id }, removed: true }]);
    expect([await list(), await kept()]).toEqual([[], []]);
  });

  test('one whose key is not here, and a key that the service does not list', async () => {
    const id = await addedId();
    const store = createStore(app.home);
    const key = (await store.keyring('passkeys'))[id]!;
    await store.updateKeyring('passkeys', (all) => void all.delete(id));
    expect(await list()).toMatchObject([{ id, keptHere: false, usable: false, onlyHere: false }]);
    expect((await app.run(['passkey', 'remove', id, '--yes'])).status).toBe(0);
    await store.updateKeyring('passkeys', (all) => void all.set(id, key));
    expect(await list()).toMatchObject([{ credentialId: id, keptHere: true, usable: false, onlyHere: true }]);
    const { status, stderr } = await app.run(['passkey', 'remove', id, '--yes']);
    expect([status, stderr]).toEqual([0, '']);
    expect(await kept()).toEqual([]);
  });

  test.each([404, 405, 501])(
    'where the service answers %i, the store’s own are listed and removed, with a note',
    async (status) => {
      const id = await addedId();
      await app.control.fault({ match: { path: '/v1/session/me/passkeys' }, times: 2, do: { status } });
      const listed = await app.run('passkey list');
      expect(listed.stdout).toContain(id);
      expect(listed.stderr).toContain('The service lists no passkeys');
      const removed = await app.run(['passkey', 'remove', id, '--yes']);
      expect([removed.status, removed.stderr]).toEqual([0, expect.stringContaining('has no call that forgets')]);
      expect(await kept()).toEqual([]);
    },
  );

  test('a service that lists and cannot remove', async () => {
    const id = await addedId();
    const match = { path: `/v1/session/me/passkeys/${id}` };
    await app.control.fault({ match, times: 1, do: { status: 405 } });
    const { status, stderr } = await app.run(['passkey', 'remove', id, '--yes']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('has no call that forgets')]);
    expect(await list()).toMatchObject([{ id, keptHere: false }]);
  });

  test('a service that is away is 6, and nothing is removed', async () => {
    const id = await addedId();
    await app.control.fault({ match: { path: '/v1/session/me/passkeys' }, times: 1, do: { status: 503 } });
    expect((await app.run(['passkey', 'remove', id, '--yes'])).status).toBe(6);
    expect(await kept()).toEqual([id]);
  });

  test('an unknown id, nobody to ask, a no, nobody logged in', async () => {
    const id = await addedId();
    expect((await app.run('passkey remove nothing --json')).error().code).toBe('CREDENTIAL_UNKNOWN');
    expect((await app.run(['passkey', 'remove', id, '--json'])).error().field).toBe('--yes');
    const no = await app.run(['passkey', 'remove', id], { answers: [['Remove the passkey', 'n\r']] });
    expect(no.stdout).toContain('Nothing was removed.');
    await app.run('logout');
    expect((await app.run('passkey list --json')).error().code).toBe('NOT_LOGGED_IN');
  });
});

describe('the step verify_passkey', () => {
  test('is signed with the passkey of the store; nobody is asked', async () => {
    await addedId();
    const { status, stderr, lines } = await app.run(['request', SCOPE, '--json']);
    expect([status, stderr]).toEqual([0, '']);
    expect(lines().at(-1)).toMatchObject({ type: 'granted', grant: { scopes: [SCOPE], factors: ['verify_passkey'] } });
  });

  test('goes before and after a code, also in another process', async () => {
    await addedId();
    await app.allow({ steps: ['verify_sms', 'verify_passkey'] });
    const { status } = await app.run(['request', SCOPE, '--json']);
    expect(status).toBe(5);
    const { lines } = await app.run(['challenge', 'continue', '--json', '--code-command', 'inbox'], { run: app.shell });
    expect(lines().at(-1)).toMatchObject({ grant: { factors: ['verify_sms', 'verify_passkey'] } });
  });

  test('without its key here is NO_METHOD with the challenge kept, and goes on once it is here', async () => {
    const id = await addedId();
    const store = createStore(app.home);
    const key = (await store.keyring('passkeys'))[id]!;
    await store.updateKeyring('passkeys', (all) => void all.delete(id));
    const { status, error } = await app.run(['request', SCOPE, '--json']);
    expect([status, error().code, error().hint]).toEqual([
      3,
      'NO_METHOD',
      expect.stringContaining('challenge continue'),
    ]);
    await store.updateKeyring('passkeys', (all) => void all.set(id, key));
    expect((await app.run('challenge continue')).status).toBe(0);
  });

  test('of a user without any is refused', async () => {
    const { status, error } = await app.run(['request', SCOPE, '--json']);
    expect([status, error()]).toMatchObject([3, { code: 'REFUSED' }]);
  });

  test('a signature that the service refuses is told as one', async () => {
    await addedId();
    await app.manage('PUT', '/config/passkey', {
      rp_id: 'localhost',
      rp_name: 'Demo',
      allowed_origins: ['https://app.localhost'],
    });
    const { status, error } = await app.run(['request', SCOPE, '--json']);
    expect([status, error().message]).toEqual([3, 'The service refused what the passkey of this store has signed.']);
  });
});
